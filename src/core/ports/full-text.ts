/**
 * The full-text port (design §5.8): an index of each account's texts on this node's disk. It is a cache: it may lose an
 * account at any moment (damage, an older format, a full disk, disuse) and is then made anew from the store.
 *
 *  F1  What it says with certainty is true: `yes` and `no` are those of the exact search over the stored text
 *      (core/mailbox/searched-text.ts) of the message that lies under that UID; all else is `unknown`.
 *  F2  A message that was never added, or was removed, or lies in another mailbox, is `unknown`.
 *  F3  An index is named by its incarnation: a call for another one than is there refuses `conflict` and changes nothing.
 *  F4  After a crash in the midst of a call the index is as before it, or as after it, or there is none.
 *  F5  The text of what was removed 30 days ago is in no file any more once `tidy` has said `done`.
 *
 * Every call refuses `unavailable` when the thread or the file can't be used, and `storage-full` where it writes.
 */
import type { AccountId, MailboxId, MessageId } from '../mailbox/mailbox.ts'

export interface IndexState {
  readonly incarnation: string
  /** The account's modseq up to which it is complete; 0 while it was never filled. */
  readonly modseq: number
  /** Between `begin` and `reach`. */
  readonly filling: boolean
  /** Messages in it. */
  readonly messages: number
}

export interface MessagePlace {
  readonly id: MessageId
  readonly mailbox: MailboxId
  readonly uid: number
}

export interface MessageText extends MessagePlace {
  /** Packed search text of `message/search-text.ts`. */
  readonly text: Uint8Array
  /** Trace lines before the body. */
  readonly prefix: Uint8Array
}

/** Asked of a message's folded text; `needle` is folded and spaced as that is. Header names are in lower case. */
export type TextQuestion =
  | { readonly area: 'header'; readonly name: string; readonly needle: string }
  | { readonly area: 'body'; readonly needle: string }
  | { readonly area: 'text'; readonly needle: string }

export const verdicts = { no: 0, yes: 1, unknown: 2 } as const

/** One of {@link verdicts} a message. */
export type Verdicts = Uint8Array

export interface TextQuery {
  readonly mailbox: MailboxId
  /** Ascending. */
  readonly uids: Uint32Array
  readonly questions: readonly TextQuestion[]
}

export interface FullText extends AsyncDisposable {
  /** Null when there is no index of this account, or none that is any good. */
  state(account: AccountId): Promise<IndexState | null>
  /** Makes an index where there is none, and begins to fill it; what is in it already stays until `reach`. */
  begin(account: AccountId): Promise<IndexState>
  /** A message that is there gets its place only: a text never changes. The adapter divides what is much. */
  add(account: AccountId, incarnation: string, messages: readonly MessageText[]): Promise<void>
  /** Gives messages their new places; answers which of them are missing. */
  place(account: AccountId, incarnation: string, places: readonly MessagePlace[]): Promise<readonly MessageId[]>
  remove(account: AccountId, incarnation: string, messages: readonly MessageId[]): Promise<void>
  /** It is complete up to `modseq`. Ends filling: what was not added since `begin` goes. */
  reach(account: AccountId, incarnation: string, modseq: number): Promise<void>
  /** Per question; null for one that no index can answer. Refuses `conflict` while filling. */
  find(account: AccountId, incarnation: string, query: TextQuery): Promise<readonly (Verdicts | null)[]>
  /** The exact search of a message itself (`body`: the bytes behind the prefix), away from the caller's thread: `yes` or `no` per question. */
  ask(body: Uint8Array, prefix: Uint8Array, questions: readonly TextQuestion[]): Promise<Verdicts>

  /** Accounts of which there is a file. */
  accounts(): Promise<readonly AccountId[]>
  /** One bounded piece of upkeep: when it is worth it or time, takes the text of what was removed out of the file. */
  tidy(account: AccountId, incarnation: string): Promise<'more' | 'done'>
  /** About when `find` was last called (to the day), or the index was made. Null when there is none. */
  lastAskedMs(account: AccountId): Promise<number | null>
  drop(account: AccountId): Promise<void>
}
