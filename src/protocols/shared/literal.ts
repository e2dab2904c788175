/** Collecting a literal from a connection, within a limit that all sessions share. RFC 9051 §4.3. */
import type { ByteBudget } from './byte-budget.ts'
import type { Connection } from './connection.ts'

/** Literals up to this are not charged to the budget: commands are bounded anyway. */
const freeBytes = 65_536

/** `over-budget`: the literal was passed over, the connection stands behind it. Null: the client is gone. */
export type CollectedLiteral =
  | { readonly bytes: Buffer; /** Gives back what the budget was charged. Call it once. */ readonly release: () => void }
  | 'over-budget'
  | null

export async function collectLiteral(connection: Connection, count: number, budget: ByteBudget): Promise<CollectedLiteral> {
  const chunks: Buffer[] = []
  let left = count
  let charged = 0
  while (left > 0) {
    const chunk = await connection.readChunk(left)
    if (chunk === null) {
      budget.give(charged)
      return null
    }
    left -= chunk.length
    if (count > freeBytes) {
      if (!budget.take(chunk.length)) {
        budget.give(charged)
        chunks.length = 0
        return (await connection.skipBytes(left)) ? 'over-budget' : null
      }
      charged += chunk.length
    }
    // A small piece of a large network buffer must not keep all of it.
    chunks.push(chunk.length * 2 < chunk.buffer.byteLength ? Buffer.from(chunk) : chunk)
  }
  return { bytes: chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, count), release: () => budget.give(charged) }
}
