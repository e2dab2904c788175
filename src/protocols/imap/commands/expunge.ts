/** EXPUNGE: RFC 9051 §6.4.3; UID EXPUNGE: RFC 4315 §2.1. The session tells what went, after `run`. */
import { command, nothing } from '../command.ts'
import { parseSequenceSet } from '../wire/sequence-set.ts'
import { resolveSet } from './message-set.ts'

const readOnlyReply = { status: 'NO', code: 'NOPERM', text: 'The mailbox is selected read-only' } as const

export const expunge = command({
  name: 'EXPUNGE',
  states: ['selected'],
  alwaysRefresh: true,
  parse: nothing,
  async run({ mail }, { view, readOnly }) {
    if (readOnly) return readOnlyReply
    await mail.messages.expunge(view.mailbox.account, view.mailbox.id, 'all', true)
    return {}
  },
})

export const uidExpunge = command({
  name: 'UID EXPUNGE',
  states: ['selected'],
  alwaysRefresh: true,
  parse(lexer) {
    lexer.space()
    const set = parseSequenceSet(lexer)
    lexer.end()
    return set
  },
  async run({ mail }, state, set) {
    if (state.readOnly) return readOnlyReply
    const uids = resolveSet(state, set, 'uid')
    const { account, id } = state.view.mailbox
    if (uids.length > 0) await mail.messages.expunge(account, id, uids, true)
    return {}
  },
})
