/**
 * The mail log (Điều 7.2, R-7.2): who sent what to whom, what the checks said of it, and what became of it. Each event has one
 * typed function; each record is found by message-id, sender and recipients (core/record/record-keys.ts).
 */
import type { MailError } from '../errors.ts'
import type { DeliveryFacts } from '../mail.ts'
import type { OutboxRow } from '../submission/outbox-row.ts'
import type { NewRecord } from '../record/record.ts'
import { maxRecordKeys, recordKey } from '../record/record-keys.ts'
import type { RecordStore } from '../ports/store.ts'
import type { Verdict } from './judge.ts'

type Log = Pick<RecordStore, 'append'>

const clause = 'Điều 7.2'

interface Refused {
  readonly atMs: number
  readonly transaction: string
  readonly sender: string
  readonly remoteIp: string | null
  readonly error: MailError
}

interface PutOff {
  readonly atMs: number
  readonly transaction: string
  readonly sender: string
  readonly remoteIp: string | null
  readonly unanswered: readonly string[]
}

/** A message whose sender was told to try again, because checks gave no answer. */
export async function recordPutOff(records: Log, { atMs, transaction, sender, remoteIp, unanswered }: PutOff): Promise<void> {
  await records.append([{ kind: 'mail', atMs, actor: 'system', action: 'mail.put-off', subject: transaction, clause, detail: { sender, remoteIp, unanswered }, keys: keysOf({ transaction, sender }) }])
}

interface Taken {
  readonly atMs: number
  readonly transaction: string
  readonly sender: string
  /** Of the envelope. */
  readonly recipients: readonly string[]
  readonly account: string | null
  readonly messageId: string | null
  readonly bodyBytes: number
  readonly facts: DeliveryFacts | null
  readonly verdict: Verdict
}

/** Keys of one record beside its recipients: message-id, sender, transaction. */
const recipientsOfRecord = maxRecordKeys - 3
/** A notice to everybody is found by its sender. */
const maxRecipients = 1_000

/** A message that was taken, with what the checks said of it; a second and further records name more recipients. */
export function takenRecords({ atMs, transaction, sender, recipients, account, messageId, bodyBytes, facts, verdict }: Taken): NewRecord[] {
  const named = recipients.slice(0, maxRecipients)
  const reason = verdict.kind === 'accept' ? null : verdict.reason
  const checks = checksOf(facts)
  const records: NewRecord[] = []
  for (let at = 0; at === 0 || at < named.length; at += recipientsOfRecord) {
    const some = named.slice(at, at + recipientsOfRecord)
    const whole = at === 0 ? { recipientCount: recipients.length, bodyBytes, verdict: verdict.kind, reason, ...checks } : {}
    const detail = { sender, messageId, recipients: some, ...whole }
    records.push({ kind: 'mail', atMs, actor: account ?? 'system', action: 'mail.taken', subject: transaction, clause, detail, keys: keysOf({ transaction, sender, messageId, recipients: some }) })
  }
  return records
}

function checksOf(facts: DeliveryFacts | null): Readonly<Record<string, unknown>> {
  if (facts === null) return {}
  const { remoteIp, spf, dkim, dmarc, spam, virus, dnsLists, unanswered } = facts
  const said = [spf, dkim, dmarc, spam, virus].some((one) => one !== null) || dnsLists.length + unanswered.length > 0
  return said ? { remoteIp, spf, dkim, dmarc, spam, virus, dnsLists, unanswered } : { remoteIp }
}

function keysOf({ transaction, sender, messageId = null, recipients = [] }: { readonly transaction: string; readonly sender: string; readonly messageId?: string | null; readonly recipients?: readonly string[] }): readonly string[] {
  return [
    recordKey('transaction', transaction),
    recordKey('sender', sender),
    ...(messageId === null ? [] : [recordKey('message-id', messageId)]),
    ...recipients.map((address) => recordKey('recipient', address)),
  ]
}

/** A whole message that was refused after its body had been seen. */
export async function recordRefused(records: Log, { atMs, transaction, sender, remoteIp, error }: Refused): Promise<void> {
  const detail = { sender, remoteIp, code: error.code, reason: error.message }
  await records.append([{ kind: 'mail', atMs, actor: 'system', action: 'mail.refused', subject: transaction, clause, detail, keys: keysOf({ transaction, sender }) }])
}

interface NotTold {
  readonly atMs: number
  readonly transaction: string
  readonly sender: string
  readonly recipients: readonly { readonly address: string; readonly status: string }[]
}

/** Recipients that got nothing and whose sender could not or must not be told. */
export async function recordNotTold(records: Log, { atMs, transaction, sender, recipients }: NotTold): Promise<void> {
  const detail = { sender, recipients: recipients.slice(0, 100), count: recipients.length }
  const keys = keysOf({ transaction, sender, recipients: recipients.map(({ address }) => address) })
  await records.append([{ kind: 'mail', atMs, actor: 'system', action: 'mail.undeliverable', subject: transaction, clause, detail, keys }])
}

export interface RowOutcome {
  readonly row: OutboxRow
  /** `in-doubt`: a server had the whole message and did not answer. */
  readonly outcome: 'delivered' | 'bounced' | 'cancelled' | 'in-doubt'
  readonly reply: string
  readonly status: string | null
  readonly host: string | null
  readonly tls: boolean
}

/** The end of outgoing rows, and tries whose end nobody knows. */
export async function recordOutcomes(records: Log, atMs: number, outcomes: readonly RowOutcome[]): Promise<void> {
  const about = ({ row, outcome, reply, status, host, tls }: RowOutcome): NewRecord => ({
    kind: 'mail',
    atMs,
    actor: row.account ?? 'system',
    action: `mail.${outcome}`,
    subject: row.transaction,
    clause,
    detail: { row: row.id, sender: row.sender, recipient: row.recipient, reply, status, host, tls },
    keys: keysOf({ transaction: row.transaction, sender: row.sender, recipients: [row.recipient] }),
  })
  if (outcomes.length > 0) await records.append(outcomes.map(about))
}
