/** The long reads that a reader thread can be asked. To add one: its function in a file by topic and one line here. */
import type { Changes } from '../../../core/change.ts'
import type { MailboxView } from '../../../core/mailbox/mailbox.ts'
import type { Connection } from '../connection.ts'
import { buffersOf, packSlice } from '../packed-slice.ts'
import type { PackedSlice } from '../packed-slice.ts'
import { changesSince } from './changes.ts'
import type { ChangesRequest } from './changes.ts'
import { bodiesInUse, readByKeys, readSlice } from './messages.ts'
import type { SliceRequest, Want } from './messages.ts'
import { readPacked } from './packed-read.ts'
import { mailboxView, warmView } from './view.ts'

/** An answer and the buffers that are handed over with it. */
export interface ReadAnswer<T> {
  readonly value: T
  readonly handOver: readonly ArrayBuffer[]
}

export const reads = {
  view(connection: Connection, { mailbox }: { readonly mailbox: number }): ReadAnswer<MailboxView | null> {
    const view = mailboxView(connection, mailbox)
    if (view === null || view === 'too-many') return { value: null, handOver: [] }
    return { value: view, handOver: [view.uids, view.modseqs, view.flags].map((array) => array.buffer as ArrayBuffer) }
  },

  slice(connection: Connection, request: SliceRequest): ReadAnswer<PackedSlice> {
    return handedOver(readPacked(connection, request) ?? packSlice(readSlice(connection, request), request.want))
  },

  byKeys(connection: Connection, { keys, want }: { readonly keys: readonly number[]; readonly want: Want }): ReadAnswer<PackedSlice> {
    return handedOver(packSlice({ rows: readByKeys(connection, keys, want), nextUid: null }, want))
  },

  changes(connection: Connection, request: ChangesRequest): ReadAnswer<Changes | null> {
    const changes = changesSince(connection, { ...request, maxRows: Number.MAX_SAFE_INTEGER })
    return { value: changes === 'too-many' ? null : changes, handOver: [] }
  },

  bodiesInUse(connection: Connection, { bodies }: { readonly bodies: readonly string[] }): ReadAnswer<string[]> {
    return { value: bodiesInUse(connection, bodies), handOver: [] }
  },

  /** Nothing, by every way of reading a mailbox: who asks first does not wait until the schema is read and all is made ready. */
  warmUp(connection: Connection, _nothing: Readonly<Record<string, never>>): ReadAnswer<null> {
    warmView(connection, noMailbox)
    const request = { mailbox: noMailbox, fromUid: 0, maxMessages: 1, maxBytes: 1 }
    for (const want of [{ forms: false, text: false }, { forms: true, text: false }, { forms: false, text: true }]) {
      readPacked(connection, { ...request, uids: null, want })
      packSlice(readSlice(connection, { ...request, uids: Uint32Array.of(1, 9), want }), want)
    }
    return { value: null, handOver: [] }
  },
}

/** No key is 0. */
const noMailbox = 0

export type Reads = typeof reads
export type ReadName = keyof Reads
export type ReadArgs<K extends ReadName> = Parameters<Reads[K]>[1]
export type ReadResult<K extends ReadName> = ReturnType<Reads[K]>['value']

export interface ReadRequest {
  readonly id: number
  readonly read: string
  readonly args: unknown
}

/** The reads as the thread sees them: the types of a request were checked where it was made. */
export type ReadTable = Readonly<Record<string, (connection: Connection, args: never) => ReadAnswer<unknown>>>

function handedOver(slice: PackedSlice): ReadAnswer<PackedSlice> {
  return { value: slice, handOver: buffersOf(slice) }
}
