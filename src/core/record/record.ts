/**
 * Business events that are kept (Điều 7.2): administrative acts, sign-ins, mail log, errors, what the system itself did.
 * Audit records form a hash chain. Keys by which a record is found are no part of what is hashed: they follow from it.
 */

export type RecordKind = 'audit' | 'sign-in' | 'mail' | 'error' | 'system'

export const recordKinds: readonly RecordKind[] = ['audit', 'sign-in', 'mail', 'error', 'system']

export interface NewRecord {
  readonly kind: RecordKind
  readonly atMs: number
  /** Account id, `operator` (command line) or `system`. */
  readonly actor: string
  /** e.g. `account.create`, `sign-in.refused`, `mail.delivered`. */
  readonly action: string
  /** What it was done to: an address, id or label. */
  readonly subject: string
  /** Clause of the regulation that asked for it, e.g. `Điều 5.2`. */
  readonly clause: string | null
  /** Before, after, addresses of clients and the like; never a secret. */
  readonly detail: Readonly<Record<string, unknown>>
  /** By which it is found (record-keys.ts); left out: those that follow from actor and subject. */
  readonly keys?: readonly string[]
}

export interface StoredRecord extends Omit<NewRecord, 'keys'> {
  readonly seq: number
  readonly keys: readonly string[]
  /** Hex SHA-256 of the previous hash and the canonical record; only for kind `audit`, else ''. */
  readonly hash: string
}

/** The bytes that are hashed: keys in a fixed order, so that every adapter computes the same chain. */
export function canonicalRecord(seq: number, record: Omit<NewRecord, 'keys'>): string {
  return JSON.stringify([seq, record.kind, record.atMs, record.actor, record.action, record.subject, record.clause, sorted(record.detail)])
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, inner]) => [key, sorted(inner)]))
}
