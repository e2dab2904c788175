/** Issuing one account, changing details and names, aliases (Điều 4.2, 5.2). */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createAccountAdministration, type PersonOrder } from '../../../../src/core/account/account-administration.ts'
import { personKind } from '../../../../src/core/account/person.ts'
import { entry } from '../../../../src/core/administration/entries.ts'
import { createPublicDirectory } from '../../../../src/core/directory/search-directory.ts'
import { MailError } from '../../../../src/core/errors.ts'
import { openAdministrationRig, type AdministrationRig } from '../../../support/administration-rig.ts'

const refusedBy = (code: string, reason?: string) => (error: unknown) => {
  assert.ok(error instanceof MailError, String(error))
  assert.equal(error.code, code, error.message)
  if (reason !== undefined) assert.equal(error.detail['reason'], reason)
  return true
}
const nobody = { birthDate: null, homeTown: null, birthPlace: null }
const order = (full: string, given: Partial<PersonOrder> = {}): PersonOrder => ({
  name: { full, fields: null, confirmed: false },
  origin: nobody,
  unit: null,
  post: null,
  contact: { email: null, phone: null },
  quotaClass: null,
  ...given,
})

async function rigOf(): Promise<{ rig: AdministrationRig; accounts: ReturnType<typeof createAccountAdministration> }> {
  const rig = await openAdministrationRig()
  await rig.agency('skhcn', 'Sở Khoa học và Công nghệ')
  await rig.agency('dakpo', 'Xã Đak Pơ')
  return { rig, accounts: createAccountAdministration(rig.context) }
}

