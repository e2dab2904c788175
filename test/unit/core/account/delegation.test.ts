/** Agency mailboxes opened by named people (Điều 10.1, 10.3; ): granting, ending, signing in, sending as. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Account } from '../../../../src/core/account/account.ts'
import { noActivity } from '../../../../src/core/account/activity-keeper.ts'
import { createSignIn } from '../../../../src/core/account/authenticate.ts'
import { createDelegationAdministration, type DelegationAdministration, type DelegationOrder } from '../../../../src/core/account/delegation-administration.ts'
import { createDelegations } from '../../../../src/core/account/delegation.ts'
import type { Agency } from '../../../../src/core/agency/agency.ts'
import { createDirectory } from '../../../../src/core/directory/resolve.ts'
import { MailError } from '../../../../src/core/errors.ts'
import type { Delegations, Directory, SignIn, SignInAttempt } from '../../../../src/core/mail.ts'
import type { NewRecord, StoredRecord } from '../../../../src/core/record/record.ts'
import { openAdministrationRig, provinceDomain, type AdministrationRig } from '../../../support/administration-rig.ts'

const refusedBy = (code: string, reason?: string) => (error: unknown) => {
  assert.ok(error instanceof MailError, String(error))
  assert.equal(error.code, code, error.message)
  if (reason !== undefined) assert.equal(error.detail['reason'], reason)
  return true
}

const password = 'Mot-mat-khau-9!'
const order = (person: Account, more: Partial<DelegationOrder> = {}): DelegationOrder => ({
  person: person.address,
  rights: 'write',
  sendAs: false,
  decision: { kind: 'decision', number: 'Số: 15 / QĐ-SKHCN', date: '2026-05-11' },
  ...more,
})

class Office implements AsyncDisposable {
  readonly rig: AdministrationRig
  readonly acts: DelegationAdministration
  readonly delegations: Delegations
  readonly directory: Directory
  readonly signIn: SignIn
  readonly signIns: NewRecord[] = []
  skhcn!: Agency
  dakpo!: Agency
  quynh!: Account
  hoa!: Account
  lan!: Account
  mailbox!: Account

  constructor(rig: AdministrationRig) {
    const { context, store } = rig
    this.rig = rig
    this.acts = createDelegationAdministration(context)
    this.delegations = createDelegations(context)
    this.directory = createDirectory({ accounts: store.accounts, agencies: store.agencies, delegations: this.delegations }, { provinceDomain })
    const records = { add: (record: NewRecord) => void this.signIns.push(record) }
    this.signIn = createSignIn({ ...context, accounts: store.accounts, agencies: store.agencies, records, activity: noActivity, delegations: this.delegations })
  }

  static async open(): Promise<Office> {
    const office = new Office(await openAdministrationRig())
    office.skhcn = await office.rig.agency('skhcn', 'Sở Khoa học và Công nghệ')
    office.dakpo = await office.rig.agency('dakpo', 'Xã Đak Pơ')
    office.quynh = await office.account(office.skhcn, 'quynhhtn')
    office.hoa = await office.account(office.skhcn, 'hoant')
    office.lan = await office.account(office.dakpo, 'lanpt')
    office.mailbox = await office.account(office.skhcn, 'vanthu', { kind: 'agency', passwordHash: null })
    return office
  }

  account(agency: Agency, local: string, more: Partial<Account> = {}): Promise<Account> {
    const person = { kind: 'person', role: 'individual', state: 'active', passwordHash: `$plain$${password}` } as const
    const { kind, role, state, passwordHash } = { ...person, ...more }
    return this.rig.store.accounts.create({
      agency: agency.id,
      address: `${local}@${agency.domains[0]}`,
      name: local,
      kind,
      role,
      state,
      passwordHash,
      quotaBytes: 1_000_000,
      createdAtMs: 0,
      mailboxes: [{ name: 'INBOX', role: 'inbox', subscribed: true }],
    })
  }

  async audits(action: string): Promise<readonly StoredRecord[]> {
    return (await this.rig.store.records.read({ kind: 'audit', limit: 1000 })).filter((one) => one.action === action)
  }

  attempt(user: string, protocol: SignInAttempt['protocol'] = 'imap', given = password): SignInAttempt {
    return { user, password: given, protocol, remoteIp: '192.0.2.7', secure: true }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.rig[Symbol.asyncDispose]()
  }
}

describe('delegations', () => {
  test('granted by a decision, listed both ways, changed, ended; each act in the audit, both bells rung', async () => {
    await using office = await Office.open()
    const { acts, mailbox, quynh, rig } = office
    const aa = rig.actor('agency-administrator', { agency: office.skhcn.id })
    const granted = await acts.grant(aa, mailbox.address, order(quynh))
    assert.deepEqual([granted.rights, granted.sendAs, granted.inEffect, granted.decision], ['write', false, true, { kind: 'decision', number: '15/QĐ-SKHCN', date: '2026-05-11' }])
    assert.deepEqual(rig.bells.map(({ account }) => account), [quynh.id, mailbox.id])
    assert.deepEqual((await acts.ofMailbox(aa, mailbox.id)).map(({ person }) => person.address), [quynh.address])
    assert.deepEqual((await acts.ofPerson(rig.actor('individual', { account: quynh.id }), quynh.id)).map((one) => one.mailbox.name), ['vanthu'])
    assert.deepEqual(await office.delegations.of(quynh.id), [{ account: mailbox.id, address: mailbox.address, name: 'vanthu', rights: 'write', sendAs: false }])
    await acts.grant(aa, mailbox.id, order(quynh, { rights: 'read', sendAs: true, decision: { kind: 'duty', number: null, date: '2026-05-01' } }))
    assert.equal((await office.delegations.find(quynh.id, mailbox.id))?.rights, 'read')
    await acts.end(aa, mailbox.id, quynh.id)
    assert.deepEqual([await office.delegations.of(quynh.id), await office.delegations.find(quynh.id, mailbox.id)], [[], null])
    await assert.rejects(acts.end(aa, mailbox.id, quynh.id), refusedBy('entry-unknown'))
    const [first, second] = await office.audits('delegation.grant')
    assert.deepEqual([first?.subject, first?.clause, first?.detail['before']], [mailbox.address, 'Điều 10.1, 10.3', null])
    assert.deepEqual([second?.detail['before'], second?.detail['after']], [
      { person: quynh.address, rights: 'write', sendAs: false },
      { person: quynh.address, rights: 'read', sendAs: true },
    ])
    assert.equal((await office.audits('delegation.end')).length, 1)
  })

  test("refused: other agencies, people's own mailboxes, no decision, a number that is none, a day to come", async () => {
    await using office = await Office.open()
    const { acts, mailbox, quynh, hoa, lan, rig } = office
    const aa = rig.actor('agency-administrator', { agency: office.skhcn.id })
    await assert.rejects(acts.grant(rig.actor('agency-administrator', { agency: office.dakpo.id }), mailbox.id, order(lan)), refusedBy('not-permitted', 'other-agency'))
    await assert.rejects(acts.grant(rig.actor('individual', { account: quynh.id }), mailbox.id, order(quynh)), refusedBy('not-permitted', 'role'))
    await assert.rejects(acts.grant(aa, quynh.id, order(hoa)), refusedBy('not-permitted', 'not-agency-mailbox'))
    await assert.rejects(acts.grant(aa, mailbox.id, order(lan)), refusedBy('not-permitted', 'person-of-other-agency'))
    await assert.rejects(acts.grant(aa, mailbox.id, order(mailbox)), refusedBy('not-permitted', 'not-person'))
    await assert.rejects(acts.grant(aa, mailbox.id, order(quynh, { person: 'khongco@skhcn.gialai.gov.vn' })), refusedBy('account-unknown'))
    await assert.rejects(acts.grant(aa, mailbox.id, order(quynh, { decision: { kind: 'decision', number: null, date: '2026-05-11' } })), refusedBy('argument-invalid', 'document-missing'))
    for (const decision of [{ number: 'mười lăm', date: '2026-05-11' }, { number: null, date: '2026-05-12' }, { number: null, date: '11/05/2026' }]) {
      await assert.rejects(acts.grant(aa, mailbox.id, order(quynh, { decision: { kind: 'assignment', ...decision } })), refusedBy('argument-invalid', 'document-invalid'))
    }
    assert.deepEqual(await office.delegations.of(quynh.id), [])
    assert.equal((await office.audits('act.refused')).length, 2)
  })

  test('a leaver has no mailbox any more at that moment: locked, revoked, of another agency; nor is a locked mailbox open', async () => {
    await using office = await Office.open()
    const { acts, mailbox, quynh, rig } = office
    const { store } = rig
    await acts.grant(rig.actor('operator'), mailbox.id, order(quynh))
    const open = async (): Promise<boolean> => (await office.delegations.find(quynh.id, mailbox.id)) !== null && (await office.delegations.of(quynh.id)).length === 1
    const put = (account: Account, change: Parameters<typeof store.accounts.change>[1]) => store.accounts.change(account.id, change)
    assert.equal(await open(), true)
    for (const state of ['locked', 'restore-pending', 'must-change', 'revoked'] as const) {
      await put(quynh, { state })
      assert.equal(await open(), false, state)
    }
    await put(quynh, { state: 'active' })
    await put(mailbox, { state: 'locked' })
    assert.equal(await open(), false)
    assert.equal((await acts.ofMailbox(rig.actor('operator'), mailbox.id))[0]?.inEffect, false)
    // A restoration leaves it to its owner to change the password; here there is neither.
    for (const state of ['must-change', 'active'] as const) {
      await put(mailbox, { state })
      assert.equal(await open(), true, state)
    }
  })

  test('two officers grant at the same moment: both are recorded, and there is one delegation', async () => {
    await using office = await Office.open()
    const { acts, mailbox, quynh, rig } = office
    const op = rig.actor('operator')
    await Promise.all([acts.grant(op, mailbox.id, order(quynh)), acts.grant(op, mailbox.id, order(quynh, { rights: 'read' }))])
    assert.equal((await acts.ofMailbox(op, mailbox.id)).length, 1)
    assert.equal((await office.audits('delegation.grant')).length, 2)
  })
})

describe('signing in as PERSON*MAILBOX', () => {
  test('works in the mailbox with the own password; records name both; the bare local part is of the own domain', async () => {
    await using office = await Office.open()
    const { acts, mailbox, quynh, rig, signIn } = office
    await acts.grant(rig.actor('operator'), mailbox.id, order(quynh, { rights: 'read' }))
    for (const user of [`${quynh.address}*${mailbox.address}`, `${quynh.address}*vanthu`, 'quynhhtn*VANTHU@skhcn.gialai.gov.vn']) {
      const session = await signIn.authenticate(office.attempt(user))
      assert.deepEqual([session.account, session.address, session.by?.account, session.by?.rights], [mailbox.id, mailbox.address, quynh.id, 'read'])
      assert.equal(await signIn.stillValid(session), true)
    }
    const [succeeded] = office.signIns
    assert.deepEqual([succeeded?.action, succeeded?.actor, succeeded?.subject, succeeded?.detail['mailbox']], ['sign-in.succeeded', quynh.id, quynh.address, mailbox.address])
    const [opened] = await office.audits('mailbox.open')
    assert.deepEqual([opened?.actor, opened?.subject, opened?.detail], [quynh.id, mailbox.address, { protocol: 'imap', remoteIp: '192.0.2.7', rights: 'read' }])
    assert.equal((await office.audits('mailbox.open')).length, 3)
    await signIn.authenticate(office.attempt(`${quynh.address}*vanthu`, 'smtp'))
    assert.equal((await office.audits('mailbox.open')).length, 3, 'sending shows no mail')
  })

  test('refused: no delegation, no such mailbox, a person, the console, a wrong password; agency mailboxes have no sign-in', async () => {
    await using office = await Office.open()
    const { acts, mailbox, quynh, hoa, rig, signIn } = office
    await acts.grant(rig.actor('operator'), mailbox.id, order(quynh))
    for (const user of [`${hoa.address}*vanthu`, `${quynh.address}*khongco`, `${quynh.address}*${hoa.address}`, `${quynh.address}*`]) {
      await assert.rejects(signIn.authenticate(office.attempt(user)), refusedBy('not-permitted'), user)
    }
    await assert.rejects(signIn.authenticate(office.attempt(`${quynh.address}*vanthu`, 'http')), refusedBy('not-permitted'))
    await assert.rejects(signIn.authenticate(office.attempt(`${quynh.address}*vanthu`, 'imap', 'sai')), refusedBy('authentication-failed'))
    await assert.rejects(signIn.authenticate(office.attempt('*vanthu')), refusedBy('authentication-failed'))
    await assert.rejects(signIn.authenticate(office.attempt(mailbox.address)), refusedBy('authentication-failed'))
    await rig.store.accounts.change(mailbox.id, { passwordHash: `$plain$${password}` })
    await assert.rejects(signIn.authenticate(office.attempt(mailbox.address)), refusedBy('authentication-failed'), 'also when somebody has given it a password')
    assert.ok(!JSON.stringify(office.signIns).includes(password))
    assert.deepEqual(new Set(office.signIns.map(({ action }) => action)), new Set(['sign-in.refused']))
    await rig.store.accounts.change(quynh.id, { state: 'locked' })
    await assert.rejects(signIn.authenticate(office.attempt(`${quynh.address}*vanthu`)), refusedBy('account-locked'))
  })

  test('a session holds no longer than the password, both states, the delegation and its rights', async () => {
    await using office = await Office.open()
    const { acts, mailbox, quynh, rig, signIn } = office
    const { accounts } = rig.store
    const op = rig.actor('operator')
    const session = async () => {
      await acts.grant(op, mailbox.id, order(quynh))
      return signIn.authenticate(office.attempt(`${quynh.address}*vanthu`))
    }
    const ends = async (act: () => Promise<unknown>) => {
      const one = await session()
      assert.equal(await signIn.stillValid(one), true)
      await act()
      assert.equal(await signIn.stillValid(one), false, String(act))
    }
    await ends(() => accounts.change(quynh.id, { passwordHash: '$plain$khac' }))
    await accounts.change(quynh.id, { passwordHash: `$plain$${password}` })
    await ends(() => acts.end(op, mailbox.id, quynh.id))
    await ends(() => acts.grant(op, mailbox.id, order(quynh, { rights: 'read' })))
    await ends(() => accounts.change(mailbox.id, { state: 'locked' }))
    await accounts.change(mailbox.id, { state: 'active' })
    await ends(() => accounts.change(quynh.id, { state: 'locked' }))
  })

  test('an account whose own name has an asterisk is itself', async () => {
    await using office = await Office.open()
    const odd = await office.account(office.skhcn, 'a*vanthu')
    assert.equal((await office.signIn.authenticate(office.attempt(odd.address))).account, odd.id)
  })
})

test('who may send as an agency mailbox: a delegation with sendAs, while it has effect (Điều 10.1)', async () => {
  await using office = await Office.open()
  const { acts, mailbox, quynh, hoa, rig, directory } = office
  const op = rig.actor('operator')
  await acts.grant(op, mailbox.id, order(quynh, { sendAs: true, rights: 'read' }))
  await acts.grant(op, mailbox.id, order(hoa, { sendAs: false }))
  const behind = async (account: Account, address: string): Promise<string | null> => (await directory.senderBehind(account.id, address))?.id ?? null
  assert.equal(await behind(quynh, 'VanThu+hop@skhcn.gialai.gov.vn'), mailbox.id)
  assert.equal(await behind(quynh, quynh.address), quynh.id)
  assert.equal(await behind(quynh, hoa.address), null)
  assert.equal(await behind(hoa, mailbox.address), null)
  assert.equal(await directory.ownsAddress(quynh.id, mailbox.address), false)
  await acts.end(op, mailbox.id, quynh.id)
  assert.equal(await behind(quynh, mailbox.address), null)
})
