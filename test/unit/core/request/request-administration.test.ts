/** Written requests and cases in force (Điều 3.3, 5.3, 6.3, 10.4): filed with their file, decided account by account, overdue to the Sở. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { MailError } from '../../../../src/core/errors.ts'
import { actor, openLifecycleRig, paper, type LifecycleRig } from '../../../support/lifecycle-rig.ts'

const day = '2026-08-28'
const sa = actor('super-administrator', { name: 'sa' })
const reason = (wanted: string) => (error: unknown): boolean => {
  assert.ok(error instanceof MailError, String(error))
  return assert.equal(error.detail['reason'], wanted) === undefined
}

async function locked(rig: LifecycleRig, count = 3) {
  const made = await rig.issue([{ local: 'sep', role: 'super-administrator' }, ...Array.from({ length: count }, (_, index) => ({ local: `u${index}`, secondChannel: `u${index}@rieng.example` }))])
  const people = made.slice(1)
  for (const { address } of people) await rig.lifecycle.lock(sa, address, { act: 'suspend', reason: 'Nghi mất quyền' })
  rig.notices.length = 0
  const aa = actor('agency-administrator', { name: 'aa', agency: made[0]!.agency })
  return { people, aa, rows: people.map(({ address }) => ({ address, leave: null })) }
}

describe('a request for restoration (6.3)', () => {
  it('one document, many accounts: each waits, each is decided for itself, its file is kept', async () => {
    await using rig = await openLifecycleRig(day)
    const { people, aa, rows } = await locked(rig)
    const given = paper('Số: 15 / SKHCN – VP', day)
    const filed = await rig.requests.file(aa, { kind: 'restore', ...given, rows: [...rows, { address: 'khong-co@skhcn.gialai.gov.vn', leave: null }, rows[0]!, { address: 'sep@skhcn.gialai.gov.vn', leave: null }] })
    // Received Fri 28/08: 31/08 to 02/09 are off, so due Mon 07/09.
    assert.deepEqual([filed.request.document.number, filed.request.deadline?.due, filed.request.deadline?.calendarVersion], ['15/SKHCN-VP', '2026-09-07', 'announced'])
    assert.deepEqual(filed.request.rows.map(({ status }) => (status.kind === 'not-accepted' ? status.refusal : status.kind)), ['open', 'open', 'open', 'account-unknown', 'duplicate-row', 'state'])
    for (const { id } of people) assert.equal((await rig.store.accounts.get(id))?.state, 'restore-pending')
    assert.deepEqual(Buffer.from((await rig.requests.document(sa, filed.id)).bytes), given.bytes)
    assert.deepEqual((await rig.store.bodiesInUse([await bodyOf(rig, filed.id)])).size, 1, 'no sweep takes it')

    const [a, b] = people
    const granted = await rig.requests.decide(sa, filed.id, { address: a!.address, answer: { kind: 'grant' } }, { ifVersion: filed.version })
    assert.deepEqual([granted.account.state, granted.view.progress.state], ['must-change', 'partly-decided'])
    assert.ok(granted.temporaryPassword)
    await assert.rejects(rig.system.mail.signIn.authenticate({ user: a!.address, password: granted.temporaryPassword, protocol: 'imap', remoteIp: '192.0.2.1', secure: true }), (error) => error instanceof MailError && error.code === 'password-change-required')
    const denied = await rig.requests.decide(sa, filed.id, { address: b!.address.toUpperCase(), answer: { kind: 'deny', reason: 'Không đủ căn cứ' } })
    assert.deepEqual([denied.account.state, denied.account.lockClause, denied.temporaryPassword], ['locked', 'manual', null])
    await assert.rejects(rig.requests.decide(sa, filed.id, { address: a!.address, answer: { kind: 'grant' } }), reason('already-decided'))
    await assert.rejects(rig.requests.decide(sa, filed.id, { address: people[2]!.address, answer: { kind: 'grant' } }, { ifVersion: filed.version }), (error) => error instanceof MailError && error.code === 'conflict')
    const audit = await rig.audit()
    assert.deepEqual(audit.filter(({ action }) => /^(restoration|request)\./.test(action)).map(({ action, clause }) => `${action} ${clause}`), [
      'request.file Điều 6.3a', ...Array<string>(3).fill('restoration.ask Điều 6.3a'), 'request.decide Điều 6.3a', 'restoration.carry-out Điều 6.3b', 'request.decide Điều 6.3a', 'restoration.refuse Điều 6.3b',
    ])
    assert.ok(!JSON.stringify(audit).includes(granted.temporaryPassword))
    assert.deepEqual(rig.notices.filter(({ recipient }) => recipient.endsWith('rieng.example')).map(({ recipient, subject }) => `${recipient} ${subject.split(' / ')[1]}`), ['u0@rieng.example Account restored', 'u1@rieng.example Restoration refused'])
  })

  it('restores an agency mailbox straight to use: nobody has a password of it to change (Điều 10.3)', async () => {
    await using rig = await openLifecycleRig(day)
    const { aa } = await locked(rig, 1)
    const mailbox = await rig.store.accounts.create({
      agency: aa.agency!, address: 'vanthu@skhcn.gialai.gov.vn', name: 'Văn thư', kind: 'agency', role: 'individual', state: 'active', quotaBytes: 1e9,
      passwordHash: null, createdAtMs: 0, mailboxes: [{ name: 'INBOX', role: 'inbox', subscribed: true }],
    })
    await rig.lifecycle.lock(sa, mailbox.address, { act: 'suspend', reason: 'Nghi mất quyền' })
    const { id } = await rig.requests.file(aa, { kind: 'restore', ...paper('15/SKHCN', day), rows: [{ address: mailbox.address, leave: null }] })
    const { account, temporaryPassword } = await rig.requests.decide(sa, id, { address: mailbox.address, answer: { kind: 'grant' } })
    assert.deepEqual([account.state, account.passwordHash, temporaryPassword], ['active', null, null])
  })

  it('is for the officer of the agency, with a document; the operator carries out on an order, the Sở alone refuses', async () => {
    await using rig = await openLifecycleRig(day)
    const { people, aa, rows } = await locked(rig, 2)
    const filing = { kind: 'restore' as const, ...paper('15/SKHCN', day), rows }
    await assert.rejects(rig.requests.file(actor('individual', { agency: aa.agency, account: people[0]!.id }), filing), reason('role'))
    await assert.rejects(rig.requests.file(aa, { ...filing, document: null, bytes: null }), reason('document-missing'))
    await assert.rejects(rig.requests.file(aa, { ...filing, document: { ...filing.document, date: '2026-08-29' } }), reason('document-invalid'))
    await assert.rejects(rig.requests.file(aa, { ...filing, bytes: Buffer.from('another') }), (error) => error instanceof MailError && error.code === 'argument-invalid')
    await assert.rejects(rig.requests.file(actor('agency-administrator', { agency: 'khac' }), filing), reason('no-valid-row'))
    assert.equal((await rig.account('u0')).state, 'locked')
    const { id } = await rig.requests.file(aa, filing)
    const decide = (who: typeof sa, answer: { kind: 'grant' } | { kind: 'deny'; reason: string }) => rig.requests.decide(who, id, { address: rows[0]!.address, answer })
    await assert.rejects(decide(actor('operator'), { kind: 'grant' }), reason('order-missing'))
    await assert.rejects(decide(actor('operator', { order: '7/SKHCN' }), { kind: 'deny', reason: 'x' }), reason('role'))
    await assert.rejects(decide(aa, { kind: 'grant' }), reason('role'))
    await assert.rejects(rig.requests.get(actor('agency-administrator', { agency: 'khac' }), id), reason('other-agency'))
    await assert.rejects(rig.requests.get(actor('agency-administrator', { agency: 'khac' }), 'khong-co'), reason('other-agency'))
    assert.equal((await decide(actor('operator', { order: '7/SKHCN' }), { kind: 'grant' })).account.state, 'must-change')
    const mine = await rig.requests.list(aa, { limit: 10 })
    assert.deepEqual([mine.requests.map((one) => one.id), mine.next], [[id], null])
  })

  it('of two who decide one account at the same moment one is refused', async () => {
    await using rig = await openLifecycleRig(day)
    const { aa, rows } = await locked(rig, 1)
    const { id } = await rig.requests.file(aa, { kind: 'restore', ...paper('15/SKHCN', day), rows })
    const both = await Promise.allSettled([1, 2].map(() => rig.requests.decide(sa, id, { address: rows[0]!.address, answer: { kind: 'grant' } })))
    assert.deepEqual(both.map(({ status }) => status).toSorted(), ['fulfilled', 'rejected'])
    assert.equal((await rig.audit()).filter(({ action }) => action === 'restoration.carry-out').length, 1)
  })

  it('the Sở is reminded on the working day before, and told when it is overdue, each once', async () => {
    await using rig = await openLifecycleRig(day)
    const { aa, rows } = await locked(rig, 1)
    await rig.requests.file(aa, { kind: 'restore', ...paper('15/SKHCN', day), rows })
    const told = (): readonly string[] => rig.notices.filter(({ recipient }) => recipient === 'sep@skhcn.gialai.gov.vn').map(({ subject }) => subject.split(' / ')[1]!)
    assert.deepEqual(told(), ['New written request of an agency'])
    for (const night of ['2026-09-03', '2026-09-04', '2026-09-05', '2026-09-07', '2026-09-08', '2026-09-09']) {
      rig.notices.length = 0
      await rig.runNight(night)
      // Due Mon 07/09: the working day before is Fri 04/09.
      const expected = { '2026-09-04': ['Requests for restoration about to be due'], '2026-09-08': ['Requests for restoration OVERDUE'] }[night] ?? []
      assert.deepEqual(told().filter((subject) => subject.startsWith('Requests')), expected, night)
    }
  })
})

describe('a request for a lock (6.2)', () => {
  it('is carried out by the Sở on the ground that it names, or as an emergency by the document', async () => {
    await using rig = await openLifecycleRig(day)
    const people = await rig.issue([{ local: 'u0' }, { local: 'u1' }])
    const aa = actor('agency-administrator', { agency: people[0]!.agency })
    const { id } = await rig.requests.file(aa, { kind: 'lock', ...paper('3/SKHCN', day), rows: people.map(({ address }) => ({ address, leave: null })) })
    await assert.rejects(rig.requests.decide(aa, id, { address: people[0]!.address, answer: { kind: 'grant' } }), reason('role'))
    const byGround = await rig.requests.decide(sa, id, { address: people[0]!.address, answer: { kind: 'grant', lock: { act: 'lock-compromised', ground: 'leaked', warning: null } } })
    const byDocument = await rig.requests.decide(sa, id, { address: people[1]!.address, answer: { kind: 'grant' } })
    assert.deepEqual([byGround.account.lockClause, byDocument.account.lockClause, byDocument.view.progress.state], ['6.2b', 'manual', 'closed'])
    assert.deepEqual((await rig.requests.list(sa, { limit: 10, openOnly: true })).requests, [])
  })
})

describe('a case (3.3, 6.2c)', () => {
  it('is seen by the Sở alone, keeps its evidence, is decided once; each look at the evidence is recorded', async () => {
    await using rig = await openLifecycleRig(day)
    const [person] = await rig.issue([{ local: 'u0' }])
    const { document, bytes } = paper('1', day)
    const evidence = { kind: 'message' as const, sha256: document.file.sha256, sizeBytes: bytes.length, bytes }
    await assert.rejects(rig.cases.open(sa, { addresses: [person!.address], summary: 'x', evidence: [] }), reason('case-invalid'))
    await assert.rejects(rig.cases.open(sa, { addresses: ['khong-co@skhcn.gialai.gov.vn'], summary: 'x', evidence: [evidence] }), (error) => error instanceof MailError && error.code === 'account-unknown')
    const opened = await rig.cases.open(sa, { addresses: [person!.address], summary: 'Thư quảng cáo hàng cấm', evidence: [evidence] })
    for (const role of ['operator', 'agency-administrator', 'individual', 'inspector'] as const) {
      const who = actor(role, { agency: person!.agency, order: '7/SKHCN' })
      await assert.rejects(rig.cases.get(who, opened.id), reason('role'), role)
      await assert.rejects(rig.cases.list(who, { limit: 1 }), reason('role'), role)
    }
    const more = await rig.cases.addEvidence(sa, opened.id, { ...evidence, kind: 'log', bytes: null }, { ifVersion: opened.version })
    assert.deepEqual([more.kept, more.addresses], [[true, false], [person!.address]])
    assert.deepEqual(Buffer.from((await rig.cases.evidence(sa, opened.id, 0)).bytes), bytes)
    await assert.rejects(rig.cases.evidence(sa, opened.id, 1), (error) => error instanceof MailError && error.code === 'entry-unknown')
    await assert.rejects(rig.cases.decide(sa, opened.id, { outcome: 'lock', reason: 'Rõ ràng' }, { ifVersion: opened.version }), (error) => error instanceof MailError && error.code === 'conflict')
    await rig.cases.decide(sa, opened.id, { outcome: 'lock', reason: 'Rõ ràng' })
    await assert.rejects(rig.cases.decide(sa, opened.id, { outcome: 'no-action', reason: 'x' }), reason('already-decided'))
    assert.deepEqual((await rig.cases.list(sa, { limit: 10 })).cases.map(({ file }) => file.decision?.outcome), ['lock'])
    assert.deepEqual((await rig.audit()).filter(({ action }) => action.startsWith('case.')).map(({ action }) => action), ['case.open', 'case.add-evidence', 'case.read-evidence', 'case.decide'])
  })
})

async function bodyOf(rig: LifecycleRig, id: string): Promise<string> {
  return ((await rig.store.registry.get('request', id))!.value as { body: string }).body
}
