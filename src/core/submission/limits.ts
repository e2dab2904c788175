/** How much one account may send in an hour (Điều 6.2b: a hijacked account must not become a spam source unseen). */
import { MailError } from '../errors.ts'
import type { AccountId } from '../mailbox/mailbox.ts'
import type { Counters } from '../ports/world.ts'
import type { SubmissionLimits } from '../delivery/settings.ts'

const windowMs = 3_600_000

const messagesKey = (account: AccountId): string => `submission:messages:${account}`
const recipientsKey = (account: AccountId): string => `submission:recipients:${account}`

/** For MAIL FROM: refuses `limit-reached` when nothing more would be taken now. Counts nothing. */
export async function requireRoomToSend(counters: Counters, account: AccountId, limits: SubmissionLimits): Promise<void> {
  if (limits.messagesPerHour !== null && (await counters.get(messagesKey(account))) >= limits.messagesPerHour) throw tooMany(account)
  if (limits.recipientsPerHour !== null && (await counters.get(recipientsKey(account))) >= limits.recipientsPerHour) throw tooMany(account)
}

/** Counts one message; refuses `limit-reached` when it goes beyond. A refused one counts too: it was tried. */
export async function countSubmission(counters: Counters, account: AccountId, recipients: number, limits: SubmissionLimits): Promise<void> {
  const messages = limits.messagesPerHour === null ? 0 : await counters.add(messagesKey(account), 1, windowMs)
  const all = limits.recipientsPerHour === null ? 0 : await counters.add(recipientsKey(account), recipients, windowMs)
  if (messages > (limits.messagesPerHour ?? Infinity) || all > (limits.recipientsPerHour ?? Infinity)) throw tooMany(account)
}

function tooMany(account: AccountId): MailError {
  return new MailError('limit-reached', 'the account has sent as much as it may in an hour', { account })
}
