/** Facts, rules and people that the tests of the lifecycle start from: an account in use, the regulation as it is. */
import { loadRegulation } from '../../../../../src/config/regulation.ts'
import { startOfDayMs, type Day } from '../../../../../src/core/account/lifecycle/civil-day.ts'
import type { LifecycleFacts } from '../../../../../src/core/account/lifecycle/facts.ts'
import type { LifecycleRules } from '../../../../../src/core/account/lifecycle/lock-terms.ts'
import { createTerms, versionedCalendar, type Terms } from '../../../../../src/core/account/lifecycle/terms.ts'
import type { ActingPerson, TransitionRules } from '../../../../../src/core/account/lifecycle/transition.ts'
import type { CaseFile } from '../../../../../src/core/request/case.ts'
import type { OfficialDocument } from '../../../../../src/core/request/document.ts'
import type { WorkYear } from '../../../../../src/vietnamese/calendar/work-calendar.ts'

export const regulation = loadRegulation()

export const termsOf = (edited: readonly WorkYear[] = [], version = 'test'): Terms => createTerms(versionedCalendar(edited, version))

export const terms = termsOf()

export const rules: LifecycleRules & TransitionRules = { policy: regulation, terms, documents: regulation.documents }

/** 09:30 in Vietnam. */
export const at = (day: Day, hour = 9.5): number => startOfDayMs(day) + hour * 3_600_000

export function account(changed: Partial<LifecycleFacts> = {}): LifecycleFacts {
  return {
    account: 'a1',
    agency: 'skhcn',
    role: 'individual',
    kind: 'person',
    state: 'active',
    lockClause: null,
    issuedAtMs: at('2026-05-10'),
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
    legalHold: false,
    ...changed,
  }
}

/** Issued with a temporary password on that day. */
export const issued = (day: Day, changed: Partial<LifecycleFacts> = {}): LifecycleFacts =>
  account({ state: 'issued', issuedAtMs: at(day), temporaryPassword: { setAtMs: at(day), by: 'issue' }, ...changed })

export const document: OfficialDocument = { number: '15/SKHCN-VP', date: '2026-05-20', file: { name: 'cv15.pdf', sha256: 'a'.repeat(64), sizeBytes: 1234 } }

export const caseFile = (changed: Partial<CaseFile> = {}): CaseFile => ({
  id: 'VV-1',
  openedAtMs: at('2026-05-20'),
  openedBy: 'sa',
  accounts: ['a1'],
  summary: 'Thư quảng cáo hàng cấm',
  evidence: [{ kind: 'message', sha256: 'b'.repeat(64), sizeBytes: 10, takenAtMs: at('2026-05-19'), takenBy: 'sa' }],
  decision: null,
  ...changed,
})

export const people = {
  sa: { role: 'super-administrator', agency: 'skhcn', account: 'sa' },
  op: { role: 'operator', agency: 'ttcds', account: 'op' },
  aa: { role: 'agency-administrator', agency: 'skhcn', account: 'aa' },
  otherAa: { role: 'agency-administrator', agency: 'dakpo', account: 'aa2' },
  owner: { role: 'individual', agency: 'skhcn', account: 'a1' },
  colleague: { role: 'individual', agency: 'skhcn', account: 'a2' },
  inspector: { role: 'inspector', agency: 'thanhtra', account: 'in' },
} as const satisfies Record<string, ActingPerson>
