/** API tokens: shown once, with scopes, void when their owner may do less (Điều 3.1, 9.1). */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { openAdminApiRig, problemOf, type AdminApiRig } from '../../support/admin-api-rig.ts'

const wanted = { name: 'Đồng bộ danh bạ', scopes: ['accounts:read'], days: 30 }

describe('tokens', () => {
  let rig: AdminApiRig
  before(async () => {
    rig = await openAdminApiRig({ secondFactorRoles: [] })
  })
  after(async () => {
    assert.deepEqual(rig.faults, [])
    await rig[Symbol.asyncDispose]()
  })

  it('is made by its owner, shown once and kept as a hash', async () => {
    const client = await rig.signedIn(await rig.account('operator'))
    const made = await client.post('/tokens', wanted)
    assert.equal(made.status, 201, made.text)
    const secret = String(made.body.token).slice(-43)
    const kept = JSON.stringify(await rig.store.registry.get('api-token', made.body.id))
    assert.doesNotMatch(kept, new RegExp(secret))
    assert.doesNotMatch((await client.get('/tokens')).text, new RegExp(secret))
    const program = rig.stranger()
    program.bearer = made.body.token
    assert.equal((await program.get('/accounts')).status, 200)
    assert.equal((await client.get(`/tokens/${made.body.id}`)).body.lastUsedIp, '127.0.0.1')
    program.bearer = `${made.body.token.slice(0, -1)}${made.body.token.endsWith('A') ? 'B' : 'A'}`
    problemOf(await program.get('/accounts'), 401, 'token-invalid')
  })

  it('is not taken over a channel in clear from elsewhere', async () => {
    const program = await rig.program(await rig.account('operator'))
    problemOf(await program.get('/accounts', { remoteIp: '203.0.113.9' }), 403, 'encryption-required')
  })

  it('is kept sealed when its creation has an idempotency key', async () => {
    const client = await rig.signedIn(await rig.account('operator'))
    const made = await client.post('/tokens', wanted, { 'idempotency-key': 'mot-lan' })
    const again = await client.post('/tokens', wanted, { 'idempotency-key': 'mot-lan' })
    assert.equal(again.body.token, made.body.token)
    const kept = await rig.store.registry.list({ kind: 'idempotency', limit: 100 })
    assert.ok(kept.length > 0)
    assert.doesNotMatch(JSON.stringify(kept), new RegExp(made.body.token))
  })

  it('does what its scopes say and nothing else', async () => {
    const account = await rig.account('super-administrator')
    const other = await rig.account('operator')
    const reader = await rig.program(account, ['accounts:read'])
    assert.equal((await reader.get('/accounts')).status, 200)
    problemOf(await reader.get('/agencies'), 403, 'scope-missing')
    problemOf(await reader.delete(`/accounts/${other.id}/second-factor`), 403, 'scope-missing')
    const writer = await rig.program(account, ['accounts:write'])
    assert.equal((await writer.get('/accounts')).status, 200)
    assert.equal((await writer.delete(`/accounts/${other.id}/second-factor`)).status, 204)
  })

  it('never signs its owner in, makes no tokens and changes no password', async () => {
    const program = await rig.program(await rig.account('super-administrator'))
    for (const [method, path, body] of [['GET', '/me'], ['GET', '/session'], ['GET', '/tokens'], ['POST', '/tokens', wanted], ['POST', '/second-factor', {}], ['PUT', '/me/password', { oldPassword: 'a', newPassword: 'b' }]] as const) {
      problemOf(await program.ask(method, path, body === undefined ? {} : { body }), 403, 'session-needed')
    }
  })

  it('is no more than its owner is allowed', async () => {
    const agency = await rig.agency('skhcn')
    const program = await rig.program(await rig.account('agency-administrator', { agency: agency.id, domain: 'skhcn.gialai.gov.vn' }))
    problemOf(await program.get('/audit'), 403, 'role')
    const other = await rig.account('individual')
    const problem = problemOf(await program.get(`/accounts/${other.id}`), 403, 'other-agency')
    assert.equal(problem.clause, 'Điều 10.8, 12.2c')
  })

  it('is void when revoked or expired, and when its owner is locked, gets another role or password', async () => {
    const account = await rig.account('operator')
    const client = await rig.signedIn(account)
    const { id, token } = (await client.post('/tokens', { ...wanted, days: 1 })).body
    const program = rig.stranger()
    program.bearer = token
    assert.equal((await program.get('/accounts')).status, 200)
    assert.equal((await client.post(`/tokens/${id}/revocation`)).status, 204)
    problemOf(await program.get('/accounts'), 401, 'token-invalid')
    program.bearer = (await client.post('/tokens', { ...wanted, days: 1 })).body.token
    rig.turn(86_400_000)
    problemOf(await program.get('/accounts'), 401, 'token-invalid')
    for (const change of [{ state: 'locked' }, { role: 'super-administrator' }, { passwordHash: 'x' }] as const) {
      const owner = await rig.account('operator')
      const held = await rig.program(owner)
      assert.equal((await held.get('/accounts')).status, 200)
      await rig.store.accounts.change(owner.id, change)
      problemOf(await held.get('/accounts'), 401, 'token-invalid')
    }
  })

  it('of somebody else is revoked by the Sở alone, and otherwise unknown', async () => {
    const owner = await rig.signedIn(await rig.account('operator'))
    const { id } = (await owner.post('/tokens', wanted)).body
    const inspector = await rig.signedIn(await rig.account('inspector'))
    problemOf(await inspector.get(`/tokens/${id}`), 404, 'entry-unknown')
    problemOf(await inspector.post(`/tokens/${id}/revocation`), 403, 'role')
    const sa = await rig.signedIn(await rig.account('super-administrator'))
    assert.equal((await sa.post(`/tokens/${id}/revocation`)).status, 204)
    assert.notEqual((await owner.get(`/tokens/${id}`)).body.revokedAt, null)
    const audit = await rig.store.records.read({ kind: 'audit', limit: 1000 })
    assert.ok(audit.some(({ action, detail }) => action === 'token.revoke' && (detail['before'] as { id?: string } | null)?.id === id))
  })

  it('needs a name, known scopes and days; an individual gets none', async () => {
    const client = await rig.signedIn(await rig.account('operator'))
    for (const wrong of [{ ...wanted, name: '' }, { ...wanted, scopes: [] }, { ...wanted, scopes: ['mail:read'] }, { ...wanted, days: 0 }, { ...wanted, days: 367 }]) {
      problemOf(await client.post('/tokens', wrong), 400, 'request-invalid')
    }
    problemOf(await client.post('/tokens', { ...wanted, name: '   ' }), 422, 'argument-invalid')
    problemOf(await (await rig.signedIn(await rig.account('individual'))).post('/tokens', wanted), 403, 'role')
  })
})
