/** What people do to the life of an account (requirements §1.1, §1.2), over a real store: state, document, record, bell and notice. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { lifecycleKind } from '../../../../src/core/account/lifecycle-record.ts'
import { requireEntry } from '../../../../src/core/administration/entries.ts'
import { MailError } from '../../../../src/core/errors.ts'
import { actor, goodPassword, openLifecycleRig, paper, temporaryOf, webUrl, type LifecycleRig } from '../../../support/lifecycle-rig.ts'

const day = '2026-06-15'
const sa = actor('super-administrator', { name: 'sa' })
const lan = 'lan@skhcn.gialai.gov.vn'

/** An officer of the agency, and Lan, who has changed her password. */
async function agency(rig: LifecycleRig) {
  const [officer, person] = await rig.issue([{ local: 'aa', role: 'agency-administrator' }, { local: 'lan', secondChannel: 'lan@rieng.example' }, { local: 'sep', role: 'super-administrator' }])
  await rig.system.mail.accounts.changeOwnPassword(lan, temporaryOf('lan'), goodPassword, '192.0.2.1')
  const aa = actor('agency-administrator', { name: officer!.id, account: officer!.id, agency: officer!.agency })
  const own = actor('individual', { name: person!.id, account: person!.id, agency: person!.agency })
  return { person: person!, aa, own }
}

const reason = (wanted: string) => (error: unknown): boolean => {
  assert.ok(error instanceof MailError, String(error))
  return assert.equal(error.detail['reason'], wanted) === undefined
}
const toldTo = (rig: LifecycleRig, recipient: string): readonly string[] => rig.notices.filter((one) => one.recipient === recipient).map(({ subject }) => subject.split(' / ')[1]!)
const signIn = (rig: LifecycleRig, password = goodPassword) => rig.system.mail.signIn.authenticate({ user: lan, password, protocol: 'imap', remoteIp: '192.0.2.1', secure: true })

