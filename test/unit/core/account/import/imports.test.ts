/** Importing accounts (Điều 5.2; ): what is read, what is issued, what a stop leaves behind. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createImports, type ImportOrder } from '../../../../../src/core/account/import/imports.ts'
import type { PreviewRow } from '../../../../../src/core/account/import/plan-import.ts'
import { MailError } from '../../../../../src/core/errors.ts'
import { openAdministrationRig, type AdministrationRig } from '../../../../support/administration-rig.ts'

const csv = (text: string, given: Partial<ImportOrder> = {}): ImportOrder => ({
  agency: 'skhcn',
  fileName: 'danh-sach.csv',
  bytes: Buffer.from(text),
  options: { convertLegacy: false, confirmed: false },
  ...given,
})

const refusedBy = (code: string, reason?: string) => (error: unknown) => {
  assert.ok(error instanceof MailError, String(error))
  assert.equal(error.code, code)
  if (reason !== undefined) assert.equal(error.detail['reason'], reason)
  return true
}

async function rigWithAgencies(): Promise<AdministrationRig> {
  const rig = await openAdministrationRig()
  await rig.agency('skhcn', 'Sở Khoa học và Công nghệ')
  await rig.agency('dakpo', 'Xã Đak Pơ')
  return rig
}

const shown = ({ row, address, rule, error, detail }: PreviewRow): unknown[] => (error === null ? [row, address, rule] : [row, error, detail])

describe('import of accounts', () => {
  test('a preview gives each row its address, rule and clause, and changes nothing', async () => {
    await using rig = await rigWithAgencies()
    const imports = createImports(rig.context)
    const text = 'STT;Họ và tên;Ngày sinh;Chức vụ;Màu\n1;Hoàng Thị Như Quỳnh;;Chuyên viên;đỏ\n2;Trương Hoàng Tiến Minh\n3;Trần Huỳnh Tấn Minh\n4;Nguyễn Thị Hoa;08/03/1990\n5;Nguyễn Thị Hoa;15/07/1992\n'
    const { rows, unknownColumns, import: view } = await imports.preview(rig.actor('operator'), csv(text))
    assert.deepEqual(rows.map(shown), [
      [2, 'quynhhtn@skhcn.gialai.gov.vn', '4.2a'],
      [3, 'tienminhth@skhcn.gialai.gov.vn', '4.2b'],
      [4, 'tanminhth@skhcn.gialai.gov.vn', '4.2b'],
      [5, 'hoant08@skhcn.gialai.gov.vn', '4.2c L1'],
      [6, 'hoant15@skhcn.gialai.gov.vn', '4.2c L1'],
    ])
    assert.deepEqual(unknownColumns, ['Màu'])
    assert.deepEqual([view.state, view.rows, view.issued, view.faulty], ['previewed', 5, 0, 0])
    assert.equal(await rig.store.accounts.count(), 0)
  })

  test('what is wrong with a row is said of that row, and holds no other up', async () => {
    await using rig = await rigWithAgencies()
    const imports = createImports(rig.context)
    const lines = [
      'ho_ten,ngay_sinh,co_quan,dien_thoai,thu_lien_he',
      ',01/01/1990,,,',
      '=cmd|calc,,,,',
      'Hoµng ThÞ Nh\u00ad Quúnh,,,,',
      'Нguyễn Văn An,,,,',
      'Nguyễn Văn 2,,,,',
      'Siu H Bia,,,,',
      'Lê Ý,31/02/1990,,,',
      'Lê Ý,01/01/2020,,,',
      'Lê Ý,,dakpo,,',
      'Lê Ý,,khong,,',
      'Lê Ý,,,abc,',
      'Lê Ý,,,,ai do',
      'Đỗ Hùng,,,+84 269 3824 000,hungd@example.com',
      'Đỗ Hùng,,,+84 269 3824 000,hungd@example.com',
    ]
    const { rows } = await imports.preview(rig.actor('operator'), csv(lines.join('\r\n')))
    assert.deepEqual(rows.map(({ error, address }) => error ?? address), [
      'name-empty',
      'formula',
      'legacy-charset',
      'unsupported-letter',
      'needs-human',
      'to-be-confirmed',
      'birth-date-invalid',
      'birth-date-unlikely',
      'agency-other',
      'agency-unknown',
      'phone-invalid',
      'email-invalid',
      'hungd@skhcn.gialai.gov.vn',
      'row-twice',
    ])
    assert.equal(rows[2]?.detail, 'Hoàng Thị Như Quỳnh')
    const looked = csv(lines.join('\r\n'), { options: { convertLegacy: true, confirmed: true } })
    const again = (await imports.preview(rig.actor('operator'), looked)).rows
    assert.deepEqual([again[2]?.address, again[5]?.address], ['quynhhtn@skhcn.gialai.gov.vn', 'hbias@skhcn.gialai.gov.vn'])
  })

  test('the three fields of a name win, and a TCVN3 file is read', async () => {
    await using rig = await rigWithAgencies()
    const imports = createImports(rig.context)
    const fields = await imports.preview(rig.actor('operator'), csv('ho,chu_lot,ten\nNay,,H\'Bơ Khăp\nRơ Châm,,H\'Yéo\n'))
    assert.deepEqual(fields.rows.map(({ address }) => address?.split('@')[0]), ['hbokhapn', 'hyeorc'])
    const tcvn3 = Buffer.from('ho_ten,ngay_sinh\nHo\u00b5ng Th\u00de Nh\u00ad Qu\u00fanh,\nTr\u00c7n V\u00a8n H\u00f9ng,\nL\u00aa \u00dd,\n', 'latin1')
    const { rows } = await imports.preview(rig.actor('operator'), csv('', { bytes: tcvn3 }))
    assert.equal(rows[0]?.name, 'Hoàng Thị Như Quỳnh')
  })

  test('a run issues every good row once, with a temporary password that fits, and the records say by which clause', async () => {
    await using rig = await rigWithAgencies()
    const imports = createImports(rig.context)
    const people = Array.from({ length: 250 }, (_, i) => `Nguyễn Văn ${['An', 'Bình', 'Cường', 'Dũng', 'Hùng'][i % 5]},${String((i % 28) + 1).padStart(2, '0')}/${String((i % 12) + 1).padStart(2, '0')}/${1960 + (i % 40)}`)
    const actor = rig.actor('operator')
    const { rows, import: made } = await imports.preview(actor, csv(['ho_ten,ngay_sinh', ...people, 'Lê 2,'].join('\n')))
    const seen: number[] = []
    const view = await imports.run(actor, made.id, ({ issued }) => seen.push(issued))
    const good = rows.filter(({ error }) => error === null)
    assert.deepEqual([view.state, view.issued, view.faulty], ['done', good.length, rows.length - good.length])
    assert.ok(seen.length >= 3 && seen.every((count, at) => at === 0 || count >= seen[at - 1]!), String(seen))
    assert.equal(await rig.store.accounts.count(), good.length)
    const { rows: sheet } = await imports.sheet(actor, made.id, 'rows')
    assert.deepEqual(new Set(sheet.map(({ address }) => address)), new Set(good.map(({ address }) => address)))
    for (const { address, temporaryPassword } of sheet.slice(0, 5)) {
      const account = await rig.store.accounts.byAddress(address)
      assert.equal(account?.state, 'issued')
      assert.equal(account?.passwordHash, `$plain$${temporaryPassword}`)
      assert.ok(temporaryPassword.length >= 12)
    }
    const results = await imports.results(actor, made.id)
    assert.deepEqual(results.map(({ row }) => row), rows.map(({ row }) => row))
    const records = (await rig.store.records.read({ kind: 'audit', limit: 10_000 })).filter(({ action }) => action === 'account.issue')
    assert.equal(records.length, good.length)
    assert.match(records[0]?.clause ?? '', /^Điều 5\.2, 4\.2/)
    await imports.discardSheet(actor, made.id)
    await assert.rejects(imports.sheet(actor, made.id, 'csv'), refusedBy('entry-unknown'))
    await assert.rejects(imports.run(actor, made.id), refusedBy('not-permitted', 'state'))
  })

  test('a run that was broken off goes on where it was: nobody twice, nobody left out', async () => {
    await using rig = await rigWithAgencies()
    const imports = createImports(rig.context)
    const people = Array.from({ length: 420 }, (_, i) => `Trần Thị ${'ABCDEFGHIK'[i % 10]}${'aeiou'[Math.floor(i / 10) % 5]}${'nmtc'[Math.floor(i / 50) % 4]} ${'LMNPQ'[Math.floor(i / 7) % 5]}an,${i % 2 === 0 ? 'skhcn' : 'dakpo'},01/01/${1950 + (i % 50)}`)
    const order = csv(['ho_ten,co_quan,ngay_sinh', ...people].join('\n'), { agency: null })
    const actor = rig.actor('super-administrator')
    const { import: made, rows } = await imports.preview(actor, order)
    const stopping = new AbortController()
    let slices = 0
    const broken = await imports.run(actor, made.id, () => ++slices === 2 && stopping.abort(), stopping.signal)
    assert.deepEqual([broken.state, broken.issued + broken.faulty >= 200], ['running', true])
    // Another process finds it.
    assert.equal(await createImports(rig.context).resume(new AbortController().signal), 1)
    const view = await imports.get(actor, made.id)
    assert.equal(view.state, 'done')
    assert.equal(view.issued + view.faulty, 420)
    assert.equal(view.issued, rows.filter(({ error }) => error === null).length)
    assert.equal(await rig.store.accounts.count(), view.issued)
    const results = await imports.results(actor, made.id)
    assert.deepEqual(results.map(({ row }) => row), Array.from({ length: 420 }, (_, i) => i + 2))
  })

  test('undo takes back those whom nobody has used, frees their addresses, and leaves the others', async () => {
    await using rig = await rigWithAgencies()
    const imports = createImports(rig.context)
    const actor = rig.actor('operator')
    const { import: made } = await imports.preview(actor, csv('ho_ten\nLê Văn An\nLê Văn Bình\nLê Văn Cường\n'))
    await assert.rejects(imports.undo(actor, made.id), refusedBy('not-permitted', 'state'))
    await imports.run(actor, made.id)
    const used = await rig.store.accounts.byAddress('binhlv@skhcn.gialai.gov.vn')
    await rig.store.accounts.change(used!.id, { state: 'active' })
    assert.deepEqual(await imports.undo(actor, made.id), { undone: 2, kept: 1 })
    assert.equal(await rig.store.accounts.byAddress('anlv@skhcn.gialai.gov.vn'), null)
    assert.equal((await rig.store.accounts.byAddress('binhlv@skhcn.gialai.gov.vn'))?.id, used!.id)
    const again = await imports.preview(actor, csv('ho_ten\nLê Văn An\n'))
    assert.equal(again.rows[0]?.address, 'anlv@skhcn.gialai.gov.vn')
  })

  test('an agency administrator imports for the own agency only, an individual not at all; both refusals are recorded', async () => {
    await using rig = await rigWithAgencies()
    const imports = createImports(rig.context)
    const dakpo = await rig.store.agencies.byLabel('dakpo')
    const focal = rig.actor('agency-administrator', { agency: dakpo!.id, account: 'a1', name: 'a1' })
    await assert.rejects(imports.preview(focal, csv('ho_ten\nLê Ý\n')), refusedBy('not-permitted', 'other-agency'))
    await assert.rejects(imports.preview(focal, csv('ho_ten\nLê Ý\n', { agency: null })), refusedBy('not-permitted', 'other-agency'))
    await assert.rejects(imports.preview(rig.actor('individual', { agency: dakpo!.id }), csv('ho_ten\nLê Ý\n')), refusedBy('not-permitted', 'role'))
    const { import: made } = await imports.preview(focal, csv('ho_ten\nLê Ý\n', { agency: 'dakpo' }))
    const other = rig.actor('agency-administrator', { agency: 'g999', account: 'a2', name: 'a2' })
    await assert.rejects(imports.run(other, made.id), refusedBy('not-permitted', 'other-agency'))
    const refusals = (await rig.store.records.read({ kind: 'audit', limit: 100 })).filter(({ action }) => action === 'act.refused')
    assert.equal(refusals.length, 4)
  })

  test('a table that is none, or too large, is refused with what is wrong with it', async () => {
    await using rig = await rigWithAgencies()
    const imports = createImports(rig.context)
    const tried: readonly (readonly [Uint8Array, string])[] = [
      [new Uint8Array(), 'empty'],
      [Buffer.from('màu,cỡ\nđỏ,1\n'), 'name-column-missing'],
      [Buffer.from('ho_ten,ten,ho,full_name\na,b,c,d\n'), 'column-twice'],
      [Buffer.from(`ho_ten\n${'Lê Ý\n'.repeat(100_000)}`), 'too-many-rows'],
      [Buffer.from(`ho_ten\n${'x'.repeat(10 * 1024 * 1024)}\n`), 'cell-too-large'],
      [Buffer.alloc(21 * 1024 * 1024, 0x61), 'file-too-large'],
      [Buffer.from([0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1]), 'not-a-table'],
    ]
    for (const [bytes, reason] of tried) {
      await assert.rejects(imports.preview(rig.actor('operator'), csv('', { bytes })), refusedBy('argument-invalid', reason), reason)
    }
  })

  test('two officers who issue the same name at the same moment get different addresses', async () => {
    await using rig = await rigWithAgencies()
    const imports = createImports(rig.context)
    const made = await Promise.all(Array.from({ length: 6 }, (_, i) => imports.preview(rig.actor('operator'), csv(`ho_ten,ngay_sinh\nNguyễn Văn Hùng,0${i + 1}/05/1985\n`))))
    const done = await Promise.all(made.map(({ import: one }) => imports.run(rig.actor('operator'), one.id)))
    assert.deepEqual(done.map(({ issued }) => issued), [1, 1, 1, 1, 1, 1])
    const addresses: string[] = []
    for (const account of await rig.store.accounts.list({ limit: 100 })) addresses.push(account.address.split('@')[0]!)
    assert.equal(new Set(addresses).size, 6)
    assert.ok(addresses.includes('hungnv'))
    assert.ok(addresses.every((local) => /^hungnv(0\d)?$/.test(local)), addresses.join(' '))
  })
})
