/** CREATE: RFC 9051 §6.3.4; `USE (\Sent)`: RFC 6154 §3; [MAILBOXID]: RFC 8474 §4.1. DELETE: §6.3.5, RENAME: §6.3.6. */
import { MailError } from '../../../core/errors.ts'
import type { MailboxRole } from '../../../core/mailbox/mailbox.ts'
import { hierarchySeparator } from '../../../core/mailbox/mailbox.ts'
import { SyntaxFault } from '../../shared/lexer.ts'
import { command } from '../command.ts'
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
  async run({ mail }, { user }, { name, uses }) {
    const roles = uses.map(roleOf)
    if (roles.includes(null) || roles.length > 1) return { status: 'NO', code: 'USEATTR', text: 'That special use cannot be given' }
    const role: MailboxRole | undefined = roles[0] ?? undefined
    if (role !== undefined && (await mail.mailboxes.list(user.account)).some((mailbox) => mailbox.role === role)) {
      return { status: 'NO', code: 'USEATTR', text: 'Another mailbox has that special use' }
    }
    const { id } = await mail.mailboxes.create(user.account, name, role)
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
  async run({ mail }, state, name) {
    const selected = state.kind === 'selected' ? state.view.mailbox.id : null
    const mailbox = await mail.mailboxes.byName(state.user.account, name)
    if (mailbox === null) throw new MailError('mailbox-unknown')
    await mail.mailboxes.remove(state.user.account, name)
    // Who deletes the mailbox under his own feet stands in none.
    return mailbox.id === selected ? { state: { kind: 'authenticated', user: state.user } } : {}
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
  async run({ mail }, { user }, { from, to }) {
    await mail.mailboxes.rename(user.account, from, to)
    return {}
  },
})
