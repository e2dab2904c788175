/**
 * Which message of which mailbox each document of an index is: a few bytes a document in memory, so that the hits of a search
 * become messages without a look-up each.
 */

/** Growing by this share, so that one document does not copy the arrays. */
const slackShare = 8
const slack = 256

export class Places {
  /** 0: there is no such document. */
  #mailboxes = new Uint32Array(0)
  #uids = new Uint32Array(0)
  #wholes = new Uint8Array(0)
  /** Numbers are below this. */
  #end = 0
  count = 0

  get end(): number {
    return this.#end
  }

  set(no: number, mailbox: number, uid: number, whole: number): void {
    this.#reserve(no + 1)
    if (this.#mailboxes[no] === 0) this.count++
    this.#mailboxes[no] = mailbox
    this.#uids[no] = uid
    this.#wholes[no] = whole
  }

  move(no: number, mailbox: number, uid: number): void {
    this.#mailboxes[no] = mailbox
    this.#uids[no] = uid
  }

  remove(no: number): void {
    if (no >= this.#end || this.#mailboxes[no] === 0) return
    this.#mailboxes[no] = 0
    this.count--
  }

  whole(no: number): number {
    return this.#wholes[no]!
  }

  /** Index in `uids` (ascending) by number of document; -1 for those that are not among them. */
  indices(mailbox: number, uids: Uint32Array): Int32Array {
    const indices = new Int32Array(this.#end).fill(-1)
    let next = 0
    for (let no = 0; no < this.#end; no++) {
      if (this.#mailboxes[no] !== mailbox) continue
      const uid = this.#uids[no]!
      // Documents come in the order of their UIDs as a rule.
      if (uids[next] !== uid) next = lowerBound(uids, uid)
      if (uids[next] === uid) indices[no] = next++
    }
    return indices
  }

  #reserve(end: number): void {
    if (end > this.#mailboxes.length) {
      const capacity = end + Math.max(slack, Math.floor(end / slackShare))
      this.#mailboxes = grown(this.#mailboxes, new Uint32Array(capacity))
      this.#uids = grown(this.#uids, new Uint32Array(capacity))
      this.#wholes = grown(this.#wholes, new Uint8Array(capacity))
    }
    this.#end = Math.max(this.#end, end)
  }
}

function grown<T extends { set(from: ArrayLike<number>): void }>(from: T & ArrayLike<number>, into: T): T {
  into.set(from)
  return into
}

function lowerBound(sorted: Uint32Array, value: number): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (sorted[middle]! < value) low = middle + 1
    else high = middle
  }
  return low
}
