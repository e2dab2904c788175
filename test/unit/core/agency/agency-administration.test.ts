/** Agencies, units and hand-overs (Điều 4.1, 5.1; R-4.1a to R-4.1d, R-5.1). */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { createAgencyAdministration } from '../../../../src/core/agency/agency-administration.ts'
import { nearLabels } from '../../../../src/core/agency/near-labels.ts'
import { MailError } from '../../../../src/core/errors.ts'
import { openAdministrationRig } from '../../../support/administration-rig.ts'

const refusedBy = (code: string, reason?: string) => (error: unknown) => {
  assert.ok(error instanceof MailError, String(error))
  assert.equal(error.code, code, error.message)
  if (reason !== undefined) assert.equal(error.detail['reason'], reason)
  return true
}
const order = (name: string, label: string | null = null) => ({ name, label, kind: 'department' as const, code: null, provisional: false })
const document = { number: '15/SKHCN-VP', date: '2026-05-08', file: { name: 'ban-giao.pdf', sha256: 'a'.repeat(64), sizeBytes: 1000 } }

describe('agencies', () => {
  test('the label is proposed, the agency gets its domain and its own mailbox, and the record says so', async () => {
    await using rig = await openAdministrationRig()
    const agencies = createAgencyAdministration(rig.context)
    const sa = rig.actor('super-administrator')
    const proposal = await agencies.propose(sa, 'Sở Khoa học và Công nghệ')
    assert.deepEqual([proposal.label, proposal.address, proposal.taken, proposal.reserved], ['skhcn', 'skhcn@skhcn.gialai.gov.vn', false, false])
    const { agency, near } = await agencies.create(sa, order('Sở Khoa học và Công nghệ'))
    assert.deepEqual([agency.label, agency.domains, agency.mailbox, near], ['skhcn', ['skhcn.gialai.gov.vn'], 'skhcn@skhcn.gialai.gov.vn', []])
    const mailbox = await rig.store.accounts.byAddress('skhcn@skhcn.gialai.gov.vn')
    assert.deepEqual([mailbox?.kind, mailbox?.state, mailbox?.passwordHash, mailbox?.agency], ['agency', 'active', null, agency.id])
    assert.equal((await agencies.propose(sa, 'Sở Khoa học và Công nghệ')).taken, true)
    const records = await rig.store.records.read({ kind: 'audit', limit: 10 })
    assert.deepEqual(records.map(({ action, clause }) => [action, clause]), [['agency.create', 'Điều 4.1, 5.1']])
    await assert.rejects(agencies.create(sa, order('Sở Khoa học và Công nghệ')), refusedBy('agency-taken'))
  })

  test('D-21: two departments of the same initials collide, and the Sở names the second by hand', async () => {
    await using rig = await openAdministrationRig()
    const agencies = createAgencyAdministration(rig.context)
    const sa = rig.actor('super-administrator')
    await agencies.create(sa, order('Sở Nội vụ'))
    await assert.rejects(agencies.create(sa, order('Sở Ngoại vụ')), refusedBy('agency-taken'))
    const { agency, near } = await agencies.create(sa, order('Sở Ngoại vụ', 'sngv'))
    assert.equal(agency.label, 'sngv')
    assert.deepEqual(near, ['snv'])
    for (const label of ['www', 'mail', 'mx1', 'UPPER', 'a b', '-a']) await assert.rejects(agencies.create(sa, order('Trung tâm', label)), refusedBy('name-invalid'))
  })

  test('near labels are those one keystroke away', () => {
    assert.deepEqual(nearLabels('iao', ['iapa', 'iaa', 'iaob', 'ia', 'aio', 'iao', 'oai', 'xyz']), ['iaa', 'iaob', 'ia', 'aio'])
  })

  test('all communes of the province are imported, provisional ones marked; a second import makes nothing', async () => {
    await using rig = await openAdministrationRig()
    const agencies = createAgencyAdministration(rig.context)
    const sa = rig.actor('super-administrator')
    const [, ...lines] = readFileSync(new URL('../../../../config/province/communes.csv', import.meta.url), 'utf8').trim().split(/\r?\n/)
    const rows = lines.map((line) => {
      const [code = '', type = '', name = ''] = line.split(',')
      return { name: `${type} ${name}`, label: null, kind: 'commune' as const, code }
    })
    const labels: string[] = []
    assert.deepEqual(await agencies.importAll(sa, rows, async ({ label }) => void labels.push(label!)), { made: 135, known: 0, refused: 0 })
    assert.deepEqual(labels, lines.map((line) => line.split(',')[3]))
    assert.deepEqual(await agencies.importAll(sa, rows), { made: 0, known: 135, refused: 0 })
    const dakpo = await rig.store.agencies.byLabel('dakpo')
    const view = await agencies.view(sa, dakpo!.id)
    assert.deepEqual([view.kind, view.provisional, view.mailbox], ['commune', true, 'dakpo@dakpo.gialai.gov.vn'])
    const confirmed = await agencies.change(sa, dakpo!.id, { provisional: false }, view.version)
    assert.equal(confirmed.provisional, false)
    await assert.rejects(agencies.change(sa, dakpo!.id, { provisional: true }, view.version), refusedBy('conflict', 'version'))
  })

  test('units get their mailboxes by D-7, within the own agency only', async () => {
    await using rig = await openAdministrationRig()
    const agencies = createAgencyAdministration(rig.context)
    const pleiku = await rig.agency('pleiku', 'Phường Pleiku')
    const other = await rig.agency('dakpo', 'Xã Đak Pơ')
    const focal = rig.actor('agency-administrator', { agency: pleiku.id, account: 'a9' })
    const unit = await agencies.createUnit(focal, pleiku.id, { name: 'Phòng Văn hóa – Xã hội', local: null })
    assert.equal(unit.address, 'vanhoa-xahoi@pleiku.gialai.gov.vn')
    assert.deepEqual((await agencies.units(focal, pleiku.id)).map(({ address }) => address), [unit.address])
    assert.deepEqual(await agencies.proposeUnit(focal, 'Trung tâm Chuyển đổi số', 'pleiku'), { local: 'ttcds', address: 'ttcds@pleiku.gialai.gov.vn', taken: false })
    await assert.rejects(agencies.createUnit(focal, pleiku.id, { name: 'Phòng Văn hóa - Xã hội', local: null }), refusedBy('address-taken'))
    await assert.rejects(agencies.createUnit(focal, pleiku.id, { name: 'Phòng Lạ', local: 'postmaster' }), refusedBy('address-invalid'))
    await assert.rejects(agencies.createUnit(focal, other.id, { name: 'Phòng Kinh tế', local: null }), refusedBy('not-permitted', 'other-agency'))
  })

  test('a hand-over gives the new officer his rights and takes the old ones in one commit, by a document', async () => {
    await using rig = await openAdministrationRig()
    const agencies = createAgencyAdministration(rig.context)
    const sa = rig.actor('super-administrator')
    const { agency } = await agencies.create(sa, order('Sở Tài chính'))
    const person = (address: string) =>
      rig.store.accounts.create({ agency: agency.id, address, name: 'Lê Ý', kind: 'person', role: 'individual', state: 'active', quotaBytes: 1e9, passwordHash: 'x', createdAtMs: 0, mailboxes: [{ name: 'INBOX', role: 'inbox', subscribed: true }] })
    const [first, second] = [await person('yl@stc.gialai.gov.vn'), await person('hungd@stc.gialai.gov.vn')]
    await agencies.handOver(sa, agency.id, { to: first.address, from: null, document, trained: true })
    assert.equal((await rig.store.accounts.get(first.id))?.role, 'agency-administrator')
    rig.bells.length = 0
    await agencies.handOver(sa, agency.id, { to: second.address, from: first.address, document, trained: false })
    assert.equal((await rig.store.accounts.get(first.id))?.role, 'individual')
    assert.ok(((await rig.store.accounts.get(first.id))?.credentialVersion ?? 0) > first.credentialVersion + 1, 'his sessions are void')
    assert.deepEqual(new Set(rig.bells.map(({ account }) => account)), new Set([first.id, second.id]))
    assert.deepEqual((await agencies.view(sa, agency.id)).administrators, [second.address])
    assert.deepEqual((await agencies.handOvers(sa, agency.id)).map(({ to }) => to), [second.id, first.id])
    await assert.rejects(agencies.handOver(sa, agency.id, { to: second.address, from: null, document: { ...document, number: '' }, trained: true }), refusedBy('argument-invalid', 'document-missing'))
    await assert.rejects(agencies.handOver(rig.actor('operator'), agency.id, { to: second.address, from: null, document, trained: true }), refusedBy('argument-invalid', 'order-missing'))
  })
})
