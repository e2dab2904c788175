/**
 * What is kept of an account's life beside the account itself (Điều 5, 6; requirements §1.2), as one document of the registry:
 * kind `lifecycle-facts`, id = account id. This file is its only owner: use cases change it through lifecycle-change.ts, use
 * of the account is noted by activity-keeper.ts.
 *
 * An account whose document is not there yet (it was made before the administration, or by the command line) gets one the
 * first time that somebody writes: no clock begins before somebody counted (D-15).
 */
import { entryKind } from '../administration/entries.ts'
import type { LegalHold } from '../record/retention.ts'
import type { Account } from './account.ts'
import type { Day } from './lifecycle/civil-day.ts'
import type { LifecycleFacts } from './lifecycle/facts.ts'
import type { CompromiseGround } from './lifecycle/transition.ts'
import type { Untold } from './lifecycle/untold.ts'

/** On what the present lock rests (Điều 6.2). */
export interface LockGround {
  readonly clause: string
  readonly ground: CompromiseGround | null
  /** Number of the authority's warning (6.2b). */
  readonly warning: string | null
  /** Id of the case (6.2c). */
  readonly case: string | null
  readonly reason: string | null
  /** As records name who locked. */
  readonly by: string
  readonly atMs: number
}

export interface LifecycleRecord
  extends Pick<
    LifecycleFacts,
    | 'temporaryPassword'
    | 'passwordChangedAtMs'
    | 'lastSignInAtMs'
    | 'lastSentAtMs'
    | 'lastReceivedAtMs'
    | 'absences'
    | 'warnings'
    | 'proposal'
    | 'scheduledRevocation'
    | 'revokedAtMs'
  > {
  /** Nothing before it is known: the clocks begin no earlier. */
  readonly countedFromMs: number
  readonly lock: LockGround | null
  /** The request by which its restoration is asked for (6.3a). */
  readonly restorationRequest: string | null
  /** What people are still to be told of it. */
  readonly untold: readonly Untold[]
}

export const untoldKey = 'untold'
export const openProposalKey = 'proposal:open'
const scheduledKey = (on: Day): string => `revocation:${on}`

export const lifecycleKind = entryKind<LifecycleRecord>({
  name: 'lifecycle-facts',
  keys: ({ untold, proposal, scheduledRevocation }) => [
    ...(untold.length > 0 ? [untoldKey] : []),
    ...(proposal?.state === 'open' ? [openProposalKey] : []),
    ...(scheduledRevocation === null ? [] : [scheduledKey(scheduledRevocation.effectiveOn)]),
  ],
})

const empty: Omit<LifecycleRecord, 'countedFromMs'> = {
  temporaryPassword: null,
  passwordChangedAtMs: null,
  lastSignInAtMs: null,
  lastSentAtMs: null,
  lastReceivedAtMs: { filtered: null, literal: null },
  absences: [],
  warnings: [],
  proposal: null,
  scheduledRevocation: null,
  revokedAtMs: null,
  lock: null,
  restorationRequest: null,
  untold: [],
}

/** Of an account that is issued now, in the commit that makes it (Điều 5.2): 6.2d runs from here. */
export function issuedLifecycle(nowMs: number): LifecycleRecord {
  return { ...empty, countedFromMs: nowMs, temporaryPassword: { setAtMs: nowMs, by: 'issue' } }
}

/** Of an account that nobody counted for so far. */
export function adoptedLifecycle(account: Account, nowMs: number): LifecycleRecord {
  const { state, createdAtMs } = account
  if (state === 'issued') return issuedLifecycle(createdAtMs)
  return {
    ...empty,
    countedFromMs: nowMs,
    temporaryPassword: state === 'must-change' ? { setAtMs: nowMs, by: 'reset' } : null,
    revokedAtMs: state === 'revoked' ? nowMs : null,
  }
}

export function factsOf(account: Account, record: LifecycleRecord, holds: readonly LegalHold[]): LifecycleFacts {
  const { id, agency, role, kind, state, lockClause, createdAtMs } = account
  const { countedFromMs, lock: _, restorationRequest: __, untold: ___, ...kept } = record
  const legalHold = holds.some((hold) => holdsAccount(hold, account))
  return { account: id, agency, role, kind, state, lockClause, issuedAtMs: Math.max(createdAtMs, countedFromMs), ...kept, legalHold }
}

/** A hold names accounts by id or address, agencies by id; without names it holds everything. */
function holdsAccount({ accounts, agencies, releasedAtMs }: LegalHold, { id, address, agency }: Account): boolean {
  if (releasedAtMs !== null) return false
  if (accounts === null && agencies === null) return true
  return (accounts?.some((one) => one === id || one === address) ?? false) || (agencies?.includes(agency) ?? false)
}

/** More than this is no history but a flood; the oldest go first. */
const maxKeptWarnings = 24
const maxKeptUntold = 50

/** Bounded lists: what the policies ask of them concerns the present terms only. */
export function bounded(record: LifecycleRecord): LifecycleRecord {
  return { ...record, warnings: record.warnings.slice(-maxKeptWarnings), untold: record.untold.slice(-maxKeptUntold) }
}
