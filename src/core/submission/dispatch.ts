/**
 * Hands due rows to an ingress node. A row that is claimed is leased to the node; if nothing is heard of it until the lease
 * ends, it comes due again, so that no row is ever lost with a node. Rows of one message that share sender and trace lines
 * go in one hand-over.
 */
import type { DeliverySettings } from '../delivery/settings.ts'
import { MailError } from '../errors.ts'
import type { Blobs } from '../ports/blobs.ts'
import type { OutboxSettlement, Store } from '../ports/store.ts'
import type { Clock, Outbound } from '../ports/world.ts'
import type { BringHome } from './bring-home.ts'
import type { OutboxRow } from './outbox-row.ts'
import type { Failure, ReturnToSender } from './return-to-sender.ts'

export interface Dispatch {
  /**
   * Hands over all that is due now, each claim to the node that is in turn; stops when there is none. Returns how many rows were
   * accepted, and when the next one comes due; null when there is none, or nobody to take it.
   */
  run(node: string | (() => string | null), signal: AbortSignal): Promise<{ readonly handed: number; readonly nextDueAtMs: number | null }>
  /** Called when there may be new due rows: after commits, releases and retries. Returns the unsubscription. */
  onWake(listener: () => void): () => void
}

/** Longer than any single try of a node takes (RFC 5321 §4.5.3.2: 10 minutes after the final dot). */
const leaseMs = 30 * 60_000
const rowsAClaim = 200
/** Hand-overs at the same time; each holds one body in memory. */
const handOvers = 4
/** RFC 5321 §4.5.3.1.8: a server takes at least 100 recipients. */
const rowsAHandOver = 100
const firstBackoffMs = 5_000
/** A full mailbox of a locked account, or a store that could not take it. */
const homeRetryMs = 15 * 60_000
const maxBackoffMs = 5 * 60_000

interface Parts {
  readonly store: Pick<Store, 'outbox'>
  readonly blobs: Blobs
  readonly clock: Clock
  readonly outbound: Outbound
  readonly returnToSender: ReturnToSender
  readonly settings: DeliverySettings
  readonly onWake: Dispatch['onWake']
  readonly bringHome: BringHome
}

export function createDispatch(parts: Parts): Dispatch {
  const { store, clock } = parts
  return {
    onWake: parts.onWake,
    async run(nodes, signal) {
      let handed = 0
      while (!signal.aborted) {
        const node = typeof nodes === 'string' ? nodes : nodes()
        // Whoever comes to take it wakes us.
        if (node === null) return { handed, nextDueAtMs: null }
        const nowMs = clock.nowMs()
        const rows = await store.outbox.claim({ node, nowMs, leaseUntilMs: nowMs + leaseMs, limit: rowsAClaim })
        if (rows.length === 0) break
        const away = await sendHome(parts, await bounceOld(parts, rows))
        handed += await handAll(parts, node, batches(away), signal)
        if (rows.length < rowsAClaim) break
      }
      return { handed, nextDueAtMs: await store.outbox.nextDueAtMs() }
    },
  }
}

/** A row that was not delivered for too long, also over lost nodes, goes back to its sender. */
async function bounceOld(parts: Parts, rows: readonly OutboxRow[]): Promise<readonly OutboxRow[]> {
  const oldestMs = parts.clock.nowMs() - parts.settings.maxQueueMs
  const old = rows.filter((row) => row.createdAtMs < oldestMs)
  if (old.length === 0) return rows
  for (const row of old) await bounce(parts, row, { reply: row.lastReply ?? 'delivery time expired', status: '4.4.7', host: null, tls: false })
  return rows.filter((row) => row.createdAtMs >= oldestMs)
}

/** Rows to addresses of ours never leave core. Returns the others. */
async function sendHome(parts: Parts, rows: readonly OutboxRow[]): Promise<readonly OutboxRow[]> {
  const away: OutboxRow[] = []
  for (const row of rows) {
    const answer = await parts.bringHome(row)
    if (answer.kind === 'outside') away.push(row)
    else if (answer.kind === 'bounce') await bounce(parts, row, answer.failure)
    else if (answer.kind === 'later') await putBack(parts, [row], answer.reply, homeRetryMs)
  }
  return away
}

function batches(rows: readonly OutboxRow[]): OutboxRow[][] {
  const found: OutboxRow[][] = []
  for (const group of Map.groupBy(rows, groupKey).values()) {
    for (let start = 0; start < group.length; start += rowsAHandOver) found.push(group.slice(start, start + rowsAHandOver))
  }
  return found
}

function groupKey(row: OutboxRow): string {
  const prefix = Buffer.from(row.prefix.buffer, row.prefix.byteOffset, row.prefix.byteLength)
  return `${row.transaction}\n${row.sender}\n${prefix.toString('latin1')}`
}

async function handAll(parts: Parts, node: string, waiting: OutboxRow[][], signal: AbortSignal): Promise<number> {
  let handed = 0
  const worker = async (): Promise<void> => {
    for (let rows = waiting.shift(); rows !== undefined; rows = waiting.shift()) {
      if (signal.aborted) await putBack(parts, rows, 'stopping', 0)
      else handed += await handOne(parts, node, rows)
    }
  }
  await Promise.all(Array.from({ length: handOvers }, worker))
  return handed
}

async function handOne(parts: Parts, node: string, rows: readonly OutboxRow[]): Promise<number> {
  const first = rows[0]!
  let answer: Awaited<ReturnType<Outbound['hand']>>
  try {
    const body = await parts.blobs.read(first.body)
    answer = await parts.outbound.hand({ node, sender: first.sender, rows: rows.map(({ id, recipient }) => ({ id, recipient })), prefix: first.prefix, body })
  } catch (error) {
    // The node is away, or the body cannot be read now: the rows wait here instead of with it.
    await putBack(parts, rows, error instanceof Error ? error.message : String(error))
    return 0
  }
  const refused = new Map(answer.refused.map(({ id, reply }) => [id, reply]))
  for (const row of rows) {
    const reply = refused.get(row.id)
    if (reply === undefined) continue
    if (reply.startsWith('5')) await bounce(parts, row, { reply, status: null, host: null, tls: false })
    else await putBack(parts, [row], reply)
  }
  return answer.accepted.length
}

/** A bounce that cannot be made now must not keep the other rows waiting. */
async function bounce(parts: Parts, row: OutboxRow, failure: Failure): Promise<void> {
  try {
    await parts.returnToSender.rows(new Map([[row.id, failure]]))
  } catch (error) {
    if (!(error instanceof MailError)) throw error
    await putBack(parts, [row], failure.reply)
  }
}

async function putBack({ store, clock }: Parts, rows: readonly OutboxRow[], reply: string, waitMs?: number): Promise<void> {
  const atMs = clock.nowMs()
  const backoffMs = (row: OutboxRow): number => Math.min(firstBackoffMs * 2 ** Math.min(row.attempts, 10), maxBackoffMs)
  await store.outbox.settle(
    rows.map((row): OutboxSettlement => ({ id: row.id, state: 'queued', reply, atMs, untilMs: atMs + (waitMs ?? backoffMs(row)) })),
  )
}
