/** What is asked before a body comes: RCPT (one question a recipient) and MAIL FROM of a signed-in account. Writes nothing. */
import { MailError } from '../errors.ts'
import type { MaxMessageBytesOf } from '../account/message-sizes.ts'
import type { Delivering, Directory } from '../mail.ts'
import type { AccountId } from '../mailbox/mailbox.ts'
import type { AccountStore } from '../ports/store.ts'
import type { Counters } from '../ports/world.ts'
import { requireRoomToSend } from '../submission/limits.ts'
import { requireActive, requireEnvelopeSender } from '../submission/submit.ts'
import { fullMailbox, qualified, receivers } from './recipients.ts'
import type { DeliverySettings } from './settings.ts'

interface CheckParts {
  readonly accounts: Pick<AccountStore, 'get'>
  readonly counters: Counters
  readonly directory: Directory
  readonly settings: DeliverySettings
  readonly maxMessageBytesOf?: MaxMessageBytesOf
}

/** Longest path of RFC 5321 §4.5.3.1.3 without its brackets. */
const maxAddressBytes = 254

export function createChecks(parts: CheckParts): Pick<Delivering, 'checkRecipient' | 'checkSender'> {
  const { accounts, counters, directory, settings } = parts
  return {
    async checkRecipient({ recipient, account, sizeBytes }) {
      requireSize(sizeBytes, settings)
      const address = qualified(recipient, settings.mainDomain)
      if (!wellFormed(address)) throw new MailError('address-invalid', undefined, { address: recipient })
      const resolution = await directory.resolve(address)
      if (resolution.kind === 'outside') {
        if (account === null) throw new MailError('relay-denied', undefined, { address: recipient })
        return
      }
      const behind = receivers(resolution, recipient)
      // Of several operators one with room is enough.
      const roomy = behind.some((one) => one.usedBytes + Math.max(sizeBytes ?? 0, 1) <= one.quotaBytes)
      if (!roomy) throw fullMailbox(behind[0]!)
    },

    async checkSender({ account: id, sender, sizeBytes }) {
      requireSize(sizeBytes, settings)
      const account = requireActive(await accounts.get(id))
      await requireOwnSize(parts, id, sizeBytes)
      await requireEnvelopeSender(directory, account, sender)
      await requireRoomToSend(counters, id, settings.submission)
    },
  }
}

function requireSize(sizeBytes: number | null, settings: DeliverySettings): void {
  if (sizeBytes !== null && sizeBytes > settings.maxMessageBytes) {
    throw new MailError('message-too-large', undefined, { sizeBytes, maxMessageBytes: settings.maxMessageBytes })
  }
}

/** R-7.3b: of the sender's class, or his own. Nobody is asked for what comes from outside, or for what is small for everybody. */
export async function requireOwnSize({ maxMessageBytesOf }: Pick<CheckParts, 'maxMessageBytesOf'>, account: AccountId | null, sizeBytes: number | null): Promise<void> {
  if (maxMessageBytesOf === undefined || account === null || sizeBytes === null || sizeBytes <= smallestLimitBytes) return
  const maxMessageBytes = await maxMessageBytesOf(account)
  if (sizeBytes > maxMessageBytes) throw new MailError('message-too-large', undefined, { sizeBytes, maxMessageBytes })
}

/** Attachments of 1 MiB are always allowed (config/regulation-schema.ts). */
const smallestLimitBytes = 2 * 1_048_576

/** Something on both sides of the last `@`, no control characters; the rest is the receiving side's to judge. */
function wellFormed(address: string): boolean {
  const at = address.lastIndexOf('@')
  return at > 0 && at < address.length - 1 && Buffer.byteLength(address) <= maxAddressBytes && !/[\x00-\x1f\x7f]/.test(address)
}
