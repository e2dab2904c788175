/** Puts delivery and outgoing mail together: the parts of Mail that they are, and what the jobs drive. */
import type { ActivityKeeper } from '../account/activity-keeper.ts'
import type { MaxMessageBytesOf } from '../account/message-sizes.ts'
import type { Delivering, Directory, Outbox } from '../mail.ts'
import type { Blobs } from '../ports/blobs.ts'
import type { Store } from '../ports/store.ts'
import type { MessageSigner } from '../ports/signing.ts'
import type { Bus, Clock, Counters, Outbound, Random } from '../ports/world.ts'
import type { NewRecord } from '../record/record.ts'
import { createBringHome } from '../submission/bring-home.ts'
import { createDispatch, type Dispatch } from '../submission/dispatch.ts'
import { createOutbox } from '../submission/outbox.ts'
import { createReturnToSender } from '../submission/return-to-sender.ts'
import { createDelivering } from './deliver.ts'
import { createHeldDeliveries, type HeldDeliveries } from './held.ts'
import { createHousekeeping, type Housekeeping } from './housekeeping.ts'
import type { DeliverySettings } from './settings.ts'
import { createSystemMail, type SystemMail } from './system-mail.ts'

export interface DeliveryPorts {
  readonly store: Store
  readonly blobs: Blobs
  readonly bus: Bus
  readonly clock: Clock
  readonly random: Random
  readonly counters: Counters
  readonly outbound: Outbound
  readonly activity: Pick<ActivityKeeper, 'sent' | 'received'>
  readonly signer?: MessageSigner | null
  readonly recordLater?: (record: NewRecord) => void
  readonly maxMessageBytesOf?: MaxMessageBytesOf
}

export interface MailDelivery {
  readonly delivering: Delivering
  readonly outbox: Outbox
  readonly dispatch: Dispatch
  readonly held: HeldDeliveries
  readonly housekeeping: Housekeeping
  readonly systemMail: SystemMail
}

export function createDelivery(ports: DeliveryPorts, settings: DeliverySettings, directory: Directory): MailDelivery {
  const listeners = new Set<() => void>()
  const wakeOutbox = (): void => {
    for (const listener of listeners) listener()
  }
  const onWake = (listener: () => void): (() => void) => {
    listeners.add(listener)
    return () => listeners.delete(listener)
  }
  const parts = { ...ports, settings, directory, wakeOutbox }
  const systemMail = createSystemMail(parts)
  const returnToSender = createReturnToSender({ ...parts, systemMail })
  const held = createHeldDeliveries({ ...parts, returnToSender, sliceRecipients: settings.heldSliceRecipients })
  return {
    delivering: createDelivering({ ...parts, returnToSender, held }),
    outbox: createOutbox({ ...parts, returnToSender }),
    dispatch: createDispatch({ ...parts, returnToSender, onWake, bringHome: createBringHome(parts) }),
    held,
    housekeeping: createHousekeeping(ports),
    systemMail,
  }
}
