/**
 * The one function to read first: what happens to a message, whoever brings it (design §2, §3).
 *
 * judge → resolve every recipient → sender rules and completion for our own accounts → the body, once → one commit of all
 * mailboxes and all outgoing rows → bells. The commit is the answer: what it says is durable, and nothing was kept before.
 *
 *  - Delivering a transaction twice files it once.
 *  - A refusal refuses the whole message, and only before anything is kept. A recipient that fails beside others that do
 *    not is committed as an outgoing row to its own address: the sender gets a bounce that settles the row, or, when the
 *    failure may pass, the row comes due and the message comes home again. So no crash loses a recipient unnoticed.
 *  - A message without a signed-in account goes to our own addresses only. There is no other way to relay.
 */
import type { Account } from '../account/account.ts'
import { MailError } from '../errors.ts'
import type { Delivering, Directory, IncomingMessage } from '../mail.ts'
import type { MessageContent } from '../mailbox/mailbox.ts'
import type { Delivery, DeliveryOutcome } from '../ports/store.ts'
import type { NewOutboxRow, OutboxId } from '../submission/outbox-row.ts'
import { countSubmission } from '../submission/limits.ts'
import type { Failure } from '../submission/return-to-sender.ts'
import { completeSubmission, requireActive, requireAgencyName, requireEnvelopeSender, requireHeaderSender, sentAsRecord } from '../submission/submit.ts'
import { createChecks, requireOwnSize } from './check.ts'
import { keepContent } from './content.ts'
import { keptFacts } from './delivery-facts.ts'
import type { DeliverParts } from './deliver-parts.ts'
import { failureOf, mayPass } from './failures.ts'
import { fileInto } from './file.ts'
import { withoutForgedResults } from './forged-results.ts'
import { headerFacts, type HeaderFacts } from './header-facts.ts'
import { judge, mayBounce, type Verdict } from './judge.ts'
import { recordNotTold, recordPutOff, recordRefused, takenRecords } from './mail-log.ts'
import { fullMailbox, resolveRecipients, type FailedRecipient, type Recipients } from './recipients.ts'
import { signaturesOf } from './sign.ts'
import { createTracer, type Tracer } from './trace.ts'

type Delivered = Awaited<ReturnType<Delivering['deliver']>>

/** Time for the bounce of a failed recipient before its row comes due by itself. */
const bounceGraceMs = 60_000
/** A full mailbox of a locked account is tried again after this. */
const passingRetryMs = 15 * 60_000
/** Each new plan leaves at least one recipient out; more rounds than this means that accounts fill as we look. */
const maxPlans = 10

export function createDelivering(parts: DeliverParts): Delivering {
  const checks = createChecks({ accounts: parts.store.accounts, ...parts })
  const { records } = parts.store
  return {
    ...checks,
    deliver: (message) => deliver(parts, message),
    putOff: (message) => recordPutOff(records, { atMs: parts.clock.nowMs(), ...message }),
  }
}

async function deliver(parts: DeliverParts, message: IncomingMessage): Promise<Delivered> {
  const { settings, store, directory } = parts
  requireBounds(message, settings)
  await requireOwnSize(parts, message.account, message.bytes.length)
  const header = headerFacts(message.bytes, message.account !== null)
  const verdict = judge(message.facts, message.account !== null, settings.judge)
  await requireTaken(parts, message, header, verdict)

  const author = message.account === null ? null : requireActive(await store.accounts.get(message.account))
  const senders = author === null ? null : await sendersOf(directory, author, message.sender, header)
  if (senders !== null && settings.agencyDisplayName === 'enforce') await requireAgencyName(directory, senders.agencies, header)
  const recipients = await resolveRecipients(directory, message.recipients, settings.mainDomain)
  requireReachable(recipients, header, author)
  if (author !== null) await countSubmission(parts.counters, author.id, recipients.local.size + recipients.outside.length, settings.submission)

  const own = withoutForgedResults(message.bytes, header.results, settings.hostname)
  const bytes = senders === null ? own : complete(parts, { ...message, bytes: own }, header, senders.envelope)
  const signing = author === null || recipients.outside.length === 0 ? null : signaturesOf(parts.signer, header.from[0] ?? senders?.envelope.address ?? author.address, bytes)
  const [content, signatures] = await Promise.all([keepContent(parts.blobs, bytes), signing])
  if (author !== null && senders !== null && senders.agencies.length > 0) await recordSentAs(parts, message, author, senders.agencies)
  return await commit(parts, { message, verdict, recipients, content, tracer: tracerOf(parts, message), signatures: signatures ?? new Uint8Array(0) })
}

interface Senders {
  readonly envelope: Account
  /** Agency mailboxes in whose name it is sent. */
  readonly agencies: readonly Account[]
}

async function sendersOf(directory: Directory, author: Account, sender: string, header: HeaderFacts): Promise<Senders> {
  const envelope = await requireEnvelopeSender(directory, author, sender)
  const named = await requireHeaderSender(directory, author, header)
  const others = [envelope, ...named].filter(({ id }) => id !== author.id)
  return { envelope, agencies: [...new Map(others.map((one) => [one.id, one])).values()] }
}

