/**
 * What a client of a selected mailbox is told of changes: EXPUNGE or VANISHED, EXISTS, FETCH, and FLAGS when keywords are
 * new. RFC 9051 §5.2, §7.4-7.5, RFC 7162 §3.2.10; when it may be told is decided by the caller.
 */
import { systemFlags, type Flags } from '../../core/mailbox/flags.ts'
import type { ViewEvent } from '../../core/mail.ts'
import type { Enabled } from './enabled.ts'
import type { Selected } from './state.ts'
import type { Untagged } from './wire/encoder.ts'
import { formatSet } from './wire/sequence-set.ts'

/** The mailbox was deleted by another session: there is nothing this one could go on with. */
export class MailboxGone extends Error {
  constructor() {
    super('The selected mailbox was deleted')
    this.name = 'MailboxGone'
  }
}

export interface TellOptions {
  readonly mayExpunge: boolean
  readonly enabled: Enabled
}

/** After `view.refresh()`. Throws MailboxGone. */
export function tellChanges(state: Selected, { mayExpunge, enabled }: TellOptions): Untagged[] {
  const told: Untagged[] = []
  const vanished: number[] = []
  for (const event of state.view.events(mayExpunge)) {
    if (event.type === 'expunge' && enabled.qresync) vanished.push(event.uid)
    else told.push(...tellEvent(state, event, enabled))
  }
  // Expunges come first and by ascending UID, so they are one response.
  if (vanished.length > 0) told.unshift({ type: 'vanished', earlier: false, uids: formatSet(vanished) })
  return told
}

function tellEvent(state: Selected, event: ViewEvent, enabled: Enabled): Untagged[] {
  switch (event.type) {
    case 'expunge':
      return [{ type: 'expunge', sequence: event.sequence }]
    case 'exists':
      return enabled.rev2 ? [{ type: 'exists', count: event.count }] : [{ type: 'exists', count: event.count }, { type: 'recent', count: 0 }]
    case 'flags': {
      const { sequence, flags } = event
      // RFC 7162 §3.2.4; RFC 9051 §7.5.2.
      const uid = enabled.condstore || enabled.rev2 ? event.uid : null
      return [...tellNewKeywords(state, [flags]), { type: 'flags-of', sequence, uid, flags, modseq: enabled.condstore ? event.modseq : null }]
    }
    case 'removed':
      throw new MailboxGone()
  }
}

/** FLAGS and PERMANENTFLAGS once more, when a keyword appears that the client has not heard of (RFC 9051 §7.3.5). */
export function tellNewKeywords(state: Selected, sets: Iterable<Flags>): Untagged[] {
  const { toldKeywords } = state
  let fresh = false
  for (const { keywords } of sets) {
    for (const keyword of keywords) {
      if (toldKeywords.has(keyword.toLowerCase())) continue
      toldKeywords.add(keyword.toLowerCase())
      fresh = true
    }
  }
  return fresh ? describeFlags(state.view.keywords, state.readOnly) : []
}

/** The flags of a mailbox, and which of them the client may store for good. */
export function describeFlags(keywords: readonly string[], readOnly: boolean): Untagged[] {
  const names = [...Object.keys(systemFlags), ...keywords]
  const permanent = readOnly ? '' : [...names, '\\*'].join(' ')
  return [
    { type: 'flags', names },
    { type: 'condition', status: 'OK', code: `PERMANENTFLAGS (${permanent})`, text: readOnly ? 'Read-only mailbox' : 'Flags that are kept' },
  ]
}