describe('locking', () => {
  it('6.2b: sessions end at once, the owner and the officer are told, mail still comes in', async () => {
    await using rig = await openLifecycleRig(day)
    const { person } = await agency(rig)
    const session = await signIn(rig)
    const locked = await rig.lifecycle.lock(sa, lan, { act: 'lock-compromised', ground: 'hijacked', warning: null })
    assert.deepEqual([locked.state, locked.lockClause], ['locked', '6.2b'])
    assert.equal(await rig.system.mail.signIn.stillValid(session), false)
    assert.ok(rig.bells.includes(person.id))
    await assert.rejects(signIn(rig), (error) => error instanceof MailError && error.code === 'account-locked' && error.detail['lockClause'] === '6.2b')
    assert.deepEqual([toldTo(rig, 'lan@rieng.example'), toldTo(rig, 'aa@skhcn.gialai.gov.vn')], [['Account locked'], ['Account locked']])
    assert.deepEqual(toldTo(rig, lan), [], 'never the locked box')
    const delivered = await rig.system.mail.delivery.deliver({ transaction: 't1', sender: 'ban@ngoai.example', recipients: [lan], bytes: Buffer.from('Subject: a\r\n\r\n'), account: null, facts: null, receivedAtMs: rig.clock.nowMs() })
    assert.equal(delivered.filed, 1)
    const record = (await rig.audit()).find(({ action }) => action === 'account.lock')!
    assert.deepEqual([record.clause, record.actor, record.subject], ['Điều 6.2b', 'sa', lan])
    const { before, after, evidence } = record.detail as { before: { state: string }; after: { state: string }; evidence: { ground: string } }
    assert.deepEqual([before.state, after.state, evidence.ground], ['active', 'locked', 'hijacked'])
    assert.equal((await requireEntry(rig.store.registry, lifecycleKind, person.id)).value.lock?.ground, 'hijacked')
  })

  it("asks for what each clause asks: ground, the authority's warning, an open case about the account, a reason", async () => {
    await using rig = await openLifecycleRig(day)
    await agency(rig)
    await assert.rejects(rig.lifecycle.lock(sa, lan, { act: 'lock-compromised', ground: null, warning: null }), reason('ground-missing'))
    await assert.rejects(rig.lifecycle.lock(sa, lan, { act: 'lock-compromised', ground: 'spam-or-malware', warning: ' ' }), reason('warning-missing'))
    await assert.rejects(rig.lifecycle.lock(sa, lan, { act: 'lock-prohibited-use', case: '' }), reason('case-missing'))
    await assert.rejects(rig.lifecycle.lock(sa, lan, { act: 'lock-prohibited-use', case: 'khong-co' }), (error) => error instanceof MailError && error.code === 'entry-unknown')
    const evidence = { kind: 'message' as const, ...paper('1', day).document.file, bytes: paper('1', day).bytes }
    const other = await rig.cases.open(sa, { addresses: ['aa@skhcn.gialai.gov.vn'], summary: 'Thư cấm', evidence: [evidence] })
    await assert.rejects(rig.lifecycle.lock(sa, lan, { act: 'lock-prohibited-use', case: other.id }), reason('case-invalid'))
    const dismissed = await rig.cases.open(sa, { addresses: [lan], summary: 'Thư cấm', evidence: [evidence] })
    await rig.cases.decide(sa, dismissed.id, { outcome: 'no-action', reason: 'Không đúng' })
    await assert.rejects(rig.lifecycle.lock(sa, lan, { act: 'lock-prohibited-use', case: dismissed.id }), reason('case-invalid'))
    const opened = await rig.cases.open(sa, { addresses: [lan], summary: 'Thư cấm', evidence: [evidence] })
    assert.equal((await rig.lifecycle.lock(sa, lan, { act: 'lock-prohibited-use', case: opened.id })).lockClause, '6.2c')
    await assert.rejects(rig.lifecycle.lock(sa, lan, { act: 'suspend', reason: 'x' }), reason('state'))
  })

  it('an officer suspends in his own agency alone, and the department is told; everything he may not is recorded', async () => {
    await using rig = await openLifecycleRig(day)
    const { aa } = await agency(rig)
    const stranger = actor('agency-administrator', { name: 'khac', agency: 'khac' })
    await assert.rejects(rig.lifecycle.lock(stranger, lan, { act: 'suspend', reason: 'x' }), reason('other-agency'))
    await assert.rejects(rig.lifecycle.lock(stranger, 'khong-co', { act: 'suspend', reason: 'x' }), reason('other-agency'))
    await assert.rejects(rig.lifecycle.lock(aa, lan, { act: 'lock-compromised', ground: 'lost', warning: null }), reason('role'))
    assert.equal((await rig.lifecycle.lock(aa, lan, { act: 'suspend', reason: 'Nghi mất quyền' })).lockClause, 'manual')
    assert.deepEqual(toldTo(rig, 'sep@skhcn.gialai.gov.vn'), ['Report of a lock'])
    const refused = (await rig.audit()).filter(({ action }) => action === 'act.refused')
    assert.deepEqual(refused.map(({ actor: who, clause }) => [who, clause]), [['khac', 'Điều 6.2'], ['khac', 'Điều 6.2'], [aa.name, 'Điều 6.2']])
  })

  it('of two officers who saw the same version one is told that it is gone', async () => {
    await using rig = await openLifecycleRig(day)
    await agency(rig)
    const { credentialVersion } = await rig.account('lan')
    const both = await Promise.allSettled([1, 2].map(() => rig.lifecycle.resetPassword(sa, lan, { ifVersion: credentialVersion })))
    assert.deepEqual(both.map(({ status }) => status).toSorted(), ['fulfilled', 'rejected'])
    const lost = both.find(({ status }) => status === 'rejected') as PromiseRejectedResult
    assert.ok(lost.reason instanceof MailError && lost.reason.code === 'conflict')
    // Without a version both are carried out, one after the other.
    await Promise.all([1, 2].map(() => rig.lifecycle.resetPassword(sa, lan)))
    assert.equal((await rig.audit()).filter(({ action }) => action === 'account.reset-password').length, 3)
  })
})

