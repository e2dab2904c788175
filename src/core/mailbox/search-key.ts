/** What SEARCH can ask (RFC 9051 §6.4.4; RFC 7162 MODSEQ, RFC 5032, RFC 8474 come on top), as a tree. Pure types. */
import type { UidRange } from './mailbox.ts'

export type SearchKey =
  | { readonly key: 'all' }
  | { readonly key: 'and'; readonly keys: readonly SearchKey[] }
  | { readonly key: 'or'; readonly left: SearchKey; readonly right: SearchKey }
  | { readonly key: 'not'; readonly inner: SearchKey }
  /** Sequence numbers as the session counts them at the moment of the command; `*` is resolved by the caller's view. */
  | { readonly key: 'sequence'; readonly set: SequenceSet }
  | { readonly key: 'uid'; readonly set: SequenceSet }
  | { readonly key: 'flag'; readonly flag: string; readonly set: boolean }
  /** RFC 3501 only: the server never gives \Recent, so NEW and RECENT find nothing, OLD finds all. */
  | { readonly key: 'recent'; readonly set: boolean }
  /** Header field contains the text (folded); an empty text asks whether the field is there. Name in lower case. */
  | { readonly key: 'header'; readonly name: string; readonly text: string }
  | { readonly key: 'body'; readonly text: string }
  | { readonly key: 'text'; readonly text: string }
  | { readonly key: 'larger'; readonly bytes: number }
  | { readonly key: 'smaller'; readonly bytes: number }
  /** Date of INTERNALDATE or of the Date field, without time and zone: `yyyy-mm-dd`, compared in Asia/Ho_Chi_Minh for `received`. */
  | { readonly key: 'date'; readonly of: 'received' | 'sent'; readonly compare: 'before' | 'on' | 'since'; readonly date: string }
  /** RFC 5032: age in seconds. */
  | { readonly key: 'within'; readonly compare: 'older' | 'younger'; readonly seconds: number }
  | { readonly key: 'modseq'; readonly from: number }
  | { readonly key: 'email-id'; readonly id: string }
  | { readonly key: 'thread-id'; readonly id: string }

/** As written: ascending or not, `Infinity` stands for `*`. */
export type SequenceSet = readonly UidRange[]
