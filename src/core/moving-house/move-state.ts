/** How far a move has come: kept in its target, in one commit with what it tells of, so that a killed move goes on where it was. */
import { MailError } from '../errors.ts'
import type { BlobId } from '../mailbox/mailbox.ts'
import { parts, type Key, type Part } from '../ports/store-copy.ts'

export interface MoveState {
  /** Identity of the source. */
  readonly source: string
  /** What the source held when its rows began to be copied; another one now: they are copied again. */
  readonly fingerprint: string
  readonly stage: 'rows' | 'check-rows' | 'check-bodies' | 'finished'
  /** The part that is being copied, and the last of its rows that is there. */
  readonly part: Part | null
  readonly after: Key | null
  readonly counts: Readonly<Partial<Record<Part, number>>>
  /** Of each part that was compared: SHA-256 over its rows. */
  readonly hashes: Readonly<Partial<Record<Part, string>>>
  /** The last body that was read back, how many and how much with it. */
  readonly checkedBody: BlobId | null
  readonly bodies: number
  readonly bodyBytes: number
}

export function beginning(source: string, fingerprint: string): MoveState {
  return { source, fingerprint, stage: 'rows', part: null, after: null, counts: {}, hashes: {}, checkedBody: null, bodies: 0, bodyBytes: 0 }
}

/** Parts from the one that `part` names on, all of them for null. */
export function partsFrom(part: Part | null): readonly Part[] {
  return part === null ? parts : parts.slice(parts.indexOf(part))
}

export function stateOf(text: string): MoveState {
  return JSON.parse(text) as MoveState
}

/** Refuses `unavailable` when the setting `store.move` of a store that is to be opened says that it is half filled. */
export function requireWhole(text: string | null): void {
  if (text === null || stateOf(text).stage === 'finished') return
  throw new MailError('unavailable', 'the store is half filled: run `congvu migrate-store` again until it has finished')
}
