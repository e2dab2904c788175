/**
 * A year of the regulation on its policies alone: accounts with scripts, nights that `decide`, days on which people act
 * through `decideTransition`. Every act must be allowed where the script says so, and refused where it says that.
 */
import assert from 'node:assert/strict'
import { dayAfter, dayOfInstant, type Day } from '../../../../../src/core/account/lifecycle/civil-day.ts'
import type { LifecycleAct } from '../../../../../src/core/account/lifecycle/acts.ts'
import { afterAct, decide } from '../../../../../src/core/account/lifecycle/decide.ts'
import type { AbsenceNotice, LifecycleFacts } from '../../../../../src/core/account/lifecycle/facts.ts'
import { putOffProposal } from '../../../../../src/core/account/lifecycle/proposal.ts'
import { decideTransition, passwordResetOf, type ActingPerson, type Evidence, type TransitionDecision } from '../../../../../src/core/account/lifecycle/transition.ts'
import type { TransitionName } from '../../../../../src/core/account/lifecycle/transition-table.ts'
import { fixDeadline, reminderDue, remindersOf, type Deadline, type ReminderKind } from '../../../../../src/core/request/deadline.ts'
import { at, caseFile, document, issued, people, regulation, rules, terms } from './samples.ts'
import { expectedActs, type Lived } from './year-oracle.ts'

/** What a person does on a day, after the night's run. */
export type Deed =
  | { readonly kind: 'sign-in' }
  | { readonly kind: 'send' }
  | { readonly kind: 'receive' }
  | { readonly kind: 'change-password' }
  | { readonly kind: 'absence'; readonly notice: AbsenceNotice }
  | { readonly kind: 'reset-password' }
  | { readonly kind: 'lock'; readonly act: 'lock-compromised' | 'lock-prohibited-use' | 'suspend' }
  /** The agency's document; `lateDays`: working days that the Sở takes beyond the due day. */
  | { readonly kind: 'ask-restoration'; readonly answer: 'restore' | 'refuse'; readonly lateDays: number }
  | { readonly kind: 'leave'; readonly effectiveOn: Day }
  | { readonly kind: 'put-off'; readonly until: Day }
  | { readonly kind: 'accept-proposal' }

export interface Script {
  readonly name: string
  readonly role?: LifecycleFacts['role']
  readonly deeds: ReadonlyMap<Day, readonly Deed[]>
}

export interface YearEvent {
  readonly day: Day
  readonly account: string
  /** e.g. `lock Điều 6.2a`. */
  readonly what: string
  readonly by: 'clock' | 'people'
  readonly provisional: boolean
}

interface OpenRequest {
  readonly deadline: Deadline
  readonly answer: 'restore' | 'refuse'
  readonly answerOn: Day
  reminded: ReminderKind[]
}

export function liveYear(scripts: readonly Script[], span: { readonly from: Day; readonly until: Day }): readonly YearEvent[] {
  const people_ = scripts.map((script) => new Person(script, span.from))
  const events: YearEvent[] = []
  for (let day = span.from; day <= span.until; day = dayAfter(day)) {
    for (const one of people_) events.push(...one.night(day), ...one.day(day))
  }
  return events
}

export const told = (act: LifecycleAct): string => (act.kind === 'warn' ? `warn-${act.daysBefore} ${act.clause}` : `${act.kind} ${act.clause}`)

class Person {
  readonly script: Script
  facts: LifecycleFacts
  request: OpenRequest | null = null
  events: YearEvent[] = []

  constructor(script: Script, issuedOn: Day) {
    this.script = script
    this.facts = issued(issuedOn, { account: script.name, role: script.role ?? 'individual' })
  }

  /** The clock: the policies must say what the oracle says. */
  night(day: Day): readonly YearEvent[] {
    this.events = []
    const acts = decide(this.facts, rules, day)
    assert.deepEqual(acts.map(told).toSorted(), expectedActs(this.lived(), day).toSorted(), `${this.script.name} in the night of ${day}`)
    for (const act of acts) {
      if (act.kind === 'revoke') {
        const { document: paper, effectiveOn, approvedBy } = act.revocation
        this.decided('revoke-leaver', 'clock', { document: paper, effectiveOn, approvedBy }, day, 'revoked')
      }
      this.facts = afterAct(this.facts, act, day)
      this.events.push({ day, account: this.script.name, what: told(act), by: 'clock', provisional: act.provisional })
    }
    this.remind(day)
    return this.events
  }

  day(day: Day): readonly YearEvent[] {
    this.events = []
    this.answer(day)
    for (const deed of this.script.deeds.get(day) ?? []) this.do(deed, day)
    return this.events
  }

  private remind(day: Day): void {
    if (this.request === null) return
    const reminder = reminderDue(remindersOf(this.request.deadline, terms, regulation.restoration.remindWorkingDaysBefore), this.request.reminded, day)
    if (reminder === null) return
    this.request.reminded = [...this.request.reminded, reminder.kind]
    this.events.push({ day, account: this.script.name, what: `request-${reminder.kind} Điều 6.3b`, by: 'clock', provisional: this.request.deadline.provisional })
  }

  private answer(day: Day): void {
    if (this.request?.answerOn !== day) return
    const { answer } = this.request
    this.request = null
    this.apply(answer === 'restore' ? 'restore' : 'refuse-restoration', people.sa, { decision: 'Không đủ căn cứ' }, day)
  }

