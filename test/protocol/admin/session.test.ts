/** Signing in to the console: stages, second factor, CSRF, ends of sessions (requirements §1.1, §1.2; ). */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { codeOf, goodPassword, openAdminApiRig, problemOf, type AdminApiRig } from '../../support/admin-api-rig.ts'

describe('behind a load balancer', () => {
  it('believes what it says of the client and of TLS; nobody else', async () => {
    await using rig = await openAdminApiRig({ proxies: ['192.0.2.0/24'] })
    const account = await rig.account('individual')
    const headers = { 'x-forwarded-for': '203.0.113.9', 'x-forwarded-proto': 'https' }
    const body = { user: account.address, password: goodPassword }
    const client = rig.stranger()
    const opened = await client.ask('POST', '/session', { body, headers, remoteIp: '192.0.2.7' })
    assert.equal(opened.status, 201, opened.text)
    assert.match(String(opened.headers['set-cookie']), /^__Host-congvu=.*; Secure;/)
    assert.equal((await client.get('/sessions', { headers, remoteIp: '192.0.2.7' })).body.items[0].remoteIp, '203.0.113.9')
    problemOf(await rig.stranger().ask('POST', '/session', { body, headers, remoteIp: '198.51.100.7' }), 403, 'encryption-required')
  })
})

