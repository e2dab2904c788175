/**
 * What a transition of requirements §1.2 changes: the account, its lifecycle document, the audit record and whom to tell. Pure
 * but for the new password, whose hash the caller brings. Used by people's acts (lifecycle-administration.ts), by written
 * requests (core/request) and by the clock (lifecycle-night.ts).
 */
import type { OfficialDocument } from '../request/document.ts'
import type { NewRecord } from '../record/record.ts'
import type { Account } from './account.ts'
import type { AccountChange } from '../ports/store.ts'
import type { Audience } from './lifecycle/acts.ts'
import { dayOfInstant } from './lifecycle/civil-day.ts'
import type { LifecycleRules } from './lifecycle/lock-terms.ts'
import type { Evidence, ScheduledTransition, Transition } from './lifecycle/transition.ts'
import type { TransitionName } from './lifecycle/transition-table.ts'
import type { NoticePurpose, Untold } from './lifecycle/untold.ts'
import { lifeFacts, type Held, type LifecycleChange } from './lifecycle-change.ts'
import type { LifecycleRecord } from './lifecycle-record.ts'

/** How the audit names each transition. */
export const actionNames: Readonly<Record<TransitionName, string>> = {
  issue: 'account.create',
  'first-password': 'account.change-own-password',
  'changed-password': 'account.change-own-password',
  'reset-password': 'account.reset-password',
  'reissue-password': 'account.reset-password',
  'lock-idle': 'account.lock',
  'lock-idle-administrator': 'account.lock',
  'lock-default-password': 'account.lock',
  'lock-compromised': 'account.lock',
  'lock-prohibited-use': 'account.lock',
  suspend: 'account.suspend',
  'ask-restoration': 'restoration.ask',
  restore: 'restoration.carry-out',
  'refuse-restoration': 'restoration.refuse',
  'revoke-leaver': 'account.revoke',
  'revoke-listed': 'account.revoke',
  'revoke-unused': 'account.revoke',
  'undo-revocation': 'revocation.undo',
  purge: 'account.purge',
}

/** Writes the audit record of an act; of people by `auditRecord`, of the clock by `clockRecord`. */
export type WriteRecord = (act: {
  readonly action: string
  readonly subject: string
  readonly clause: string | null
  readonly before: Readonly<Record<string, unknown>> | null
  readonly after: Readonly<Record<string, unknown>> | null
  readonly evidence?: Readonly<Record<string, unknown>>
}) => NewRecord

export interface ActBy {
  readonly nowMs: number
  /** As records name who acts. */
  readonly by: string
  readonly record: WriteRecord
  readonly rules: LifecycleRules
}

export const documentFacts = (document: OfficialDocument | null | undefined): Readonly<Record<string, unknown>> =>
  document === null || document === undefined ? {} : { document: document.number, documentDate: document.date, documentSha256: document.file.sha256 }

/** What the audit keeps of the evidence; never a secret. */
export function evidenceFacts({ document, ground, warning, case: file, order, reason, decision, effectiveOn, approvedBy }: Evidence): Readonly<Record<string, unknown>> {
  const given = { ground, warning, case: file?.id, order, reason, decision, effectiveOn, approvedBy }
  return { ...documentFacts(document), ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined && value !== null)) }
}

/** Mailboxes of agencies and units have no sign-in of their own (Điều 10.3): after a restoration there is no password to change. */
export const isOpenedByOthers = ({ kind }: Pick<Account, 'kind'>): boolean => kind === 'agency' || kind === 'unit'

export interface NewPassword {
  readonly passwordHash: string
}

/** The change that carries out an allowed transition. `request`: the written request that it belongs to. */
export function carriedOut(
  held: Held,
  { act, decision, evidence, password, request }: { readonly act: TransitionName; readonly decision: Transition; readonly evidence: Evidence; readonly password?: NewPassword; readonly request?: string },
  by: ActBy,
): LifecycleChange {
  const { account, record } = held
  const to = act === 'restore' && isOpenedByOthers(account) ? 'active' : decision.to
  const change: AccountChange = {
    ...(to === account.state ? {} : { state: to }),
    ...(decision.lockClause === account.lockClause ? {} : { lockClause: decision.lockClause }),
    ...(password === undefined ? {} : { passwordHash: password.passwordHash }),
  }
  const following = recordAfter(record, { act, decision, evidence, request }, by)
  // Nobody changes a password of it; being restored stands for the sign-in from which the idle clock runs.
  const after = to === 'active' && act === 'restore' ? { ...following, temporaryPassword: null, passwordChangedAtMs: by.nowMs } : following
  const facts = lifeFacts(account, change)
  return {
    account: change,
    record: after,
    records: [
      by.record({
        action: actionNames[act],
        subject: account.address,
        clause: decision.clause,
        before: lifeFacts(account),
        after: { ...facts, ...(password === undefined ? {} : { passwordChanged: true }) },
        evidence: { act, decisions: decision.decisions.join(' '), ...(request === undefined ? {} : { request }), ...evidenceFacts(evidence) },
      }),
    ],
    untold: noticesOf({ act, decision, evidence }, by),
  }
}

