/**
 * What the command line and the running server say to each other over the private socket: newline-framed JSON.
 * One request line; then `item` lines of a list, if it is one, and one `ok` or `error` line. Requests of a connection are
 * answered in order. Types and constants only.
 */
import type { AccountState, LockClause, Role } from '../../core/account/account.ts'
import type { MailErrorCode } from '../../core/errors.ts'
import type { OutboxState } from '../../core/submission/outbox-row.ts'

export type { AccountState, LockClause, OutboxState, Role }

/** Longest request line; answers have one item a line. */
export const maxRequestBytes = 64 * 1024

export interface AccountView {
  readonly address: string
  readonly name: string
  readonly kind: string
  readonly role: Role
  readonly state: AccountState
  readonly lockClause: LockClause | null
  readonly quotaBytes: number
  readonly usedBytes: number
  /** RFC 3339, UTC. */
  readonly createdAt: string
}

export interface AgencyView {
  readonly label: string
  readonly name: string
  readonly domains: readonly string[]
  readonly createdAt: string
}

export interface OutboxView {
  readonly id: string
  readonly state: OutboxState
  readonly sender: string
  readonly recipient: string
  readonly sizeBytes: number
  readonly createdAt: string
  readonly dueAt: string
  readonly attempts: number
  readonly node: string | null
  readonly lastTryAt: string | null
  readonly lastReply: string | null
}

type Nothing = Readonly<Record<string, never>>

/** Per command: its arguments, the item of its list (`never` when it is none), its final answer. */
export interface ControlCommands {
  ping: { args: Nothing; item: never; answer: { pid: number } }
  'account.create': {
    args: { address: string; name?: string; role?: Role; password?: string; active?: boolean; freeForm?: boolean; quotaBytes?: number }
    item: never
    answer: { account: AccountView; temporaryPassword: string | null }
  }
  'account.list': { args: { agency?: string }; item: AccountView; answer: Nothing }
  'account.alias': { args: { address: string; alias: string }; item: never; answer: Nothing }
  'account.password': {
    args: { address: string; password?: string; active?: boolean }
    item: never
    answer: { temporaryPassword: string | null }
  }
  'account.change-password': { args: { user: string; oldPassword: string; newPassword: string }; item: never; answer: Nothing }
  'account.lock': { args: { address: string; clause?: LockClause }; item: never; answer: { account: AccountView } }
  'account.unlock': { args: { address: string; active?: boolean }; item: never; answer: { account: AccountView } }
  'agency.create': { args: { label: string; name: string }; item: never; answer: { agency: AgencyView } }
  'agency.list': { args: Nothing; item: AgencyView; answer: Nothing }
  'queue.list': { args: { states?: OutboxState[] }; item: OutboxView; answer: Nothing }
  'queue.show': { args: { id: string }; item: never; answer: { row: OutboxView } }
  'queue.retry': { args: { id: string }; item: never; answer: Nothing }
  'queue.cancel': { args: { id: string }; item: never; answer: Nothing }
}

export type ControlCommand = keyof ControlCommands
export type ControlArgs<C extends ControlCommand> = ControlCommands[C]['args']
export type ControlItem<C extends ControlCommand> = ControlCommands[C]['item']
export type ControlAnswer<C extends ControlCommand> = ControlCommands[C]['answer']

export interface ControlRequest {
  readonly command: string
  readonly args?: unknown
}

export interface ControlFailure {
  /** `internal`: a fault of the server, written in its log. */
  readonly code: MailErrorCode | 'internal'
  readonly message_vi: string
  readonly message_en: string
  readonly detail: Readonly<Record<string, string | number | boolean | null>>
}

export type ControlLine = { readonly item: unknown } | { readonly ok: unknown } | { readonly error: ControlFailure }
