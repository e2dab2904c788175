/** STATUS: RFC 9051 §6.3.11, RFC 3501 §6.3.10. Counters are kept by the store: no message is read. */
import { MailError } from '../../../core/errors.ts'
import type { Mailbox } from '../../../core/mailbox/mailbox.ts'
import { SyntaxFault } from '../../shared/lexer.ts'
import { command } from '../command.ts'
import { signedInStates } from '../state.ts'

const items: Readonly<Record<string, (mailbox: Mailbox) => number>> = {
  MESSAGES: (mailbox) => mailbox.messages,
  RECENT: () => 0,
  UIDNEXT: (mailbox) => mailbox.uidNext,
  UIDVALIDITY: (mailbox) => mailbox.uidValidity,
  UNSEEN: (mailbox) => mailbox.unseen,
}

const maxItems = 20

export const status = command({
  name: 'STATUS',
  states: signedInStates,
  parse(lexer, { utf8 }) {
    lexer.space()
    const name = lexer.mailbox(utf8)
    lexer.space()
    const wanted = [...new Set(lexer.list(() => lexer.word('a status item'), maxItems))]
    lexer.end()
    if (wanted.length === 0 || wanted.some((item) => !Object.hasOwn(items, item))) throw new SyntaxFault('Unknown status item')
    return { name, wanted }
  },
  async *run({ mail }, { user }, { name, wanted }) {
    const mailbox = await mail.mailboxes.byName(user.account, name)
    if (mailbox === null) throw new MailError('mailbox-unknown')
    yield { type: 'status', name: mailbox.name, items: wanted.map((item) => [item, items[item]!(mailbox)] as const) }
    return {}
  },
})
