/**
 * Which thread a new message joins (RFC 8621 §3): that of a message with a message id in common (Message-ID, In-Reply-To,
 * References) and an equal base subject. A message keeps the keys (hashes of account, message id and base subject) that no
 * message before it has brought, so that an answer finds its thread with one look into an index.
 *
 * The number of a new thread is made of its first key, the root of the references or the message itself. So the message that
 * begins a thread needs no look, and joins the answers that came before it. Numbers from 2^52 on are made of keys, smaller
 * ones are numbers of messages.
 */
import type { MessageContent } from '../../../core/mailbox/mailbox.ts'
import type { Step } from './step.ts'

/** Of a long References field the first (the root) and the last ones count. */
const maxReferences = 20
const firstKeyThread = 2 ** 52

/** The keys of a message, the root first, without doubles; none when it has no message id and no references. */
export function threadKeysOf(accountNo: number, content: Pick<MessageContent, 'messageId' | 'references' | 'baseSubject'>): number[] {
  const { references } = content
  const ids = references.length <= maxReferences + 1 ? [...references] : [references[0]!, ...references.slice(-maxReferences)]
  if (content.messageId !== null) ids.push(content.messageId)
  return [...new Set(ids.map((id) => hash53(`${accountNo}\n${id}\n${content.baseSubject}`)))]
}

/** Those that must be looked for: none of a message that answers nothing. */
export function lookedForKeys(accountNo: number, content: Pick<MessageContent, 'messageId' | 'references' | 'baseSubject'>): number[] {
  return content.references.length === 0 ? [] : threadKeysOf(accountNo, content)
}

export interface Joined {
  readonly thread: number
  /** That this message is the first to bring. */
  readonly threadKeys: readonly number[]
}

/** Thread of a new message: the least that one of its keys names, else a new one; its keys name that thread from now on. */
export function joinThread(step: Step, keys: readonly number[], messageNo: number): Joined {
  const threads = keys.map((key) => step.thread(key))
  const known = threads.filter((thread) => thread !== undefined)
  const root = keys[0]
  const thread = known.length > 0 ? Math.min(...known) : root === undefined ? messageNo : firstKeyThread + (root % firstKeyThread)
  const threadKeys = keys.filter((_, i) => threads[i] === undefined)
  for (const key of threadKeys) step.threads.set(key, thread)
  return { thread, threadKeys }
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
