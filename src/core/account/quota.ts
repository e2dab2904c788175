/**
 * Sizes of mailboxes and of what may be attached (Điều 7.3a-c; R-7.3a, R-7.3b): by class, a mailbox may have its own value.
 * Lowering below what is used deletes nothing. Pure; sizes in bytes.
 */
import { basis, refused, type Basis, type Refused } from './lifecycle/basis.ts'

export interface QuotaClass {
  /** Name for people. */
  readonly name: string
  readonly quotaBytes: number
  /** Largest attached file, as it is before base64. */
  readonly maxAttachmentBytes: number
}

export interface QuotaPolicy {
  readonly quota: { readonly warnPercent: readonly number[]; readonly rearmPercent: number; readonly defaultClass: string; readonly maxQuotaBytes: number }
  readonly quotaClasses: Readonly<Record<string, QuotaClass>>
}

/** What is set for one mailbox; nulls take the value of the class. */
export interface MailboxSizes {
  readonly class: string
  readonly quotaBytes: number | null
  readonly maxAttachmentBytes: number | null
}

export interface EffectiveSizes {
  readonly quotaBytes: number
  readonly maxAttachmentBytes: number
  /** What SMTP announces as SIZE, and JMAP as its limit. */
  readonly maxMessageBytes: number
  /** Its class does not exist any more; the default one holds. */
  readonly classKnown: boolean
}

export const quotaBasis: Basis = basis('Điều 7.3b')

const oneMiB = 1_048_576
/** base64 with its line ends grows a file by 1.37; the rest is text and headers (R-7.3b). */
const encodedGrowth = 1.4

/** SIZE for the largest file that may be attached. */
export function messageBytesFor(maxAttachmentBytes: number): number {
  return Math.ceil(maxAttachmentBytes * encodedGrowth) + oneMiB
}

export function effectiveSizes(mailbox: MailboxSizes, policy: QuotaPolicy): EffectiveSizes {
  const own = Object.hasOwn(policy.quotaClasses, mailbox.class) ? policy.quotaClasses[mailbox.class] : undefined
  const found = own ?? policy.quotaClasses[policy.quota.defaultClass]
  if (found === undefined) throw new Error(`the default class of sizes ${policy.quota.defaultClass} is not defined`)
  const maxAttachmentBytes = mailbox.maxAttachmentBytes ?? found.maxAttachmentBytes
  return {
    quotaBytes: mailbox.quotaBytes ?? found.quotaBytes,
    maxAttachmentBytes,
    maxMessageBytes: messageBytesFor(maxAttachmentBytes),
    classKnown: own !== undefined,
  }
}

/** The largest of all classes: what the server announces before it knows who sends. */
export function largestMessageBytes({ quotaClasses }: QuotaPolicy): number {
  return messageBytesFor(Math.max(...Object.values(quotaClasses).map(({ maxAttachmentBytes }) => maxAttachmentBytes)))
}

/** A file goes with the message, or as a link to the linked storage (R-7.3c). The limit is on the file itself. */
export function attachOrLink(fileBytes: number, { maxAttachmentBytes }: EffectiveSizes): 'attach' | 'link' {
  return fileBytes <= maxAttachmentBytes ? 'attach' : 'link'
}

export interface QuotaChange extends Basis {
  readonly kind: 'change'
  readonly before: number
  readonly after: number
  /** More is used than the new quota allows: the owner is told, nothing is deleted, new mail is refused until there is room. */
  readonly belowUse: boolean
}

/** Refuses `size-invalid`. Who may is decided by the role table (`quota.set`). */
export function decideQuotaChange(now: { readonly quotaBytes: number; readonly usedBytes: number }, quotaBytes: number, { quota }: QuotaPolicy): QuotaChange | Refused {
  if (!Number.isSafeInteger(quotaBytes) || quotaBytes < oneMiB || quotaBytes > quota.maxQuotaBytes) {
    return refused('size-invalid', quotaBasis, { minBytes: oneMiB, maxBytes: quota.maxQuotaBytes })
  }
  return { kind: 'change', ...quotaBasis, before: now.quotaBytes, after: quotaBytes, belowUse: now.usedBytes > quotaBytes }
}