describe('passwords', () => {
  it('D-10: a reset of an unlocked account; by the procedure of 6.3 once it is locked', async () => {
    await using rig = await openLifecycleRig(day)
    const { aa, person } = await agency(rig)
    const { account, temporaryPassword } = await rig.lifecycle.resetPassword(aa, lan)
    assert.equal(account.state, 'must-change')
    await assert.rejects(signIn(rig, temporaryPassword), (error) => error instanceof MailError && error.code === 'password-change-required' && error.detail['changeAt'] === webUrl)
    assert.deepEqual((await requireEntry(rig.store.registry, lifecycleKind, person.id)).value.temporaryPassword, { setAtMs: rig.clock.nowMs(), by: 'reset' })
    assert.ok(!JSON.stringify(await rig.audit()).includes(temporaryPassword))
    assert.ok(!JSON.stringify(rig.notices).includes(temporaryPassword))
    await rig.lifecycle.lock(sa, lan, { act: 'suspend', reason: 'x' })
    await assert.rejects(rig.lifecycle.resetPassword(sa, lan), reason('locked'))
  })
})

describe('absences and reports', () => {
  it('a notified reason moves the lock; its early end moves it back; who is away is told', async () => {
    await using rig = await openLifecycleRig(day)
    const { own, aa } = await agency(rig)
    const lockOn = async (): Promise<string> => (await rig.lifecycle.get(aa, lan)).coming.find(({ kind }) => kind === 'lock')!.on
    const before = await lockOn()
    await rig.lifecycle.noteAbsence(own, lan, { from: '2026-07-01', to: '2026-12-31', reason: 'Nghỉ thai sản', document: null })
    // 31/12 and three months: Wednesday 31/03/2027.
    assert.deepEqual([before, await lockOn()], ['2026-09-16', '2027-04-01'])
    await rig.lifecycle.endAbsence(aa, lan, { from: '2026-07-01', endedOn: '2026-08-03' })
    assert.equal(await lockOn(), '2026-11-04')
    await assert.rejects(rig.lifecycle.endAbsence(aa, lan, { from: '2026-07-01', endedOn: '2026-09-01' }), reason('date-invalid'))
    await assert.rejects(rig.lifecycle.endAbsence(aa, lan, { from: '2026-01-01', endedOn: '2026-01-02' }), (error) => error instanceof MailError && error.code === 'entry-unknown')
    await assert.rejects(rig.lifecycle.noteAbsence(own, lan, { from: '2026-07-01', to: '2026-06-01', reason: 'x', document: null }), reason('date-invalid'))
    await assert.rejects(rig.lifecycle.noteAbsence(own, 'aa@skhcn.gialai.gov.vn', { from: day, to: day, reason: 'x', document: null }), reason('other-account'))
    assert.deepEqual(toldTo(rig, 'lan@rieng.example'), ['Absence noted'])
    assert.deepEqual((await rig.audit()).filter(({ action }) => action.startsWith('absence.')).map(({ action, clause }) => `${action} ${clause}`), ['absence.note Điều 6.2a', 'absence.end Điều 6.2a'])
  })

  it('the owner reports a loss, and nobody else for her', async () => {
    await using rig = await openLifecycleRig(day)
    const { own, aa } = await agency(rig)
    await rig.lifecycle.reportLoss(own, lan, { ground: 'lost', text: 'Mất máy tính' })
    await assert.rejects(rig.lifecycle.reportLoss(aa, lan, { ground: 'lost', text: '' }), reason('other-account'))
    assert.equal((await rig.account('lan')).state, 'active')
    assert.deepEqual([toldTo(rig, 'aa@skhcn.gialai.gov.vn'), toldTo(rig, 'sep@skhcn.gialai.gov.vn')], [['An owner reports the loss of an account'], ['An owner reports the loss of an account']])
  })
})

