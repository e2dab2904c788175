/**
 * What the command line and the running server say to each other over the private socket: newline-framed JSON.
 * One request line; then `item` lines of a list, if it is one, and one `ok` or `error` line. Requests of a connection are
 * answered in order. Types and constants only.
 */
import type { AccountState, LockClause, Role } from '../../core/account/account.ts'
import type { DecisionKind } from '../../core/account/delegation.ts'
import type { CompromiseGround } from '../../core/account/lifecycle/transition.ts'
import type { IdleListName } from '../../core/account/lifecycle/idle-report.ts'
import type { MailErrorCode } from '../../core/errors.ts'
import type { RecordKind } from '../../core/record/record.ts'
import type { RecordKeyName } from '../../core/record/record-keys.ts'
import type { ReportRow } from '../../core/report/report-administration.ts'
import type { Verified } from '../../core/record/verify-records.ts'
import type { OutboxState } from '../../core/submission/outbox-row.ts'

export type { AccountState, CompromiseGround, IdleListName, LockClause, OutboxState, Role }

/** Longest request line; answers have one item a line. */
export const maxRequestBytes = 64 * 1024
/** How requests begin that carry a file, and its longest line: 20 MB in base64. */
export const fileRequestStarts = ['{"command":"account.import"', '{"command":"agency.import"']
export const maxFileRequestBytes = 28 * 1024 * 1024

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

/** What the clock does with an account on a day. */
export interface PreviewView {
  readonly address: string
  readonly name: string
  /** `warn`, `lock`, `propose-revocation`, `withdraw-proposal`, `revoke`, `purge`. */
  readonly act: string
  readonly clause: string
  readonly decisions: readonly string[]
  readonly on: string
  readonly provisional: boolean
  readonly daysBefore: number | null
}

export interface LifeView {
  readonly address: string
  readonly state: AccountState
  readonly lockClause: LockClause | null
  readonly lastSignIn: string | null
  readonly lastSent: string | null
  readonly lastReceived: string | null
  readonly proposal: string | null
  readonly scheduledRevocation: string | null
  readonly absences: readonly { readonly from: string; readonly to: string; readonly reason: string }[]
  readonly coming: readonly Omit<PreviewView, 'address' | 'name'>[]
  readonly calendarVersion: string
}

export interface RequestSummary {
  readonly id: string
  readonly kind: string
  readonly agency: string
  readonly document: string
  readonly documentDate: string
  readonly receivedAt: string
  readonly due: string | null
  readonly provisional: boolean
  readonly state: string
  readonly open: number
  readonly granted: number
  readonly denied: number
  readonly notAccepted: number
}

export interface RequestRowView {
  readonly address: string
  readonly status: string
  readonly runsOn: string | null
  readonly reason: string | null
}

export interface DelegationLine {
  readonly mailbox: string
  readonly person: string
  readonly name: string
  readonly rights: 'read' | 'write'
  readonly sendAs: boolean
  readonly decision: DecisionKind
  readonly number: string | null
  readonly date: string
  readonly grantedAt: string
  readonly inEffect: boolean
}

export interface ImportSummary {
  readonly id: string
  readonly state: string
  readonly agency: string | null
  readonly file: string
  readonly rows: number
  readonly issued: number
  readonly faulty: number
  readonly createdAt: string
  readonly endedAt: string | null
}

/** A row and what becomes of it, or how far the run is. */
export type ImportRowView =
  | {
      readonly row: number
      readonly name: string
      readonly address: string | null
      readonly rule: string | null
      readonly clause: string | null
      readonly flags: readonly string[]
      readonly error: string | null
      readonly detail: string | null
      readonly temporaryPassword: string | null
    }
  | { readonly done: number; readonly total: number }

export interface AgencyImportView {
  readonly outcome: 'made' | 'known' | 'refused'
  readonly label: string | null
  readonly name: string
  /** Labels that differ by one keystroke. */
  readonly near: readonly string[]
  readonly reason: string | null
}

