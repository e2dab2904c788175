import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { AccountState } from '../../../../src/core/account/account.ts'
import { ensureFirstAdministrator } from '../../../../src/core/account/first-administrator.ts'
import { passwordFaults } from '../../../../src/core/account/password.ts'
import { lifecycleKind } from '../../../../src/core/account/lifecycle-record.ts'
import { entry } from '../../../../src/core/administration/entries.ts'
import { isMailError } from '../../../../src/core/errors.ts'
import { attempt, goodPassword, otherPassword, refusal, world } from './fakes.ts'

const lan = 'lan@skhcn.gialai.gov.vn'

describe('creating an account', () => {
  it('ISSUED, with a temporary password, the default mailboxes and an audit record', async () => {
    const w = await world()
    const { account, temporaryPassword } = await w.acts.create({ address: 'Lan@SKHCN.gialai.gov.vn', name: 'Hoàng Thị Lan' }, 'operator')
    assert.ok(temporaryPassword)
    assert.deepEqual(passwordFaults(temporaryPassword, 'lan'), [])
    assert.deepEqual([account.address, account.state, account.role, account.kind], [lan, 'issued', 'individual', 'person'])
    assert.equal(account.quotaBytes, w.settings.defaultQuotaBytes)
    assert.deepEqual(w.accounts.mailboxes.get(account.id), ['INBOX', 'Drafts', 'Sent', 'Junk', 'Trash', 'Archive'])
    await assert.rejects(w.signIn.authenticate(attempt('lan', temporaryPassword)), refusal('password-change-required'))
    const [record] = w.records
    assert.deepEqual([record?.kind, record?.actor, record?.action, record?.subject, record?.clause], ['audit', 'operator', 'account.create', lan, 'Điều 5.2'])
    assert.equal(record?.detail['before'], null)
    assert.ok(!JSON.stringify(w.records).includes(temporaryPassword))
  })

  const refusals: readonly (readonly [string, Parameters<Awaited<ReturnType<typeof world>>['acts']['create']>[0], boolean, string])[] = [
    ['no address', { address: 'lan' }, true, 'address-invalid'],
    ['a reserved name', { address: 'postmaster@skhcn.gialai.gov.vn' }, true, 'address-invalid'],
    ['a plus', { address: 'a+b@skhcn.gialai.gov.vn' }, true, 'address-invalid'],
    ['a domain that is not ours', { address: 'lan@example.com' }, true, 'agency-unknown'],
    ['the province without a root agency', { address: 'lan@gialai.gov.vn' }, true, 'agency-unknown'],
    ['a weak password', { address: lan, password: 'pw' }, true, 'password-invalid'],
    ['a password with the name', { address: 'lanhoang@skhcn.gialai.gov.vn', password: 'LanHoang#20261' }, true, 'password-invalid'],
    ['active where that is off', { address: lan, password: goodPassword, active: true }, false, 'not-permitted'],
    ['a weak password of a service mailbox where active is off', { address: 'u0@bench.test', password: 'pw', freeForm: true }, false, 'password-invalid'],
    ['a negative quota', { address: lan, quotaBytes: -1 }, true, 'argument-invalid'],
    ['an empty name', { address: lan, name: ' ' }, true, 'name-invalid'],
  ]
  for (const [what, request, allowActiveAccounts, code] of refusals) {
    it(`refuses ${what}: ${code}`, async () => {
      const w = await world({ allowActiveAccounts })
      await assert.rejects(w.acts.create(request, 'operator'), refusal(code))
      assert.equal(w.accounts.rows.size, 0)
      assert.equal(w.records.length, 0)
    })
  }

  it('of many at the same moment exactly one gets the address', async () => {
    const w = await world()
    const results = await Promise.allSettled(Array.from({ length: 20 }, () => w.acts.create({ address: lan }, 'operator')))
    assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 1)
    for (const one of results) assert.ok(one.status === 'fulfilled' || isMailError(one.reason, 'address-taken'))
    assert.equal(w.records.length, 1)
  })

  it('an alias takes the address too', async () => {
    const w = await world()
    await w.acts.create({ address: lan }, 'operator')
    await w.acts.addAlias(lan, 'Phong@skhcn.gialai.gov.vn', 'operator')
    await assert.rejects(w.acts.create({ address: 'phong@skhcn.gialai.gov.vn' }, 'operator'), refusal('address-taken'))
    await assert.rejects(w.acts.addAlias(lan, 'x@example.com', 'operator'), refusal('agency-unknown'))
    await assert.rejects(w.acts.addAlias(lan, 'x y@skhcn.gialai.gov.vn', 'operator'), refusal('address-invalid'))
  })

  it('free-form: any valid address, its domain made, any password, audited as such', async () => {
    const w = await world()
    const results = await Promise.all(
      Array.from({ length: 5 }, (_, n) => w.acts.create({ address: `u${n}@bench.test`, password: 'pw', active: true, freeForm: true }, 'operator')),
    )
    assert.deepEqual(results.map(({ account }) => [account.kind, account.state]), Array(5).fill(['service', 'active']))
    assert.deepEqual(w.agencies.rows.at(-1)?.domains, ['bench.test'])
    assert.equal(w.records.filter(({ action }) => action === 'agency.create').length, 1)
    assert.ok(w.records.filter(({ action }) => action === 'account.create').every(({ clause, detail }) => clause === null && JSON.stringify(detail).includes('"freeForm":true')))
    await w.signIn.authenticate(attempt('u3@bench.test', 'pw'))
    await w.acts.create({ address: 'postmaster@skhcn.gialai.gov.vn', freeForm: true }, 'operator')
    await w.acts.create({ address: 'a+b@bench-test', freeForm: true }, 'operator')
    assert.deepEqual(w.agencies.rows.map(({ label }) => label), ['skhcn', 'dakpo', 'bench-test', 'bench-test-2'])
  })
})

