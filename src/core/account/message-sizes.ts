/** The largest message that an account may send: of its class, or its own (Điều 7.3b; R-7.3b). */
import { entry } from '../administration/entries.ts'
import type { RegistryStore } from '../ports/registry.ts'
import type { AccountId } from '../mailbox/mailbox.ts'
import { personKind } from './person.ts'
import { effectiveSizes, type QuotaPolicy } from './quota.ts'

/** Bytes. */
export type MaxMessageBytesOf = (account: AccountId) => Promise<number>

export function createMessageSizes(registry: RegistryStore, policy: QuotaPolicy): MaxMessageBytesOf {
  return async (account) => {
    const person = await entry(registry, personKind, account)
    const { quotaClass, quotaBytes, maxAttachmentBytes } = person?.value ?? { quotaClass: policy.quota.defaultClass, quotaBytes: null, maxAttachmentBytes: null }
    return effectiveSizes({ class: quotaClass, quotaBytes, maxAttachmentBytes }, policy).maxMessageBytes
  }
}