/** Before the commit: nothing leaves in an agency's name of which nobody could say who wrote it. */
async function recordSentAs({ store, clock, activity }: DeliverParts, { transaction, facts }: IncomingMessage, author: Account, agencies: readonly Account[]): Promise<void> {
  const given = { transaction, atMs: clock.nowMs(), remoteIp: facts?.remoteIp ?? null }
  await store.records.append(agencies.map((agency) => sentAsRecord(author, agency, given)))
  for (const { id } of agencies) activity.sent(id)
}

function requireBounds(message: IncomingMessage, { maxMessageBytes, maxRecipients }: DeliverParts['settings']): void {
  const sizeBytes = message.bytes.length
  if (sizeBytes > maxMessageBytes) throw new MailError('message-too-large', undefined, { sizeBytes, maxMessageBytes })
  if (message.recipients.length === 0) throw new MailError('argument-invalid', 'no recipient')
  if (message.recipients.length > maxRecipients) throw new MailError('too-many-recipients', undefined, { maxRecipients })
}

/** Refuses loops (RFC 5321 §6.3) and what was judged out; each is kept in the mail log. */
async function requireTaken(parts: DeliverParts, message: IncomingMessage, header: HeaderFacts, verdict: Verdict): Promise<void> {
  const looping = header.receivedFields > parts.settings.maxReceivedFields
  if (!looping && verdict.kind !== 'refuse') return
  const error = looping
    ? new MailError('mail-loop', `${header.receivedFields} Received fields`)
    : new MailError(verdict.kind === 'refuse' ? verdict.code : 'message-refused', verdict.kind === 'refuse' ? verdict.reason : undefined)
  const { transaction, sender } = message
  await recordRefused(parts.store.records, { atMs: parts.clock.nowMs(), transaction, sender, remoteIp: message.facts?.remoteIp ?? null, error })
  throw error
}

/** Leaves out who has had this message already; throws when nobody is left, or when somebody outside is named without a sender of ours. */
function requireReachable(recipients: Recipients, header: HeaderFacts, author: Account | null): void {
  if (author === null && recipients.outside.length > 0) throw new MailError('relay-denied', undefined, { address: recipients.outside[0]! })
  for (const { account, address } of recipients.local.values()) {
    if (!header.deliveredTo.includes(account.address)) continue
    recipients.local.delete(account.id)
    recipients.failed.push({ address, error: new MailError('mail-loop', 'delivered there before') })
  }
  requireAny(recipients)
}

function requireAny({ local, outside, failed }: Recipients): void {
  if (local.size > 0 || outside.length > 0) return
  throw (failed.find(({ error }) => mayPass(error)) ?? failed[0])?.error ?? new MailError('argument-invalid', 'no recipient')
}

function complete({ random, settings }: DeliverParts, message: IncomingMessage, header: HeaderFacts, account: Account): Uint8Array {
  const messageId = `${random.id(message.receivedAtMs)}@${settings.hostname}`
  return completeSubmission(message.bytes, header, { account, messageId, nowMs: message.receivedAtMs, utcOffsetMinutes: settings.utcOffsetMinutes })
}

function tracerOf({ settings }: DeliverParts, message: IncomingMessage): Tracer {
  const { transaction, sender, facts, receivedAtMs } = message
  return createTracer({
    hostname: settings.hostname,
    utcOffsetMinutes: settings.utcOffsetMinutes,
    transaction,
    sender,
    facts,
    receivedAtMs,
    onlyRecipient: message.recipients.length === 1 ? message.recipients[0]! : null,
    origin: message.account === null ? 'outside' : 'submission',
  })
}

interface Plan {
  readonly message: IncomingMessage
  readonly verdict: Verdict
  readonly recipients: Recipients
  readonly content: MessageContent
  readonly tracer: Tracer
  /** Of what leaves. */
  readonly signatures: Uint8Array
}

/** Commits, without those whom the store refuses, until it takes the rest or nobody is left. */
async function commit(parts: DeliverParts, plan: Plan): Promise<Delivered> {
  const { recipients } = plan
  for (let round = 0; round < maxPlans; round++) {
    const accounts = [...recipients.local.values()]
    const delivery = deliveryOf(parts, plan)
    if (accounts.length > parts.settings.holdAbove) return await hold(parts, plan, delivery)
    const outcome = await parts.store.deliveries.commit(delivery)
    if (outcome.kind === 'duplicate') return { duplicate: true, filed: 0, queued: 0 }
    if (outcome.kind === 'committed') return await finish(parts, plan, outcome)
    for (const { index, code } of outcome.recipients) {
      const { account, address } = accounts[index]!
      recipients.local.delete(account.id)
      recipients.failed.push({ address, error: refusalOf(account, code) })
    }
    requireAny(recipients)
  }
  throw new MailError('conflict', 'recipients changed too often')
}

