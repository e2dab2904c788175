/**
 * The mail log (Điều 7.2, R-7.2): what became of messages that were not simply filed. Each event has one typed function.
 * A message that was filed needs none: its facts are kept with the delivery and searched there.
 */
import type { MailError } from '../errors.ts'
import type { OutboxRow } from '../submission/outbox-row.ts'
import type { NewRecord } from '../record/record.ts'
import type { RecordStore } from '../ports/store.ts'

type Log = Pick<RecordStore, 'append'>

const clause = 'Điều 7.2'

interface Refused {
  readonly atMs: number
  readonly transaction: string
  readonly sender: string
  readonly remoteIp: string | null
  readonly error: MailError
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
  readonly outcome: 'delivered' | 'bounced' | 'cancelled'
  readonly reply: string
  readonly status: string | null
  readonly host: string | null
  readonly tls: boolean
}

/** The end of outgoing rows. */
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
