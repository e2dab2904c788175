/**
 * SELECT and EXAMINE: RFC 9051 §6.3.2-6.3.3, RFC 3501 §6.3.1; (CONDSTORE) and (QRESYNC …): RFC 7162; [MAILBOXID]: RFC 8474.
 * UNSELECT and CLOSE: RFC 3691, RFC 9051 §6.4.1-6.4.2. A SELECT that fails leaves no mailbox selected.
 */
import { MailError, isMailError } from '../../../core/errors.ts'
import type { SelectedView } from '../../../core/mail.ts'
import { hierarchySeparator } from '../../../core/mailbox/mailbox.ts'
import { SyntaxFault } from '../../shared/lexer.ts'
import { command, nothing, type Completion, type Context, type ParseOptions, type Run } from '../command.ts'
import { writeFetch } from '../fetch-writer.ts'
import { replyTo } from '../replies.ts'
import { placeOf, mailboxAt, type Place } from '../place.ts'
import { matchedUid } from '../sequence-match.ts'
import { describeFlags } from '../selected-changes.ts'
import { attributeOf } from '../special-use.ts'
import { signedInStates, type Authenticated, type Selected } from '../state.ts'
import type { Untagged } from '../wire/encoder.ts'
import type { ImapLexer } from '../wire/lexer.ts'
import { parseSelectParameters, type Known, type SelectParameters } from '../wire/select-parameters.ts'
import { formatRanges } from '../wire/sequence-set.ts'

interface SelectArguments extends SelectParameters {
  readonly name: string
}

function parse(lexer: ImapLexer, { utf8 }: ParseOptions): SelectArguments {
  lexer.space()
  const name = lexer.mailbox(utf8)
  const parameters = parseSelectParameters(lexer)
  lexer.end()
  return { name, ...parameters }
}

export const select = command({
  name: 'SELECT',
  states: signedInStates,
  parse,
  run: (context, state, args) => enter(context, state, args, false),
})

export const examine = command({
  name: 'EXAMINE',
  states: signedInStates,
  parse,
  run: (context, state, args) => enter(context, state, args, true),
})

async function* enter(context: Context, state: Authenticated | Selected, args: SelectArguments, examined: boolean): Run {
  const { user } = state
  const { enabled } = context
  if (args.qresync !== null && !enabled.qresync) throw new SyntaxFault('QRESYNC needs ENABLE QRESYNC')
  if (args.condstore) enabled.condstore = true
  // RFC 7162 §3.2.11: what comes from here on is of the other mailbox.
  if (state.kind === 'selected') yield { type: 'condition', status: 'OK', code: 'CLOSED', text: 'The previous mailbox is closed' }
  let view: SelectedView
  let place: Place
  try {
    place = await placeOf(context, user, args.name)
    const mailbox = await mailboxAt(context, place)
    if (mailbox === null) throw new MailError('mailbox-unknown')
    if (place.shared !== null) await context.opened(place.shared)
    view = await context.mail.views.select(place.account, mailbox.id)
  } catch (error) {
    if (!isMailError(error)) throw error
    return { ...replyTo(error), state: { kind: 'authenticated', user } } satisfies Completion
  }
  const toldKeywords = new Set(view.keywords.map((keyword) => keyword.toLowerCase()))
  const { shared, mayWrite, prefix } = place
  const readOnly = examined || !mayWrite
  const selected: Selected = { kind: 'selected', user, view, shared, readOnly, toldKeywords, saved: { uids: new Uint32Array() } }
  let entered = false
  try {
    yield* describe(context, selected, prefix)
    if (args.qresync !== null) yield* resynchronize(context, selected, args.qresync)
    entered = true
    return { state: selected, code: readOnly ? 'READ-ONLY' : 'READ-WRITE' }
  } finally {
    // Also when the client has gone in the midst of the answer.
    if (!entered) view.close()
  }
}

function* describe({ enabled }: Context, { view, shared, readOnly }: Selected, prefix: string): Generator<Untagged> {
  const { keywords, mailbox, firstUnseen } = view
  const condition = (code: string, text: string): Untagged => ({ type: 'condition', status: 'OK', code, text })
  yield* describeFlags(keywords, readOnly)
  yield { type: 'exists', count: view.count }
  if (!enabled.rev2) {
    yield { type: 'recent', count: 0 }
    if (firstUnseen !== null) yield condition(`UNSEEN ${firstUnseen}`, 'First unseen message')
  }
  yield condition(`UIDVALIDITY ${mailbox.uidValidity}`, 'UIDs are valid')
  yield condition(`UIDNEXT ${mailbox.uidNext}`, 'Next UID')
  yield condition(`HIGHESTMODSEQ ${view.modseq}`, 'Highest')
  yield condition(`MAILBOXID (${mailbox.id})`, 'Mailbox')
  if (!enabled.rev2) return
  const use = shared === null ? attributeOf(mailbox.role) : null
  yield { type: 'list', attributes: use === null ? [] : [use], separator: hierarchySeparator, name: prefix + mailbox.name }
}

/** What has changed since the client was here last (RFC 7162 §3.2.5). Of another UIDVALIDITY nothing is told. */
async function* resynchronize({ mail }: Context, { view }: Selected, known: Known): AsyncGenerator<Untagged, void, void> {
  if (known.uidValidity !== view.mailbox.uidValidity) return
  const all: Known['uids'] = [[1, Infinity]]
  const vanished = await view.vanishedSince(known.modseq, known.uids ?? all, known.match === null ? 0 : matchedUid(view, known.match))
  if (vanished.length > 0) yield { type: 'vanished', earlier: true, uids: formatRanges(vanished) }
  const uids = view.resolve(known.uids ?? all, 'uid').filter((uid) => view.modseqAt(view.sequenceOf(uid)) > known.modseq)
  if (uids.length === 0) return
  const items = [{ item: 'uid' }, { item: 'flags' }, { item: 'modseq' }] as const
  yield* writeFetch({ mail, account: view.mailbox.account, view, uids, items, seenNow: new Set(), also: [] })
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
    if (!readOnly) await mail.messages.expunge(view.mailbox.account, view.mailbox.id, 'all', true)
    return { state: { kind: 'authenticated', user } }
  },
})