function refusalOf(account: Account, code: 'quota-exceeded' | 'account-unknown' | 'mailbox-unknown'): MailError {
  switch (code) {
    case 'quota-exceeded':
      return fullMailbox(account)
    case 'account-unknown':
      return new MailError('address-unknown', undefined, { address: account.address })
    case 'mailbox-unknown':
      return new MailError('unavailable', 'no mailbox to file into', { address: account.address })
  }
}

function deliveryOf({ clock }: DeliverParts, plan: Plan): Delivery {
  const { message, verdict, recipients, content, tracer, signatures } = plan
  const { transaction, sender, account, facts, receivedAtMs } = message
  const nowMs = clock.nowMs()
  const outgoing = recipients.outside.length + recipients.failed.length === 0 ? null : tracer.outgoing(signatures)
  const row = (recipient: string, dueAtMs: number): NewOutboxRow => ({ sender, recipient, dueAtMs, prefix: outgoing!, account })
  const told = mayTell(message, verdict) ? recipients.failed : []
  return {
    transaction,
    receivedAtMs,
    content,
    recipients: Array.from(recipients.local.values(), (recipient) => fileInto(recipient, verdict, tracer)),
    outbox: [
      ...recipients.outside.map((address) => row(address, nowMs)),
      ...told.map(({ address, error }) => row(address, nowMs + (mayPass(error) ? passingRetryMs : bounceGraceMs))),
    ],
    facts: keptFacts({
      sender,
      recipients: message.recipients,
      account,
      messageId: content.messageId,
      body: content.body,
      bodyBytes: content.bodyBytes,
      verdict,
      mayBounce: mayTell(message, verdict),
      facts,
    }),
  }
}

/** RFC 3834 §2: nothing automatic to the null sender. */
function mayTell(message: IncomingMessage, verdict: Verdict): boolean {
  return message.sender !== '' && (message.account !== null || mayBounce(message.facts, verdict))
}

async function hold(parts: DeliverParts, plan: Plan, delivery: Delivery): Promise<Delivered> {
  const { message, recipients, verdict } = plan
  const { kind } = await parts.store.deliveries.hold(delivery)
  parts.held.start(message.transaction)
  if (kind === 'held') {
    recordTaken(parts, plan)
    noteUse(parts, message, recipients, verdict)
  }
  if (kind === 'duplicate') return { duplicate: true, filed: 0, queued: 0 }
  if (delivery.outbox.length > 0) parts.wakeOutbox()
  return { duplicate: false, filed: recipients.local.size, queued: delivery.outbox.length }
}

async function finish(parts: DeliverParts, plan: Plan, outcome: Extract<DeliveryOutcome, { readonly kind: 'committed' }>): Promise<Delivered> {
  for (const { account, modseq } of outcome.filed) parts.bus.ring({ account, modseq })
  if (outcome.outbox.length > 0) parts.wakeOutbox()
  recordTaken(parts, plan)
  noteUse(parts, plan.message, plan.recipients, plan.verdict)
  const { failed, outside } = plan.recipients
  if (failed.length > 0) await tellOfFailed(parts, plan, outcome.outbox.slice(outside.length))
  return { duplicate: false, filed: outcome.filed.length, queued: outcome.outbox.length }
}

/** Gathered with others and written beside the delivery: nobody waits for it (Điều 7.2). */
function recordTaken({ recordLater, clock }: DeliverParts, { message, content, verdict }: Plan): void {
  if (recordLater === undefined) return
  const { messageId, bodyBytes } = content
  for (const record of takenRecords({ ...message, atMs: clock.nowMs(), messageId, bodyBytes, verdict })) recordLater(record)
}

/**
 * Điều 6.2a, D-8. Bounces and other mail from nobody (RFC 5321 §4.5.5) keep no account in use; the system's own notices do not
 * come this way.
 */
function noteUse({ activity }: DeliverParts, { account, sender }: IncomingMessage, { local }: Recipients, verdict: Verdict): void {
  if (account !== null) activity.sent(account)
  for (const { account: to } of local.values()) {
    activity.received(to.id, { system: sender === '', spam: verdict.kind === 'junk', locked: to.state === 'locked' || to.state === 'restore-pending' })
  }
}

/** @param rows those of the failed recipients, in their order; none when the sender must not be told */
async function tellOfFailed(parts: DeliverParts, { message, recipients }: Plan, rows: readonly OutboxId[]): Promise<void> {
  const { transaction, sender } = message
  const lasting = recipients.failed.flatMap(({ error }, index): [OutboxId, Failure][] => {
    const id = rows[index]
    return id === undefined || mayPass(error) ? [] : [[id, { host: null, tls: false, ...failureOf(error.code) }]]
  })
  try {
    if (rows.length === 0) await recordNotTold(parts.store.records, { atMs: parts.clock.nowMs(), transaction, sender, recipients: statuses(recipients.failed) })
    else await parts.returnToSender.rows(new Map(lasting))
  } catch (error) {
    // The message is kept, so it must not be refused any more; the rows come due and are told of then.
    if (!(error instanceof MailError)) throw error
  }
}

function statuses(failed: readonly FailedRecipient[]): { readonly address: string; readonly status: string }[] {
  return failed.map(({ address, error }) => ({ address, status: failureOf(error.code).status }))
}