interface Act {
  readonly act: TransitionName
  readonly decision: Transition
  readonly evidence: Evidence
  readonly request?: string | undefined
}

function recordAfter(record: LifecycleRecord, { act, decision, evidence, request }: Act, { nowMs, by }: ActBy): LifecycleRecord {
  const lock = { clause: decision.clause, ground: evidence.ground ?? null, warning: evidence.warning ?? null, case: evidence.case?.id ?? null, reason: evidence.reason ?? evidence.decision ?? null, by, atMs: nowMs }
  switch (act) {
    case 'first-password':
    case 'changed-password':
      return { ...record, temporaryPassword: null, passwordChangedAtMs: nowMs, warnings: [] }
    case 'reset-password':
    case 'reissue-password':
      return { ...record, temporaryPassword: { setAtMs: nowMs, by: 'reset' } }
    case 'lock-idle':
    case 'lock-idle-administrator':
    case 'lock-default-password':
    case 'lock-compromised':
    case 'lock-prohibited-use':
    case 'suspend':
      return { ...record, lock }
    case 'undo-revocation':
      return { ...record, lock, revokedAtMs: null }
    case 'ask-restoration':
      return { ...record, restorationRequest: request ?? null }
    case 'refuse-restoration':
      return { ...record, restorationRequest: null }
    case 'restore':
      return { ...record, lock: null, restorationRequest: null, temporaryPassword: { setAtMs: nowMs, by: 'restoration' } }
    case 'revoke-leaver':
    case 'revoke-listed':
    case 'revoke-unused':
      return { ...record, lock: null, proposal: null, scheduledRevocation: null, restorationRequest: null, revokedAtMs: nowMs }
    case 'issue':
    case 'purge':
      return record
  }
}

const owner: Audience = 'second-channel'
const agency: Audience = 'agency-administrator'
const department: Audience = 'super-administrator'

function noticesOf({ act, decision, evidence }: Act, { nowMs, by, rules }: ActBy): readonly Untold[] {
  const on = dayOfInstant(nowMs)
  const notice = (purpose: NoticePurpose, tell: readonly Audience[], facts: Untold['facts'] = {}): Untold => ({ purpose, atMs: nowMs, tell, facts: { on, clause: decision.clause, ...facts } })
  const reported = decision.reportToOwner ? [notice('reported', [department], { by, reason: evidence.reason ?? evidence.ground ?? null })] : []
  switch (act) {
    case 'lock-idle':
    case 'lock-default-password':
    case 'lock-compromised':
    case 'lock-prohibited-use':
    case 'suspend':
      return [notice('locked', [owner, agency]), ...reported]
    case 'lock-idle-administrator':
      return [notice('locked', [owner, agency, department])]
    case 'reset-password':
    case 'reissue-password':
      return [notice('password-reset', [owner])]
    case 'restore':
      return [notice('restored', [owner, agency])]
    case 'refuse-restoration':
      return [notice('restoration-refused', [owner, agency], { reason: evidence.decision ?? null })]
    case 'revoke-leaver':
    case 'revoke-listed':
    case 'revoke-unused':
      return [notice('revoked', [owner, agency, department], { keptUntil: rules.terms.months(on, rules.policy.revocation.keepContentMonths).lastDay })]
    case 'undo-revocation':
      return [notice('revocation-undone', [owner, agency], { reason: evidence.decision ?? null })]
    // What was asked for is told by the request.
    case 'ask-restoration':
    case 'issue':
    case 'first-password':
    case 'changed-password':
    case 'purge':
      return []
  }
}

/** A revocation that the Sở approved and that waits for its day. */
export function scheduled(
  { account, record }: Held,
  { decision, document, effectiveOn, approvedBy, clause, request }: { readonly decision: ScheduledTransition; readonly document: OfficialDocument; readonly effectiveOn: string; readonly approvedBy: string; readonly clause: 'Điều 5.3' | 'Điều 10.4'; readonly request: string },
  by: ActBy,
): LifecycleChange {
  const revocation = { clause, effectiveOn, document, approvedBy }
  const notice: Untold = { purpose: 'revocation-scheduled', atMs: by.nowMs, tell: [owner, agency], facts: { on: decision.on, document: document.number, clause } }
  return {
    record: { ...record, scheduledRevocation: revocation },
    records: [
      by.record({
        action: 'revocation.schedule',
        subject: account.address,
        clause,
        before: { ...lifeFacts(account), scheduledRevocation: record.scheduledRevocation?.effectiveOn ?? null },
        after: { ...lifeFacts(account), scheduledRevocation: effectiveOn, runsOn: decision.on },
        evidence: { request, ...documentFacts(document), approvedBy },
      }),
    ],
    untold: [notice],
  }
}
