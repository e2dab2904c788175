/**
 * What people do to the life of an account (Điều 5, 6; requirements §1.1, §1.2): locks, emergency suspension, new temporary
 * passwords, absences, reports of loss, proposals of revocation, undoing one. Restorations and revocations that an agency asks for
 * in writing are decided in core/request. Every act goes through `decideTransition` and is one commit with its audit record.
 */
import type { Actor } from '../administration/actor.ts'
import { auditRecord, today, type AdministrationContext } from '../administration/context.ts'
import { requireEntry } from '../administration/entries.ts'
import { MailError } from '../errors.ts'
import { caseKind } from '../request/case-entry.ts'
import type { Account } from './account.ts'
import { requirePasswordOwner } from './delegation.ts'
import { readAbsence } from './lifecycle/activity.ts'
import type { LifecycleAct } from './lifecycle/acts.ts'
import { basis } from './lifecycle/basis.ts'
import { dayAfter, isDay, type Day } from './lifecycle/civil-day.ts'
import { pendingActs } from './lifecycle/decide.ts'
import type { AbsenceNotice } from './lifecycle/facts.ts'
import { putOffProposal } from './lifecycle/proposal.ts'
import { roleTable, type Action } from './lifecycle/roles.ts'
import { decideTransition, passwordResetOf, type ActingPerson, type CompromiseGround, type Evidence, type TransitionRules } from './lifecycle/transition.ts'
import { transitionTable, type TransitionName } from './lifecycle/transition-table.ts'
import type { Untold } from './lifecycle/untold.ts'
import { carriedOut, type ActBy, type NewPassword } from './lifecycle-acts.ts'
import { accountNamed, changeLife, holdAccount, lifeFacts, refuse, unknownAccount, type Held, type LifecycleChange } from './lifecycle-change.ts'
import type { LifecycleRecord } from './lifecycle-record.ts'
import { temporaryPassword } from './password.ts'

export interface LifecycleView {
  readonly account: Account
  readonly record: Omit<LifecycleRecord, 'untold'>
  /** What the clock will do if nothing else happens, in the order of their days. */
  readonly coming: readonly LifecycleAct[]
  readonly calendarVersion: string
}

export interface VersionSeen {
  /** The account's credentialVersion that the caller saw; another one is refused with `conflict`. */
  readonly ifVersion?: number
}

export type LockWanted =
  | { readonly act: 'lock-compromised'; readonly ground: CompromiseGround | null; readonly warning: string | null }
  | { readonly act: 'lock-prohibited-use'; readonly case: string }
  | { readonly act: 'suspend'; readonly reason: string }

/** Accounts are named by address or id. All refuse `account-unknown`, `not-permitted` (role, state), `argument-invalid` (what the clause asks for is missing). */
export interface LifecycleAdministration {
  get(actor: Actor, address: string): Promise<LifecycleView>
  /** Điều 6.2b, 6.2c, or an emergency; sessions end at once. */
  lock(actor: Actor, address: string, wanted: LockWanted, seen?: VersionSeen): Promise<Account>
  /** D-10: of an account that is not locked. The password is shown once. */
  resetPassword(actor: Actor, address: string, seen?: VersionSeen): Promise<{ readonly account: Account; readonly temporaryPassword: string }>
  noteAbsence(actor: Actor, address: string, notice: AbsenceNotice): Promise<LifecycleView>
  /** The person is back: the notice that begins on `from` ends on `endedOn`, which counts as activity. */
  endAbsence(actor: Actor, address: string, ended: { readonly from: Day; readonly endedOn: Day }): Promise<LifecycleView>
  /** The owner tells that the account is lost or in other hands; who may lock is told. */
  reportLoss(actor: Actor, address: string, report: { readonly ground: CompromiseGround; readonly text: string }): Promise<void>
  /** 8.3đ, the Sở alone: revoked now. */
  acceptProposal(actor: Actor, address: string, decision: { readonly reason: string }, seen?: VersionSeen): Promise<Account>
  /** 8.3đ, the Sở alone: looked at again on that day. */
  putOffProposal(actor: Actor, address: string, decision: { readonly until: Day; readonly reason: string }, seen?: VersionSeen): Promise<Account>
  /** A revocation that waits for its day is not carried out. */
  cancelRevocation(actor: Actor, address: string, decision: { readonly reason: string }, seen?: VersionSeen): Promise<Account>
  /** While the content is kept (D-14): locked again, then the procedure of 6.3. */
  undoRevocation(actor: Actor, address: string, decision: { readonly reason: string }, seen?: VersionSeen): Promise<Account>
}

