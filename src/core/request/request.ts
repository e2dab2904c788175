/**
 * Written requests of agencies (Điều 5.3, 6.2, 6.3a, 10.4; R-6.3a, R-10.4): one document, many accounts, one decision per
 * account. Pure: what is received is a value that the use case keeps.
 */
import type { AgencyId } from '../agency/agency.ts'
import type { AccountState } from '../account/account.ts'
import { basis, refused, type Basis, type Refused, type RefusalCode } from '../account/lifecycle/basis.ts'
import { dayOfInstant, isDay, type Day } from '../account/lifecycle/civil-day.ts'
import { revocationRunsOn } from '../account/lifecycle/revocation-terms.ts'
import { may, type Action } from '../account/lifecycle/roles.ts'
import type { Terms } from '../account/lifecycle/terms.ts'
import type { ActingPerson } from '../account/lifecycle/transition.ts'
import { fixDeadline, type Deadline } from './deadline.ts'
import { checkDocument, documentNumber, type DocumentPolicy, type OfficialDocument } from './document.ts'

/** Restoration (6.3a), leavers (5.3), accounts to cancel (10.4), a lock that the agency asks for (6.2). */
export type RequestKind = 'restore' | 'revoke-leavers' | 'revoke-list' | 'lock'

/** Điều 5.3: nghỉ hưu, nghỉ việc, chuyển công tác. */
export type LeaveReason = 'retired' | 'resigned' | 'transferred'

export interface RequestPolicy {
  readonly restoration: { readonly workingDays: number; readonly remindWorkingDaysBefore: number }
  readonly documents: DocumentPolicy & { readonly maxRows: number }
}

interface Kind {
  readonly basis: Basis
  readonly action: Action
  readonly states: ReadonlySet<AccountState>
}

const unlocked: readonly AccountState[] = ['issued', 'active', 'must-change']
const living: readonly AccountState[] = [...unlocked, 'locked', 'restore-pending']

export const requestKinds: Readonly<Record<RequestKind, Kind>> = {
  restore: { basis: basis('Điều 6.3a', 'D-10', 'D-11'), action: 'restoration.ask', states: new Set<AccountState>(['locked']) },
  'revoke-leavers': { basis: basis('Điều 5.3'), action: 'revocation.ask', states: new Set(living) },
  'revoke-list': { basis: basis('Điều 10.4'), action: 'revocation.ask', states: new Set(living) },
  lock: { basis: basis('Điều 6.2'), action: 'account.request-lock', states: new Set(unlocked) },
}

/** One line of the list, as the agency wrote it. */
export interface RowDraft {
  readonly address: string
  /** Of a leaver. */
  readonly leave: { readonly reason: LeaveReason; readonly effectiveOn: Day; /** Of a transfer: an account is offered there. */ readonly newAgency: AgencyId | null } | null
}

/** The account behind the address, as far as a request needs it. */
export interface RowAccount {
  readonly address: string
  readonly agency: AgencyId
  readonly state: AccountState
}

export type RowStatus =
  | { readonly kind: 'open' }
  /** At receipt; the other rows go on. */
  | { readonly kind: 'not-accepted'; readonly refusal: RefusalCode }
  /** By the Sở. `runsOn`: the day on which it takes effect. */
  | { readonly kind: 'granted'; readonly by: string; readonly atMs: number; readonly runsOn: Day }
  | { readonly kind: 'denied'; readonly by: string; readonly atMs: number; readonly reason: string }

export interface RequestRow extends RowDraft {
  readonly status: RowStatus
}

export interface WrittenRequest {
  readonly kind: RequestKind
  readonly agency: AgencyId
  readonly filedBy: string
  readonly receivedAtMs: number
  readonly document: OfficialDocument
  readonly rows: readonly RequestRow[]
  /** Only a restoration has a term in the regulation (6.3b). */
  readonly deadline: Deadline | null
}

export interface RequestDraft {
  readonly kind: RequestKind
  readonly actor: ActingPerson
  readonly document: OfficialDocument | null
  readonly rows: readonly RowDraft[]
}

export interface Received extends Basis {
  readonly kind: 'received'
  readonly request: WrittenRequest
}

/**
 * Takes a request at `nowMs`, or refuses it: by role, by its document, or because none of its rows is valid. A row that is
 * not valid is kept with its reason and holds nobody up. `accountOf` finds the account of an address.
 */
