/** The messages that FETCH, STORE, COPY, MOVE and UID EXPUNGE name: by sequence number, UID or `$`. RFC 9051 §6.4.9, §9, RFC 5182. */
import { isMailError } from '../../../core/errors.ts'
import type { SequenceSet } from '../../../core/mailbox/search-key.ts'
import { SyntaxFault } from '../../shared/lexer.ts'
import type { Selected } from '../state.ts'
import { savedResult } from '../wire/sequence-set.ts'

export type Numbering = 'sequence' | 'uid'

/** Ascending UIDs of the session's view. A sequence number that there is not: BAD; a UID that there is not: passed over. */
export function resolveSet(state: Selected, set: SequenceSet, by: Numbering): Uint32Array {
  if (set === savedResult) return savedUids(state)
  try {
    return state.view.resolve(set, by)
  } catch (error) {
    if (isMailError(error, 'argument-invalid')) throw new SyntaxFault('No such message')
    throw error
  }
}

/** Those of the saved result that the session still counts; an empty one is a set like any other (RFC 5182 §2.1). */
export function savedUids({ view, saved }: Selected): Uint32Array {
  if (saved.uids.some((uid) => view.sequenceOf(uid) === 0)) saved.uids = saved.uids.filter((uid) => view.sequenceOf(uid) !== 0)
  return saved.uids
}
