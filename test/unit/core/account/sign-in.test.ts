import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { AccountState } from '../../../../src/core/account/account.ts'
import type { MailErrorCode } from '../../../../src/core/errors.ts'
import { attempt, goodPassword, otherPassword, refusal, settled, world } from './fakes.ts'

type World = Awaited<ReturnType<typeof world>>

async function person({ acts }: World, address: string): Promise<void> {
  await acts.create({ address, password: goodPassword, active: true }, 'operator')
}

/** The outcome of a promise so far. */
function watch(promise: Promise<unknown>): { outcome: string } {
  const seen = { outcome: 'waiting' }
  promise.then(
    () => (seen.outcome = 'done'),
    (error: unknown) => (seen.outcome = error instanceof Error && 'code' in error ? String(error.code) : 'bug'),
  )
  return seen
}

describe('who is meant', () => {
  const users: readonly (readonly [typed: string, loginDomain: string | null, signedIn: string | null])[] = [
    ['quynhhtn@skhcn.gialai.gov.vn', null, 'quynhhtn@skhcn.gialai.gov.vn'],
    ['QuynhHTN@SKHCN.GiaLai.gov.VN', null, 'quynhhtn@skhcn.gialai.gov.vn'],
    ['  quynhhtn@skhcn.gialai.gov.vn ', null, 'quynhhtn@skhcn.gialai.gov.vn'],
    ['ttcds@skhcn.gialai.gov.vn', null, 'quynhhtn@skhcn.gialai.gov.vn'],
    ['quynhhtn', null, 'quynhhtn@skhcn.gialai.gov.vn'],
    ['hungnv', null, null],
    ['hungnv', 'dakpo.gialai.gov.vn', 'hungnv@dakpo.gialai.gov.vn'],
    ['quynhhtn', 'dakpo.gialai.gov.vn', 'quynhhtn@skhcn.gialai.gov.vn'],
    ['quynhhtn+tin@skhcn.gialai.gov.vn', null, null],
    ['khongco@skhcn.gialai.gov.vn', null, null],
    ['', null, null],
    ['@', null, null],
    ['x'.repeat(100_000), null, null],
  ]
  for (const [typed, loginDomain, signedIn] of users) {
    it(`${typed.slice(0, 40) || '(nothing)'}, home ${loginDomain ?? 'none'} → ${signedIn ?? 'nobody'}`, async () => {
      const w = await world({ loginDomain })
      await person(w, 'quynhhtn@skhcn.gialai.gov.vn')
      await person(w, 'hungnv@skhcn.gialai.gov.vn')
      await person(w, 'hungnv@dakpo.gialai.gov.vn')
      await w.acts.addAlias('quynhhtn@skhcn.gialai.gov.vn', 'ttcds@skhcn.gialai.gov.vn', 'operator')
      const answer = w.signIn.authenticate(attempt(typed, goodPassword))
      if (signedIn === null) await assert.rejects(answer, refusal('authentication-failed'))
      else assert.equal((await answer).address, signedIn)
    })
  }

  it('a bare name is unique again when the other one is revoked', async () => {
    const w = await world()
    await person(w, 'hungnv@skhcn.gialai.gov.vn')
    await person(w, 'hungnv@dakpo.gialai.gov.vn')
    await w.accounts.change((await w.acts.byAddress('hungnv@skhcn.gialai.gov.vn'))!.id, { state: 'revoked' })
    assert.equal((await w.signIn.authenticate(attempt('hungnv', goodPassword))).address, 'hungnv@dakpo.gialai.gov.vn')
  })
})