describe('accounts of people', () => {
  test('one is issued: address, temporary password, class of sizes; birth data only when needed, and sealed', async () => {
    const { rig, accounts } = await rigOf()
    await using _ = rig
    const op = rig.actor('operator')
    const { person, temporaryPassword } = await accounts.issue(op, 'skhcn', order('Hoàng Thị Như Quỳnh', { quotaClass: 'leader', post: 'Phó Giám đốc', origin: { ...nobody, birthDate: '1990-03-08' } }))
    assert.equal(person.address, 'quynhhtn@skhcn.gialai.gov.vn')
    assert.deepEqual([person.account.state, person.account.quotaBytes, person.rule], ['issued', 10_737_418_240, '4.2a'])
    assert.equal((await rig.store.accounts.get(person.id))?.passwordHash, `$plain$${temporaryPassword}`)
    assert.equal((await entry(rig.store.registry, personKind, person.id))?.value.origin, null)
    const second = await accounts.issue(op, 'skhcn', order('Hoàng Thị Như Quỳnh', { origin: { birthDate: '1992-07-15', homeTown: 'An Khê', birthPlace: 'Pleiku' } }))
    assert.equal(second.person.address, 'quynhhtn15@skhcn.gialai.gov.vn')
    const sealed = (await entry(rig.store.registry, personKind, second.person.id))?.value.origin
    assert.ok(sealed !== null && sealed !== undefined && !sealed.includes('1992'))
    assert.deepEqual(JSON.parse(rig.context.secrets.open(sealed)!), { birthDate: '1992-07-15', homeTown: null, birthPlace: null })
    assert.ok(!('origin' in second.person))
    await assert.rejects(accounts.issue(op, 'skhcn', order('Hoàng Thị Như Quỳnh')), refusedBy('argument-invalid', 'birth-date-needed'))
  })

  test('a name is confirmed, given in three fields that are its words, or refused with the reason', async () => {
    const { rig, accounts } = await rigOf()
    await using _ = rig
    const op = rig.actor('operator')
    await assert.rejects(accounts.issue(op, 'dakpo', order('Siu H Bia')), refusedBy('name-invalid', 'to-be-confirmed'))
    const proposal = await accounts.propose(op, 'dakpo', order('Siu H Bia'))
    assert.deepEqual([proposal.address, proposal.flags, proposal.clause], ['hbias@dakpo.gialai.gov.vn', ['confirm'], 'Điều 4.2a'])
    const fields = order('Y Blă Niê', { name: { full: 'Y Blă Niê', fields: { family: 'Niê', middle: '', given: 'Y Blă' }, confirmed: false } })
    assert.equal((await accounts.issue(op, 'dakpo', fields)).person.address, 'yblan@dakpo.gialai.gov.vn')
    const wrong = order('Lê Ý', { name: { full: 'Lê Ý', fields: { family: 'Lê', middle: 'Văn', given: 'Ý' }, confirmed: true } })
    await assert.rejects(accounts.issue(op, 'dakpo', wrong), refusedBy('name-invalid', 'fields-differ'))
    await assert.rejects(accounts.issue(op, 'dakpo', order('Нguyễn Văn An')), refusedBy('name-invalid', 'unsupported-letter'))
    await assert.rejects(accounts.issue(op, 'khong', order('Lê Ý')), refusedBy('agency-unknown'))
  })

  test('R-5.2: the focal officer of another agency is refused, and that is recorded', async () => {
    const { rig, accounts } = await rigOf()
    await using _ = rig
    const dakpo = await rig.store.agencies.byLabel('dakpo')
    const focal = rig.actor('agency-administrator', { agency: dakpo!.id, account: 'a1', name: 'a1' })
    await assert.rejects(accounts.issue(focal, 'skhcn', order('Lê Ý')), refusedBy('not-permitted', 'other-agency'))
    const refusal = (await rig.store.records.read({ kind: 'audit', limit: 10 }))[0]
    assert.deepEqual([refusal?.actor, refusal?.action, refusal?.subject], ['a1', 'act.refused', 'skhcn'])
    assert.equal((await accounts.issue(focal, 'dakpo', order('Lê Ý'))).person.address, 'yl@dakpo.gialai.gov.vn')
  })

  test('two who change one account: the second is told that what he saw is gone', async () => {
    const { rig, accounts } = await rigOf()
    await using _ = rig
    const op = rig.actor('operator')
    const { person } = await accounts.issue(op, 'dakpo', order('Lê Ý'))
    const changed = await accounts.changeDetails(op, person.id, { post: 'Chuyên viên', contact: { email: 'y@example.com', phone: null } }, person.version)
    assert.deepEqual([changed.post, changed.contact.email, changed.version], ['Chuyên viên', 'y@example.com', person.version + 1])
    await assert.rejects(accounts.changeDetails(op, person.id, { post: 'Khác' }, person.version), refusedBy('conflict', 'version'))
    const lead = await accounts.changeDetails(op, person.id, { quotaClass: 'leader' }, null)
    assert.equal(lead.account.quotaBytes, 10_737_418_240)
    await assert.rejects(accounts.changeDetails(op, person.id, { hidden: true }, null), refusedBy('not-permitted', 'role'))
    const records = (await rig.store.records.read({ kind: 'audit', limit: 20 })).filter(({ action }) => action === 'account.change-details')
    assert.equal(records.length, 2)
    assert.equal((records[0]!.detail as { before: { post: unknown } }).before.post, null)
  })

  test('a new name gives a new address; the old one stays an alias, or is nobody’s any more', async () => {
    const { rig, accounts } = await rigOf()
    await using _ = rig
    const op = rig.actor('operator')
    const { person } = await accounts.issue(op, 'dakpo', order('Trần Văn Hùng'))
    const change = { name: { full: 'Trần Văn Hưởng', fields: null, confirmed: false }, origin: nobody, newAddress: true, keepOld: true }
    const renamed = await accounts.rename(op, person.id, change, person.version)
    assert.deepEqual([renamed.address, renamed.aliases, renamed.name.full], ['huongtv@dakpo.gialai.gov.vn', ['hungtv@dakpo.gialai.gov.vn'], 'Trần Văn Hưởng'])
    assert.equal((await rig.store.accounts.byAddress('hungtv@dakpo.gialai.gov.vn'))?.id, person.id)
    const again = await accounts.removeAlias(op, person.id, 'hungtv@dakpo.gialai.gov.vn')
    assert.deepEqual(again.aliases, [])
    // R-4.2d: the tombstone is kept from another person.
    const next = await accounts.propose(op, 'dakpo', order('Trần Văn Hùng', { origin: { ...nobody, birthDate: '1990-01-02' } }))
    assert.equal(next.address, 'vanhungt@dakpo.gialai.gov.vn')
    await assert.rejects(accounts.addAlias(op, person.id, 'hungtv@dakpo.gialai.gov.vn'), refusedBy('address-taken'))
    assert.deepEqual((await accounts.addAlias(op, person.id, 'Truong.Phong@dakpo.gialai.gov.vn')).aliases, ['truong.phong@dakpo.gialai.gov.vn'])
  })
})

