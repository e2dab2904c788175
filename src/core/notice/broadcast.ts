/**
 * A letter of the system into every mailbox (Điều 8.2): in slices, each one commit of the store, with a receipt of who got it and
 * who could not (kind `receipt`). The slice is written down before it is filed and marked afterwards, so that a broadcast that
 * was broken off goes on where it was and nobody gets it twice: the store files a transaction once.
 *
 * Locked mailboxes get it too (Điều 6.1); a full one within the reserve of system mail (R-7.3d).
 */
import type { AdministrationContext } from '../administration/context.ts'
import { entryKind, findEntries, put } from '../administration/entries.ts'
import { keepContent } from '../delivery/content.ts'
import { composeNotice } from '../delivery/system-notice.ts'
import { createTracer } from '../delivery/trace.ts'
import { noFlags } from '../mailbox/flags.ts'
import type { AccountId, MessageContent } from '../mailbox/mailbox.ts'
import { keysFrom } from '../ports/registry.ts'
import type { DeliveryRecipient } from '../ports/store.ts'

export interface Broadcast {
  /** Unique; the transactions of its slices begin with it. */
  readonly id: string
  readonly subject: string
  readonly text: string
  readonly begunAtMs: number
  /** Address after which the next slice begins. */
  readonly after: string
  readonly slices: number
  readonly filed: number
  readonly refused: number
  readonly endedAtMs: number | null
}

export interface Receipt {
  readonly broadcast: string
  readonly accounts: readonly { readonly id: AccountId; readonly address: string }[]
  /** Null: not yet. */
  readonly filedAtMs: number | null
  /** Those of `accounts` that could not get it. */
  readonly refused: readonly AccountId[]
}

const pendingKey = (broadcast: string): string => `pending ${broadcast}`
const sliceKey = (broadcast: string): string => `slice ${broadcast} `

export const receiptKind = entryKind<Receipt>({
  name: 'receipt',
  keys: ({ broadcast, filedAtMs }, id) => [`${sliceKey(broadcast)}${id}`, ...(filedAtMs === null ? [pendingKey(broadcast)] : [])],
})

type BroadcastContext = Pick<AdministrationContext, 'store' | 'blobs' | 'bus' | 'clock' | 'settings'>

const sliceAccounts = 200
const reserveBytes = 1_048_576
const utcOffsetMinutes = 7 * 60

export function newBroadcast(id: string, letter: Pick<Broadcast, 'subject' | 'text'>, nowMs: number): Broadcast {
  return { id, ...letter, begunAtMs: nowMs, after: '', slices: 0, filed: 0, refused: 0, endedAtMs: null }
}

/** Files what is left. `keep` writes the broadcast's progress in the commit of each receipt; it answers the entry. */
export async function carryOn(context: BroadcastContext, start: Broadcast, keep: (progress: Broadcast) => Promise<Parameters<BroadcastContext['store']['registry']['commit']>[0]['entries']>, signal: AbortSignal): Promise<Broadcast> {
  const { store, clock } = context
  const content = await contentOf(context, start)
  let now = start
  for (;;) {
    signal.throwIfAborted()
    for (const { id, value, version } of await findEntries(store.registry, receiptKind, { from: pendingKey(now.id), to: `${pendingKey(now.id)}\u0000`, limit: 10 })) {
      const refused = await fileSlice(context, now, { id, value }, content)
      now = { ...now, filed: now.filed + value.accounts.length - refused.length, refused: now.refused + refused.length }
      await store.registry.commit({ entries: [put(receiptKind, id, { ...value, filedAtMs: clock.nowMs(), refused }, version), ...((await keep(now)) ?? [])] })
    }
    const page = await store.accounts.list({ limit: sliceAccounts, ...(now.after === '' ? {} : { after: now.after }) })
    const accounts = page.filter(({ state }) => state !== 'revoked' && state !== 'purged').map(({ id, address }) => ({ id, address }))
    const last = page.length < sliceAccounts
    now = { ...now, after: page.at(-1)?.address ?? now.after, slices: now.slices + 1, endedAtMs: last && accounts.length === 0 ? clock.nowMs() : null }
    const receipt = accounts.length === 0 ? [] : [put(receiptKind, `${now.id}-${String(now.slices).padStart(6, '0')}`, { broadcast: now.id, accounts, filedAtMs: null, refused: [] }, 0)]
    await store.registry.commit({ entries: [...receipt, ...((await keep(now)) ?? [])] })
    if (now.endedAtMs !== null) return now
  }
}

async function contentOf({ blobs, settings }: BroadcastContext, { id, subject, text, begunAtMs }: Broadcast): Promise<MessageContent> {
  const facts = { mainDomain: settings.provinceDomain, utcOffsetMinutes, nowMs: begunAtMs, id: id.replace(/[^a-z0-9.-]+/gi, '.') }
  return keepContent(blobs, composeNotice({ recipient: `tat-ca@${settings.provinceDomain}`, subject, text }, facts))
}

/** Answers whom the store refused. */
async function fileSlice({ store, bus, settings }: BroadcastContext, { begunAtMs, id: broadcast }: Broadcast, slice: { readonly id: string; readonly value: Receipt }, content: MessageContent): Promise<readonly AccountId[]> {
  const transaction = `notice ${slice.id}`
  const tracer = createTracer({ hostname: settings.provinceDomain, transaction, sender: '', onlyRecipient: null, facts: null, origin: 'system', receivedAtMs: begunAtMs, utcOffsetMinutes })
  const refused: AccountId[] = []
  let left = slice.value.accounts
  while (left.length > 0) {
    const recipients = left.map(({ id, address }): DeliveryRecipient => ({ account: id, target: { role: 'inbox' }, prefix: tracer.local(address), flags: noFlags, extraBytes: reserveBytes }))
    const outcome = await store.deliveries.commit({ transaction, receivedAtMs: begunAtMs, content, recipients, outbox: [], facts: { purpose: 'notice', broadcast, sender: '', recipientCount: recipients.length } })
    if (outcome.kind === 'duplicate') return refused
    if (outcome.kind === 'committed') {
      for (const { account, modseq } of outcome.filed) bus.ring({ account, modseq })
      return refused
    }
    const gone = new Set(outcome.recipients.map(({ index }) => index))
    refused.push(...left.filter((_, index) => gone.has(index)).map(({ id }) => id))
    left = left.filter((_, index) => !gone.has(index))
  }
  return refused
}

/** Who got it, slice by slice. */
export async function receiptsOf({ store }: Pick<BroadcastContext, 'store'>, broadcast: string, after: { readonly key: string; readonly id: string } | null, limit: number): Promise<readonly (Receipt & { readonly id: string; readonly key: string })[]> {
  const found = await findEntries(store.registry, receiptKind, { ...keysFrom(sliceKey(broadcast)), limit, ...(after === null ? {} : { after }) })
  return found.map(({ id, key, value }) => ({ ...value, id, key }))
}
