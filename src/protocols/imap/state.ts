/** Where a session stands: RFC 9051 §3. A command declares the states it is allowed in and gets one of those. */
import type { OpenableMailbox, SelectedView, SignedIn } from '../../core/mail.ts'

export interface NotAuthenticated {
  readonly kind: 'not-authenticated'
}

export interface Authenticated {
  readonly kind: 'authenticated'
  readonly user: SignedIn
}

export interface Selected {
  readonly kind: 'selected'
  readonly user: SignedIn
  /** Its mailbox's account need not be the user's. */
  readonly view: SelectedView
  /** Of another account, by a delegation; null: of the user's own. */
  readonly shared: OpenableMailbox | null
  /** EXAMINE, or no right to write: nothing is changed through this session. */
  readonly readOnly: boolean
  /** Keywords that the client was told of in FLAGS, in lower case. */
  readonly toldKeywords: Set<string>
  /** The result of the last SEARCH that was saved, `$`: ascending UIDs, some of which may be gone (RFC 5182 §2.1). */
  readonly saved: { uids: Uint32Array }
}

export interface LoggedOut {
  readonly kind: 'logout'
}

export type State = NotAuthenticated | Authenticated | Selected | LoggedOut
export type StateKind = State['kind']
export type StateOf<K extends StateKind> = Extract<State, { kind: K }>

export const anyState: readonly ['not-authenticated', 'authenticated', 'selected'] = ['not-authenticated', 'authenticated', 'selected']
export const signedInStates: readonly ['authenticated', 'selected'] = ['authenticated', 'selected']
