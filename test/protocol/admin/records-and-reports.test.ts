/** Records, sizes, outages, incidents and reports through the API: each once, as it is used (Điều 7, 8, 10.8). */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { recordKey } from '../../../src/core/record/record-keys.ts'
import { openAdminApiRig, type AdminApiRig, type Client } from '../../support/admin-api-rig.ts'

describe('records, sizes, notices, incidents, reports', () => {
  let rig: AdminApiRig
  let owner: Client
  let operator: Client
  let accountId = ''

  before(async () => {
    rig = await openAdminApiRig({ secondFactorRoles: [] })
    const agency = await rig.agency('skhcn')
    const member = { agency: agency.id, domain: agency.domains[0]! }
    owner = await rig.signedIn(await rig.account('super-administrator', member))
    operator = await rig.signedIn(await rig.account('operator', member))
    accountId = (await rig.account('individual', member)).id
  })
  after(async () => {
    assert.deepEqual(rig.faults, [])
    await rig[Symbol.asyncDispose]()
  })

  it('the mail log is searched page by page; the audit verifies; a hold is made and released', async () => {
    const atMs = rig.context.clock.nowMs()
    await rig.store.records.append([0, 1, 2].map((i) => ({ kind: 'mail', atMs: atMs + i, actor: 'system', action: 'mail.taken', subject: `t${i}`, clause: 'Điều 7.2', detail: {}, keys: [recordKey('sender', 'an@x.vn')] })))
    const first = await operator.get('/records/mail?by=address&text=an@x.vn&limit=2')
    assert.deepEqual([first.status, first.body.items.map(({ subject }: { subject: string }) => subject)], [200, ['t2', 't1']])
    const second = await operator.get(`/records/mail?by=address&text=an@x.vn&limit=2&cursor=${encodeURIComponent(first.body.next)}`)
    assert.deepEqual([second.body.items.map(({ subject }: { subject: string }) => subject), second.body.next], [['t0'], null])
    assert.equal((await operator.get('/records/mail?by=address')).status, 422)
    const verified = await operator.get('/record-verification/audit')
    assert.deepEqual([verified.status, verified.body.break], [200, null])
    const order = { accounts: null, agencies: ['skhcn'], from: null, to: null, reason: 'Thanh tra', document: '1/QĐ' }
    const made = await owner.ask('POST', '/legal-holds', { body: order })
    assert.equal(made.status, 201)
    const released = await owner.ask('POST', `/legal-holds/${made.body.id}/release`, { body: { reason: 'xong' }, headers: { 'if-match': '"1"' } })
    assert.equal(released.status, 200)
    assert.notEqual(released.body.releasedAt, null)
  })

  it('sizes are set against the version that was seen', async () => {
    const seen = await operator.get(`/accounts/${accountId}/quota`)
    assert.equal(seen.status, 200)
    const etag = seen.headers['etag'] as string
    const set = await operator.ask('PATCH', `/accounts/${accountId}/quota`, { body: { class: 'leader', quotaBytes: null }, headers: { 'if-match': etag } })
    assert.deepEqual([set.status, set.body.quotaBytes], [200, 10_737_418_240])
    assert.equal((await operator.ask('PATCH', `/accounts/${accountId}/quota`, { body: { quotaBytes: null }, headers: { 'if-match': etag } })).status, 412)
  })

  it('an outage that is announced too late is refused with the day by which it had to be', async () => {
    const start = new Date(rig.context.clock.nowMs() + 3_600_000).toISOString()
    const end = new Date(rig.context.clock.nowMs() + 7_200_000).toISOString()
    const draft = await operator.ask('POST', '/outages', { body: { start, end, description: 'Nâng cấp' } })
    assert.equal(draft.status, 201)
    const late = await owner.ask('POST', `/outages/${draft.body.id}/announcement`, { headers: { 'if-match': '"1"' } })
    assert.deepEqual([late.status, late.body.code], [422, 'notice-too-late'])
    assert.equal((await owner.get('/standing-outages')).body.items.length, 0)
  })

  it('an incident runs its clocks; a report of the present month is there at once', async () => {
    const at = new Date(rig.context.clock.nowMs() - 60_000).toISOString()
    const made = await operator.ask('POST', '/incidents', { body: { occurredAt: at, detectedAt: at, serious: false, personalData: false, serviceStops: false, title: 'Mất điện', description: 'Máy chủ tắt' } })
    assert.deepEqual([made.status, made.body.clocks[0].state], [201, 'running'])
    const reported = await operator.ask('POST', `/incidents/${made.body.id}/reports`, { body: { clock: 'owner-report' }, headers: { 'if-match': made.headers['etag'] as string } })
    assert.deepEqual([reported.status, reported.body.clocks[0].state], [200, 'met'])
    const month = new Date(rig.context.clock.nowMs() + 7 * 3_600_000).toISOString().slice(0, 7)
    const report = await owner.get(`/reports/${month}`)
    assert.deepEqual([report.status, report.body.closed, report.body.rows[0].agency.label], [200, false, 'skhcn'])
    const file = await owner.get(`/reports/${month}/file?format=csv`)
    assert.equal(file.status, 200)
    assert.match(file.text, /Cơ quan skhcn|skhcn/)
  })
})
