/** What is kept of a transaction beside its message (mail log, R-7.2): who sent what to whom, from where, and how it was judged. */
import type { DeliveryFacts } from '../mail.ts'
import type { AccountId, BlobId } from '../mailbox/mailbox.ts'
import type { Verdict } from './judge.ts'

/** Enough to find a message by its recipient; a notice to everybody is found by its sender. */
const maxRecipients = 1000

export interface KeptFacts extends Readonly<Record<string, unknown>> {
  readonly sender: string
  readonly recipients: readonly string[]
  readonly recipientCount: number
  readonly account: AccountId | null
  readonly messageId: string | null
  readonly body: BlobId
  readonly bodyBytes: number
  readonly verdict: string
  readonly reason: string | null
  /** Whether the sender may be told of recipients that fail later. */
  readonly mayBounce: boolean
  readonly facts: DeliveryFacts | null
}

export interface FactsToKeep {
  readonly sender: string
  readonly recipients: readonly string[]
  readonly account: AccountId | null
  readonly messageId: string | null
  readonly body: BlobId
  readonly bodyBytes: number
  readonly verdict: Verdict
  readonly mayBounce: boolean
  readonly facts: DeliveryFacts | null
}

export function keptFacts(of: FactsToKeep): KeptFacts {
  return {
    ...of,
    recipients: of.recipients.slice(0, maxRecipients),
    recipientCount: of.recipients.length,
    verdict: of.verdict.kind,
    reason: of.verdict.kind === 'accept' ? null : of.verdict.reason,
  }
}

/** The facts of a held delivery as they were kept; null when they are not of this form. */
export function readKeptFacts(facts: Readonly<Record<string, unknown>>): Pick<KeptFacts, 'sender' | 'body' | 'mayBounce'> | null {
  const { sender, body, mayBounce } = facts
  return typeof sender === 'string' && typeof body === 'string' && typeof mayBounce === 'boolean' ? { sender, body, mayBounce } : null
}
