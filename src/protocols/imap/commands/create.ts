/** CREATE: RFC 9051 §6.3.4; `USE (\Sent)`: RFC 6154 §3; [MAILBOXID]: RFC 8474 §4.1. DELETE: §6.3.5, RENAME: §6.3.6. */
import { MailError } from '../../../core/errors.ts'
import type { MailboxRole } from '../../../core/mailbox/mailbox.ts'
import { hierarchySeparator } from '../../../core/mailbox/mailbox.ts'
import { SyntaxFault } from '../../shared/lexer.ts'
import { command } from '../command.ts'
import { mailboxAt, writablePlaceOf } from '../place.ts'
import { roleOf } from '../special-use.ts'
import { signedInStates } from '../state.ts'
import { atomCharacters, type ImapLexer } from '../wire/lexer.ts'

const maxUses = 10

export const create = command({
  name: 'CREATE',
  states: signedInStates,
  parse(lexer, { utf8 }) {
    lexer.space()
    const name = lexer.mailbox(utf8)
    const uses = lexer.accept(' ') ? parseUses(lexer) : []
    lexer.end()
    return { name, uses }
  },
  async run(context, { user }, { name, uses }) {
    const { mail } = context
    const roles = uses.map(roleOf)
    if (roles.includes(null) || roles.length > 1) return { status: 'NO', code: 'USEATTR', text: 'That special use cannot be given' }
    const role: MailboxRole | undefined = roles[0] ?? undefined
    const place = await writablePlaceOf(context, user, name)
    if (role !== undefined && (await mail.mailboxes.list(place.account)).some((mailbox) => mailbox.role === role)) {
      return { status: 'NO', code: 'USEATTR', text: 'Another mailbox has that special use' }
    }
    const { id } = await mail.mailboxes.create(place.account, place.name, role)
    return { code: `MAILBOXID (${id})` }
  },
})

/** `(USE (\Sent …))`. */
function parseUses(lexer: ImapLexer): string[] {
  lexer.expect('(')
  if (!lexer.acceptWord('USE', atomCharacters)) throw new SyntaxFault('Unknown CREATE parameter')
  lexer.space()
  const uses = lexer.list(() => lexer.flag(), maxUses)
  lexer.expect(')')
  return uses
}

export const remove = command({
  name: 'DELETE',
  states: signedInStates,
  parse(lexer, { utf8 }) {
    lexer.space()
    const name = lexer.mailbox(utf8)
    lexer.end()
    return name
  },
  async run(context, state, name) {
    const selected = state.kind === 'selected' ? state.view.mailbox : null
    const place = await writablePlaceOf(context, state.user, name)
    const mailbox = await mailboxAt(context, place)
    if (mailbox === null) throw new MailError('mailbox-unknown')
    await context.mail.mailboxes.remove(place.account, place.name)
    // Who deletes the mailbox under his own feet stands in none.
    return mailbox.account === selected?.account && mailbox.id === selected.id ? { state: { kind: 'authenticated', user: state.user } } : {}
  },
})

export const rename = command({
  name: 'RENAME',
  states: signedInStates,
  parse(lexer, { utf8 }) {
    lexer.space()
    const from = lexer.mailbox(utf8)
    lexer.space()
    const to = lexer.mailbox(utf8)
    lexer.end()
    return { from, to: to.endsWith(hierarchySeparator) && to.length > 1 ? to.slice(0, -1) : to }
  },
  async run(context, { user }, { from, to }) {
    const [source, target] = [await writablePlaceOf(context, user, from), await writablePlaceOf(context, user, to)]
    if (source.account !== target.account) return { status: 'NO', code: 'CANNOT', text: 'A mailbox stays in its account' }
    await context.mail.mailboxes.rename(source.account, source.name, target.name)
    return {}
  },
})
