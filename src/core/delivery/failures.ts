/** What the sender is told when a recipient of ours fails after the message was taken: RFC 3463 status and a reply text. */
import type { MailError, MailErrorCode } from '../errors.ts'
import { errorTexts } from '../text/errors.ts'

const statuses: Partial<Record<MailErrorCode, string>> = {
  'address-unknown': '5.1.1',
  'account-unknown': '5.1.1',
  'account-revoked': '5.2.1',
  'quota-exceeded': '5.2.2',
  'mail-loop': '5.4.6',
}

export function failureOf(code: MailErrorCode): { readonly status: string; readonly reply: string } {
  const status = statuses[code] ?? '5.3.0'
  return { status, reply: `550 ${status} ${errorTexts[code].en}` }
}

/** Worth trying again without anybody's doing: the refusals that pass, and a full mailbox whose owner is locked out (D-13). */
export function mayPass(error: MailError): boolean {
  return error.temporary || error.detail.locked === true
}