export function createLifecycleAdministration(context: AdministrationContext): LifecycleAdministration {
  return {
    get: async (actor, address) => viewOf(context, await authorised(context, actor, 'account.read', address)),
    lock: (actor, address, wanted, seen) => lock(context, actor, { address, wanted, seen }),
    async resetPassword(actor, address, seen) {
      const account = await authorised(context, actor, 'account.reset-password', address)
      requirePasswordOwner(account)
      const given = temporaryPassword(context.random)
      const password = { passwordHash: await context.passwords.hash(given) }
      const changed = await transit(context, actor, account, ({ facts }) => ({ act: passwordResetOf(facts.state), evidence: {}, password }), seen)
      return { account: changed, temporaryPassword: given }
    },
    noteAbsence: (actor, address, notice) => noteAbsence(context, actor, address, notice),
    endAbsence: (actor, address, ended) => endAbsence(context, actor, address, ended),
    reportLoss: (actor, address, report) => reportLoss(context, actor, address, report),
    async acceptProposal(actor, address, { reason }, seen) {
      const account = await authorised(context, actor, 'revocation.decide-proposal', address)
      if (reason.trim() === '') refuse({ kind: 'refused', code: 'reason-missing', ...basis('Điều 8.3đ', 'D-9'), detail: {} })
      return transit(context, actor, account, () => ({ act: 'revoke-unused', evidence: { decision: kept(reason), reason: kept(reason) } }), seen)
    },
    putOffProposal: (actor, address, decision, seen) => putOff(context, actor, { address, decision, seen }),
    cancelRevocation: (actor, address, decision, seen) => cancelRevocation(context, actor, { address, decision, seen }),
    async undoRevocation(actor, address, { reason }, seen) {
      const account = await authorised(context, actor, 'revocation.undo', address)
      return transit(context, actor, account, () => ({ act: 'undo-revocation', evidence: { decision: kept(reason) } }), seen)
    },
  }
}

const maxTextLength = 1_000
const kept = (text: string): string => text.normalize('NFC').trim().slice(0, maxTextLength)

/** The account, when the actor may do this to it. */
export async function authorised(context: Pick<AdministrationContext, 'store' | 'authorise'>, actor: Actor, action: Action, who: string): Promise<Account> {
  const account = await accountNamed(context, who)
  // Whether one of another agency exists is nobody's business there.
  await context.authorise(actor, action, { agency: account?.agency ?? null, account: account?.id ?? null, subject: account?.address ?? who.slice(0, 320) })
  return account ?? unknownAccount(who)
}

export const actingPerson = ({ role, agency, account }: Actor): ActingPerson => ({ role, agency: agency ?? '', account: account ?? '' })

export async function rulesOf({ settings, terms }: Pick<AdministrationContext, 'settings' | 'terms'>): Promise<TransitionRules> {
  const { regulation } = settings
  return { policy: regulation, documents: regulation.documents, terms: await terms() }
}

export function actBy({ clock }: Pick<AdministrationContext, 'clock'>, actor: Actor, rules: TransitionRules): ActBy {
  const nowMs = clock.nowMs()
  return { nowMs, by: actor.name, rules, record: (act) => auditRecord(actor, nowMs, act) }
}

interface Wanted {
  readonly act: TransitionName
  readonly evidence: Evidence
  readonly password?: NewPassword
}

