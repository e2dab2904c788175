/** The messages of the store port. Which thread a read runs in depends on how much it may bring. */
import type { MailboxView, StoredMessage, Uids } from '../../core/mailbox/mailbox.ts'
import type { FlagsStored, MessageStore } from '../../core/ports/store.ts'
import { keyOf } from './ids.ts'
import { storedMessageOf, unpackSlice } from './packed-slice.ts'
import type { PackedSlice } from './packed-slice.ts'
import { alone, maxMainRows } from './parts.ts'
import type { Parts } from './parts.ts'
import { mailboxByKey } from './read/mailboxes.ts'
import { lowerBound, readByKeys, readSlice } from './read/messages.ts'
import type { SliceRequest, Want } from './read/messages.ts'
import { mailboxView } from './read/view.ts'
import type { PackedFlagsStored } from './write/flags.ts'

/** Fewer rows on the main thread when they carry forms or text. */
const maxMainFormRows = 40
const maxMainBytes = 512 * 1024
const sliceMessages = 250
const sliceBytes = 1024 * 1024

export function messageStore(parts: Parts): MessageStore {
  const { reads, writes, nowMs } = parts
  return {
    append(account, mailbox, messages) {
      const crossing = messages.map((message) => ({ ...message, content: crossingContent(message.content), prefix: alone(message.prefix) }))
      const bytes = messages.reduce((sum, { content, prefix }) => sum + contentBytes(content) + prefix.byteLength, 0)
      return writes.write('appendMessages', { mailbox: keyOf('mailbox', account, mailbox), messages: crossing }, bytes)
    },

    async view(account, mailbox) {
      const key = keyOf('mailbox', account, mailbox)
      if (key === null) return null
      const small = reads.here((connection) => mailboxView(connection, key, maxMainRows))
      return small === 'too-many' ? ((await reads.far('view', { mailbox: key })) as MailboxView | null) : small
    },

    async *read(account, mailbox, uids, want) {
      const key = keyOf('mailbox', account, mailbox)
      if (key !== null) yield* readMessages(parts, key, uids, want)
    },

    async byId(account, ids, want) {
      const keys = ids.map((message) => keyOf('message', account, message)).filter((key) => key !== null)
      if (keys.length <= mainRows(want)) return reads.here((connection) => readByKeys(connection, keys, want)).map(storedMessageOf)
      const messages: StoredMessage[] = []
      for (let at = 0; at < keys.length; at += sliceMessages) {
        messages.push(...unpackSlice(await reads.far('byKeys', { keys: keys.slice(at, at + sliceMessages), want })))
      }
      return messages
    },

    async changeFlags(account, mailbox, uids, change, unchangedSince) {
      const key = keyOf('mailbox', account, mailbox)
      const args = { mailbox: key, uids: crossingUids(uids), change, unchangedSince: unchangedSince ?? null }
      return flagsStoredOf(await writes.write('storeFlags', args, uidBytes(uids)))
    },

    copy: async (account, source, uids, target) => writes.write('copyMessages', moving(account, source, uids, target), uidBytes(uids)),

    move: async (account, source, uids, target) => writes.write('moveMessages', moving(account, source, uids, target), uidBytes(uids)),

    async expunge(account, mailbox, uids, onlyDeleted) {
      const args = { mailbox: keyOf('mailbox', account, mailbox), uids: crossingUids(uids), onlyDeleted, nowMs: nowMs() }
      return writes.write('expungeMessages', args, uidBytes(uids))
    },
  }

  function moving(account: string, source: string, uids: Uids, target: string): { source: number | null; target: number | null; uids: Uids; nowMs: number } {
    return { source: keyOf('mailbox', account, source), target: keyOf('mailbox', account, target), uids: crossingUids(uids), nowMs: nowMs() }
  }
}

/** The next slice is asked for when one has come, so it is read while the caller works on that; never more than one ahead. */
async function* readMessages({ reads }: Parts, mailbox: number, uids: Uids, want: Want): AsyncGenerator<readonly StoredMessage[]> {
  const wanted = uids === 'all' ? (reads.here((connection) => mailboxByKey(connection, mailbox))?.messages ?? 0) : uids.length
  if (wanted === 0) return
  if (wanted <= mainRows(want)) {
    const request = { mailbox, uids: uids === 'all' ? null : uids, fromUid: 0, want, maxMessages: wanted, maxBytes: maxMainBytes }
    const slice = reads.here((connection) => readSlice(connection, request))
    if (slice.rows.length > 0) yield slice.rows.map(storedMessageOf)
    if (slice.nextUid === null || slice.rows.length >= wanted) return
    yield* readFar({ reads }, { ...request, fromUid: slice.nextUid })
    return
  }
  yield* readFar({ reads }, { mailbox, uids: uids === 'all' ? null : uids, fromUid: 0, want })
}

async function* readFar(
  { reads }: Pick<Parts, 'reads'>,
  read: Pick<SliceRequest, 'mailbox' | 'uids' | 'fromUid' | 'want'>,
): AsyncGenerator<readonly StoredMessage[]> {
  const ask = (fromUid: number): { readonly slice: Promise<PackedSlice>; readonly afterUid: number | null } => {
    const part = partOf(read.uids, fromUid)
    const slice = reads.far('slice', { ...read, fromUid, uids: part?.uids ?? null, maxMessages: sliceMessages, maxBytes: sliceBytes })
    // A generator that is left early never awaits the slice it asked for last.
    slice.catch(() => undefined) // Whoever awaits it hears of it; nobody may, when the reader stops early.
    return { slice, afterUid: part?.nextUid ?? null }
  }
  let asked: ReturnType<typeof ask> | null = ask(read.fromUid)
  while (asked !== null) {
    const slice: PackedSlice = await asked.slice
    const from: number | null = slice.nextUid ?? asked.afterUid
    asked = from === null ? null : ask(from)
    if (slice.bodies.length > 0) yield unpackSlice(slice)
  }
}

/** Only the UIDs of one slice cross to the thread. */
function partOf(uids: Uint32Array | null, fromUid: number): { readonly uids: Uint32Array; readonly nextUid: number | null } | null {
  if (uids === null) return null
  const start = lowerBound(uids, fromUid)
  return { uids: uids.slice(start, start + sliceMessages), nextUid: uids[start + sliceMessages] ?? null }
}

function mainRows(want: Want): number {
  return want.forms || want.text ? maxMainFormRows : maxMainRows
}

function flagsStoredOf({ modseq, uids, flags, flagSets, modified }: PackedFlagsStored): FlagsStored {
  return { modseq, changed: Array.from(uids, (uid, i) => ({ uid, modseq, flags: flagSets[flags[i]!]! })), modified }
}

export function crossingContent<C extends { readonly forms: Uint8Array; readonly text: Uint8Array }>(content: C): C {
  return { ...content, forms: alone(content.forms), text: alone(content.text) }
}

export function contentBytes(content: { readonly forms: Uint8Array; readonly text: Uint8Array }): number {
  return content.forms.byteLength + content.text.byteLength
}

function crossingUids(uids: Uids): Uids {
  return uids === 'all' || uids.byteLength === uids.buffer.byteLength ? uids : uids.slice()
}

function uidBytes(uids: Uids): number {
  return uids === 'all' ? 0 : uids.byteLength
}
