/**
 * Names of bodies: the day of the put and the SHA-256 of the content, `<end of the day, ms>-<hash>`, which is also the key of the
 * object. The same content put twice within a day is one object; put on another day it is another one.
 *
 * That is what makes the sweep need no index and no lock (B3): an id is given out by puts of its day only, so once the day is over
 * for longer than the safe age, nobody can be given it any more, and only those who name it already keep it alive.
 */
import { createHash } from 'node:crypto'
import type { BlobId } from '../../core/mailbox/mailbox.ts'

export const dayMs = 86_400_000

const idForm = /^\d{14}-[0-9a-f]{64}$/

export interface BodyName {
  readonly id: BlobId
  /** SHA-256 of the body. */
  readonly hash: Buffer
}

export function nameOf(body: Uint8Array, nowMs: number, periodMs: number): BodyName {
  const hash = createHash('sha256').update(body).digest()
  const endMs = (Math.floor(Math.max(0, nowMs) / periodMs) + 1) * periodMs
  return { id: `${padded(endMs)}-${hash.toString('hex')}`, hash }
}

export function isBodyId(id: string): boolean {
  return idForm.test(id)
}

export function hashOf(id: BlobId): Buffer {
  return Buffer.from(id.slice(15), 'hex')
}

/** Every id of a period that has ended at `ms` or before is less, as text. */
export function firstIdAfter(ms: number): string {
  return padded(Math.max(0, Math.floor(ms)) + 1)
}

function padded(ms: number): string {
  return String(ms).padStart(14, '0')
}