async function transit(context: AdministrationContext, actor: Actor, account: Account, wanted: (held: Held) => Wanted, seen?: VersionSeen): Promise<Account> {
  const rules = await rulesOf(context)
  const plan = (held: Held): LifecycleChange => {
    const { act, evidence: given, password } = wanted(held)
    const evidence = { ...given, order: actor.order }
    const { facts } = held
    const decision = decideTransition({ act, actor: actingPerson(actor), evidence }, { agency: facts.agency, existing: facts }, rules, today(context))
    if (decision.kind === 'refused') return refuse(decision)
    if (decision.kind === 'scheduled') throw new Error(`${act} has no day of its own`)
    return carriedOut(held, { act, decision, evidence, ...(password === undefined ? {} : { password }) }, actBy(context, actor, rules))
  }
  return (await changeLife(context, account.id, plan, seen?.ifVersion)).account
}

interface WithVersion<T> {
  readonly address: string
  readonly seen: VersionSeen | undefined
  readonly decision: T
}

async function lock(context: AdministrationContext, actor: Actor, { address, wanted, seen }: { readonly address: string; readonly wanted: LockWanted; readonly seen: VersionSeen | undefined }): Promise<Account> {
  const account = await authorised(context, actor, transitionTable[wanted.act].action, address)
  const evidence = await evidenceOf(context, wanted)
  return transit(context, actor, account, () => ({ act: wanted.act, evidence }), seen)
}

/** The case must be there: 6.2c rests on it. */
export async function evidenceOf({ store }: Pick<AdministrationContext, 'store'>, wanted: LockWanted): Promise<Evidence> {
  switch (wanted.act) {
    case 'lock-compromised':
      return { ground: wanted.ground, warning: wanted.warning === null ? null : kept(wanted.warning) }
    case 'lock-prohibited-use': {
      if (wanted.case.trim() === '') return { case: null }
      const { id, value } = await requireEntry(store.registry, caseKind, wanted.case)
      return { case: { ...value.file, id } }
    }
    case 'suspend':
      return { reason: kept(wanted.reason) }
  }
}

export async function viewOf(context: AdministrationContext, account: Account): Promise<LifecycleView> {
  const held = await holdAccount(context, account)
  const rules = await rulesOf(context)
  const { untold: _, ...record } = held.record
  const coming = pendingActs(held.facts, rules).toSorted((a, b) => (a.on < b.on ? -1 : a.on > b.on ? 1 : 0))
  return { account, record, coming, calendarVersion: rules.terms.calendarVersion }
}

/** More than these of one account help nobody. */
const maxAbsences = 50

async function noteAbsence(context: AdministrationContext, actor: Actor, address: string, given: AbsenceNotice): Promise<LifecycleView> {
  const account = await authorised(context, actor, 'account.note-absence', address)
  const notice = readAbsence(given, context.settings.regulation)
  if ('kind' in notice) return refuse(notice)
  const nowMs = context.clock.nowMs()
  const untold: Untold = { purpose: 'absence-noted', atMs: nowMs, tell: ['second-channel', 'agency-administrator'], facts: { from: notice.from, to: notice.to } }
  return changeAbsences(context, actor, account, {
    action: 'absence.note',
    untold: [untold],
    change(absences) {
      if (absences.length >= maxAbsences) throw new MailError('limit-reached', 'too many absences', { maxAbsences })
      return [...absences.filter(({ from }) => from !== notice.from), notice].toSorted((a, b) => (a.from < b.from ? -1 : 1))
    },
  })
}

async function endAbsence(context: AdministrationContext, actor: Actor, address: string, { from, endedOn }: { readonly from: Day; readonly endedOn: Day }): Promise<LifecycleView> {
  const account = await authorised(context, actor, 'account.note-absence', address)
  return changeAbsences(context, actor, account, {
    action: 'absence.end',
    untold: [],
    change(absences) {
      const notice = absences.find((one) => one.from === from)
      if (notice === undefined) throw new MailError('entry-unknown', 'no such absence', { from: from.slice(0, 10) })
      if (!isDay(endedOn) || endedOn < from || endedOn > notice.to) {
        return refuse({ kind: 'refused', code: 'date-invalid', ...roleTable['account.note-absence'].basis, detail: { endedOn: endedOn.slice(0, 10) } })
      }
      return absences.map((one) => (one === notice ? { ...one, to: endedOn } : one))
    },
  })
}

