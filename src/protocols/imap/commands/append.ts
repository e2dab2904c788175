/** APPEND: RFC 9051 §6.3.12; [APPENDUID] RFC 4315 §3. Any bytes; the limit was kept while they were read. */
import { MailError } from '../../../core/errors.ts'
import { flagsOf, noFlags } from '../../../core/mailbox/flags.ts'
import { command } from '../command.ts'
import { signedInStates } from '../state.ts'
import { parseDateTime } from '../wire/date.ts'

export const append = command({
  name: 'APPEND',
  states: signedInStates,
  alwaysRefresh: true,
  parse(lexer, { utf8 }) {
    lexer.space()
    const name = lexer.mailbox(utf8)
    lexer.space()
    const flags = lexer.peek() === 0x28 ? flagsOf(lexer.flagList()) : null
    if (flags !== null) lexer.space()
    const receivedAtMs = lexer.peek() === 0x22 ? parseDateTime(lexer) : null
    if (receivedAtMs !== null) lexer.space()
    const bytes = lexer.literal()
    lexer.end()
    return { name, message: { bytes, flags: flags ?? noFlags, receivedAtMs } }
  },
  async run({ mail }, { user }, { name, message }) {
    if (message.bytes.length === 0) return { status: 'NO', code: 'CANNOT', text: 'An empty message is not kept' }
    const mailbox = await mail.mailboxes.byName(user.account, name)
    if (mailbox === null) throw new MailError('mailbox-unknown', undefined, { tryCreate: true })
    const { uidValidity, uids } = await mail.messages.append(user.account, mailbox.id, [message])
    return { code: `APPENDUID ${uidValidity} ${uids[0]}` }
  },
})
