/**
 * What a refusal is on this wire: RFC 5530 and RFC 9051 §7.1 response codes. A code without a reply does not compile.
 * Texts are ASCII: a client without UTF8=ACCEPT may not be sent anything else.
 */
import type { MailError, MailErrorCode } from '../../core/errors.ts'
import { signInText } from '../../core/text/sign-in.ts'

export interface ImapReply {
  readonly status: 'NO' | 'BAD'
  readonly code?: string
  readonly text: string
}

const contact = 'ask the focal officer of your agency'

export const replies: Readonly<Record<MailErrorCode, ImapReply>> = {
  'authentication-failed': { status: 'NO', code: 'AUTHENTICATIONFAILED', text: 'Wrong user name or password' },
  'authentication-throttled': { status: 'NO', code: 'LIMIT', text: 'Too many failed sign-ins, try again later' },
  'encryption-required': { status: 'NO', code: 'PRIVACYREQUIRED', text: 'Passwords are taken over TLS only' },
  'account-locked': { status: 'NO', code: 'CONTACTADMIN', text: `The account is locked, ${contact}` },
  'account-revoked': { status: 'NO', code: 'CONTACTADMIN', text: `The account has been revoked, ${contact}` },
  'password-change-required': { status: 'NO', code: 'EXPIRED', text: 'The password must be changed before the account can be used' },
  'not-permitted': { status: 'NO', code: 'NOPERM', text: 'Not permitted' },
  'account-unknown': { status: 'NO', code: 'NONEXISTENT', text: 'No such account' },
  'agency-unknown': { status: 'NO', code: 'NONEXISTENT', text: 'No such agency' },
  'address-unknown': { status: 'NO', code: 'NONEXISTENT', text: 'No such address' },
  'address-taken': { status: 'NO', code: 'ALREADYEXISTS', text: 'The address is in use' },
  'agency-taken': { status: 'NO', code: 'ALREADYEXISTS', text: 'The agency exists already' },
  'mailbox-unknown': { status: 'NO', code: 'NONEXISTENT', text: 'No such mailbox' },
  'mailbox-exists': { status: 'NO', code: 'ALREADYEXISTS', text: 'There is such a mailbox already' },
  'mailbox-has-children': { status: 'NO', code: 'HASCHILDREN', text: 'The mailbox has children' },
  'message-unknown': { status: 'NO', code: 'EXPUNGEISSUED', text: 'The message is gone' },
  'entry-unknown': { status: 'NO', code: 'NONEXISTENT', text: 'No such thing' },
  'outbox-row-unknown': { status: 'NO', code: 'NONEXISTENT', text: 'No such message' },
  'address-invalid': { status: 'NO', code: 'CANNOT', text: 'Not a valid address' },
  'name-invalid': { status: 'NO', code: 'CANNOT', text: 'Not a valid mailbox name' },
  'password-invalid': { status: 'NO', code: 'CANNOT', text: 'The password does not meet the rules' },
  'argument-invalid': { status: 'BAD', code: 'CLIENTBUG', text: 'No such message' },
  'message-too-large': { status: 'NO', code: 'TOOBIG', text: 'The message is larger than the limit' },
  'quota-exceeded': { status: 'NO', code: 'OVERQUOTA', text: 'The mailbox is full' },
  'too-many-recipients': { status: 'NO', code: 'LIMIT', text: 'Too many recipients' },
  'limit-reached': { status: 'NO', code: 'LIMIT', text: 'A limit has been reached' },
  'relay-denied': { status: 'NO', code: 'NOPERM', text: 'Not relayed' },
  'sender-not-owned': { status: 'NO', code: 'NOPERM', text: 'The sender address is not yours' },
  'mail-loop': { status: 'NO', code: 'CANNOT', text: 'The message is in a loop' },
  'message-malformed': { status: 'NO', code: 'CANNOT', text: 'The message is malformed' },
  'message-refused': { status: 'NO', code: 'NOPERM', text: 'The message was refused by policy' },
  'virus-found': { status: 'NO', code: 'NOPERM', text: 'The message contains malware' },
  'storage-full': { status: 'NO', code: 'UNAVAILABLE', text: 'Out of storage, try again later' },
  unavailable: { status: 'NO', code: 'UNAVAILABLE', text: 'Not available now, try again later' },
  conflict: { status: 'NO', code: 'INUSE', text: 'Changed by somebody else just now, try again' },
}

/** Whatever is no refusal is a fault of ours: told without detail (RFC 5530 SERVERBUG). */
export const faultReply: ImapReply = { status: 'NO', code: 'SERVERBUG', text: 'Internal fault, it has been logged' }

/** Of a refusal; where a command would create the mailbox that is missing, `TRYCREATE` (RFC 9051 §6.3.12, §6.4.7). */
export function replyTo(error: MailError): ImapReply {
  const reply = replies[error.code]
  const why = signInText(error)
  if (why !== null) return { ...reply, text: `${why.en} (${why.vi})` }
  return error.code === 'mailbox-unknown' && error.detail['tryCreate'] === true ? { ...reply, code: 'TRYCREATE' } : reply
}