describe('session', () => {
  let rig: AdminApiRig
  before(async () => {
    rig = await openAdminApiRig()
  })
  after(async () => {
    assert.deepEqual(rig.faults, [])
    await rig[Symbol.asyncDispose]()
  })

  it('an individual signs in with the password alone and sees himself', async () => {
    const account = await rig.account('individual', { local: 'hoant' })
    const client = rig.stranger()
    const opened = await client.post('/session', { user: account.address, password: goodPassword })
    assert.equal(opened.status, 201)
    assert.equal(opened.body.stage, 'full')
    const cookie = String(opened.headers['set-cookie'])
    assert.match(cookie, /HttpOnly/)
    assert.match(cookie, /SameSite=Strict/)
    assert.match(cookie, /Path=\//)
    const me = await client.get('/me')
    assert.equal(me.status, 200)
    assert.deepEqual(me.body, { id: account.id, address: account.address, name: account.name, role: 'individual', agency: account.agency })
    assert.deepEqual(rig.signIns.map(({ action, subject }) => [action, subject]), [['sign-in.succeeded', account.address]])
  })

  it('a wrong password and an unknown user are one and the same refusal', async () => {
    const account = await rig.account('individual')
    const wrong = await rig.stranger().post('/session', { user: account.address, password: 'sai' })
    const unknown = await rig.stranger().post('/session', { user: 'khongco@gialai.gov.vn', password: 'sai' })
    assert.deepEqual(problemOf(wrong, 401, 'authentication-failed'), problemOf(unknown, 401, 'authentication-failed'))
  })

  it('whatever else is sent as a sign-in is refused as such', async () => {
    const client = rig.stranger()
    for (const body of [{}, [], 0, { user: 'a' }, { user: '', password: 'x' }, { user: 'a\u0000b', password: 'x' }, { user: 'a', password: 'x'.repeat(257) }, { user: ['a'], password: 'x' }, { user: 'a', password: 'x', role: 'operator' }]) {
      problemOf(await client.post('/session', body), 400, 'request-invalid')
    }
    for (const user of ['@', 'a@b', "' OR 1=1 --", '__proto__', 'ａ@gialai.gov.vn', 'x'.repeat(320)]) problemOf(await client.post('/session', { user, password: 'x' }), 401, 'authentication-failed')
  })

  it('a password over a channel in clear from elsewhere is refused before it is looked at', async () => {
    const account = await rig.account('individual')
    const asked = await rig.stranger().ask('POST', '/session', { body: { user: account.address, password: goodPassword }, remoteIp: '203.0.113.9' })
    problemOf(asked, 403, 'encryption-required')
  })

  it('an administrator enrols a second factor first, and gives it the next time', async () => {
    const account = await rig.account('super-administrator')
    const client = rig.stranger()
    assert.equal((await client.post('/session', { user: account.address, password: goodPassword })).body.stage, 'enrolment')
    problemOf(await client.get('/agencies'), 403, 'enrolment-needed')
    const enrolment = await client.post('/second-factor', {})
    assert.match(enrolment.body.uri, /^otpauth:\/\/totp\/.*secret=[A-Z2-7]{32}/)
    problemOf(await client.post('/second-factor/confirmation', { code: '000000' }), 401, 'second-factor-wrong')
    const confirmed = await client.post('/second-factor/confirmation', { code: codeOf(enrolment.body.secret, rig.context.clock.nowMs()) })
    assert.equal(confirmed.body.recoveryCodes.length, 10)
    assert.equal((await client.get('/agencies')).status, 200)

    const again = rig.stranger()
    assert.equal((await again.post('/session', { user: account.address, password: goodPassword })).body.stage, 'second-factor')
    problemOf(await again.get('/agencies'), 403, 'second-factor-needed')
    problemOf(await again.put('/me/password', { oldPassword: goodPassword, newPassword: 'Mat-khau-moi-2B!' }), 403, 'second-factor-needed')
    const used = await again.post('/session/second-factor', { code: codeOf(enrolment.body.secret, rig.context.clock.nowMs()) })
    problemOf(used, 401, 'second-factor-wrong')
    rig.turn(30_000)
    const passed = await again.post('/session/second-factor', { code: codeOf(enrolment.body.secret, rig.context.clock.nowMs()) })
    assert.equal(passed.body.stage, 'full')

    const third = rig.stranger()
    await third.post('/session', { user: account.address, password: goodPassword })
    const [recovery] = confirmed.body.recoveryCodes as string[]
    assert.equal((await third.post('/session/second-factor', { code: recovery!.toUpperCase() })).body.stage, 'full')
    assert.equal((await third.get('/second-factor')).body.recoveryCodesLeft, 9)
    const fourth = rig.stranger()
    await fourth.post('/session', { user: account.address, password: goodPassword })
    problemOf(await fourth.post('/session/second-factor', { code: recovery }), 401, 'second-factor-wrong')
  })

  it('guessing the second factor ends after five wrong codes, for the right one too', async () => {
    const account = await rig.account('operator')
    await rig.signedIn(account)
    const client = rig.stranger()
    await client.post('/session', { user: account.address, password: goodPassword })
    for (let n = 0; n < 5; n++) problemOf(await client.post('/session/second-factor', { code: `00000${n}` }), 401, 'second-factor-wrong')
    const refused = await client.post('/session/second-factor', { code: '000005' })
    problemOf(refused, 429, 'authentication-throttled')
    assert.equal(refused.headers['retry-after'], '900')
    const records = await rig.store.records.read({ kind: 'sign-in', limit: 1000 })
    assert.equal(records.filter(({ action, subject }) => action === 'sign-in.second-factor-refused' && subject === account.address).length, 5)
  })

  it('the secret of a second factor is not readable in the store', async () => {
    const account = await rig.account('operator')
    const client = rig.stranger()
    await client.post('/session', { user: account.address, password: goodPassword })
    const { body } = await client.post('/second-factor', {})
    const kept = JSON.stringify(await rig.store.registry.get('second-factor', account.id))
    assert.doesNotMatch(kept, new RegExp(body.secret))
  })

  it('a new account may change its password and nothing else, then goes on', async () => {
    const account = await rig.account('individual', { state: 'issued' })
    const client = rig.stranger()
    assert.equal((await client.post('/session', { user: account.address, password: goodPassword })).body.stage, 'password-change')
    problemOf(await client.get('/agencies'), 403, 'password-change-needed')
    problemOf(await client.put('/me/password', { oldPassword: goodPassword, newPassword: 'ngan' }), 422, 'password-invalid')
    const changed = await client.put('/me/password', { oldPassword: goodPassword, newPassword: 'Mat-khau-moi-2B!' })
    assert.equal(changed.body.stage, 'full', changed.text)
    assert.equal((await client.get('/agencies')).status, 200)
    assert.equal((await rig.store.accounts.get(account.id))?.state, 'active')
  })

  it('a locked account cannot sign in, and a lock ends its sessions with the next request', async () => {
    const account = await rig.account('individual')
    const client = await rig.signedIn(account)
    assert.equal((await client.get('/me')).status, 200)
    await rig.store.accounts.change(account.id, { state: 'locked', lockClause: '6.2b' })
    problemOf(await client.get('/me'), 401, 'sign-in-needed')
    problemOf(await rig.stranger().post('/session', { user: account.address, password: goodPassword }), 403, 'account-locked')
  })

  it('a change of the password ends the other sessions; a change of the role ends all', async () => {
    const account = await rig.account('individual')
    const [here, there] = [await rig.signedIn(account), await rig.signedIn(account)]
    await here.put('/me/password', { oldPassword: goodPassword, newPassword: 'Mat-khau-moi-2B!' })
    assert.equal((await here.get('/me')).status, 200)
    problemOf(await there.get('/me'), 401, 'sign-in-needed')
    await rig.store.accounts.change(account.id, { role: 'operator' })
    problemOf(await here.get('/me'), 401, 'sign-in-needed')
  })

  it('a session ends when idle, and after its longest time whatever happens', async () => {
    const account = await rig.account('individual')
    const idle = await rig.signedIn(account)
    rig.turn(29 * 60_000)
    assert.equal((await idle.get('/me')).status, 200)
    rig.turn(31 * 60_000)
    problemOf(await idle.get('/me'), 401, 'sign-in-needed')
    const busy = await rig.signedIn(account)
    for (let halves = 1; halves < 20; halves++) {
      rig.turn(30 * 60_000)
      assert.equal((await busy.get('/me')).status, 200, `after ${halves} half hours`)
    }
    rig.turn(30 * 60_000)
    problemOf(await busy.get('/me'), 401, 'sign-in-needed')
  })

  it('a change needs the CSRF token and comes from our own origin', async () => {
    const client = await rig.signedIn(await rig.account('individual'))
    const token = client.csrfToken!
    client.csrfToken = null
    problemOf(await client.delete('/session'), 403, 'csrf-token-wrong')
    problemOf(await client.delete('/session', { 'x-csrf-token': 'abc' }), 403, 'csrf-token-wrong')
    problemOf(await client.delete('/session', { 'x-csrf-token': token, origin: 'https://xau.example' }), 403, 'origin-foreign')
    problemOf(await client.delete('/session', { 'x-csrf-token': token, 'sec-fetch-site': 'cross-site' }), 403, 'origin-foreign')
    assert.equal((await client.delete('/session', { 'x-csrf-token': token, origin: 'http://localhost:80', host: 'localhost' })).status, 204)
    problemOf(await client.get('/me'), 401, 'sign-in-needed')
  })

  it('own sessions are listed and ended; those of others are unknown', async () => {
    const account = await rig.account('individual')
    const [first, second] = [await rig.signedIn(account), await rig.signedIn(account)]
    const { items } = (await first.get('/sessions')).body
    assert.equal(items.length, 2)
    const other = items.find((one: { current: boolean }) => !one.current)
    const stranger = await rig.signedIn(await rig.account('individual'))
    problemOf(await stranger.delete(`/sessions/${other.id}`), 404, 'entry-unknown')
    assert.equal((await first.delete(`/sessions/${other.id}`)).status, 204)
    problemOf(await second.get('/me'), 401, 'sign-in-needed')
    assert.equal((await first.get('/me')).status, 200)
  })

  it('of very many sessions the oldest end', async () => {
    const account = await rig.account('individual')
    const first = await rig.signedIn(account)
    for (let n = 0; n < 20; n++) {
      rig.turn(1_000)
      await rig.signedIn(account)
    }
    problemOf(await first.get('/me'), 401, 'sign-in-needed')
    const last = await rig.signedIn(account)
    assert.equal((await last.get('/sessions')).body.items.length, 20)
  })

  it('the Sở takes a lost second factor away: sessions end, the next sign-in enrols', async () => {
    const owner = await rig.signedIn(await rig.account('super-administrator'))
    const account = await rig.account('operator')
    const lost = await rig.signedIn(account)
    problemOf(await lost.delete(`/accounts/${account.id}/second-factor`), 422, 'order-missing')
    assert.equal((await owner.delete(`/accounts/${account.id}/second-factor`)).status, 204)
    problemOf(await lost.get('/me'), 401, 'sign-in-needed')
    assert.equal((await rig.stranger().post('/session', { user: account.address, password: goodPassword })).body.stage, 'enrolment')
    problemOf(await owner.delete(`/accounts/${(await owner.get('/me')).body.id}/second-factor`), 409, 'own-second-factor')
    const audit = await rig.store.records.read({ kind: 'audit', limit: 1000 })
    assert.equal(audit.filter(({ action, subject }) => action === 'second-factor.reset' && subject === account.address).length, 1)
  })
})