describe('states', () => {
  const states: readonly (readonly [AccountState, MailErrorCode | null])[] = [
    ['active', null],
    ['issued', 'password-change-required'],
    ['must-change', 'password-change-required'],
    ['locked', 'account-locked'],
    ['restore-pending', 'account-locked'],
    ['revoked', 'account-revoked'],
    ['purged', 'account-revoked'],
  ]
  for (const [state, code] of states) {
    it(`${state}: ${code ?? 'signs in'}, and only after the right password`, async () => {
      const w = await world()
      await person(w, 'lan@skhcn.gialai.gov.vn')
      const [account] = w.accounts.rows.values()
      assert.ok(account)
      await w.accounts.change(account.id, { state })
      await assert.rejects(w.signIn.authenticate(attempt('lan', otherPassword)), refusal('authentication-failed'))
      const answer = w.signIn.authenticate(attempt('lan', goodPassword))
      if (code === null) await answer
      else await assert.rejects(answer, refusal(code))
    })
  }

  it('asks for encryption before it looks at anything', async () => {
    const w = await world()
    await person(w, 'lan@skhcn.gialai.gov.vn')
    await assert.rejects(w.signIn.authenticate(attempt('lan', goodPassword, { secure: false })), refusal('encryption-required'))
    assert.equal(w.passwords.verified, 0)
  })

  it('an account without a password lets nobody in', async () => {
    const w = await world()
    await person(w, 'lan@skhcn.gialai.gov.vn')
    await w.accounts.change('account-1', { passwordHash: null })
    for (const password of ['', goodPassword]) {
      await assert.rejects(w.signIn.authenticate(attempt('lan', password)), refusal('authentication-failed'))
    }
  })
})

describe('remembered sign-ins', () => {
  it('a second sign-in costs no hash; another password does', async () => {
    const w = await world()
    await person(w, 'lan@skhcn.gialai.gov.vn')
    await w.signIn.authenticate(attempt('lan', goodPassword))
    for (let time = 0; time < 10; time++) await w.signIn.authenticate(attempt('lan', goodPassword, { remoteIp: `192.0.2.${time}` }))
    assert.equal(w.passwords.verified, 1)
    await assert.rejects(w.signIn.authenticate(attempt('lan', otherPassword)), refusal('authentication-failed'))
    assert.equal(w.passwords.verified, 2)
  })

  it('a second sign-in reads the account once, and once more when it had to wait', async () => {
    const w = await world()
    await person(w, 'lan@skhcn.gialai.gov.vn')
    const signIn = (): Promise<unknown> => w.signIn.authenticate(attempt('lan@skhcn.gialai.gov.vn', goodPassword))
    await signIn()
    let reads = 0
    for (const name of ['get', 'byAddress', 'byLocalPart'] as const) {
      const read = w.accounts[name].bind(w.accounts) as (...args: unknown[]) => Promise<unknown>
      Object.assign(w.accounts, { [name]: (...args: unknown[]) => (reads++, read(...args)) })
    }
    await signIn()
    assert.equal(reads, 1)
    await Promise.all([signIn(), signIn()])
    assert.equal(reads, 4)
  })

  it('an unknown user costs one verification like a known one', async () => {
    const w = await world()
    await person(w, 'lan@skhcn.gialai.gov.vn')
    for (const user of ['lan', 'khongco', 'khongco@skhcn.gialai.gov.vn', 'x@outside.example']) {
      const before = w.passwords.verified
      await assert.rejects(w.signIn.authenticate(attempt(user, otherPassword)), refusal('authentication-failed'))
      assert.equal(w.passwords.verified - before, 1, user)
    }
  })

  it('a lock ends them at once', async () => {
    const w = await world()
    await person(w, 'lan@skhcn.gialai.gov.vn')
    const session = await w.signIn.authenticate(attempt('lan', goodPassword))
    assert.equal(await w.signIn.stillValid(session), true)
    await w.accounts.change((await w.acts.byAddress('lan@skhcn.gialai.gov.vn'))!.id, { state: 'locked', lockClause: '6.2b' })
    assert.equal(await w.signIn.stillValid(session), false)
    await assert.rejects(w.signIn.authenticate(attempt('lan', goodPassword)), refusal('account-locked'))
  })

  it('a new password ends them at once', async () => {
    const w = await world()
    await person(w, 'lan@skhcn.gialai.gov.vn')
    const session = await w.signIn.authenticate(attempt('lan', goodPassword))
    await w.acts.setPassword('lan@skhcn.gialai.gov.vn', otherPassword, { active: true }, 'operator')
    assert.equal(await w.signIn.stillValid(session), false)
    assert.deepEqual(w.bells, [session.account])
    await assert.rejects(w.signIn.authenticate(attempt('lan', goodPassword)), refusal('authentication-failed'))
    assert.ok(await w.signIn.stillValid(await w.signIn.authenticate(attempt('lan', otherPassword))))
  })

  it('a password that is changed while it is being verified does not let in', async () => {
    const w = await world()
    await person(w, 'lan@skhcn.gialai.gov.vn')
    const verify = w.passwords.verify.bind(w.passwords)
    w.passwords.verify = async (hash, password) => {
      await w.acts.setPassword('lan@skhcn.gialai.gov.vn', otherPassword, { active: true }, 'operator')
      return verify(hash, password)
    }
    await assert.rejects(w.signIn.authenticate(attempt('lan', goodPassword)), refusal('authentication-failed'))
  })
})

