/**
 * The cheap facts of every message of a mailbox as growing packed arrays: UID, modseq, flags. 14 bytes a message.
 *
 * Invariants: UIDs ascend strictly. Equal flags are one `Flags` object (so that whoever writes them may remember its
 * text by identity). Arrays handed out (`uids`) are only good until the next change.
 */
import { type Flags, deletedBit, noFlags, seenBit } from './flags.ts'
import type { MailboxView, UidRange } from './mailbox.ts'
import { lowerBound } from './sequence-set.ts'

/** Messages that were taken out of a list, ascending UID, with what was last known of them. */
export interface Removed {
  readonly uids: Uint32Array
  readonly flags: readonly Flags[]
  readonly modseqs: Float64Array
}

export interface ListSnapshot {
  readonly uids: Uint32Array
  readonly modseqs: Float64Array
  /** Index into `flagSets`. */
  readonly flagIndices: Uint16Array | Uint32Array
  readonly flagSets: readonly Flags[]
}

/** Room for arrivals, so that one message does not copy the arrays. */
const slack = 32

/** Sets that no message has any more are forgotten when there are so many more sets than messages. */
const spareSets = 1_024

export class MessageList {
  count = 0
  #uids = new Uint32Array(0)
  #modseqs = new Float64Array(0)
  #flags: Uint16Array | Uint32Array = new Uint16Array(0)
  #sets: Flags[] = []
  #setOf = new Map<string, number>()

