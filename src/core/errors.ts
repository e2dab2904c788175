/**
 * A refusal is a MailError with a code from one closed list (design §5.10). Each protocol owns one table
 * `Record<MailErrorCode, Reply>`, so that a code without a reply does not compile. Anything else thrown is a bug.
 */

export type MailErrorCode =
  // accounts and signing in
  | 'authentication-failed'
  | 'authentication-throttled'
  | 'encryption-required'
  | 'account-locked'
  | 'account-revoked'
  | 'password-change-required'
  | 'not-permitted'
  // what was named is not there, or is there already
  | 'account-unknown'
  | 'agency-unknown'
  | 'address-unknown'
  | 'address-taken'
  | 'agency-taken'
  | 'mailbox-unknown'
  | 'mailbox-exists'
  | 'mailbox-has-children'
  | 'message-unknown'
  | 'outbox-row-unknown'
  | 'entry-unknown'
  // what was asked makes no sense
  | 'address-invalid'
  | 'name-invalid'
  | 'password-invalid'
  | 'argument-invalid'
  // limits
  | 'message-too-large'
  | 'quota-exceeded'
  | 'too-many-recipients'
  | 'limit-reached'
  // delivery
  | 'relay-denied'
  | 'sender-not-owned'
  | 'mail-loop'
  | 'message-malformed'
  | 'message-refused'
  | 'virus-found'
  // the world
  | 'storage-full'
  | 'unavailable'
  | 'conflict'

/** Codes for which the same request may succeed later without anybody changing it. */
const temporaryCodes: ReadonlySet<MailErrorCode> = new Set([
  'authentication-throttled',
  'storage-full',
  'unavailable',
  'conflict',
  'limit-reached',
])

export class MailError extends Error {
  readonly code: MailErrorCode
  /** Facts for the log and for a client's message; never secrets. */
  readonly detail: Readonly<Record<string, string | number | boolean | null>>

  constructor(code: MailErrorCode, message?: string, detail: Record<string, string | number | boolean | null> = {}) {
    super(message ?? code)
    this.name = 'MailError'
    this.code = code
    this.detail = detail
  }

  get temporary(): boolean {
    return temporaryCodes.has(this.code)
  }
}

export function isMailError(error: unknown, ...codes: readonly MailErrorCode[]): error is MailError {
  return error instanceof MailError && (codes.length === 0 || codes.includes(error.code))
}
