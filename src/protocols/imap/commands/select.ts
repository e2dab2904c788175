/**
 * SELECT and EXAMINE: RFC 9051 §6.3.2-6.3.3, RFC 3501 §6.3.1. UNSELECT and CLOSE: RFC 3691, RFC 9051 §6.4.1-6.4.2.
 * A SELECT that fails leaves no mailbox selected.
 */
import { MailError } from '../../../core/errors.ts'
import { isMailError } from '../../../core/errors.ts'
import type { SelectedView } from '../../../core/mail.ts'
import { command, nothing, type Completion, type Context, type Run } from '../command.ts'
import { replyTo } from '../replies.ts'
import { describeFlags } from '../selected-changes.ts'
import { signedInStates, type Authenticated, type Selected } from '../state.ts'
import type { ParseOptions } from '../command.ts'
import type { ImapLexer } from '../wire/lexer.ts'

function parseName(lexer: ImapLexer, options: ParseOptions): string {
  lexer.space()
  const name = lexer.mailbox(options.utf8)
  lexer.end()
  return name
}

export const select = command({
  name: 'SELECT',
  states: signedInStates,
  parse: parseName,
  run: (context, state, name) => enter(context, state, { name, readOnly: false }),
})

export const examine = command({
  name: 'EXAMINE',
  states: signedInStates,
  parse: parseName,
  run: (context, state, name) => enter(context, state, { name, readOnly: true }),
})

async function* enter(context: Context, state: Authenticated | Selected, { name, readOnly }: { name: string; readOnly: boolean }): Run {
  const { user } = state
  let view: SelectedView
  try {
    const mailbox = await context.mail.mailboxes.byName(user.account, name)
    if (mailbox === null) throw new MailError('mailbox-unknown')
    view = await context.mail.views.select(user.account, mailbox.id)
  } catch (error) {
    if (!isMailError(error)) throw error
    return { ...replyTo(error), state: { kind: 'authenticated', user } } satisfies Completion
  }
  const { keywords, mailbox, firstUnseen } = view
  yield* describeFlags(keywords, readOnly)
  yield { type: 'exists', count: view.count }
  yield { type: 'recent', count: 0 }
  if (firstUnseen !== null) yield { type: 'condition', status: 'OK', code: `UNSEEN ${firstUnseen}`, text: 'First unseen message' }
  yield { type: 'condition', status: 'OK', code: `UIDVALIDITY ${mailbox.uidValidity}`, text: 'UIDs are valid' }
  yield { type: 'condition', status: 'OK', code: `UIDNEXT ${mailbox.uidNext}`, text: 'Next UID' }
  const toldKeywords = new Set(keywords.map((keyword) => keyword.toLowerCase()))
  return { state: { kind: 'selected', user, view, readOnly, toldKeywords }, code: readOnly ? 'READ-ONLY' : 'READ-WRITE' }
}

export const unselect = command({
  name: 'UNSELECT',
  states: ['selected'],
  parse: nothing,
  async run(_context, { user }) {
    return { state: { kind: 'authenticated', user } }
  },
})

/** Expunges without telling anybody but the others. */
export const close = command({
  name: 'CLOSE',
  states: ['selected'],
  parse: nothing,
  async run({ mail }, { user, view, readOnly }) {
    if (!readOnly) await mail.messages.expunge(user.account, view.mailbox.id, 'all', true)
    return { state: { kind: 'authenticated', user } }
  },
})