export interface FoundRecordView {
  readonly kind: RecordKind
  readonly seq: number
  readonly at: string
  readonly actor: string
  readonly action: string
  readonly subject: string
  readonly clause: string | null
  readonly detail: Readonly<Record<string, unknown>>
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
  'account.lock': {
    args: { address: string; clause?: LockClause; ground?: CompromiseGround; warning?: string; case?: string; reason?: string }
    item: never
    answer: { account: AccountView }
  }
  'account.unlock': { args: { address: string; active?: boolean }; item: never; answer: { account: AccountView; temporaryPassword: string | null } }
  'lifecycle.preview': { args: { on: string; agency?: string }; item: PreviewView; answer: Nothing }
  'lifecycle.show': { args: { address: string }; item: never; answer: LifeView }
  'lifecycle.idle': { args: { list: IdleListName; agency?: string }; item: { address: string; name: string }; answer: Nothing }
  'delegation.grant': {
    args: { mailbox: string; person: string; rights?: 'read' | 'write'; sendAs?: boolean; kind?: DecisionKind; number?: string; date: string }
    item: never
    answer: DelegationLine
  }
  'delegation.end': { args: { mailbox: string; person: string }; item: never; answer: Nothing }
  'delegation.list': { args: { mailbox?: string; person?: string }; item: DelegationLine; answer: Nothing }
  'request.list': { args: { open?: boolean }; item: RequestSummary; answer: Nothing }
  'request.show': { args: { id: string }; item: never; answer: RequestSummary & { rows: RequestRowView[] } }
  'request.decide': {
    args: { id: string; address: string; grant?: boolean; deny?: string }
    item: never
    answer: { address: string; state: AccountState; temporaryPassword: string | null }
  }
  'calendar.term': { args: { date: string; months: number }; item: never; answer: { rawEnd: string; lastDay: string; actOn: string; provisional: boolean; calendarVersion: string } }
  'calendar.due': { args: { date: string; workingDays: number }; item: never; answer: { due: string; provisional: boolean; calendarVersion: string } }
  'calendar.notice': { args: { date: string }; item: never; answer: { latestNotice: string; provisional: boolean; calendarVersion: string } }
  'account.import': {
    /** `content`: the file's bytes in base64. */
    args: { fileName: string; content: string; agency?: string; preview?: boolean; confirmed?: boolean; convertLegacy?: boolean }
    item: ImportRowView
    answer: { import: ImportSummary }
  }
  'account.import-undo': { args: { id: string }; item: never; answer: { undone: number; kept: number } }
  'agency.import': { args: { rows: readonly Readonly<Record<string, string>>[] }; item: AgencyImportView; answer: { made: number; known: number; refused: number } }
  'agency.create': { args: { label: string; name: string }; item: never; answer: { agency: AgencyView } }
  'agency.list': { args: Nothing; item: AgencyView; answer: Nothing }
  'audit.verify': { args: { all?: boolean }; item: { kind: RecordKind; records: number; done: Verified | null }; answer: Nothing }
  'report.show': { args: { period: string; agency?: string }; item: ReportRow; answer: { closed: boolean; missing: readonly string[] } }
  'records.search': { args: { kind?: RecordKind; by?: RecordKeyName; text?: string; from?: string; to?: string; limit?: number }; item: FoundRecordView; answer: Nothing }
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
  /** Number of the Sở's order by which the operator acts. */
  readonly order?: unknown
  /** Address of the account whose role is taken. */
  readonly as?: unknown
}

export interface ControlFailure {
  /** `internal`: a fault of the server, written in its log. */
  readonly code: MailErrorCode | 'internal'
  readonly message_vi: string
  readonly message_en: string
  readonly detail: Readonly<Record<string, string | number | boolean | null>>
}

export type ControlLine = { readonly item: unknown } | { readonly ok: unknown } | { readonly error: ControlFailure }