describe('guessing', () => {
  async function fail(w: World, times: number, changed: Parameters<typeof attempt>[2] = {}, user = 'lan'): Promise<void> {
    for (let time = 0; time < times; time++) {
      await assert.rejects(w.signIn.authenticate(attempt(user, otherPassword, changed)), refusal('authentication-failed'))
    }
  }

  it('after five failures each further answer comes later: 1, 2, 4, 8, 16, 30, 30 s', async () => {
    const w = await world()
    await person(w, 'lan@skhcn.gialai.gov.vn')
    await fail(w, 5)
    for (const seconds of [1, 2, 4, 8, 16, 30, 30]) {
      const next = watch(w.signIn.authenticate(attempt('lan', otherPassword)))
      await settled()
      assert.deepEqual(w.clock.left, [seconds * 1000])
      await w.clock.turn(seconds * 1000 - 1)
      assert.equal(next.outcome, 'waiting')
      await w.clock.turn(1)
      assert.equal(next.outcome, 'authentication-failed')
    }
  })

  it('an alias, another spelling and the bare name are the same account', async () => {
    const w = await world()
    await person(w, 'lan@skhcn.gialai.gov.vn')
    await w.acts.addAlias('lan@skhcn.gialai.gov.vn', 'hoalan@skhcn.gialai.gov.vn', 'operator')
    await fail(w, 2, {}, 'lan')
    await fail(w, 2, {}, 'LAN@skhcn.gialai.gov.vn')
    await fail(w, 1, {}, 'hoalan@skhcn.gialai.gov.vn')
    const next = watch(w.signIn.authenticate(attempt('lan', otherPassword)))
    await w.clock.turn(999)
    assert.equal(next.outcome, 'waiting')
    await w.clock.turn(1)
    assert.equal(next.outcome, 'authentication-failed')
  })

  it('the right password waits too, and ends it', async () => {
    const w = await world()
    await person(w, 'lan@skhcn.gialai.gov.vn')
    await w.signIn.authenticate(attempt('lan', goodPassword))
    await fail(w, 5)
    const right = watch(w.signIn.authenticate(attempt('lan', goodPassword)))
    await settled()
    assert.equal(right.outcome, 'waiting')
    await w.clock.turn(1000)
    assert.equal(right.outcome, 'done')
    await fail(w, 5)
  })

  it('another source is not slowed', async () => {
    const w = await world()
    await person(w, 'lan@skhcn.gialai.gov.vn')
    await fail(w, 5)
    const slow = watch(w.signIn.authenticate(attempt('lan', otherPassword)))
    await w.signIn.authenticate(attempt('lan', goodPassword, { remoteIp: '198.51.100.7' }))
    await w.signIn.authenticate(attempt('lan', goodPassword, { remoteIp: '2001:db8::1' }))
    assert.equal(slow.outcome, 'waiting')
  })

  it('an unknown user is slowed as a known one', async () => {
    const w = await world()
    await fail(w, 5, {}, 'khongco@skhcn.gialai.gov.vn')
    const next = watch(w.signIn.authenticate(attempt('khongco@skhcn.gialai.gov.vn', otherPassword)))
    await settled()
    assert.deepEqual(w.clock.left, [1000])
    await w.clock.turn(1000)
    assert.equal(next.outcome, 'authentication-failed')
  })

  it('many at once are no faster: one at a time, and few may wait', async () => {
    const w = await world()
    await person(w, 'lan@skhcn.gialai.gov.vn')
    const all = Array.from({ length: 100 }, (_, index) => watch(w.signIn.authenticate(attempt('lan', `${otherPassword}${index}`))))
    await settled()
    const count = (outcome: string): number => all.filter((one) => one.outcome === outcome).length
    assert.deepEqual([count('authentication-failed'), count('authentication-throttled'), count('waiting')], [5, 91, 4])
    assert.equal(w.passwords.verified, 5)
  })

  it('many right ones at once are all let in with one verification', async () => {
    const w = await world()
    await person(w, 'lan@skhcn.gialai.gov.vn')
    await Promise.all(Array.from({ length: 100 }, () => w.signIn.authenticate(attempt('lan', goodPassword))))
    assert.equal(w.passwords.verified, 1)
  })

  it('failures are forgotten after a quarter of an hour', async () => {
    const w = await world()
    await person(w, 'lan@skhcn.gialai.gov.vn')
    await fail(w, 5)
    await w.clock.turn(15 * 60_000)
    await fail(w, 5)
  })

  it('a source that tries everybody is slowed, except where it has signed in before', async () => {
    const w = await world()
    await person(w, 'lan@skhcn.gialai.gov.vn')
    await person(w, 'mai@skhcn.gialai.gov.vn')
    await w.signIn.authenticate(attempt('lan', goodPassword))
    for (let one = 0; one < 20; one++) await fail(w, 1, {}, `người${one}`)
    const next = watch(w.signIn.authenticate(attempt('mai', otherPassword)))
    await settled()
    assert.equal(next.outcome, 'waiting')
    await w.signIn.authenticate(attempt('lan', goodPassword))
    await w.signIn.authenticate(attempt('mai', goodPassword, { remoteIp: '198.51.100.7' }))
    await w.clock.turn(1000)
    assert.equal(next.outcome, 'authentication-failed')
  })

  it('one phone with an old password does not slow its office down', async () => {
    const w = await world()
    await person(w, 'lan@skhcn.gialai.gov.vn')
    await person(w, 'mai@skhcn.gialai.gov.vn')
    for (let time = 0; time < 40; time++) {
      const next = watch(w.signIn.authenticate(attempt('lan', otherPassword)))
      await w.clock.turn(30_000)
      assert.equal(next.outcome, 'authentication-failed')
    }
    await w.signIn.authenticate(attempt('mai', goodPassword))
  })

  it('nobody waits on when the server stops', async () => {
    const w = await world()
    await person(w, 'lan@skhcn.gialai.gov.vn')
    await fail(w, 5)
    const next = watch(w.signIn.authenticate(attempt('lan', goodPassword)))
    await settled()
    w.stopping.abort()
    await settled()
    assert.equal(next.outcome, 'unavailable')
  })
})

