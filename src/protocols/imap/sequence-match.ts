/**
 * Message sequence match data of QRESYNC (RFC 7162 §3.2.5.2): a sample of the numbers that a client knows. Up to the last pair
 * that is still true the client knows of every expunge. Work is bounded by the ranges given, never by what they span.
 */
import type { SelectedView } from '../../core/mail.ts'
import type { SequenceSet } from '../../core/mailbox/search-key.ts'

export interface MatchData {
  /** Ascending. */
  readonly sequences: SequenceSet
  /** As many numbers as `sequences` holds, ascending. */
  readonly uids: SequenceSet
}

/** The UID up to which the client knows all; 0 when not even the first pair is true. */
export function matchedUid(view: Pick<SelectedView, 'count' | 'uidAt'>, match: MatchData): number {
  let matched = 0
  for (const [sequence, uid, length] of runsOf(match)) {
    const lengthHere = Math.min(length, view.count - sequence + 1)
    // Numbers and UIDs ascend together, so within a run the pairs that are true come first.
    const trueAt = (offset: number): boolean => view.uidAt(sequence + offset) === uid + offset
    if (lengthHere < 1 || !trueAt(0)) return matched
    let low = 0
    let high = lengthHere - 1
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if (trueAt(middle)) low = middle
      else high = middle - 1
    }
    matched = uid + low
    if (low < length - 1) return matched
  }
  return matched
}

/** Both sets cut into runs in which number and UID grow by one each. */
function* runsOf({ sequences, uids }: MatchData): Generator<readonly [sequence: number, uid: number, length: number]> {
  let i = 0
  let j = 0
  let [passedI, passedJ] = [0, 0]
  while (i < sequences.length && j < uids.length) {
    const [firstSequence, lastSequence] = sequences[i]!
    const [firstUid, lastUid] = uids[j]!
    const length = Math.min(lastSequence - firstSequence + 1 - passedI, lastUid - firstUid + 1 - passedJ)
    yield [firstSequence + passedI, firstUid + passedJ, length]
    passedI += length
    passedJ += length
    if (firstSequence + passedI > lastSequence) [i, passedI] = [i + 1, 0]
    if (firstUid + passedJ > lastUid) [j, passedJ] = [j + 1, 0]
  }
}
