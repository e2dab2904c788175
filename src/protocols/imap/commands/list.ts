/** LIST and LSUB: RFC 9051 §6.3.9, RFC 3501 §6.3.8-6.3.9; LIST-EXTENDED RFC 5258; STATUS RFC 5819. What is told is decided by `mailbox-listing.ts`. */
import { isMailError } from '../../../core/errors.ts'
import { hierarchySeparator, type Mailbox } from '../../../core/mailbox/mailbox.ts'
import { command } from '../command.ts'
import { listingsOf, subscribedListings, type Listing } from '../mailbox-listing.ts'
import { statusOf, type StatusQuestion } from '../mailbox-status.ts'
import { visibleMailboxes } from '../place.ts'
import { signedInStates } from '../state.ts'
import type { Untagged } from '../wire/encoder.ts'
import { parseBasicList, parseList } from '../wire/list-arguments.ts'

export const list = command({
  name: 'LIST',
  states: signedInStates,
  parse: (lexer, { utf8 }) => parseList(lexer, utf8),
  async *run(context, state, args) {
    const { mail, limits, enabled } = context
    if (args.separatorOnly) {
      yield { type: 'list', attributes: ['\\Noselect'], separator: hierarchySeparator, name: '' }
      return {}
    }
    const { select, give } = args
    if (give.status.includes('HIGHESTMODSEQ')) enabled.condstore = true
    const { account } = state.user
    const mailboxes = await visibleMailboxes(context, state.user)
    const subscriptions = new Set(select.subscribed || give.subscribed ? await mail.mailboxes.subscriptions(account) : [])
    const selected = state.kind === 'selected' ? state.view : null
    for (const listing of await listingsOf(args, { mailboxes, subscriptions, extended: args.extended || enabled.rev2 })) {
      yield listResponse(listing)
      if (give.status.length === 0 || listing.mailbox === null || !listing.meets) continue
      const items = await statusUnlessGone(listing.mailbox, { mail, items: give.status, selected, maxMessageBytes: limits.maxMessageBytes })
      if (items !== null) yield { type: 'status', name: listing.name, items } satisfies Untagged
    }
    return {}
  },
})

/** Null when the mailbox was deleted just now: its STATUS may be left out (RFC 5819 §2). */
async function statusUnlessGone(mailbox: Mailbox, question: StatusQuestion): Promise<Awaited<ReturnType<typeof statusOf>> | null> {
  try {
    return await statusOf(mailbox, question)
  } catch (error) {
    if (isMailError(error, 'mailbox-unknown')) return null
    throw error
  }
}

function listResponse({ name, attributes, childInfo }: Listing): Untagged {
  return { type: 'list', attributes, separator: hierarchySeparator, name, ...(childInfo === null ? {} : { childInfo }) }
}

export const lsub = command({
  name: 'LSUB',
  states: signedInStates,
  parse: (lexer, { utf8 }) => parseBasicList(lexer, utf8),
  async *run({ mail }, { user }, { patterns, separatorOnly }) {
    if (separatorOnly) return {}
    const subscriptions = new Set(await mail.mailboxes.subscriptions(user.account))
    for (const { name, attributes } of await subscribedListings(patterns, subscriptions)) {
      yield { type: 'lsub', attributes, separator: hierarchySeparator, name } satisfies Untagged
    }
    return {}
  },
})
