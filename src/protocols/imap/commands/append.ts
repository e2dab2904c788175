/** APPEND: RFC 9051 §6.3.12; several messages at once, all or none: RFC 3502; [APPENDUID]: RFC 4315 §3. */
import { MailError } from '../../../core/errors.ts'
import { command } from '../command.ts'
import { signedInStates } from '../state.ts'
import { parseAppendedMessages } from '../wire/append-arguments.ts'
import { formatSet } from '../wire/sequence-set.ts'

export const append = command({
  name: 'APPEND',
  states: signedInStates,
  alwaysRefresh: true,
  parse(lexer, { utf8 }) {
    lexer.space()
    const name = lexer.mailbox(utf8)
    return { name, messages: parseAppendedMessages(lexer) }
  },
  async run({ mail }, { user }, { name, messages }) {
    // RFC 3502: by an empty message a client takes the whole command back.
    if (messages.some(({ bytes }) => bytes.length === 0)) return { status: 'NO', code: 'CANNOT', text: 'An empty message is not kept' }
    const mailbox = await mail.mailboxes.byName(user.account, name)
    if (mailbox === null) throw new MailError('mailbox-unknown', undefined, { tryCreate: true })
    const { uidValidity, uids } = await mail.messages.append(user.account, mailbox.id, messages)
    return { code: `APPENDUID ${uidValidity} ${formatSet(uids)}` }
  },
})