  static of(view: Pick<MailboxView, 'uids' | 'modseqs' | 'flags' | 'flagSets'>): MessageList {
    const list = new MessageList()
    const count = view.uids.length
    const setIndex = view.flagSets.map((flags) => list.#intern(flags))
    list.#reserve(count)
    list.#uids.set(view.uids)
    list.#modseqs.set(view.modseqs)
    // The store's sets are distinct as a rule, and then its indices are ours.
    if (setIndex.every((own, index) => own === index)) list.#flags.set(view.flags)
    else for (let i = 0; i < count; i++) list.#flags[i] = setIndex[view.flags[i]!]!
    list.count = count
    return list
  }

  /** What this list holds in memory, about. */
  get sizeBytes(): number {
    return this.#uids.byteLength + this.#modseqs.byteLength + this.#flags.byteLength + this.#sets.length * 200 + 500
  }

  get lastUid(): number {
    return this.count === 0 ? 0 : this.#uids[this.count - 1]!
  }

  uidAt(index: number): number {
    return this.#uids[index]!
  }

  modseqAt(index: number): number {
    return this.#modseqs[index]!
  }

  flagsAt(index: number): Flags {
    return this.#sets[this.#flags[index]!]!
  }

  /** How many UIDs are below this one. */
  rank(uid: number): number {
    return lowerBound(this.#uids, this.count, uid)
  }

  /** -1 when there is no such UID. */
  indexOf(uid: number): number {
    const index = this.rank(uid)
    return index < this.count && this.#uids[index] === uid ? index : -1
  }

  /** The UIDs from index `from` to before `to`, not copied. */
  uids(from: number, to: number): Uint32Array {
    return this.#uids.subarray(from, to)
  }

  /** The first `count` messages as they are now, safe against later changes. */
  snapshot(count: number): ListSnapshot {
    return {
      uids: this.#uids.slice(0, count),
      modseqs: this.#modseqs.slice(0, count),
      flagIndices: this.#flags.slice(0, count),
      flagSets: this.#sets.slice(),
    }
  }

  /** The caller promises that `uid` is above {@link lastUid}. */
  append(uid: number, modseq: number, flags: Flags): void {
    this.#reserve(this.count + 1)
    this.#uids[this.count] = uid
    this.#modseqs[this.count] = modseq
    this.count++
    this.#setFlags(this.count - 1, flags)
  }

  change(index: number, modseq: number, flags: Flags): void {
    this.#modseqs[index] = modseq
    this.#setFlags(index, flags)
  }

  /** Takes out what lies in these ascending ranges; null when nothing does. */
  remove(ranges: readonly UidRange[]): Removed | null {
    const indices: number[] = []
    for (const [first, last] of ranges) {
      for (let i = this.rank(first); i < this.count && this.#uids[i]! <= last; i++) indices.push(i)
    }
    return indices.length === 0 ? null : this.#take(indices)
  }

  /** Indices (ascending) of messages whose modseq is above this one, among the first `count`. */
  *changedAbove(modseq: number, count: number): Generator<number> {
    for (let i = 0; i < count; i++) if (this.#modseqs[i]! > modseq) yield i
  }

  countAbove(modseq: number): number {
    const modseqs = this.#modseqs.subarray(0, this.count)
    let count = 0
    for (let i = 0; i < modseqs.length; i++) if (modseqs[i]! > modseq) count++
    return count
  }

  /** Counters over all messages, and the keywords in use, in one pass. */
  summary(): { readonly unseen: number; readonly deleted: number; readonly keywords: readonly string[] } {
    const uses = new Uint32Array(this.#sets.length)
    const flags = this.#flags.subarray(0, this.count)
    for (let i = 0; i < flags.length; i++) uses[flags[i]!]!++
    let unseen = 0
    let deleted = 0
    const keywords = new Map<string, string>()
    for (const [index, set] of this.#sets.entries()) {
      const messages = uses[index]!
      if (messages === 0) continue
      if ((set.bits & seenBit) === 0) unseen += messages
      if ((set.bits & deletedBit) !== 0) deleted += messages
      for (const keyword of set.keywords) if (!keywords.has(keyword.toLowerCase())) keywords.set(keyword.toLowerCase(), keyword)
    }
    return { unseen, deleted, keywords: [...keywords.values()].sort() }
  }

  /** Index of the first message without \Seen, or -1. */
  firstUnseen(): number {
    for (let i = 0; i < this.count; i++) if ((this.flagsAt(i).bits & seenBit) === 0) return i
    return -1
  }

  #take(indices: readonly number[]): Removed {
    const removed = {
      uids: Uint32Array.from(indices, (i) => this.#uids[i]!),
      flags: indices.map((i) => this.flagsAt(i)),
      modseqs: Float64Array.from(indices, (i) => this.#modseqs[i]!),
    }
    // Each run between two removed ones moves down by as many as were removed before it.
    for (const [before, index] of indices.entries()) {
      const end = indices[before + 1] ?? this.count
      for (const array of [this.#uids, this.#modseqs, this.#flags]) array.copyWithin(index - before, index + 1, end)
    }
    this.count -= indices.length
    return removed
  }

  #setFlags(index: number, flags: Flags): void {
    let set = this.#intern(flags)
    if (this.#sets.length > this.count + spareSets) {
      this.#forgetUnusedSets(index)
      set = this.#intern(flags)
    }
    if (set > 0xffff && this.#flags instanceof Uint16Array) this.#flags = Uint32Array.from(this.#flags)
    this.#flags[index] = set
  }

  /** `changing` is the message whose set is about to change: its present index may be stale. */
  #forgetUnusedSets(changing: number): void {
    const sets = this.#sets
    const old = this.#flags.slice(0, this.count)
    this.#sets = []
    this.#setOf = new Map()
    for (let i = 0; i < this.count; i++) this.#flags[i] = i === changing ? 0 : this.#intern(sets[old[i]!]!)
  }

  #intern(flags: Flags): number {
    const key = flags.keywords.length === 0 ? String(flags.bits) : `${flags.bits} ${flags.keywords.join(' ')}`
    const known = this.#setOf.get(key)
    if (known !== undefined) return known
    const bare = flags.bits === 0 && flags.keywords.length === 0
    this.#sets.push(bare ? noFlags : flags)
    this.#setOf.set(key, this.#sets.length - 1)
    return this.#sets.length - 1
  }

  #reserve(count: number): void {
    if (count <= this.#uids.length) return
    const capacity = count + Math.max(slack, count >>> 3)
    this.#uids = grown(this.#uids, new Uint32Array(capacity))
    this.#modseqs = grown(this.#modseqs, new Float64Array(capacity))
    const wide = this.#flags instanceof Uint32Array || this.#sets.length > 0xffff
    this.#flags = grown<Uint16Array | Uint32Array>(this.#flags, wide ? new Uint32Array(capacity) : new Uint16Array(capacity))
  }
}

function grown<T extends { set(from: ArrayLike<number>): void }>(from: T & ArrayLike<number>, into: T): T {
  into.set(from)
  return into
}