describe('revocation', () => {
  it('undone while the content is kept (D-14): locked, in the directory again; too late after the purge', async () => {
    await using rig = await openLifecycleRig(day)
    const { aa, person } = await agency(rig)
    const filed = await rig.requests.file(aa, { kind: 'revoke-list', ...paper('9/SKHCN', day), rows: [{ address: lan, leave: null }] })
    const listed = async (): Promise<unknown> => ((await rig.store.registry.get('person', person.id))?.value as { listed: boolean } | undefined)?.listed
    await rig.requests.decide(sa, filed.id, { address: lan, answer: { kind: 'grant' } })
    assert.deepEqual([(await rig.account('lan')).state, await listed()], ['revoked', false])
    await assert.rejects(rig.lifecycle.undoRevocation(aa, lan, { reason: 'Nhầm' }), reason('role'))
    await assert.rejects(rig.lifecycle.undoRevocation(sa, lan, { reason: ' ' }), reason('decision-missing'))
    const undone = await rig.lifecycle.undoRevocation(sa, lan, { reason: 'Nhầm người' })
    assert.deepEqual([undone.state, undone.lockClause, await listed()], ['locked', 'manual', true])
    const again = await rig.requests.file(aa, { kind: 'revoke-list', ...paper('10/SKHCN', day), rows: [{ address: lan, leave: null }] })
    await rig.requests.decide(sa, again.id, { address: lan, answer: { kind: 'grant' } })
    // 15/06 and three months: Tuesday 15/09; it goes on 16/09.
    await rig.runNight('2026-09-15')
    assert.equal((await rig.account('lan')).state, 'revoked')
    await rig.runNight('2026-09-16')
    assert.equal((await rig.account('lan')).state, 'purged')
    await assert.rejects(rig.lifecycle.undoRevocation(sa, lan, { reason: 'Nhầm' }), reason('state'))
  })

  it('a leaver waits for the day, and the Sở may call it off before', async () => {
    await using rig = await openLifecycleRig('2026-06-25')
    const { aa } = await agency(rig)
    const leave = { reason: 'retired' as const, effectiveOn: '2026-06-30', newAgency: null }
    const filed = await rig.requests.file(aa, { kind: 'revoke-leavers', ...paper('9/SKHCN', '2026-06-25'), rows: [{ address: lan, leave }] })
    const { view, account } = await rig.requests.decide(sa, filed.id, { address: lan, answer: { kind: 'grant' } })
    const [row] = view.request.rows
    assert.deepEqual([account.state, row!.status.kind === 'granted' && row!.status.runsOn], ['active', '2026-07-01'])
    assert.deepEqual(toldTo(rig, 'lan@rieng.example'), ['Account to be revoked'])
    assert.equal((await rig.lifecycle.get(sa, lan)).coming[0]!.kind, 'revoke')
    await assert.rejects(rig.lifecycle.cancelRevocation(aa, lan, { reason: 'x' }), reason('role'))
    await rig.lifecycle.cancelRevocation(sa, lan, { reason: 'Văn bản bị rút' })
    await assert.rejects(rig.lifecycle.cancelRevocation(sa, lan, { reason: 'x' }), reason('state'))
    await rig.runNight('2026-07-01')
    assert.equal((await rig.account('lan')).state, 'active')
  })

  it('of a transfer the new agency is told (R-5.3)', async () => {
    await using rig = await openLifecycleRig('2026-06-25')
    const { aa } = await agency(rig)
    const [other] = await rig.issue([{ local: 'vanthu', role: 'agency-administrator' }], 'dakpo')
    const leave = { reason: 'transferred' as const, effectiveOn: '2026-06-30', newAgency: other!.agency }
    const { id } = await rig.requests.file(aa, { kind: 'revoke-leavers', ...paper('9/SKHCN', '2026-06-25'), rows: [{ address: lan, leave }] })
    await rig.requests.decide(sa, id, { address: lan, answer: { kind: 'grant' } })
    assert.deepEqual([toldTo(rig, other!.address), toldTo(rig, 'aa@skhcn.gialai.gov.vn')], [['Somebody is transferred to your agency'], ['Account to be revoked']])
    await rig.runNight('2026-07-01')
    assert.equal((await rig.account('lan')).state, 'revoked')
  })
})
