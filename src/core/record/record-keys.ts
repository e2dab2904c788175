/**
 * Keys by which records are found (Điều 7.2; ): message-id, sender, recipient, address, who acted. `name:text`, lower
 * case, NFC. Pure; every adapter keeps what {@link keysOfRecord} says.
 */
import type { NewRecord } from './record.ts'

export type RecordKeyName = 'message-id' | 'sender' | 'recipient' | 'address' | 'actor' | 'transaction'

export const maxRecordKeys = 16
const maxKeyLength = 250
const controls = /\p{Cc}/gu

/** As it is kept and asked for; longer texts are cut, on both sides alike. */
export function recordKey(name: RecordKeyName, text: string): string {
  return `${name}:${text.normalize('NFC').trim().toLowerCase().replace(controls, ' ')}`.slice(0, maxKeyLength)
}

/** At most {@link maxRecordKeys}, each once. */
export function keysOfRecord({ kind, actor, subject, keys }: Pick<NewRecord, 'kind' | 'actor' | 'subject' | 'keys'>): readonly string[] {
  if (keys !== undefined) return [...new Set(keys)].slice(0, maxRecordKeys)
  return kind === 'audit' || kind === 'sign-in' ? [recordKey('address', subject), recordKey('actor', actor)] : []
}
