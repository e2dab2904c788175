/**
 * Tells senders what could not be delivered. A bounce and the rows it is about are settled in one commit, so that a row is
 * bounced exactly once, whatever is reported again or crashes in between. A bounce is never bounced (RFC 5321 §4.5.5):
 * nobody is told of mail with the null sender, nor when the sender himself takes no mail; that is kept in the mail log.
 */
import { digest } from '../../message/digest.ts'
import { recordNotTold, recordOutcomes } from '../delivery/mail-log.ts'
import type { DeliverySettings } from '../delivery/settings.ts'
import type { SystemMail } from '../delivery/system-mail.ts'
import { isMailError } from '../errors.ts'
import type { BlobId } from '../mailbox/mailbox.ts'
import type { Blobs } from '../ports/blobs.ts'
import type { OutboxSettlement, Store } from '../ports/store.ts'
import type { Clock, Random } from '../ports/world.ts'
import { composeBounce, cutHeader, type BouncedRecipient } from './bounce.ts'
import { isSettled, type OutboxId, type OutboxRow } from './outbox-row.ts'

export interface Failure {
  readonly reply: string
  /** RFC 3463, or null when only the reply tells. */
  readonly status: string | null
  readonly host: string | null
  readonly tls: boolean
}

export interface ReturnToSender {
  /** Bounces rows that are not settled yet, one message a sender and transaction. */
  rows(failures: ReadonlyMap<OutboxId, Failure>): Promise<void>
  /** Ends a held delivery whose last recipients could not be filed. */
  held(held: FailedDelivery): Promise<void>
}

export interface FailedDelivery {
  readonly transaction: string
  readonly sender: string
  readonly body: BlobId
  readonly receivedAtMs: number
  readonly failed: readonly BouncedRecipient[]
}

interface Parts {
  readonly store: Pick<Store, 'outbox' | 'deliveries' | 'records'>
  readonly blobs: Blobs
  readonly clock: Clock
  readonly random: Random
  readonly systemMail: SystemMail
  readonly settings: DeliverySettings
}

interface Returned {
  readonly transaction: string
  readonly sender: string
  readonly body: BlobId
  readonly prefix: Uint8Array
  readonly arrivedAtMs: number
  readonly failed: readonly BouncedRecipient[]
  readonly settles?: readonly OutboxSettlement[]
  readonly finishes?: string
}

export function createReturnToSender(parts: Parts): ReturnToSender {
  const { store, clock } = parts
  return {
    async rows(failures) {
      // A second report may name rows of the first beside others: what its bounce left over is told by a further one.
      for (;;) {
        const open = await openRows(parts, [...failures.keys()])
        if (open.length === 0) return
        for (const group of groups(open)) await returnRows(parts, group, failures)
      }
    },
    async held({ transaction, sender, body, receivedAtMs, failed }) {
      const prefix = new Uint8Array()
      const told = await send(parts, { transaction: `bounce.${transaction}`, sender, body, prefix, arrivedAtMs: receivedAtMs, failed, finishes: transaction })
      if (told === 'committed') return
      if (told === 'nobody') await recordNotTold(store.records, { atMs: clock.nowMs(), transaction, sender, recipients: failed })
      await store.deliveries.finishHeld(transaction)
    },
  }
}

async function openRows({ store }: Parts, ids: readonly OutboxId[]): Promise<OutboxRow[]> {
  const rows = await Promise.all(ids.map((id) => store.outbox.get(id)))
  return rows.filter((row): row is OutboxRow => row !== null && !isSettled(row))
}

function groups(rows: readonly OutboxRow[]): Iterable<OutboxRow[]> {
  return Map.groupBy(rows, (row) => `${row.transaction}\n${row.sender}`).values()
}

async function returnRows(parts: Parts, rows: readonly OutboxRow[], failures: ReadonlyMap<OutboxId, Failure>): Promise<void> {
  const { store, clock } = parts
  const first = rows[0]!
  const atMs = clock.nowMs()
  const failed = rows.map((row): BouncedRecipient => {
    const failure = failures.get(row.id)!
    return { address: row.recipient, status: failure.status ?? statusOf(failure.reply), reply: failure.reply, host: failure.host }
  })
  const settles = rows.map((row): OutboxSettlement => ({ id: row.id, state: 'bounced', reply: failures.get(row.id)!.reply, atMs, untilMs: null }))
  // Ids are never used again, so the first row's names this bounce for ever.
  const transaction = `bounce.${first.id}`
  const told = await send(parts, { transaction, sender: first.sender, body: first.body, prefix: first.prefix, arrivedAtMs: first.createdAtMs, failed, settles })
  if (told === 'duplicate') {
    await store.outbox.settle(settles.slice(0, 1))
    return
  }
  if (told === 'nobody') {
    await store.outbox.settle(settles)
    await recordNotTold(store.records, { atMs, transaction: first.transaction, sender: first.sender, recipients: failed })
  }
  await recordOutcomes(store.records, atMs, rows.map((row) => ({ row, outcome: 'bounced', ...failures.get(row.id)! })))
}

async function send(parts: Parts, returned: Returned): Promise<'committed' | 'duplicate' | 'nobody'> {
  const { blobs, clock, random, systemMail, settings } = parts
  if (returned.sender === '') return 'nobody'
  const original = Buffer.concat([returned.prefix, await bodyIfThere(blobs, returned.body)])
  const { subject, messageId } = digest(cutHeader(original))
  const bytes = composeBounce({
    to: returned.sender,
    hostname: settings.hostname,
    mainDomain: settings.mainDomain,
    id: random.id(clock.nowMs()),
    nowMs: clock.nowMs(),
    arrivedAtMs: returned.arrivedAtMs,
    utcOffsetMinutes: settings.utcOffsetMinutes,
    failed: returned.failed,
    original,
    wholeBytes: settings.bounceWholeBytes,
    subject,
    messageId,
  })
  return await systemMail({
    transaction: returned.transaction,
    recipient: returned.sender,
    bytes,
    purpose: 'bounce',
    ...(returned.settles && { settles: returned.settles }),
    ...(returned.finishes !== undefined && { finishes: returned.finishes }),
  })
}

/** A bounce without the message is better than none. */
async function bodyIfThere(blobs: Blobs, body: BlobId): Promise<Uint8Array> {
  try {
    return await blobs.read(body)
  } catch (error) {
    if (isMailError(error, 'message-unknown')) return new Uint8Array()
    throw error
  }
}

/** The enhanced status in a reply (RFC 2034), else what its first digit says. */
export function statusOf(reply: string): string {
  const enhanced = /^\s*(?:[245]\d\d[ -])?([245]\.\d{1,3}\.\d{1,3})\b/.exec(reply)
  if (enhanced !== null) return enhanced[1]!
  return /^\s*4\d\d\b/.test(reply) ? '4.0.0' : '5.0.0'
}