describe('passwords', () => {
  it('the owner changes a temporary one and is active', async () => {
    const w = await world()
    const { temporaryPassword } = await w.acts.create({ address: lan }, 'operator')
    await w.acts.changeOwnPassword('lan', temporaryPassword ?? '', goodPassword, '127.0.0.1')
    assert.equal((await w.signIn.authenticate(attempt('lan', goodPassword))).address, lan)
    const record = w.records.find(({ action }) => action === 'account.change-own-password')
    assert.deepEqual([record?.actor, record?.clause], ['account-1', 'Điều 9.1'])
    assert.match(JSON.stringify(record?.detail), /"before":\{.*"state":"issued".*"after":\{.*"state":"active"/)
  })

  it('not with a wrong old one, to the same one, or to a weak one; guesses are slowed as at sign-in', async () => {
    const w = await world()
    await w.acts.create({ address: lan, password: goodPassword }, 'operator')
    await assert.rejects(w.acts.changeOwnPassword('lan', goodPassword, goodPassword, '127.0.0.1'), refusal('password-invalid'))
    await assert.rejects(w.acts.changeOwnPassword('lan', goodPassword, 'short', '127.0.0.1'), refusal('password-invalid'))
    for (let time = 0; time < 5; time++) {
      await assert.rejects(w.acts.changeOwnPassword('lan', otherPassword, goodPassword, '127.0.0.1'), refusal('authentication-failed'))
    }
    const right = w.acts.changeOwnPassword('lan', goodPassword, otherPassword, '127.0.0.1')
    await w.clock.turn(0)
    assert.deepEqual(w.clock.left, [1000])
    await w.clock.turn(1000)
    await right
  })

  const resets: readonly (readonly [from: AccountState, active: boolean, to: AccountState | 'not-permitted' | 'account-revoked'])[] = [
    ['issued', false, 'issued'],
    ['issued', true, 'active'],
    ['active', false, 'must-change'],
    ['active', true, 'active'],
    ['must-change', false, 'must-change'],
    // D-10: only the procedure of 6.3 ends a lock.
    ['locked', false, 'not-permitted'],
    ['locked', true, 'not-permitted'],
    ['restore-pending', false, 'not-permitted'],
    ['revoked', false, 'account-revoked'],
    ['purged', true, 'account-revoked'],
  ]
  for (const [from, active, to] of resets) {
    it(`reset of an account that is ${from}${active ? ', --active' : ''}: ${to}`, async () => {
      const w = await world()
      const { account } = await w.acts.create({ address: lan, password: goodPassword }, 'operator')
      await w.accounts.change(account.id, { state: from })
      const reset = w.acts.setPassword(lan, null, { active }, 'operator')
      if (to === 'not-permitted' || to === 'account-revoked') return assert.rejects(reset, refusal(to))
      const { temporaryPassword } = await reset
      assert.ok(temporaryPassword)
      assert.equal((await w.acts.byAddress(lan))?.state, to)
      assert.ok(!JSON.stringify(w.records).includes(temporaryPassword))
    })
  }

  it('a locked account does not change its own', async () => {
    const w = await world()
    await w.acts.create({ address: lan, password: goodPassword, active: true }, 'operator')
    await w.accounts.change((await w.acts.byAddress(lan))!.id, { state: 'locked', lockClause: '6.2c' })
    await assert.rejects(w.acts.changeOwnPassword('lan', goodPassword, otherPassword, '127.0.0.1'), refusal('account-locked'))
  })
})

describe('states (regulation 1.2)', () => {
  const life = async (w: Awaited<ReturnType<typeof world>>) => {
    const account = (await w.acts.byAddress(lan))!
    return { account, record: (await entry(w.registry, lifecycleKind, account.id))?.value }
  }

  it('the owner changes the temporary password: ACTIVE by 9.1, and the clock of 6.2d ends', async () => {
    const w = await world()
    const { temporaryPassword } = await w.acts.create({ address: lan }, 'operator')
    await w.acts.changeOwnPassword('lan', temporaryPassword!, goodPassword, '127.0.0.1')
    const { account, record } = await life(w)
    assert.deepEqual([account.state, record?.temporaryPassword, record?.passwordChangedAtMs], ['active', null, w.clock.nowMs()])
    assert.deepEqual(w.records.map(({ action, clause, actor }) => [action, clause, actor]), [['account.create', 'Điều 5.2', 'operator'], ['account.change-own-password', 'Điều 9.1', account.id]])
    assert.match(JSON.stringify(w.records[1]?.detail), /"before":{.*"state":"issued".*"after":{.*"state":"active"/)
  })

  it('a reset begins the clock of 6.2d anew, and the next change is by 6.3c and 9.1', async () => {
    const w = await world()
    await w.acts.create({ address: lan, password: goodPassword, active: true }, 'operator')
    await w.clock.turn(1000)
    const { temporaryPassword } = await w.acts.setPassword(lan, null, {}, 'operator')
    const { account, record } = await life(w)
    assert.deepEqual([account.state, record?.temporaryPassword], ['must-change', { setAtMs: w.clock.nowMs(), by: 'reset' }])
    await w.acts.changeOwnPassword('lan', temporaryPassword!, otherPassword, '127.0.0.1')
    assert.deepEqual(w.records.slice(1).map(({ clause }) => clause), ['Điều 10.8, 11.3', 'Điều 6.3c, 9.1'])
  })

  it('in use at once only where the installation allows it, and never what was revoked', async () => {
    const w = await world()
    const { account } = await w.acts.create({ address: lan }, 'operator')
    assert.equal((await w.acts.activate(lan, 'operator')).state, 'active')
    await w.accounts.change(account.id, { state: 'revoked' })
    await assert.rejects(w.acts.activate(lan, 'operator'), refusal('account-revoked'))
    const strict = await world({ allowActiveAccounts: false })
    await strict.acts.create({ address: lan }, 'operator')
    await assert.rejects(async () => strict.acts.activate(lan, 'operator'), refusal('not-permitted'))
  })

  it('of two acts at the same moment the second decides anew', async () => {
    const w = await world()
    await w.acts.create({ address: lan, password: goodPassword, active: true }, 'operator')
    await Promise.all([w.acts.setPassword(lan, null, {}, 'operator'), w.acts.setPassword(lan, null, {}, 'operator')])
    const { account, record } = await life(w)
    assert.deepEqual([account.state, record?.temporaryPassword?.by], ['must-change', 'reset'])
    assert.equal(w.records.filter(({ action }) => action === 'account.reset-password').length, 2)
  })
})

describe('reading', () => {
  it('lists by agency, in pages, by address', async () => {
    const w = await world()
    for (const address of ['c@skhcn.gialai.gov.vn', 'a@skhcn.gialai.gov.vn', 'b@dakpo.gialai.gov.vn']) await w.acts.create({ address }, 'operator')
    const locals = async (query: Parameters<typeof w.acts.list>[0]): Promise<string> => (await w.acts.list(query)).map(({ address }) => address[0]).join('')
    assert.equal(await locals({ limit: 10 }), 'abc')
    assert.equal(await locals({ agency: 'skhcn', limit: 10 }), 'ac')
    assert.equal(await locals({ limit: 1, after: 'a@skhcn.gialai.gov.vn' }), 'b')
    assert.equal(await locals({ limit: 0 }), 'a')
    await assert.rejects(locals({ agency: 'khongco', limit: 10 }), refusal('agency-unknown'))
    assert.equal((await w.acts.byAddress('A@skhcn.gialai.gov.vn'))?.address, 'a@skhcn.gialai.gov.vn')
    assert.equal(await w.acts.byAddress('no address'), null)
  })
})

describe('the first start', () => {
  it('makes the root agency and its administrator once, who must change the password', async () => {
    const w = await world()
    const settings = new Map<string, string>()
    const ports = {
      ...w.ports,
      settings: {
        setting: async (key: string) => settings.get(key) ?? null,
        putSetting: async (key: string, value: string) => void settings.set(key, value),
      },
    }
    const first = await ensureFirstAdministrator(ports, w.settings)
    assert.equal(first?.address, 'quantri@gialai.gov.vn')
    assert.equal((await w.acts.byAddress('quantri@gialai.gov.vn'))?.role, 'super-administrator')
    assert.deepEqual((await w.agencies.byLabel(''))?.domains, ['gialai.gov.vn'])
    await assert.rejects(w.signIn.authenticate(attempt('quantri', first?.temporaryPassword ?? '')), refusal('password-change-required'))
    assert.equal(await ensureFirstAdministrator(ports, w.settings), null)
    assert.ok(![...settings.values(), JSON.stringify(w.records)].join().includes(first?.temporaryPassword ?? '?'))

    // The first start died before anybody saw the password.
    settings.clear()
    const again = await ensureFirstAdministrator(ports, w.settings)
    assert.notEqual(again?.temporaryPassword, first?.temporaryPassword)
    await w.acts.changeOwnPassword('quantri', again?.temporaryPassword ?? '', goodPassword, '127.0.0.1')
  })
})
