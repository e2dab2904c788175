/** Mail in the name of an agency (Điều 10.1; ): who may send it, what leaves, and where it stands who wrote it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createKeyedDigest } from '../../src/adapters/local/keyed-digest.ts'
import { loadConfig } from '../../src/config/load.ts'
import type { Account } from '../../src/core/account/account.ts'
import { createDelegationAdministration } from '../../src/core/account/delegation-administration.ts'
import { lifecycleKind } from '../../src/core/account/lifecycle-record.ts'
import { entry } from '../../src/core/administration/entries.ts'
import { createMail, type MailSystem } from '../../src/core/create-mail.ts'
import { MailError } from '../../src/core/errors.ts'
import type { IncomingMessage } from '../../src/core/mail.ts'
import { createIngressAnswers } from '../../src/protocols/smtp/ingress.ts'
import { replyOf } from '../../src/protocols/smtp/replies.ts'
import { createFactsStore } from '../../src/protocols/smtp/transaction-facts.ts'
import { mailSettingsOf } from '../../src/settings.ts'
import { openAdministrationRig, provinceDomain, type AdministrationRig } from '../support/administration-rig.ts'

const password = 'Mot-mat-khau-9!'

interface Stage extends AsyncDisposable {
  readonly rig: AdministrationRig
  readonly system: MailSystem
  readonly faults: unknown[]
  readonly quynh: Account
  readonly lan: Account
  readonly mailbox: Account
  delegate(sendAs: boolean): Promise<void>
  message(header: string, more?: Partial<IncomingMessage>): IncomingMessage
  /** What lies in an account's INBOX, newest last. */
  inbox(account: Account): Promise<readonly string[]>
}

