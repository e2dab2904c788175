/** The night of the lifecycle: once a day, whatever stops it; nothing twice, nothing untold, nothing forgotten. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { lifecycleKind } from '../../../../src/core/account/lifecycle-record.ts'
import { entry } from '../../../../src/core/administration/entries.ts'
import { MailError } from '../../../../src/core/errors.ts'
import type { Store } from '../../../../src/core/ports/store.ts'
import { lifecycleJobs } from '../../../../src/jobs/lifecycle.ts'
import { actor, openLifecycleRig, paper, temporaryOf, type LifecycleRig } from '../../../support/lifecycle-rig.ts'

const issuedOn = '2026-05-10'
const never = new AbortController().signal

async function people(rig: LifecycleRig, count: number): Promise<void> {
  await rig.issue([{ local: 'aa', role: 'agency-administrator' }, ...Array.from({ length: count }, (_, index) => ({ local: `u${index}`, secondChannel: `u${index}@rieng.example` }))])
}

const actsOf = async (rig: LifecycleRig): Promise<readonly string[]> =>
  (await rig.audit()).filter(({ actor: who }) => who === 'system').map(({ action, subject, clause, detail }) => `${action} ${subject} ${clause} ${String((detail as { after?: { daysBefore?: number } }).after?.daysBefore ?? '')}`)

describe('one night', () => {
  it('is run once, not before the use of the day before is written, and made up for when it was missed', async () => {
    await using rig = await openLifecycleRig(issuedOn)
    await people(rig, 3)
    rig.clock.set('2026-06-20', 0)
    assert.equal(await rig.night.runIfDue(never), null, 'at 00:00:00')
    // Warnings were due on 28/05, 04/06 and 10/06, the lock on 11/06: missed by all those days.
    const done = await rig.runNight('2026-06-20')
    assert.deepEqual(done?.acts, { 'lock Điều 6.2d': 4 })
    assert.equal((await rig.account('u0')).state, 'locked')
    assert.equal(await rig.runNight('2026-06-20'), null)
    assert.deepEqual((await rig.runNight('2026-06-21'))?.acts, {})
    assert.equal((await actsOf(rig)).length, 4)
  })

  it('does not lock who signed in before midnight, though it was not written yet', async () => {
    await using rig = await openLifecycleRig(issuedOn)
    await people(rig, 1)
    await rig.system.mail.accounts.changeOwnPassword('u0@skhcn.gialai.gov.vn', temporaryOf('u0'), 'Mat-khau#2026-moi', '192.0.2.1')
    rig.clock.set('2026-08-10', 23.99)
    await rig.system.mail.signIn.authenticate({ user: 'u0@skhcn.gialai.gov.vn', password: 'Mat-khau#2026-moi', protocol: 'pop3', remoteIp: '192.0.2.1', secure: true })
    await rig.runNight('2026-08-11')
    assert.equal((await rig.account('u0')).state, 'active')
  })

  it('tells the officer in one letter, each owner in his own, and each once', async () => {
    await using rig = await openLifecycleRig(issuedOn)
    await people(rig, 5)
    await rig.runNight('2026-05-28')
    const toOfficer = rig.notices.filter(({ recipient }) => recipient === 'aa@skhcn.gialai.gov.vn')
    // His own account is warned too, at his mailbox, for he has no second channel.
    assert.deepEqual(toOfficer.map(({ subject }) => subject), [
      'Tài khoản sắp bị tạm khóa do chưa đổi mật khẩu / Account about to be locked: password not changed',
      'Tài khoản sắp bị tạm khóa do chưa đổi mật khẩu (6) / Account about to be locked: password not changed (6)',
    ])
    const letter = rig.notices.find(({ recipient }) => recipient === 'u3@rieng.example')!
    assert.match(letter.text, /Tài khoản u3@skhcn\.gialai\.gov\.vn: mật khẩu mặc định cấp ngày 10\/05\/2026 .* 00:00 ngày 11\/06\/2026 \(còn 14 ngày; Điều 6\.2d\)/)
    assert.match(letter.text, /will be locked at 00:00 on 11\/06\/2026/)
    assert.equal(rig.notices.length, 7)
    assert.equal(await rig.night.tellLeftovers(never), 0)
  })
})

describe('a fault', () => {
  it("of one account keeps nobody else's night, and it is tried again in an hour", async () => {
    let broken: string | null = null
    const wrap = (store: Store): Store => ({
      ...store,
      registry: {
        ...store.registry,
        async commit(wanted) {
          if (wanted.accountChanges?.some(({ account }) => account === broken) === true) throw new TypeError('bug')
          return store.registry.commit(wanted)
        },
      },
      [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
    })
    await using rig = await openLifecycleRig(issuedOn, 9.5, wrap)
    await people(rig, 3)
    broken = (await rig.account('u1')).id
    const done = await rig.runNight('2026-06-11')
    assert.deepEqual([done?.acts, done?.failed, rig.faults.length], [{ 'lock Điều 6.2d': 3 }, 1, 1])
    broken = null
    assert.equal(await rig.night.runIfDue(never), null, 'not at once')
    rig.clock.set('2026-06-11', 1.1)
    assert.deepEqual((await rig.night.runIfDue(never))?.acts, { 'lock Điều 6.2d': 1 })
    assert.equal((await rig.account('u1')).state, 'locked')
    assert.equal(await rig.night.runIfDue(never), null)
  })
})

describe('notices', () => {
  it('notices that could not be sent are sent later', async () => {
    await using rig = await openLifecycleRig(issuedOn)
    await people(rig, 2)
    rig.notifyFault = new MailError('storage-full')
    await assert.rejects(rig.runNight('2026-05-28'), (error) => error instanceof MailError && error.code === 'storage-full')
    assert.equal(rig.notices.length, 0)
    rig.notifyFault = null
    assert.ok((await rig.night.tellLeftovers(never)) >= 2)
    assert.ok(rig.notices.some(({ recipient }) => recipient === 'u1@rieng.example'))
    assert.equal(await rig.night.tellLeftovers(never), 0)
    assert.deepEqual((await rig.night.runIfDue(never))?.acts, {}, 'the acts themselves were kept')
  })
})

describe('what nobody counted for', () => {
  it('D-15: the clocks of an account without a document begin when it is first seen, and stay there', async () => {
    await using rig = await openLifecycleRig('2026-05-10')
    const agency = await rig.agency('skhcn')
    const made = { agency, name: 'Cũ', kind: 'person' as const, role: 'individual' as const, quotaBytes: 1, passwordHash: null, createdAtMs: rig.clock.nowMs(), mailboxes: [{ name: 'INBOX', role: 'inbox' as const, subscribed: true }] }
    await rig.store.registry.commit({ newAccounts: [{ ...made, address: 'cu@skhcn.gialai.gov.vn', state: 'active' }, { ...made, address: 'moi@skhcn.gialai.gov.vn', state: 'issued' }] })
    const done = await rig.runNight('2026-10-01')
    // Issued on 10/05 and never changed: that is known of it.
    assert.deepEqual(done?.acts, { 'lock Điều 6.2d': 1 })
    const old = await rig.account('cu')
    assert.equal((await entry(rig.store.registry, lifecycleKind, old.id))?.value.countedFromMs, rig.clock.nowMs())
    const view = await rig.lifecycle.get(actor('super-administrator'), 'cu@skhcn.gialai.gov.vn')
    assert.equal(view.coming.find(({ kind }) => kind === 'lock')?.on, '2027-01-05', '01/10 and three months: 01/01 off, then a weekend')
  })
})

describe('purge', () => {
  it('waits while a legal hold covers the account, and goes when it is released', async () => {
    await using rig = await openLifecycleRig('2026-06-15')
    const [person] = await rig.issue([{ local: 'u0' }])
    const sa = actor('super-administrator')
    const aa = actor('agency-administrator', { agency: person!.agency })
    const { id } = await rig.requests.file(aa, { kind: 'revoke-list', ...paper('1/SKHCN', '2026-06-15'), rows: [{ address: person!.address, leave: null }] })
    await rig.requests.decide(sa, id, { address: person!.address, answer: { kind: 'grant' } })
    const hold = { accounts: [person!.id], agencies: null, fromAtMs: null, toAtMs: null, releasedAtMs: null as number | null }
    await rig.store.registry.commit({ entries: [{ kind: 'legal-hold', id: 'h1', value: hold, ifVersion: 0 }] })
    await rig.runNight('2026-10-01')
    assert.equal((await rig.account('u0')).state, 'revoked')
    await rig.store.registry.commit({ entries: [{ kind: 'legal-hold', id: 'h1', value: { ...hold, releasedAtMs: rig.clock.nowMs() }, ifVersion: 1 }] })
    await rig.runNight('2026-10-02')
    assert.equal((await rig.account('u0')).state, 'purged')
  })
})

it('the jobs: one looks every minute and tells only of a night that was run, one tells what was left', async () => {
  const runs: string[] = []
  const [night, notices] = lifecycleJobs({ runIfDue: async () => (runs.push('night'), null), tellLeftovers: async () => (runs.push('tell'), runs.length === 2 ? 0 : 3) })
  assert.deepEqual([night!.alone, notices!.alone, await night!.run(never), await notices!.run(never), await notices!.run(never)], [true, true, null, null, { told: 3 }])
})
