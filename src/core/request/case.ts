/**
 * A case of prohibited use (Điều 3.3): what a lock by 6.2c rests on. Evidence is named by its hash, with who took it and
 * when; it is seen by the Sở only (role table, `case.read`). Pure.
 */
import { basis, refused, type Basis, type Refused } from '../account/lifecycle/basis.ts'
import type { AccountId } from '../mailbox/mailbox.ts'

export interface Evidence {
  readonly kind: 'message' | 'log' | 'document' | 'other'
  /** Hex SHA-256 of the bytes, e.g. of the reported .eml. */
  readonly sha256: string
  readonly sizeBytes: number
  readonly takenAtMs: number
  /** Account id of the one who took it. */
  readonly takenBy: string
}

export type CaseDecision = 'lock' | 'no-action' | 'referred'

export interface CaseFile {
  readonly id: string
  readonly openedAtMs: number
  readonly openedBy: string
  /** The accounts that it is about. */
  readonly accounts: readonly AccountId[]
  readonly summary: string
  readonly evidence: readonly Evidence[]
  readonly decision: { readonly outcome: CaseDecision; readonly reason: string; readonly by: string; readonly atMs: number } | null
}

export const caseBasis: Basis = basis('Điều 3.3, 6.2c')

const maxAccounts = 100
const maxEvidence = 200
const maxTextLength = 4000
const sha256Form = /^[0-9a-f]{64}$/

/** The refusal of a case file that cannot be opened (`detail.fault` names what), or null. */
export function checkCase(file: CaseFile, nowMs: number): Refused | null {
  const fault = caseFault(file, nowMs)
  return fault === null ? null : refused('case-invalid', caseBasis, { fault })
}

function caseFault({ accounts, evidence, summary, openedAtMs }: CaseFile, nowMs: number): string | null {
  if (accounts.length === 0 || accounts.length > maxAccounts || new Set(accounts).size !== accounts.length) return 'accounts'
  if (summary.trim() === '' || summary.length > maxTextLength) return 'summary'
  if (evidence.length === 0 || evidence.length > maxEvidence) return 'evidence'
  const wrong = evidence.find((one) => !sha256Form.test(one.sha256) || !(one.takenAtMs <= nowMs) || one.takenBy === '' || !Number.isSafeInteger(one.sizeBytes) || one.sizeBytes < 0)
  if (wrong !== undefined) return 'evidence'
  return openedAtMs <= nowMs ? null : 'opened'
}

/** Whether a lock of the account by 6.2c can rest on the case: it is about the account, has evidence and was not dismissed. */
export function supportsLock(file: CaseFile, account: AccountId): boolean {
  return file.id !== '' && file.accounts.includes(account) && file.evidence.length > 0 && file.decision?.outcome !== 'no-action'
}

/** A case is decided once; the decision names its reason. */
export function decideCase(file: CaseFile, decision: NonNullable<CaseFile['decision']>): CaseFile | Refused {
  if (file.decision !== null) return refused('already-decided', caseBasis, { outcome: file.decision.outcome })
  if (decision.reason.trim() === '' || decision.reason.length > maxTextLength) return refused('decision-missing', caseBasis)
  if (decision.atMs < file.openedAtMs) return refused('time-invalid', caseBasis)
  return { ...file, decision: { ...decision, reason: decision.reason.trim() } }
}
