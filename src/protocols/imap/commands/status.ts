/** STATUS: RFC 9051 §6.3.11, RFC 3501 §6.3.10. Asking for HIGHESTMODSEQ turns CONDSTORE on (RFC 7162 §3.1). */
import { MailError } from '../../../core/errors.ts'
import { command } from '../command.ts'
import { statusOf } from '../mailbox-status.ts'
import { mailboxAt, placeOf } from '../place.ts'
import { signedInStates } from '../state.ts'
import { parseStatusItems } from '../wire/status-items.ts'

export const status = command({
  name: 'STATUS',
  states: signedInStates,
  parse(lexer, { utf8 }) {
    lexer.space()
    const name = lexer.mailbox(utf8)
    lexer.space()
    const items = parseStatusItems(lexer)
    lexer.end()
    return { name, items }
  },
  async *run(context, state, { name, items }) {
    const { mail, limits, enabled } = context
    if (items.includes('HIGHESTMODSEQ')) enabled.condstore = true
    const place = await placeOf(context, state.user, name)
    const mailbox = await mailboxAt(context, place)
    if (mailbox === null) throw new MailError('mailbox-unknown')
    const selected = state.kind === 'selected' ? state.view : null
    yield { type: 'status', name: place.prefix + mailbox.name, items: await statusOf(mailbox, { mail, items, selected, maxMessageBytes: limits.maxMessageBytes }) }
    return {}
  },
})
