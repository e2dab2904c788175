/**
 * One session's view of a selected mailbox: its own numbering over the shared view (RFC 9051 §5.5, §7.5.1; RFC 7162).
 *
 * The session holds no copy of the arrays. What its client knows is: every message of the shared list up to the highest
 * UID that was told (`boundary`; UIDs only grow), plus those that left the list and were not told yet (`left`). Only `events`
 * moves the boundary and takes from `left`; so whatever others do meanwhile, sequence numbers stay as the client counts.
 * A message that came and went between two `events` was never in this set, and is never told.
 */
import { MailError } from '../errors.ts'
import type { SelectedView, ViewEvent } from '../mail.ts'
import type { FlagChange, Flags } from './flags.ts'
import { changeFlags, sameFlags, seenBit } from './flags.ts'
import type { Mailbox, UidRange } from './mailbox.ts'
import type { Removed } from './message-list.ts'
import type { SearchKey, SequenceSet } from './search-key.ts'
import { type Searcher, search } from './search.ts'
import { lowerBound, normalise } from './sequence-set.ts'
import type { SharedView, Viewer } from './shared-view.ts'
import { intersectionOf, pairsOf, unionOf, without } from './uid-ranges.ts'

export interface SelectedViewPorts {
  readonly shared: SharedView
  readonly searcher: Searcher
  /** Called once, at the first `close`. */
  readonly release: () => void
}

interface Left {
  readonly removed: Removed
  readonly modseq: number
}

type ToldFlags = readonly { readonly uid: number; readonly modseq: number; readonly flags: Flags }[]

export class SessionView implements SelectedView, Viewer {
  readonly #ports: SelectedViewPorts
  readonly #shared: SharedView
  /** Highest UID that the client knows of. */
  #boundary: number
  /** The account's modseq up to which flags were told. */
  #toldModseq: number
  /** The mailbox's highest modseq at that moment. */
  #toldHighest: number
  #left: Left[] = []
  /** UIDs in the session's numbering; only while something is in `left`, and then only once asked for. */
  #numbering: Uint32Array | null = null
  /** UID → modseq of an own change whose outcome the client knows: that and older ones need no telling. */
  #acknowledged: Map<number, number> | null = null
  /** Reads of the store that had begun at the last `.SILENT` change; -1 when all since then was told. */
  #silentSince = -1
  #listeners: readonly (() => void)[] = []
  #removalTold = false
  #closed = false

  constructor(ports: SelectedViewPorts) {
    this.#ports = ports
    this.#shared = ports.shared
    this.#boundary = ports.shared.list.lastUid
    this.#toldModseq = ports.shared.modseq
    this.#toldHighest = ports.shared.highestModseq
    ports.shared.join(this)
  }

  get mailbox(): Mailbox {
    return this.#shared.mailbox
  }

  /**
   * Every change of this mailbox up to this modseq was told or shown: a client that comes back may ask on from here
   * (RFC 7162 §3.2.5). An expunge that may not be told yet holds it back.
   */
  get modseq(): number {
    return this.#left.reduce((least, { modseq }) => Math.min(least, modseq - 1), this.#toldHighest)
  }

  get expungesHeld(): boolean {
    return this.#left.length > 0
  }

  get count(): number {
    return this.#knownCount + this.#leftCount
  }

