/** What delivering needs of the world and of its neighbours. */
import type { ActivityKeeper } from '../account/activity-keeper.ts'
import type { MaxMessageBytesOf } from '../account/message-sizes.ts'
import type { Directory } from '../mail.ts'
import type { Blobs } from '../ports/blobs.ts'
import type { Store } from '../ports/store.ts'
import type { MessageSigner } from '../ports/signing.ts'
import type { Bus, Clock, Counters, Random } from '../ports/world.ts'
import type { NewRecord } from '../record/record.ts'
import type { ReturnToSender } from '../submission/return-to-sender.ts'
import type { HeldDeliveries } from './held.ts'
import type { DeliverySettings } from './settings.ts'

export interface DeliverParts {
  readonly store: Pick<Store, 'deliveries' | 'accounts' | 'records'>
  readonly blobs: Blobs
  readonly bus: Bus
  readonly clock: Clock
  readonly random: Random
  readonly counters: Counters
  readonly directory: Directory
  readonly settings: DeliverySettings
  readonly returnToSender: ReturnToSender
  readonly held: HeldDeliveries
  readonly wakeOutbox: () => void
  /** That an account sent or got mail (Điều 6.2a). */
  readonly activity: Pick<ActivityKeeper, 'sent' | 'received'>
  /** Null or absent: mail leaves unsigned. */
  readonly signer?: MessageSigner | null
  /** Of people who send (Điều 7.3b); absent: the server's own limit alone. */
  readonly maxMessageBytesOf?: MaxMessageBytesOf
  /** For the mail log, of what nobody waits for: appended soon, together with others. */
  readonly recordLater?: (record: NewRecord) => void
}