  private do(deed: Deed, day: Day): void {
    const owner: ActingPerson = { role: this.facts.role === 'individual' ? 'individual' : this.facts.role, agency: 'skhcn', account: this.script.name }
    switch (deed.kind) {
      case 'sign-in':
        if (this.facts.state === 'active') this.facts = { ...this.facts, lastSignInAtMs: at(day) }
        return
      case 'send':
        if (this.facts.state === 'active') this.facts = { ...this.facts, lastSentAtMs: at(day) }
        return
      case 'receive':
        if (this.facts.state === 'active') this.facts = { ...this.facts, lastReceivedAtMs: { filtered: at(day), literal: at(day) } }
        return
      case 'change-password':
        return this.apply(this.facts.state === 'issued' ? 'first-password' : 'changed-password', owner, {}, day)
      case 'absence':
        this.facts = { ...this.facts, absences: [...this.facts.absences, deed.notice] }
        return this.note(day, 'absence-noted Điều 6.2a')
      case 'reset-password':
        return this.apply(passwordResetOf(this.facts.state), people.aa, {}, day)
      case 'lock':
        return this.apply(deed.act, deed.act === 'suspend' ? people.aa : people.sa, { ground: 'hijacked', case: caseFile({ accounts: [this.script.name] }), reason: 'Nghi mất quyền' }, day)
      case 'ask-restoration':
        return this.ask(deed, day)
      case 'leave':
        return this.leave(deed.effectiveOn, day)
      case 'put-off':
        return this.putOff(deed.until, day)
      case 'accept-proposal':
        return this.apply('revoke-unused', people.sa, {}, day)
    }
  }

  private ask({ answer, lateDays }: Deed & { readonly kind: 'ask-restoration' }, day: Day): void {
    this.decided('ask-restoration', owned(this.script.name), { document: { ...document, date: day } }, day, 'role')
    this.apply('ask-restoration', people.aa, { document: { ...document, date: day } }, day)
    const deadline = fixDeadline(at(day), regulation.restoration.workingDays, terms)
    this.request = { deadline, answer, answerOn: terms.dueOn(deadline.due, lateDays), reminded: [] }
  }

  private leave(effectiveOn: Day, day: Day): void {
    const paper = { ...document, date: day }
    const decision = decideTransition({ act: 'revoke-leaver', actor: people.sa, evidence: { document: paper, effectiveOn } }, { agency: 'skhcn', existing: this.facts }, rules, day)
    assert.equal(decision.kind, 'scheduled')
    this.facts = { ...this.facts, scheduledRevocation: { clause: 'Điều 5.3', effectiveOn, document: paper, approvedBy: 'sa' } }
    this.note(day, 'revocation-approved Điều 5.3')
  }

  private putOff(until: Day, day: Day): void {
    const decision = putOffProposal(this.facts, { until, reason: 'Đang nghỉ thai sản', actor: people.sa }, regulation, day)
    assert.ok(decision.kind === 'put-off')
    this.facts = { ...this.facts, proposal: decision.proposal }
    this.note(day, 'proposal-put-off Điều 8.3đ')
  }

  /** Carries out what must be allowed. */
  private apply(act: TransitionName, actor: ActingPerson, evidence: Evidence, day: Day): void {
    const decision = this.decided(act, actor, evidence, day, null)
    assert.ok(decision.kind === 'allowed')
    const by = act === 'restore' ? 'restoration' : 'reset'
    const { to, lockClause } = decision
    this.facts = {
      ...this.facts,
      state: to,
      lockClause,
      temporaryPassword: to === 'active' ? null : act.endsWith('password') || act === 'restore' ? { setAtMs: at(day), by } : this.facts.temporaryPassword,
      passwordChangedAtMs: to === 'active' ? at(day) : this.facts.passwordChangedAtMs,
      proposal: to === 'revoked' ? null : this.facts.proposal,
      revokedAtMs: to === 'revoked' ? at(day) : null,
    }
    this.note(day, `${act} ${decision.clause}`)
  }

  private decided(act: TransitionName, actor: ActingPerson | 'clock', evidence: Evidence, day: Day, expected: string | null): TransitionDecision {
    const decision = decideTransition({ act, actor, evidence }, { agency: 'skhcn', existing: this.facts }, rules, day)
    const outcome = decision.kind === 'refused' ? decision.code : decision.to
    if (expected === null) assert.equal(decision.kind, 'allowed', `${this.script.name}: ${act} on ${day} is ${outcome}`)
    else assert.equal(outcome, expected)
    return decision
  }

  private note(day: Day, what: string): void {
    this.events.push({ day, account: this.script.name, what, by: 'people', provisional: false })
  }

  private lived(): Lived {
    const { facts } = this
    const days = [facts.issuedAtMs, facts.passwordChangedAtMs, facts.lastSignInAtMs].filter((one) => one !== null).map(dayOfInstant)
    const used = [facts.lastSentAtMs, facts.lastReceivedAtMs.filtered].filter((one) => one !== null).map(dayOfInstant)
    const { proposal } = facts
    return {
      administrator: facts.role !== 'individual',
      state: facts.state,
      lastSignIn: days.toSorted().at(-1)!,
      lastUse: [...days, ...used].toSorted().at(-1)!,
      temporaryPasswordOn: facts.temporaryPassword === null ? null : dayOfInstant(facts.temporaryPassword.setAtMs),
      absences: facts.absences,
      proposed: proposal === null ? 'no' : proposal.state === 'open' ? 'open' : { until: proposal.until! },
      proposedFor: proposal?.from ?? null,
      leavesAfter: facts.scheduledRevocation?.effectiveOn ?? null,
      revokedOn: facts.revokedAtMs === null ? null : dayOfInstant(facts.revokedAtMs),
    }
  }
}

const owned = (name: string): ActingPerson => ({ role: 'individual', agency: 'skhcn', account: name })