describe('records', () => {
  it('say who, from where and why, and never a password', async () => {
    const w = await world()
    await person(w, 'lan@skhcn.gialai.gov.vn')
    await w.signIn.authenticate(attempt('lan', goodPassword))
    await assert.rejects(w.signIn.authenticate(attempt('LAN@skhcn.gialai.gov.vn', otherPassword)))
    await assert.rejects(w.signIn.authenticate(attempt('khongco@skhcn.gialai.gov.vn', otherPassword)))
    // A password in the wrong field.
    await assert.rejects(w.signIn.authenticate(attempt(otherPassword, 'x')))
    await assert.rejects(w.signIn.authenticate(attempt(`${otherPassword}@nowhere.example`, 'x')))
    await w.acts.setPassword('lan@skhcn.gialai.gov.vn', otherPassword, { active: true }, 'operator')
    await w.acts.changeOwnPassword('lan', otherPassword, goodPassword, '192.0.2.1')
    const signIns = w.records.filter(({ kind }) => kind === 'sign-in').map(({ action, subject, detail }) => [action, subject, detail['reason']])
    assert.deepEqual(signIns, [
      ['sign-in.succeeded', 'lan@skhcn.gialai.gov.vn', undefined],
      ['sign-in.refused', 'lan@skhcn.gialai.gov.vn', 'authentication-failed'],
      ['sign-in.refused', 'khongco@skhcn.gialai.gov.vn', 'authentication-failed'],
      ['sign-in.refused', 'unknown', 'authentication-failed'],
      ['sign-in.refused', 'unknown', 'authentication-failed'],
    ])
    const all = JSON.stringify(w.records).toLowerCase()
    for (const secret of [goodPassword, otherPassword, ...w.passwords.hashes]) assert.ok(!all.includes(secret.toLowerCase()))
    assert.equal(w.records[1]?.detail['remoteIp'], '192.0.2.1')
  })

  it('of a throttled source there is one a minute', async () => {
    const w = await world()
    await person(w, 'lan@skhcn.gialai.gov.vn')
    const all = Array.from({ length: 100 }, () => watch(w.signIn.authenticate(attempt('lan', otherPassword))))
    await settled()
    assert.ok(all.length > 0)
    assert.equal(w.records.filter(({ detail }) => detail['reason'] === 'authentication-throttled').length, 1)
  })
})
