/** Numbers and choices that delivery and outgoing mail need; compose fills them from the configuration. */

export interface JudgeSettings {
  /** A spam score at or above this refuses the message; null: spam is only ever filed as junk. */
  readonly spamRefuseScore: number | null
  /** What a failed DMARC check means when the domain's policy says `reject` (RFC 7489 §6.3); `junk` for mail through lists. */
  readonly dmarcReject: 'refuse' | 'junk'
  /** Mail from a client on a DNS list is junk. */
  readonly dnsListIsJunk: boolean
}

export interface SubmissionLimits {
  /** Of one account over all its connections; null: none. */
  readonly messagesPerHour: number | null
  readonly recipientsPerHour: number | null
}

export interface DeliverySettings {
  /** Our name in Received, Authentication-Results, Message-ID and bounces. */
  readonly hostname: string
  /** The province's own domain: `postmaster` without a domain, and the sender of bounces. */
  readonly mainDomain: string
  readonly maxMessageBytes: number
  readonly maxRecipients: number
  /** Messages to more accounts than this are held first and filed in slices (design §2). */
  readonly holdAbove: number
  readonly heldSliceRecipients: number
  /** RFC 5321 §6.3: more Received fields than this are a loop. */
  readonly maxReceivedFields: number
  /** Zone of the dates that we write: Asia/Ho_Chi_Minh has had no other since 1975. */
  readonly utcOffsetMinutes: number
  /** Bytes above the quota that bounces and warnings may use, so that they still fit into a full mailbox. */
  readonly systemReserveBytes: number
  /** A bounce carries the whole message up to this size, else its header only. */
  readonly bounceWholeBytes: number
  /** Outgoing rows older than this are bounced instead of being tried again (RFC 5321 §4.5.4.1: 4 to 5 days). */
  readonly maxQueueMs: number
  readonly judge: JudgeSettings
  readonly submission: SubmissionLimits
  /** `enforce`: From of an agency's mailbox has the agency's display name or none (Điều 10.1). */
  readonly agencyDisplayName: 'ignore' | 'enforce'
}

const hourMs = 3_600_000

/** Defaults for all but the two names. */
export function deliverySettings(names: { readonly hostname: string; readonly mainDomain: string }, changes: Partial<DeliverySettings> = {}): DeliverySettings {
  return {
    maxMessageBytes: 50 * 1024 * 1024,
    maxRecipients: 1000,
    holdAbove: 300,
    heldSliceRecipients: 200,
    maxReceivedFields: 30,
    utcOffsetMinutes: 420,
    systemReserveBytes: 1024 * 1024,
    bounceWholeBytes: 64 * 1024,
    maxQueueMs: 5 * 24 * hourMs,
    judge: { spamRefuseScore: null, dmarcReject: 'refuse', dnsListIsJunk: true },
    submission: { messagesPerHour: 1000, recipientsPerHour: 5000 },
    agencyDisplayName: 'ignore',
    ...names,
    ...changes,
  }
}
