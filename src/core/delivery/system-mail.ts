/**
 * Mail that the system itself sends: bounces now, warnings and notices later. From the null sender, so that nothing ever
 * answers it (RFC 5321 §4.5.5, RFC 3834 §2); into a mailbox also above its quota, up to the reserve (R-7.3d).
 */
import type { Directory } from '../mail.ts'
import type { Blobs } from '../ports/blobs.ts'
import type { DeliveryRecipient, OutboxSettlement, Store } from '../ports/store.ts'
import type { MessageSigner } from '../ports/signing.ts'
import type { Bus, Clock } from '../ports/world.ts'
import { noFlags } from '../mailbox/flags.ts'
import { keepContent } from './content.ts'
import { resolveRecipients } from './recipients.ts'
import { signaturesOf } from './sign.ts'
import type { DeliverySettings } from './settings.ts'
import { createTracer } from './trace.ts'

export interface SystemMessage {
  /** Idempotency key, as of every delivery. */
  readonly transaction: string
  readonly recipient: string
  readonly bytes: Uint8Array
  /** What kind of message it is, for the facts kept with it. */
  readonly purpose: 'bounce' | 'notice'
  readonly settles?: readonly OutboxSettlement[]
  readonly finishes?: string
}

/** `nobody`: the recipient takes no mail; nothing was written, also none of the settlements. */
export type SystemMail = (message: SystemMessage) => Promise<'committed' | 'duplicate' | 'nobody'>

export interface SystemMailParts {
  readonly store: Pick<Store, 'deliveries'>
  readonly blobs: Blobs
  readonly bus: Bus
  readonly clock: Clock
  readonly directory: Directory
  readonly settings: DeliverySettings
  readonly signer?: MessageSigner | null
  /** Called after new outgoing rows were committed. */
  readonly wakeOutbox: () => void
}

export function createSystemMail(parts: SystemMailParts): SystemMail {
  const { store, blobs, bus, clock, directory, settings } = parts
  return async (message) => {
    const { transaction, recipient } = message
    const nowMs = clock.nowMs()
    const { local, outside } = await resolveRecipients(directory, [recipient], settings.mainDomain)
    if (local.size === 0 && outside.length === 0) return 'nobody'
    const tracer = createTracer({
      hostname: settings.hostname,
      transaction,
      sender: '',
      onlyRecipient: recipient,
      facts: null,
      origin: 'system',
      receivedAtMs: nowMs,
      utcOffsetMinutes: settings.utcOffsetMinutes,
    })
    const recipients = [...local.values()].map(
      ({ account }): DeliveryRecipient => ({
        account: account.id,
        target: { role: 'inbox' },
        prefix: tracer.local(account.address),
        flags: noFlags,
        extraBytes: settings.systemReserveBytes,
      }),
    )
    const outgoing = outside.length === 0 ? null : tracer.outgoing(await signaturesOf(parts.signer, settings.mainDomain, message.bytes))
    const outcome = await store.deliveries.commit({
      transaction,
      receivedAtMs: nowMs,
      content: await keepContent(blobs, message.bytes),
      recipients,
      outbox: outside.map((address) => ({ sender: '', recipient: address, dueAtMs: nowMs, prefix: outgoing!, account: null })),
      facts: { purpose: message.purpose, sender: '', recipients: [recipient] },
      ...(message.settles && { settles: message.settles }),
      ...(message.finishes !== undefined && { finishes: message.finishes }),
    })
    if (outcome.kind === 'refused') return 'nobody'
    if (outcome.kind === 'duplicate') return 'duplicate'
    for (const { account, modseq } of outcome.filed) bus.ring({ account, modseq })
    if (outcome.outbox.length > 0) parts.wakeOutbox()
    return 'committed'
  }
}
