/** SUBSCRIBE and UNSUBSCRIBE: RFC 9051 §6.3.7-6.3.8. */
import { MailError } from '../../../core/errors.ts'
import { command, type ParseOptions } from '../command.ts'
import { mailboxAt, placeOf } from '../place.ts'
import { signedInStates } from '../state.ts'
import type { ImapLexer } from '../wire/lexer.ts'

function parseName(lexer: ImapLexer, { utf8 }: ParseOptions): string {
  lexer.space()
  const name = lexer.mailbox(utf8)
  lexer.end()
  return name
}

export const subscribe = command({
  name: 'SUBSCRIBE',
  states: signedInStates,
  parse: parseName,
  async run(context, { user }, name) {
    if (user.by?.rights === 'read') throw new MailError('not-permitted')
    // RFC 9051 §6.3.7 lets a server check; a typing error is better told than kept.
    if ((await mailboxAt(context, await placeOf(context, user, name))) === null) throw new MailError('mailbox-unknown')
    // The list is the person's own, whosever the mailbox.
    await context.mail.mailboxes.setSubscribed(user.account, name, true)
    return {}
  },
})

export const unsubscribe = command({
  name: 'UNSUBSCRIBE',
  states: signedInStates,
  parse: parseName,
  async run({ mail }, { user }, name) {
    if (user.by?.rights === 'read') throw new MailError('not-permitted')
    await mail.mailboxes.setSubscribed(user.account, name, false)
    return {}
  },
})
