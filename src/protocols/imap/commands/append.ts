/** APPEND: RFC 9051 §6.3.12; several messages at once, all or none: RFC 3502; [APPENDUID]: RFC 4315 §3. */
import { command } from '../command.ts'
import { targetAt } from '../place.ts'
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
  async run(context, { user }, { name, messages }) {
    // RFC 3502: by an empty message a client takes the whole command back.
    if (messages.some(({ bytes }) => bytes.length === 0)) return { status: 'NO', code: 'CANNOT', text: 'An empty message is not kept' }
    const { account, id } = await targetAt(context, user, name)
    const { uidValidity, uids } = await context.mail.messages.append(account, id, messages)
    return { code: `APPENDUID ${uidValidity} ${formatSet(uids)}` }
  },
})
