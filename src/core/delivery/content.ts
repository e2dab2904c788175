/** Keeps a body and works out what is stored of it, once for all its recipients (design §5.5). */
import { digest } from '../../message/digest.ts'
import type { Digest } from '../../message/types.ts'
import type { MessageContent } from '../mailbox/mailbox.ts'
import type { Blobs } from '../ports/blobs.ts'

/** Resolves when the body is durable. The digest is made while the disk works. */
export async function keepContent(blobs: Blobs, bytes: Uint8Array): Promise<MessageContent> {
  const [body, { forms, text, sentAtMs, messageId, references, baseSubject }] = await Promise.all([blobs.put(bytes), digestBeside(bytes)])
  return { body, bodyBytes: bytes.length, forms, text, sentAtMs, messageId, references, baseSubject }
}

/** In a later turn: else nothing would have been handed to the disk yet, nor what else has come in this turn. */
async function digestBeside(bytes: Uint8Array): Promise<Digest> {
  await new Promise((resume) => setImmediate(resume))
  return digest(bytes)
}