export function receiveRequest(
  draft: RequestDraft,
  accountOf: (address: string) => RowAccount | null,
  rules: { readonly policy: RequestPolicy; readonly terms: Terms },
  nowMs: number,
): Received | Refused {
  const { basis: on, action } = requestKinds[draft.kind]
  // Whose accounts they are is judged row by row.
  const permission = may(draft.actor.role, action, { ownAgency: true, ownAccount: false })
  if (permission.kind === 'refused') return permission
  const { documents, restoration } = rules.policy
  const wrong = checkDocument(draft.document, { receivedOn: dayOfInstant(nowMs), policy: documents, basis: on })
  if (wrong !== null) return wrong
  if (draft.rows.length > documents.maxRows) return refused('too-many-rows', on, { rows: draft.rows.length, maxRows: documents.maxRows })
  const rows = screenRows(draft, accountOf)
  if (!rows.some(({ status }) => status.kind === 'open')) return refused('no-valid-row', on, { rows: rows.length })
  const document = { ...draft.document!, number: documentNumber(draft.document!.number) }
  const deadline = draft.kind === 'restore' ? fixDeadline(nowMs, restoration.workingDays, rules.terms) : null
  const request: WrittenRequest = { kind: draft.kind, agency: draft.actor.agency, filedBy: draft.actor.account, receivedAtMs: nowMs, document, rows, deadline }
  return { kind: 'received', ...on, request }
}

function screenRows({ kind, actor, rows }: RequestDraft, accountOf: (address: string) => RowAccount | null): readonly RequestRow[] {
  const seen = new Set<string>()
  return rows.map((row) => {
    const account = accountOf(row.address)
    const refusal = rowRefusal(kind, actor.agency, row, account, seen)
    if (account !== null) seen.add(account.address)
    return { ...row, status: refusal === null ? { kind: 'open' } : { kind: 'not-accepted', refusal } }
  })
}

function rowRefusal(kind: RequestKind, agency: AgencyId, { leave }: RowDraft, account: RowAccount | null, seen: ReadonlySet<string>): RefusalCode | null {
  if (account === null) return 'account-unknown'
  if (account.agency !== agency) return 'other-agency'
  if (seen.has(account.address)) return 'duplicate-row'
  if (!requestKinds[kind].states.has(account.state)) return 'state'
  if (kind !== 'revoke-leavers') return null
  if (leave === null) return 'effective-date-missing'
  return isDay(leave.effectiveOn) ? null : 'date-invalid'
}

export type RowDecision =
  | { readonly kind: 'grant'; readonly by: string; readonly atMs: number }
  | { readonly kind: 'deny'; readonly by: string; readonly atMs: number; readonly reason: string }

/** The row decided: granted from the day on which it may take effect (5.3: not before the effective day is over), or denied with a reason. */
export function decideRow(kind: RequestKind, row: RequestRow, decision: RowDecision): RequestRow | Refused {
  const { basis: on } = requestKinds[kind]
  if (row.status.kind !== 'open') return refused('already-decided', on, { status: row.status.kind })
  const { by, atMs } = decision
  if (decision.kind === 'deny') {
    const reason = decision.reason.trim()
    return reason === '' ? refused('reason-missing', on) : { ...row, status: { kind: 'denied', by, atMs, reason } }
  }
  const today = dayOfInstant(atMs)
  const earliest = row.leave === null ? today : revocationRunsOn(row.leave.effectiveOn)
  return { ...row, status: { kind: 'granted', by, atMs, runsOn: earliest > today ? earliest : today } }
}

export interface RequestProgress {
  readonly state: 'open' | 'partly-decided' | 'closed'
  readonly open: number
  readonly granted: number
  readonly denied: number
  readonly notAccepted: number
}

export function progressOf(rows: readonly RequestRow[]): RequestProgress {
  const count = (kind: RowStatus['kind']): number => rows.filter(({ status }) => status.kind === kind).length
  const [open, granted, denied, notAccepted] = [count('open'), count('granted'), count('denied'), count('not-accepted')]
  const state = open === 0 ? 'closed' : granted + denied === 0 ? 'open' : 'partly-decided'
  return { state, open, granted, denied, notAccepted }
}