async function changeAbsences(
  context: AdministrationContext,
  actor: Actor,
  { id }: Account,
  act: { readonly action: string; readonly untold: readonly Untold[]; readonly change: (absences: readonly AbsenceNotice[]) => readonly AbsenceNotice[] },
): Promise<LifecycleView> {
  const { account } = await changeLife(context, id, ({ account: now, record }) => {
    const absences = act.change(record.absences)
    const { clause } = roleTable['account.note-absence'].basis
    const written = auditRecord(actor, context.clock.nowMs(), { action: act.action, subject: now.address, clause, before: { absences: record.absences }, after: { absences } })
    return { record: { ...record, absences }, records: [written], untold: act.untold }
  })
  return viewOf(context, account)
}

async function reportLoss(context: AdministrationContext, actor: Actor, address: string, { ground, text }: { readonly ground: CompromiseGround; readonly text: string }): Promise<void> {
  const { id } = await authorised(context, actor, 'account.report-loss', address)
  const nowMs = context.clock.nowMs()
  const { clause } = roleTable['account.report-loss'].basis
  await changeLife(context, id, ({ account, record }) => ({
    record,
    records: [auditRecord(actor, nowMs, { action: 'account.report-loss', subject: account.address, clause, before: null, after: lifeFacts(account), evidence: { ground, text: kept(text) } })],
    untold: [{ purpose: 'loss-reported', atMs: nowMs, tell: ['agency-administrator', 'operator', 'super-administrator'], facts: { on: today(context), ground, text: kept(text) } }],
  }))
}

async function putOff(context: AdministrationContext, actor: Actor, { address, decision, seen }: WithVersion<{ readonly until: Day; readonly reason: string }>): Promise<Account> {
  const { id } = await authorised(context, actor, 'revocation.decide-proposal', address)
  const nowMs = context.clock.nowMs()
  const changed = await changeLife(
    context,
    id,
    ({ account, record, facts }) => {
      const put = putOffProposal(facts, { ...decision, actor: actingPerson(actor) }, context.settings.regulation, today(context))
      if (put.kind === 'refused') return refuse(put)
      const reason = kept(decision.reason)
      return {
        record: { ...record, proposal: put.proposal },
        records: [
          auditRecord(actor, nowMs, {
            action: 'revocation.put-off',
            subject: account.address,
            clause: put.clause,
            before: { proposal: record.proposal },
            after: { proposal: put.proposal },
            evidence: { reason, decisions: put.decisions.join(' ') },
          }),
        ],
        untold: [{ purpose: 'proposal-put-off', atMs: nowMs, tell: ['operator', 'agency-administrator'], facts: { until: decision.until, reason } }],
      }
    },
    seen?.ifVersion,
  )
  return changed.account
}

async function cancelRevocation(context: AdministrationContext, actor: Actor, { address, decision, seen }: WithVersion<{ readonly reason: string }>): Promise<Account> {
  const { id } = await authorised(context, actor, 'revocation.carry-out', address)
  const nowMs = context.clock.nowMs()
  const reason = kept(decision.reason)
  const changed = await changeLife(
    context,
    id,
    ({ account, record }) => {
      const { scheduledRevocation: waiting } = record
      const on = roleTable['revocation.carry-out'].basis
      if (reason === '') return refuse({ kind: 'refused', code: 'reason-missing', ...on, detail: {} })
      if (waiting === null) return refuse({ kind: 'refused', code: 'state', ...on, detail: { act: 'cancel-revocation', from: account.state } })
      return {
        record: { ...record, scheduledRevocation: null },
        records: [
          auditRecord(actor, nowMs, {
            action: 'revocation.cancel',
            subject: account.address,
            clause: waiting.clause,
            before: { scheduledRevocation: waiting.effectiveOn, runsOn: dayAfter(waiting.effectiveOn) },
            after: { scheduledRevocation: null },
            evidence: { reason, document: waiting.document.number },
          }),
        ],
        untold: [{ purpose: 'revocation-cancelled', atMs: nowMs, tell: ['second-channel', 'agency-administrator'], facts: { reason } }],
      }
    },
    seen?.ifVersion,
  )
  return changed.account
}