async function open(environment: Readonly<Record<string, string>> = {}): Promise<Stage> {
  await using opening = new AsyncDisposableStack()
  const rig = opening.use(await openAdministrationRig())
  const { context, store } = rig
  const faults: unknown[] = []
  const config = loadConfig({ env: { CONGVU_PROVINCE__DOMAIN: provinceDomain, ...environment } })
  const outbound = { hand: async () => ({ accepted: [], refused: [] }) }
  const system = opening.use(createMail({ ...context, digest: createKeyedDigest(), outbound }, mailSettingsOf(config, 'mail.gialai.gov.vn'), { onFault: (error) => void faults.push(error) }))
  const agency = await rig.agency('skhcn', 'Sở Khoa học và Công nghệ')
  const make = (local: string, kind: Account['kind'], passwordHash: string | null): Promise<Account> =>
    store.accounts.create({
      agency: agency.id,
      address: `${local}@skhcn.gialai.gov.vn`,
      name: kind === 'agency' ? agency.name : local,
      kind,
      role: 'individual',
      state: 'active',
      passwordHash,
      quotaBytes: 10_000_000,
      createdAtMs: 0,
      mailboxes: [{ name: 'INBOX', role: 'inbox', subscribed: true }],
    })
  const quynh = await make('quynhhtn', 'person', `$plain$${password}`)
  const lan = await make('lanpt', 'person', `$plain$${password}`)
  const mailbox = await make('vanthu', 'agency', null)
  const acts = createDelegationAdministration(context)
  let transactions = 0
  const kept = opening.move()
  return {
    rig,
    system,
    faults,
    quynh,
    lan,
    mailbox,
    async delegate(sendAs) {
      await acts.grant(rig.actor('operator'), mailbox.id, { person: quynh.id, rights: 'write', sendAs, decision: { kind: 'duty', number: null, date: '2026-05-11' } })
    },
    message: (header, more = {}) => ({
      transaction: `T${++transactions}`,
      sender: mailbox.address,
      recipients: [lan.address],
      bytes: Buffer.from(`${header}Subject: cong van\r\n\r\nso 15\r\n`),
      account: quynh.id,
      facts: null,
      receivedAtMs: context.clock.nowMs(),
      ...more,
    }),
    async inbox(account) {
      const box = await system.mail.mailboxes.byName(account.id, 'INBOX')
      const texts: string[] = []
      for await (const slice of system.mail.messages.read(account.id, box!.id, 'all', { forms: false, text: false })) {
        for (const one of slice) texts.push(Buffer.from(await system.mail.messages.bytes(one)).toString())
      }
      return texts
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}

const notOwned = (error: unknown): boolean => error instanceof MailError && error.code === 'sender-not-owned'

test('with the right to send as: it leaves as the agency, the header names nobody else, the audit names who wrote it', async () => {
  await using stage = await open()
  const { system, rig, quynh, lan, mailbox } = stage
  const { delivery } = system.mail
  await stage.delegate(true)
  await delivery.checkSender({ account: quynh.id, sender: mailbox.address, sizeBytes: null })
  const { transaction } = stage.message('')
  await delivery.deliver(stage.message(`From: "Văn thư" <${mailbox.address}>\r\n`, { transaction }))
  await delivery.deliver(stage.message(''))
  const [first, second] = await stage.inbox(lan)
  assert.ok(first?.startsWith(`Return-Path: <${mailbox.address}>`))
  for (const text of [first!, second!]) for (const trace of [quynh.address, quynh.id, 'quynh']) assert.ok(!text.includes(trace), text)
  assert.match(second!, /^From: .*<vanthu@skhcn\.gialai\.gov\.vn>\r$/m, 'a missing From is the agency')
  const records = await rig.store.records.read({ kind: 'audit', limit: 100 })
  const told = records.filter(({ action }) => action === 'mail.sent-as')
  assert.deepEqual(told.map(({ actor, subject, clause }) => [actor, subject, clause]), [
    [quynh.id, mailbox.address, 'Điều 10.1'],
    [quynh.id, mailbox.address, 'Điều 10.1'],
  ])
  assert.deepEqual(told[0]?.detail, { drafter: quynh.address, transaction })
  await system.activity.flush()
  // Điều 6.2a: sending keeps the agency's mailbox in use, which nobody signs in to.
  assert.equal((await entry(rig.store.registry, lifecycleKind, mailbox.id))?.value.lastSentAtMs, rig.context.clock.nowMs())
  assert.deepEqual(stage.faults, [])
})

test('the own address needs no record; From of the agency alone is one too', async () => {
  await using stage = await open()
  const { system, rig, quynh, mailbox } = stage
  await stage.delegate(true)
  await system.mail.delivery.deliver(stage.message(`From: ${quynh.address}\r\n`, { sender: quynh.address }))
  const sentAs = async (): Promise<number> => (await rig.store.records.read({ kind: 'audit', limit: 100 })).filter(({ action }) => action === 'mail.sent-as').length
  assert.equal(await sentAs(), 0)
  await system.mail.delivery.deliver(stage.message(`From: ${mailbox.address}\r\n`, { sender: quynh.address }))
  assert.equal(await sentAs(), 1)
})

test('the display name of an agency, where it is enforced: its own, or none; another one is told which', async () => {
  await using stage = await open({ CONGVU_SUBMISSION__AGENCY_DISPLAY_NAME: 'enforce' })
  const { system, mailbox, quynh } = stage
  await stage.delegate(true)
  for (const from of [`"Sở Khoa học và Công nghệ" <${mailbox.address}>`, mailbox.address, `=?utf-8?q?S=E1=BB=9F_Khoa_h=E1=BB=8Dc_v=C3=A0_C=C3=B4ng_ngh=E1=BB=87?= <${mailbox.address}>`]) {
    await system.mail.delivery.deliver(stage.message(`From: ${from}\r\n`))
  }
  await system.mail.delivery.deliver(stage.message(`From: "Bất kỳ" <${quynh.address}>\r\n`, { sender: quynh.address }))
  await assert.rejects(system.mail.delivery.deliver(stage.message(`From: "Văn phòng" <${mailbox.address}>\r\n`)), (error) => {
    assert.deepEqual(replyOf(error), { code: 550, enhanced: '5.7.1', text: 'The display name of this mailbox is fixed (Ten hien thi cua hop thu nay phai la: so khoa hoc va cong nghe)' })
    return true
  })
})

test('without it, and when it has ended: refused in the envelope and in the header', async () => {
  await using stage = await open()
  const { system, quynh, lan, mailbox, rig } = stage
  const { delivery } = system.mail
  const refused = async (): Promise<void> => {
    await assert.rejects(delivery.checkSender({ account: quynh.id, sender: mailbox.address, sizeBytes: null }), notOwned)
    await assert.rejects(delivery.deliver(stage.message(`From: ${mailbox.address}\r\n`)), notOwned)
    await assert.rejects(delivery.deliver(stage.message(`From: ${mailbox.address}\r\n`, { sender: quynh.address })), notOwned)
  }
  await refused()
  await stage.delegate(false)
  await refused()
  await stage.delegate(true)
  await delivery.checkSender({ account: quynh.id, sender: mailbox.address, sizeBytes: null })
  await createDelegationAdministration(rig.context).end(rig.actor('operator'), mailbox.id, quynh.id)
  await refused()
  assert.deepEqual(await stage.inbox(lan), [])
})

test('AUTH as PERSON*MAILBOX: the session is the person, who is the author; a mailbox that is not open is 535', async () => {
  await using stage = await open()
  const { system, quynh, mailbox } = stage
  using facts = createFactsStore()
  const answers = createIngressAnswers({ mail: system.mail, facts, settings: { maxMessageBytes: 1000 } })
  const ask = { user: `${quynh.address}*vanthu`, password, mechanism: 'PLAIN', remote: { ip: '192.0.2.7', port: 40000, name: null, helo: 'x', tls: true, loopback: false } } as const
  const link = { node: 'a' }
  assert.deepEqual(await answers.authenticate(ask, link), { refuse: { code: 535, enhanced: '5.7.8', text: 'That mailbox is not open to you (Hop thu nay khong mo cho ban)' } })
  await stage.delegate(true)
  assert.deepEqual(await answers.authenticate(ask, link), { account: quynh.id, address: quynh.address })
  assert.deepEqual(await answers.sender({ account: quynh.id, sender: mailbox.address, sizeBytes: null }, link), { refuse: null })
})
