/**
 * Messages from one account's mailbox into another's (Điều 10.3: a person and the agency mailbox that he works in): RFC 9051
 * §6.4.7, §6.4.8. All or none arrive; a move takes them away only when all have arrived, so that a crash on the way leaves some
 * twice and none lost. Bytes, flags and INTERNALDATE stay.
 */
import type { CopyResult, Messages } from '../mail.ts'
import type { AccountId, MailboxId, StoredMessage, Uids } from './mailbox.ts'

export interface Box {
  readonly account: AccountId
  readonly mailbox: MailboxId
}

type Needed = Pick<Messages, 'read' | 'manyBytes' | 'append' | 'expunge'>

/** Held in memory at a time; one message may be larger. */
const maxBatchBytes = 33_554_432
const maxBatchMessages = 500

/** Refuses as Messages.append; what had arrived by then is taken back. */
export async function copyAcross(messages: Needed, from: Box, uids: Uids, to: Box): Promise<CopyResult> {
  const sourceUids: number[] = []
  const targetUids: number[] = []
  let uidValidity = 0
  try {
    for await (const batch of batches(messages.read(from.account, from.mailbox, uids, { forms: false, text: false }))) {
      const copies: { bytes: Uint8Array; flags: StoredMessage['flags']; receivedAtMs: number }[] = []
      for await (const bytes of messages.manyBytes(batch)) {
        const { flags, receivedAtMs } = batch[copies.length]!
        copies.push({ bytes, flags, receivedAtMs })
      }
      const appended = await messages.append(to.account, to.mailbox, copies)
      uidValidity = appended.uidValidity
      targetUids.push(...appended.uids)
      sourceUids.push(...batch.map(({ uid }) => uid))
    }
  } catch (error) {
    if (targetUids.length > 0) await messages.expunge(to.account, to.mailbox, Uint32Array.from(targetUids), false)
    throw error
  }
  return { uidValidity, sourceUids: Uint32Array.from(sourceUids), targetUids: Uint32Array.from(targetUids) }
}

export async function moveAcross(messages: Needed, from: Box, uids: Uids, to: Box): Promise<CopyResult> {
  const copied = await copyAcross(messages, from, uids, to)
  if (copied.sourceUids.length > 0) await messages.expunge(from.account, from.mailbox, copied.sourceUids, false)
  return copied
}

async function* batches(slices: AsyncIterable<readonly StoredMessage[]>): AsyncGenerator<readonly StoredMessage[]> {
  let batch: StoredMessage[] = []
  let batchBytes = 0
  for await (const slice of slices) {
    for (const message of slice) {
      if (batch.length > 0 && (batchBytes + message.sizeBytes > maxBatchBytes || batch.length === maxBatchMessages)) {
        yield batch
        batch = []
        batchBytes = 0
      }
      batch.push(message)
      batchBytes += message.sizeBytes
    }
  }
  if (batch.length > 0) yield batch
}
