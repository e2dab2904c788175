/** The messages that FETCH, STORE, COPY, MOVE and UID EXPUNGE name: by sequence number or UID. RFC 9051 §6.4.9, §9. */
import { isMailError } from '../../../core/errors.ts'
import type { SequenceSet } from '../../../core/mailbox/search-key.ts'
import { SyntaxFault } from '../../shared/lexer.ts'
import type { Selected } from '../state.ts'

export type Numbering = 'sequence' | 'uid'

/** Ascending UIDs of the session's view. A sequence number that there is not: BAD; a UID that there is not: passed over. */
export function resolveSet(state: Selected, set: SequenceSet, by: Numbering): Uint32Array {
  try {
    return state.view.resolve(set, by)
  } catch (error) {
    if (isMailError(error, 'argument-invalid')) throw new SyntaxFault('No such message')
    throw error
  }
}
