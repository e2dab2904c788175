/**
 * Which thread a new message joins (RFC 8621 §3): that of a message with a message id in common (Message-ID, In-Reply-To,
 * References) and an equal base subject. A hash of (message id, base subject) is kept for both conditions in one look-up.
 */
import type { MessageContent } from '../../../core/mailbox/mailbox.ts'
import type { Connection } from '../connection.ts'

/** Of a long References field the first (the root) and the last ones count. */
const maxReferences = 20

/** The keys of a message, without doubles; none when it has no message id and no references. */
export function threadHashes(content: Pick<MessageContent, 'messageId' | 'references' | 'baseSubject'>): number[] {
  const { references } = content
  const ids = references.length <= maxReferences + 1 ? [...references] : [references[0]!, ...references.slice(-maxReferences)]
  if (content.messageId !== null) ids.push(content.messageId)
  return [...new Set(ids.map((id) => hash53(`${id}\n${content.baseSubject}`)))]
}

/** Thread of a new message: the oldest that one of its keys names, else its own; its keys name that thread from now on. */
export function joinThread(connection: Connection, accountNo: number, hashes: readonly number[], messageNo: number): number {
  let joined: number | null = null
  const unknown: number[] = []
  for (const hash of hashes) {
    const known = connection.get<{ thread: number }>('SELECT thread FROM thread_key WHERE account = ? AND hash = ?', accountNo, hash)
    if (known === undefined) unknown.push(hash)
    // One that came from the province (moving-house/) may have a greater number than any message.
    else joined = Math.min(joined ?? known.thread, known.thread)
  }
  const thread = joined ?? messageNo
  for (const hash of unknown) connection.run('INSERT INTO thread_key (account, hash, thread) VALUES (?, ?, ?)', accountNo, hash, thread)
  return thread
}

/** cyrb53: 53 bits, so that it is exact as a number. Not secret: whoever wants to join a thread can name its message ids. */
function hash53(text: string): number {
  let high = 0xdeadbeef
  let low = 0x41c6ce57
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    high = Math.imul(high ^ unit, 2654435761)
    low = Math.imul(low ^ unit, 1597334677)
  }
  high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909)
  low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909)
  return 2 ** 32 * (0x1fffff & low) + (high >>> 0)
}