describe('the directory', () => {
  test('is searched with and without accents, by given name, within an agency or the province; hidden people never leak', async () => {
    const { rig, accounts } = await rigOf()
    await using _ = rig
    const sa = rig.actor('super-administrator')
    const directory = createPublicDirectory(rig.context)
    for (const [agency, name, post] of [
      ['skhcn', 'Hoàng Thị Như Quỳnh', 'Chuyên viên'],
      ['skhcn', 'Trần Quỳnh Anh', null],
      ['dakpo', 'Lê Văn Quyền', 'Chủ tịch'],
      ['dakpo', 'Đỗ Đức Ân', null],
      ['dakpo', 'Đỗ Đức An', null],
    ] as const) {
      await accounts.issue(sa, agency, order(name, { post }))
    }
    const names = async (text: string, agency: string | null = null): Promise<readonly string[]> =>
      (await directory.search(rig.actor('individual'), { text, agency, limit: 20 })).map(({ name }) => name)
    assert.deepEqual(await names('quynh'), ['Trần Quỳnh Anh', 'Hoàng Thị Như Quỳnh'])
    assert.deepEqual(await names('Quỳnh'), ['Trần Quỳnh Anh', 'Hoàng Thị Như Quỳnh'])
    assert.deepEqual(await names('quy'), ['Trần Quỳnh Anh', 'Lê Văn Quyền', 'Hoàng Thị Như Quỳnh'])
    assert.deepEqual(await names('quỳnh hoang'), ['Hoàng Thị Như Quỳnh'])
    assert.deepEqual(await names('quynhhtn'), ['Hoàng Thị Như Quỳnh'])
    assert.deepEqual(await names('chu tich'), ['Lê Văn Quyền'])
    assert.deepEqual(await names('quy', 'dakpo'), ['Lê Văn Quyền'])
    assert.deepEqual(await names('', 'dakpo'), ['Đỗ Đức An', 'Đỗ Đức Ân', 'Lê Văn Quyền'])
    assert.deepEqual(await names('ân'), ['Đỗ Đức Ân', 'Trần Quỳnh Anh', 'Đỗ Đức An'].toSorted((a, b) => ['Đỗ Đức Ân', 'Đỗ Đức An', 'Trần Quỳnh Anh'].indexOf(a) - ['Đỗ Đức Ân', 'Đỗ Đức An', 'Trần Quỳnh Anh'].indexOf(b)))
    assert.deepEqual(await names('không có ai'), [])
    const hidden = (await rig.store.accounts.byAddress('quyenlv@dakpo.gialai.gov.vn'))!
    await accounts.changeDetails(sa, hidden.id, { hidden: true }, null)
    for (const text of ['quyen', 'quyenlv', 'chu tich']) assert.deepEqual(await names(text), [])
    assert.deepEqual(await names('', 'dakpo'), ['Đỗ Đức An', 'Đỗ Đức Ân'])
  })

  test('the published list is HTML without an address to harvest, CSV and JSON, and has no birth data', async () => {
    const { rig, accounts } = await rigOf()
    await using _ = rig
    const sa = rig.actor('super-administrator')
    await accounts.issue(sa, 'dakpo', order('Lê Ý', { unit: 'Phòng <Kinh tế>', post: '=1+1', origin: { ...nobody, birthDate: '1980-12-31' }, contact: { email: 'rieng@example.com', phone: '0900000000' } }))
    const directory = createPublicDirectory(rig.context)
    const texts = await Promise.all((['html', 'csv', 'json'] as const).map(async (format) => Buffer.from((await directory.published(sa, 'dakpo', format)).bytes).toString('utf8')))
    assert.ok(!texts[0]!.includes('yl@') && texts[0]!.includes('&lt;Kinh tế&gt;') && !texts[0]!.includes('<script'))
    assert.ok(texts[1]!.includes("'=1+1") && texts[1]!.includes('yl@dakpo.gialai.gov.vn'))
    assert.equal(JSON.parse(texts[2]!).entries[0].address, 'yl@dakpo.gialai.gov.vn')
    for (const text of texts) assert.ok(!text.includes('1980') && !text.includes('rieng') && !text.includes('0900000000'))
    await assert.rejects(directory.published(sa, 'khong', 'json'), refusedBy('agency-unknown'))
  })
})
