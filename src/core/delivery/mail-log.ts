/**
 * The mail log (Điều 7.2, R-7.2): what became of messages that were not simply filed, and what the checks said of those that
 * were. Each event has one typed function. Who sent what to whom is kept with the delivery itself and searched there.
 */
import type { MailError } from '../errors.ts'
import type { DeliveryFacts } from '../mail.ts'
import type { OutboxRow } from '../submission/outbox-row.ts'
import type { NewRecord } from '../record/record.ts'
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
  await records.append([{ kind: 'mail', atMs, actor: 'system', action: 'mail.put-off', subject: transaction, clause, detail: { sender, remoteIp, unanswered } }])
}

interface Checked {
  readonly atMs: number
  readonly transaction: string
  readonly sender: string
  readonly facts: DeliveryFacts | null
  readonly verdict: Verdict
}

/** What the checks said of a message that was taken; null where none was made. */
export function checkedRecord({ atMs, transaction, sender, facts, verdict }: Checked): NewRecord | null {
  if (facts === null) return null
  const { remoteIp, spf, dkim, dmarc, spam, virus, dnsLists, unanswered } = facts
  const said = [spf, dkim, dmarc, spam, virus].some((one) => one !== null) || dnsLists.length + unanswered.length > 0
  if (!said) return null
  const reason = verdict.kind === 'accept' ? null : verdict.reason
  const detail = { sender, remoteIp, verdict: verdict.kind, reason, spf, dkim, dmarc, spam, virus, dnsLists, unanswered }
  return { kind: 'mail', atMs, actor: 'system', action: 'mail.checked', subject: transaction, clause, detail }
}

/** A whole message that was refused after its body had been seen. */
export async function recordRefused(records: Log, { atMs, transaction, sender, remoteIp, error }: Refused): Promise<void> {
  const detail = { sender, remoteIp, code: error.code, reason: error.message }
  await records.append([{ kind: 'mail', atMs, actor: 'system', action: 'mail.refused', subject: transaction, clause, detail }])
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
  await records.append([{ kind: 'mail', atMs, actor: 'system', action: 'mail.undeliverable', subject: transaction, clause, detail }])
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
  })
  if (outcomes.length > 0) await records.append(outcomes.map(about))
}
