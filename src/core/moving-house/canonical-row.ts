/** A row as one text that is the same on every store: what is compared and hashed. Pure. */
import { Buffer } from 'node:buffer'
import type { Part, Rows } from '../ports/store-copy.ts'

export function canonicalRow<P extends Part>(part: P, row: Rows[P]): string {
  const fields = Object.entries(row as object)
    // Outbox rows have another id in every kind of store; their order is compared.
    .filter(([name]) => part !== 'outbox' || name !== 'id')
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => [name, value instanceof Uint8Array ? Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64') : value])
  return JSON.stringify(fields)
}
