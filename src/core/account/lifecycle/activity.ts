/**
 * What counts as use of an account: sign-in, sending, receiving (Điều 6.2a, D-8, D-15), sign-in alone (Điều 5.4, D-19), and
 * the notified absences that stop the clock of 6.2a.
 */
import { basis, refused, type Basis, type Refused } from './basis.ts'
import { dayOfInstant, isDay, latest, type Day } from './civil-day.ts'
import type { AbsenceNotice, LifecycleFacts } from './facts.ts'
import type { LifecyclePolicy, ReceiveMode } from './policy.ts'
import { monthsLater, type Term } from './terms.ts'

/** What delivery knows of a message when it decides whether it counts as received. */
export interface ReceivedMessage {
  /** The system's own notices: warnings, reports, bounces (marked `Auto-Submitted: auto-generated`, §1.7). */
  readonly system: boolean
  readonly spam: boolean
  /** It arrived while the account was locked (Điều 6.1). */
  readonly locked: boolean
}

/**
 * Which of the two clocks a delivery sets (D-8). The system's own mail and what arrives during a lock set neither: else a
 * warning would undo what it warns of. Spam is not "received" but in the literal reading.
 */
export function receivedCounts(message: ReceivedMessage): { readonly filtered: boolean; readonly literal: boolean } {
  const literal = !message.system && !message.locked
  return { filtered: literal && !message.spam, literal }
}

const dayOrNull = (atMs: number | null): Day | null => (atMs === null ? null : dayOfInstant(atMs))

function lastReceived(facts: LifecycleFacts, mode: ReceiveMode): number | null {
  if (mode === 'ignore') return null
  return mode === 'literal' ? facts.lastReceivedAtMs.literal : facts.lastReceivedAtMs.filtered
}

/** Last day of use by 6.2a; never before the regulation was in force (D-15). */
export function lastActivity(facts: LifecycleFacts, policy: LifecyclePolicy): Day {
  const { effectiveFrom } = policy.regulation
  const used = [facts.lastSentAtMs, lastReceived(facts, policy.idle.receive)].map(dayOrNull)
  return latest(lastSignIn(facts, policy), ...used) ?? effectiveFrom
}

/**
 * Last day of signing in by 5.4; the day of issue stands for an account that nobody ever signed in to. Never before the
 * regulation was in force (D-15).
 */
export function lastSignIn(facts: LifecycleFacts, policy: LifecyclePolicy): Day {
  const known = [facts.issuedAtMs, facts.passwordChangedAtMs, facts.lastSignInAtMs].map(dayOrNull)
  return latest(policy.regulation.effectiveFrom, ...known) ?? policy.regulation.effectiveFrom
}

/**
 * The term of 6.2a with notified absences: a notice that begins while the term runs stops it, and its end counts as
 * activity. One that begins after the term is over comes too late. `termFrom` gives the term of an event.
 */
export function idleTerm(lastUse: Day, absences: readonly AbsenceNotice[], termFrom: (from: Day) => Term): Term {
  let term = termFrom(lastUse)
  for (const notice of absences.toSorted((a, b) => (a.from < b.from ? -1 : a.from > b.from ? 1 : 0))) {
    if (notice.from <= term.lastDay && notice.to > term.from) term = termFrom(notice.to)
  }
  return term
}

const absenceBasis: Basis = basis('Điều 6.2a', 'D-9')
const maxReasonLength = 1000

/** A notice as it may be kept, or the refusal. Days may lie in the past: a reason can be told late, not after the lock. */
export function readAbsence(given: AbsenceNotice, policy: LifecyclePolicy): AbsenceNotice | Refused {
  const reason = given.reason.trim().normalize('NFC')
  const document = given.document?.trim() ?? ''
  if (!isDay(given.from) || !isDay(given.to) || given.to < given.from) return refused('date-invalid', absenceBasis, { from: given.from.slice(0, 10), to: given.to.slice(0, 10) })
  if (given.to > monthsLater(given.from, policy.idle.maxAbsenceMonths)) {
    return refused('date-invalid', absenceBasis, { to: given.to, maxMonths: policy.idle.maxAbsenceMonths })
  }
  if (reason === '' || reason.length > maxReasonLength) return refused('reason-missing', absenceBasis, { length: reason.length })
  if (document === '' && policy.idle.absenceNeedsDocument) return refused('document-missing', absenceBasis)
  return { from: given.from, to: given.to, reason, document: document === '' ? null : document }
}
