/**
 * On what a decision rests: the clause of the regulation (or of the standard that D-19 and D-23 add), and the project
 * decisions D-… that read it where the text is silent (requirements §1.0). And the one form of a refusal that the policies
 * of accounts, requests and notices share: a value, never an exception; `mailErrorOf` is for the use case that throws it.
 */
import { MailError, type MailErrorCode } from '../../errors.ts'

export type DecisionId = `D-${number}`

export interface Basis {
  /** As records keep it, e.g. `Điều 6.2a`. */
  readonly clause: string
  readonly decisions: readonly DecisionId[]
}

export function basis(clause: string, ...decisions: readonly DecisionId[]): Basis {
  return { clause, decisions }
}

export type RefusalCode =
  // who asks
  | 'role'
  | 'other-agency'
  | 'other-account'
  // what is so now
  | 'state'
  | 'locked'
  | 'already-decided'
  | 'content-purged'
  | 'legal-hold'
  // what the clause asks for and is not there
  | 'order-missing'
  | 'document-missing'
  | 'document-invalid'
  | 'ground-missing'
  | 'warning-missing'
  | 'case-missing'
  | 'case-invalid'
  | 'proposal-missing'
  | 'decision-missing'
  | 'approval-missing'
  | 'reason-missing'
  | 'effective-date-missing'
  // what was given makes no sense
  | 'date-invalid'
  | 'too-early'
  | 'notice-too-late'
  | 'time-invalid'
  | 'size-invalid'
  | 'too-many-rows'
  | 'no-valid-row'
  | 'account-unknown'
  | 'duplicate-row'

/** 403, 409 and 422 of the REST API. */
export type RefusalClass = 'forbidden' | 'conflict' | 'unprocessable'

const otherClasses: Partial<Readonly<Record<RefusalCode, RefusalClass>>> = {
  role: 'forbidden',
  'other-agency': 'forbidden',
  'other-account': 'forbidden',
  state: 'conflict',
  locked: 'conflict',
  'already-decided': 'conflict',
  'content-purged': 'conflict',
  'legal-hold': 'conflict',
}

export const refusalClass = (code: RefusalCode): RefusalClass => otherClasses[code] ?? 'unprocessable'

export interface Refused extends Basis {
  readonly kind: 'refused'
  readonly code: RefusalCode
  /** Facts for the log and the answer: dates, states, numbers; never a secret. */
  readonly detail: Readonly<Record<string, string | number | boolean | null>>
}

export function refused(code: RefusalCode, on: Basis, detail: Refused['detail'] = {}): Refused {
  return { kind: 'refused', code, clause: on.clause, decisions: on.decisions, detail }
}

const mailErrorCodes: Readonly<Record<RefusalClass, MailErrorCode>> = {
  forbidden: 'not-permitted',
  // Not `conflict`: the same request would not succeed later by itself.
  conflict: 'not-permitted',
  unprocessable: 'argument-invalid',
}

/** The error that a use case throws; its detail names code, class and clause. */
export function mailErrorOf(refusal: Refused): MailError {
  const kind = refusalClass(refusal.code)
  const decisions = refusal.decisions.join(' ')
  return new MailError(mailErrorCodes[kind], refusal.code, { ...refusal.detail, reason: refusal.code, class: kind, clause: refusal.clause, decisions })
}
