/** The life of accounts, requests, cases and the calendar through the REST API: versions, files, pages, what is asked for. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Account } from '../../../src/core/account/account.ts'
import type { Agency } from '../../../src/core/agency/agency.ts'
import { openAdminApiRig, type AdminApiRig, type Client } from '../../support/admin-api-rig.ts'

const file = { name: 'công văn.pdf', content: Buffer.from('%PDF-1.7 văn bản').toString('base64') }
const document = { number: '15/SKHCN-VP', date: '2026-05-11', file }

describe('the life of accounts through the API', () => {
  let rig: AdminApiRig
  let agency: Agency
  let sa: Client
  let aa: Client

  before(async () => {
    rig = await openAdminApiRig({ secondFactorRoles: [] })
    agency = await rig.agency('skhcn')
    sa = await rig.signedIn(await rig.account('super-administrator'))
    aa = await rig.signedIn(await person('agency-administrator'))
  })
  after(async () => {
    assert.deepEqual(rig.faults, [])
    await rig[Symbol.asyncDispose]()
  })

  const person = (role: Account['role'] = 'individual'): Promise<Account> => rig.account(role, { agency: agency.id, domain: agency.domains[0]! })
  const versionOf = async ({ id }: Account): Promise<Record<string, string>> => ({ 'if-match': String((await sa.get(`/accounts/${id}`)).headers['etag']) })

  it('a lock names what it rests on, needs the version that was seen, and is shown', async () => {
    const lan = await person()
    const path = `/accounts/${lan.id}/lock`
    const seen = await versionOf(lan)
    assert.equal((await sa.post(path, { act: 'suspend', reason: 'x' })).status, 428)
    assert.equal((await sa.post(path, { act: 'suspend', reason: 'x' }, { 'if-match': '"99"' })).status, 412)
    for (const body of [{ act: 'suspend' }, { act: 'lock-compromised' }, { act: 'lock-idle' }, { act: 'suspend', reason: 'x', extra: 1 }]) assert.equal((await sa.post(path, body, seen)).status, 400, JSON.stringify(body))
    const missing = await sa.post(path, { act: 'lock-compromised', ground: 'spam-or-malware' }, seen)
    assert.deepEqual([missing.status, missing.body.code, missing.body.clause], [422, 'warning-missing', 'Điều 6.2b'])
    const noCase = await sa.post(path, { act: 'lock-prohibited-use', case: 'khong-co' }, seen)
    assert.equal(noCase.status, 404)
    const locked = await sa.post(path, { act: 'lock-compromised', ground: 'spam-or-malware', warning: '12/CB-A05' }, seen)
    assert.deepEqual([locked.status, locked.body.state, locked.body.lockClause], [200, 'locked', '6.2b'])
    assert.equal((await sa.post(path, { act: 'suspend', reason: 'x' }, seen)).status, 412, 'of two the second reads anew')
    const life = await aa.get(`/accounts/${lan.id}/lifecycle`)
    assert.deepEqual([life.status, life.body.lock.warning, life.body.lock.clause], [200, '12/CB-A05', 'Điều 6.2b'])
    const reset = await aa.post(`/accounts/${lan.id}/password-reset`, undefined, await versionOf(lan))
    assert.deepEqual([reset.status, reset.body.code], [409, 'locked'])
  })

  it('a request is filed with its file, once by its key, and decided account by account', async () => {
    const [a, b] = [await person(), await person()]
    for (const one of [a, b]) await sa.post(`/accounts/${one.id}/lock`, { act: 'suspend', reason: 'x' }, await versionOf(one))
    const body = { kind: 'restore', document, rows: [a, b].map(({ address }) => ({ address })) }
    const filed = await aa.post('/requests', body, { 'idempotency-key': 'k-1' })
    assert.deepEqual([filed.status, filed.body.due, filed.body.rows.map(({ status }: { status: string }) => status)], [201, '2026-05-14', ['open', 'open']])
    const again = await aa.post('/requests', body, { 'idempotency-key': 'k-1' })
    assert.deepEqual([again.status, again.body.id], [201, filed.body.id])
    assert.equal((await aa.post('/requests', { ...body, document: { ...document, file: { ...file, content: '***' } } })).status, 400)
    assert.equal((await aa.post('/requests', { ...body, document: { ...document, number: 'abc' } })).status, 422)
    const stored = await sa.get(`/requests/${filed.body.id}/document`)
    assert.deepEqual([stored.status, Buffer.from(file.content, 'base64').toString()], [200, stored.text])
    const decisions = `/requests/${filed.body.id}/decisions`
    const seen = { 'if-match': String((await sa.get(`/requests/${filed.body.id}`)).headers['etag']) }
    const granted = await sa.post(decisions, { address: a.address, answer: { kind: 'grant' } }, seen)
    assert.deepEqual([granted.status, granted.body.state, typeof granted.body.temporaryPassword], [200, 'must-change', 'string'])
    assert.equal((await sa.post(decisions, { address: b.address, answer: { kind: 'grant' } }, seen)).status, 412)
    const denied = await sa.post(decisions, { address: b.address, answer: { kind: 'deny', reason: 'Không đủ căn cứ' } }, { 'if-match': String(granted.headers['etag']) })
    assert.deepEqual([denied.status, denied.body.state, denied.body.request.state], [200, 'locked', 'closed'])
    const listed = await aa.get('/requests?limit=1')
    assert.deepEqual([listed.body.items.length, listed.body.items[0].id], [1, filed.body.id])
    const other = await rig.agency('stc')
    assert.equal((await aa.get(`/requests?agency=${other.id}`)).body.code, 'other-agency')
  })

  it('pages of requests and of a preview miss nothing', async () => {
    const officer = await rig.agency('dakpo')
    const people = await Promise.all(Array.from({ length: 7 }, (_, index) => rig.account('individual', { agency: officer.id, domain: officer.domains[0]!, local: `p${index}`, state: 'issued' })))
    const dakpo = await rig.signedIn(await rig.account('agency-administrator', { agency: officer.id, domain: officer.domains[0]!, local: 'vanthu' }))
    for (const { address } of people) assert.equal((await dakpo.post('/requests', { kind: 'lock', document, rows: [{ address }] })).status, 201)
    const all = async (path: string, limit: number): Promise<readonly { id: string; address: string; act: string }[]> => {
      const items = []
      for (let cursor = ''; ; ) {
        const page = await dakpo.get(`${path}${path.includes('?') ? '&' : '?'}limit=${limit}${cursor}`)
        assert.equal(page.status, 200, page.text)
        items.push(...page.body.items)
        if (page.body.next === null) return items
        cursor = `&cursor=${encodeURIComponent(page.body.next)}`
      }
    }
    for (const limit of [1, 2, 7, 100]) {
      assert.equal(new Set((await all('/requests', limit)).map(({ id }) => id)).size, 7, `limit ${limit}`)
      const preview = await all('/lifecycle/preview?on=2026-06-12', limit)
      // The officer has not signed in for a month: D-19 warns him on that day.
      const expected = [...people.map(({ address }) => `${address} lock`), 'vanthu@dakpo.gialai.gov.vn warn']
      assert.deepEqual(preview.map(({ address, act }) => `${address} ${act}`), expected, `limit ${limit}`)
    }
    assert.equal((await dakpo.get('/lifecycle/preview?on=2020-01-01')).status, 422)
    assert.equal((await dakpo.get('/lifecycle/preview?on=2026-02-30')).status, 400)
  })

  it('absences, and the calendar by which they count', async () => {
    const lan = await person()
    const own = await rig.signedIn(lan)
    const noted = await own.post(`/accounts/${lan.id}/absences`, { from: '2026-06-01', to: '2026-12-01', reason: 'Nghỉ thai sản' })
    assert.deepEqual([noted.status, noted.body.absences.length, noted.body.coming.find(({ act }: { act: string }) => act === 'lock').on], [201, 1, '2027-03-02'])
    const ended = await own.ask('PATCH', `/accounts/${lan.id}/absences/2026-06-01`, { body: { endedOn: '2026-06-10' } })
    assert.deepEqual([ended.status, ended.body.absences[0].to], [200, '2026-06-10'])
    assert.equal((await own.ask('PATCH', `/accounts/${lan.id}/absences/2026-07-01`, { body: { endedOn: '2026-07-10' } })).status, 404)
    const year = await own.get('/calendar/years/2027')
    assert.deepEqual([year.status, year.body.status, year.headers['etag']], [200, 'draft', '"0"'])
    const edited = { off: [...year.body.off, '2027-03-01'], worked: [], source: 'TB 9999/TB-BNV', status: 'final' }
    assert.equal((await own.put('/calendar/years/2027', edited, { 'if-match': '"0"' })).status, 403)
    const set = await sa.put('/calendar/years/2027', edited, { 'if-match': '"0"' })
    assert.deepEqual([set.status, set.headers['etag'], set.body.year.status], [200, '"1"', 'final'])
    assert.equal((await sa.put('/calendar/years/2027', edited, { 'if-match': '"0"' })).status, 412)
    assert.equal((await own.get('/calendar/term?from=2026-11-30&months=3')).body.actOn, '2027-03-03')
    assert.equal((await own.get('/calendar/due?from=2026-08-28&workingDays=3')).body.due, '2026-09-07')
    assert.equal((await own.get('/calendar/notice?startsOn=2026-06-08')).body.latestNotice, '2026-06-02')
  })

  it('a case holds its evidence, and a lock by 6.2c rests on it', async () => {
    const lan = await person()
    const opened = await sa.post('/cases', { addresses: [lan.address], summary: 'Thư cấm', evidence: [{ kind: 'message', file }] })
    assert.deepEqual([opened.status, opened.body.evidence[0].kept, opened.body.accounts[0].address], [201, true, lan.address])
    assert.equal((await sa.get(`/cases/${opened.body.id}/evidence/0`)).text, Buffer.from(file.content, 'base64').toString())
    assert.equal((await sa.get(`/cases/${opened.body.id}/evidence/7`)).status, 404)
    assert.equal((await aa.get(`/cases/${opened.body.id}`)).status, 403)
    const locked = await sa.post(`/accounts/${lan.id}/lock`, { act: 'lock-prohibited-use', case: opened.body.id }, await versionOf(lan))
    assert.deepEqual([locked.status, locked.body.lockClause], [200, '6.2c'])
    const decided = await sa.post(`/cases/${opened.body.id}/decision`, { outcome: 'lock', reason: 'Rõ ràng' }, { 'if-match': String(opened.headers['etag']) })
    assert.deepEqual([decided.status, decided.body.decision.outcome], [200, 'lock'])
    assert.deepEqual((await sa.get('/cases?limit=100')).body.items.map(({ id }: { id: string }) => id), [opened.body.id])
  })
})