  get unseen(): number {
    if (this.#left.length === 0 && this.#knownCount === this.#shared.list.count) return this.#shared.mailbox.unseen
    let unseen = 0
    for (let sequence = this.count; sequence > 0; sequence--) if (!isSeen(this.flagsAt(sequence))) unseen++
    return unseen
  }

  get firstUnseen(): number | null {
    const { count } = this
    for (let sequence = 1; sequence <= count; sequence++) if (!isSeen(this.flagsAt(sequence))) return sequence
    return null
  }

  get keywords(): readonly string[] {
    return this.#shared.keywords
  }

  uidAt(sequence: number): number {
    const uid = this.#uids()[sequence - 1]
    if (uid === undefined) throw new MailError('argument-invalid', 'there is no such sequence number', { sequence })
    return uid
  }

  sequenceOf(uid: number): number {
    const uids = this.#uids()
    const index = lowerBound(uids, uids.length, uid)
    return uids[index] === uid ? index + 1 : 0
  }

  /** The same object for the same flags, as long as the mailbox is selected. */
  flagsAt(sequence: number): Flags {
    const index = this.#indexOf(sequence)
    if (index !== -1) return this.#shared.list.flagsAt(index)
    const { removed, at } = this.#lastKnown(this.uidAt(sequence))
    return removed.flags[at]!
  }

  modseqAt(sequence: number): number {
    const index = this.#indexOf(sequence)
    if (index !== -1) return this.#shared.list.modseqAt(index)
    const { removed, at } = this.#lastKnown(this.uidAt(sequence))
    return removed.modseqs[at]!
  }

  resolve(set: readonly (readonly [number, number])[], by: 'sequence' | 'uid'): Uint32Array {
    const uids = this.#uids()
    const star = by === 'sequence' ? uids.length : (uids.at(-1) ?? 0)
    if (by === 'sequence') refuseOutOfRange(set, uids.length)
    const ranges = normalise(set, star)
    const pieces: Uint32Array[] = []
    let length = 0
    for (let i = 0; i < ranges.length; i += 2) {
      const [first, last] = [ranges[i]!, ranges[i + 1]!]
      const piece = by === 'sequence'
        ? uids.subarray(first - 1, last)
        : uids.subarray(lowerBound(uids, uids.length, first), lowerBound(uids, uids.length, last + 1))
      if (piece.length > 0) pieces.push(piece)
      length += piece.length
    }
    const resolved = new Uint32Array(length)
    let at = 0
    for (const piece of pieces) {
      resolved.set(piece, at)
      at += piece.length
    }
    return resolved
  }

  refresh(): Promise<void> {
    return this.#shared.refresh()
  }

  catchUp(modseq = 0): Promise<void> {
    // After a silent change only a read makes sure of the client's flags again.
    return this.#silentSince === -1 ? this.#shared.catchUp(modseq) : this.#shared.refresh()
  }

  events(mayExpunge: boolean): readonly ViewEvent[] {
    if (this.#shared.gone) {
      if (this.#removalTold) return []
      this.#removalTold = true
      return [{ type: 'removed' }]
    }
    if (this.#shared.readsDone > this.#silentSince) this.#silentSince = -1
    if (this.#toldModseq >= this.#shared.modseq && !(mayExpunge && this.#left.length > 0)) return []
    const events: ViewEvent[] = []
    if (mayExpunge) this.#tellExpunges(events)
    const known = this.#knownCount
    this.#tellArrivals(events, known)
    this.#tellFlags(events, known)
    this.#toldAll()
    return events
  }

  /**
   * `change` is to be given when the client was not told the resulting flags but is to work them out itself (`.SILENT`):
   * then they are told after all where somebody else's change came between (RFC 9051 §6.4.6).
   */
  acknowledgeFlags(changed: ToldFlags, change?: FlagChange): void {
    // A first silent change that did nothing here, because others' changes that were not told yet had done it already, leaves
    // the client with flags that nobody knows of; what a second one makes of them is told.
    const unsure = change !== undefined && this.#silentSince !== -1
    if (change !== undefined) this.#silentSince = this.#shared.readsBegun
    if (unsure) return
    if (this.#isAllSinceTold(changed)) return this.#toldAll()
    for (const { uid, modseq, flags } of changed) {
      if (modseq <= this.#toldModseq) continue
      if (change !== undefined && !this.#clientExpects(uid, modseq, flags, change)) continue
      this.#acknowledged ??= new Map()
      this.#acknowledged.set(uid, modseq)
    }
  }

  async vanishedSince(modseq: number, known: SequenceSet, matchedUid = 0): Promise<readonly UidRange[]> {
    const remembered = await this.#shared.vanishedSince(modseq)
    // `*` is the highest UID there ever was, else what left behind the last message would not be found.
    const asked = pairsOf(normalise(known, this.#shared.mailbox.uidNext - 1))
    const gone = remembered === null ? intersectionOf(asked, [[matchedUid + 1, this.#shared.mailbox.uidNext - 1]]) : intersectionOf(asked, unionOf(remembered))
    const { list } = this.#shared
    return without(without(gone, this.#uids()), list.uids(0, list.count))
  }

  async search(key: SearchKey, signal?: AbortSignal): Promise<Uint32Array> {
    const { account, mailboxId, list } = this.#shared
    const numbering = this.#left.length === 0 ? null : this.#uids()
    const searched = { account, mailbox: mailboxId, messages: list.snapshot(this.#knownCount), numbering }
    return search(this.#ports.searcher, searched, key, signal)
  }

  /** The listener must not throw. */
  onChange(listener: () => void): () => void {
    const own = (): void => listener()
    this.#listeners = [...this.#listeners, own]
    return () => {
      this.#listeners = this.#listeners.filter((one) => one !== own)
    }
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#listeners = []
    this.#shared.part(this)
    this.#ports.release()
  }

  messagesLeft(removed: Removed, modseq: number): void {
    const known = lowerBound(removed.uids, removed.uids.length, this.#boundary + 1)
    if (known === 0) return
    // Without a numbering yet it is made of list and left when asked for; with one, these messages are in it already.
    this.#left.push({ modseq, removed: known === removed.uids.length ? removed : firstOf(removed, known) })
  }

  wake(): void {
    for (const listener of this.#listeners) listener()
  }

  /** How many messages of the shared list the client knows. */
  get #knownCount(): number {
    const { list } = this.#shared
    return list.lastUid <= this.#boundary ? list.count : list.rank(this.#boundary + 1)
  }

  get #leftCount(): number {
    let count = 0
    for (const { removed } of this.#left) count += removed.uids.length
    return count
  }

  /** UIDs by sequence number - 1; good until the next refresh or `events`. */
  #uids(): Uint32Array {
    const known = this.#shared.list.uids(0, this.#knownCount)
    if (this.#left.length === 0) return known
    this.#numbering ??= merged([known, ...this.#left.map(({ removed }) => removed.uids)])
    return this.#numbering
  }

  /** Index in the shared list, -1 when the message has left it. */
  #indexOf(sequence: number): number {
    if (this.#left.length > 0) return this.#shared.list.indexOf(this.uidAt(sequence))
    if (sequence >= 1 && sequence <= this.#knownCount) return sequence - 1
    throw new MailError('argument-invalid', 'there is no such sequence number', { sequence })
  }

  #lastKnown(uid: number): { readonly removed: Removed; readonly at: number } {
    for (const { removed } of this.#left) {
      const at = lowerBound(removed.uids, removed.uids.length, uid)
      if (removed.uids[at] === uid) return { removed, at }
    }
    throw new Error('a message that left the mailbox is not remembered')
  }

  #tellExpunges(events: ViewEvent[]): void {
    // Ascending: those before it are gone from the client's list when one is told, so its number is its rank among the rest.
    for (const uid of this.#leftUids()) events.push({ type: 'expunge', sequence: this.#shared.list.rank(uid) + 1, uid })
    this.#left = []
    this.#numbering = null
  }

  #tellArrivals(events: ViewEvent[], known: number): void {
    const { list } = this.#shared
    if (list.count === known) return
    this.#boundary = list.lastUid
    this.#numbering = null
    events.push({ type: 'exists', count: list.count + this.#leftCount })
  }

  /** `known`: those the client knew before this call; it asks itself for the flags of new ones. */
  #tellFlags(events: ViewEvent[], known: number): void {
    const { list, flagsModseq } = this.#shared
    if (flagsModseq <= this.#toldModseq) return
    const left = this.#leftUids()
    for (const index of list.changedAbove(this.#toldModseq, known)) {
      const uid = list.uidAt(index)
      const modseq = list.modseqAt(index)
      if (modseq <= (this.#acknowledged?.get(uid) ?? 0)) continue
      const sequence = index + 1 + lowerBound(left, left.length, uid)
      events.push({ type: 'flags', sequence, uid, flags: list.flagsAt(index), modseq })
    }
  }

  #leftUids(): Uint32Array {
    return merged(this.#left.map(({ removed }) => removed.uids))
  }

  #toldAll(): void {
    this.#toldModseq = this.#shared.modseq
    this.#toldHighest = this.#shared.highestModseq
    this.#forgetAcknowledged()
  }

  /**
   * Whether these are all the changes since the last telling, in one write: the usual STORE, of which no message need be
   * remembered. A client that works them out itself knew all that was before.
   */
  #isAllSinceTold(changed: ToldFlags): boolean {
    const { list, modseq } = this.#shared
    if (modseq !== this.#toldModseq + 1 || list.lastUid > this.#boundary) return false
    let count = 0
    for (const one of changed) if (one.modseq === modseq) count++
    return count > 0 && count === list.countAbove(this.#toldModseq)
  }

  #forgetAcknowledged(): void {
    if (this.#acknowledged === null) return
    for (const [uid, modseq] of this.#acknowledged) if (modseq <= this.#toldModseq) this.#acknowledged.delete(uid)
    if (this.#acknowledged.size === 0) this.#acknowledged = null
  }

  /** Whether the client, who knows what it was told last, comes to these flags by its own change. */
  #clientExpects(uid: number, modseq: number, flags: Flags, change: FlagChange): boolean {
    const before = this.#shared.before(uid, modseq)
    if (before === null) return false
    const acknowledged = this.#acknowledged?.get(uid)
    const known = acknowledged === undefined ? before.modseq <= this.#toldModseq : before.modseq === acknowledged
    return known && sameFlags(changeFlags(before.flags, change), flags)
  }
}

function isSeen(flags: Flags): boolean {
  return (flags.bits & seenBit) !== 0
}

function refuseOutOfRange(set: readonly (readonly [number, number])[], count: number): void {
  for (const range of set) {
    for (const number of range) {
      // `*` names the last message: there must be one (RFC 9051 §9, seq-number).
      const valid = number === Infinity ? count > 0 : number >= 1 && number <= count
      if (!valid) throw new MailError('argument-invalid', 'there is no such sequence number', { count })
    }
  }
}

function firstOf(removed: Removed, count: number): Removed {
  return { uids: removed.uids.slice(0, count), flags: removed.flags.slice(0, count), modseqs: removed.modseqs.slice(0, count) }
}

/** Ascending; the arrays have no number in common. */
function merged(arrays: readonly Uint32Array[]): Uint32Array {
  if (arrays.length === 1) return arrays[0]!
  const all = new Uint32Array(arrays.reduce((sum, array) => sum + array.length, 0))
  let at = 0
  for (const array of arrays) {
    all.set(array, at)
    at += array.length
  }
  return all.sort()
}
