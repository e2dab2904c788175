/** COPY and UID COPY: RFC 9051 §6.4.7; MOVE and UID MOVE: §6.4.8, RFC 6851; [COPYUID]: RFC 4315 §3. */
import { copyAcross, moveAcross } from '../../../core/mailbox/copy-across.ts'
import type { CopyResult } from '../../../core/mail.ts'
import type { SequenceSet } from '../../../core/mailbox/search-key.ts'
import { command, type Completion, type Context, type ParseOptions, type Run } from '../command.ts'
import { targetAt } from '../place.ts'
import type { Selected } from '../state.ts'
import type { ImapLexer } from '../wire/lexer.ts'
import { formatSet, parseSequenceSet } from '../wire/sequence-set.ts'
import { resolveSet, type Numbering } from './message-set.ts'

interface CopyArguments {
  readonly set: SequenceSet
  readonly target: string
}

function parse(lexer: ImapLexer, { utf8 }: ParseOptions): CopyArguments {
  lexer.space()
  const set = parseSequenceSet(lexer)
  lexer.space()
  const target = lexer.mailbox(utf8)
  lexer.end()
  return { set, target }
}

export const copy = command({ name: 'COPY', states: ['selected'], alwaysRefresh: true, parse, run: (context, state, args) => runCopy(context, state, args, 'sequence') })
export const uidCopy = command({ name: 'UID COPY', states: ['selected'], alwaysRefresh: true, parse, run: (context, state, args) => runCopy(context, state, args, 'uid') })
export const move = command({ name: 'MOVE', states: ['selected'], alwaysRefresh: true, parse, run: (context, state, args) => runMove(context, state, args, 'sequence') })
export const uidMove = command({ name: 'UID MOVE', states: ['selected'], alwaysRefresh: true, parse, run: (context, state, args) => runMove(context, state, args, 'uid') })

async function runCopy(context: Context, state: Selected, { set, target }: CopyArguments, by: Numbering): Promise<Completion> {
  const uids = resolveSet(state, set, by)
  const { account, id } = await targetAt(context, state.user, target)
  if (uids.length === 0) return {}
  const { messages } = context.mail
  const source = state.view.mailbox
  const result =
    account === source.account
      ? await messages.copy(account, source.id, uids, id)
      : await copyAcross(messages, { account: source.account, mailbox: source.id }, uids, { account, mailbox: id })
  const code = copyUid(result)
  return code === null ? {} : { code }
}

/** RFC 6851 §4.3: COPYUID comes untagged, before the EXPUNGEs that the session tells after `run`. */
async function* runMove(context: Context, state: Selected, { set, target }: CopyArguments, by: Numbering): Run {
  if (state.readOnly) return { status: 'NO', code: 'NOPERM', text: 'The mailbox is selected read-only' }
  const uids = resolveSet(state, set, by)
  const { account, id } = await targetAt(context, state.user, target)
  if (uids.length === 0) return {}
  const { messages } = context.mail
  const source = state.view.mailbox
  const result =
    account === source.account
      ? await messages.move(account, source.id, uids, id)
      : await moveAcross(messages, { account: source.account, mailbox: source.id }, uids, { account, mailbox: id })
  const code = copyUid(result)
  if (code !== null) yield { type: 'condition', status: 'OK', code, text: 'Moved' }
  return {}
}

function copyUid({ uidValidity, sourceUids, targetUids }: CopyResult): string | null {
  return targetUids.length === 0 ? null : `COPYUID ${uidValidity} ${formatSet(sourceUids)} ${formatSet(targetUids)}`
}
