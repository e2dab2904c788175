/**
 * EMAILID (RFC 8474 §5.1): the same for every copy of a message, so it is made of what copies share and what never changes of
 * a message, not of its id, which each copy has of its own. Nothing can be learned from it.
 */
import { createHash } from 'node:crypto'
import type { StoredMessage } from '../../core/mailbox/mailbox.ts'

/** Of base64url: 144 bits. */
const idCharacters = 24

/** Begins with `M`, so it is never the id of a thread or a mailbox. */
export function emailIdOf({ body, prefix, receivedAtMs }: Pick<StoredMessage, 'body' | 'prefix' | 'receivedAtMs'>): string {
  const digest = createHash('sha256').update(`${body}\n${receivedAtMs}\n`).update(prefix).digest('base64url')
  return `M${digest.slice(0, idCharacters)}`
}
