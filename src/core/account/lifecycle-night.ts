/**
 * The night of the lifecycle (design §5.9): every account is asked what is due by 00:00 of the day in Vietnam, and it is carried
 * out, each account in one commit with one audit record an act. `decide` is the only judge; lifecycle-preview.ts asks it too.
 *
 * Stopped at any point it goes on where it was: what an act did is in the account's document with the act itself, so that the next
 * run does not find it due. A night that was missed is made up for.
 */
import type { AdministrationContext } from '../administration/context.ts'
import { entry, entryKind, put } from '../administration/entries.ts'
import { isMailError } from '../errors.ts'
import type { NewRecord } from '../record/record.ts'
import { remindOfRequests, tellUntoldRequests } from '../request/request-notices.ts'
import type { Account } from './account.ts'
import type { LifecycleAct } from './lifecycle/acts.ts'
import { mailErrorOf } from './lifecycle/basis.ts'
import { dayOfInstant, startOfDayMs, type Day } from './lifecycle/civil-day.ts'
import { decide, warningsOf } from './lifecycle/decide.ts'
import { decideTransition, type Evidence, type TransitionRules } from './lifecycle/transition.ts'
import type { TransitionName } from './lifecycle/transition-table.ts'
import type { NoticePurpose, Untold } from './lifecycle/untold.ts'
import { rulesOf } from './lifecycle-administration.ts'
import { carriedOut, type ActBy, type WriteRecord } from './lifecycle-acts.ts'
import { afterCommit, commitOf, holdAccount, lifeFacts, tellUntold, untilCommitted, withListing, type Held, type LifecycleChange } from './lifecycle-change.ts'
import { lifecycleKind, type LifecycleRecord } from './lifecycle-record.ts'
import { livesByPage } from './lifecycle-pages.ts'
import { erased, eraseMailboxes } from './purge-account.ts'

/** Kind `job-run`: which night was the last that came to its end. */
export interface JobRun {
  readonly day: Day
  readonly endedAtMs: number
  readonly accounts: number
  readonly acts: Readonly<Record<string, number>>
  /** Accounts whose acts failed: the night is run again for them, in a while. */
  readonly failed: number
}

export const jobRunKind = entryKind<JobRun>({ name: 'job-run', keys: () => [] })
const nightName = 'lifecycle'

export interface NightDone {
  readonly day: Day
  readonly accounts: number
  /** How many of each kind of act. */
  readonly acts: Readonly<Record<string, number>>
  /** Accounts whose acts failed; the night is run again for them, in a while. */
  readonly failed: number
  readonly notices: number
}

export interface NightPorts {
  /** Writes what this node has noted of the use of accounts, so that nobody is locked who signed in. */
  readonly flushActivity: () => Promise<void>
  readonly onFault: (error: unknown) => void
}

export interface LifecycleNight {
  /** The night of today, when it has not come to its end yet: null when there is nothing to do. */
  runIfDue(signal: AbortSignal): Promise<NightDone | null>
  /** Notices that a process died over. Returns how many. */
  tellLeftovers(signal: AbortSignal): Promise<number>
}

const actsAtOnce = 64
/**
 * Use until midnight is written by every node within its gathering time; the night waits for that. All terms end with a day,
 * so that nothing is late by it.
 */
export const afterMidnightMs = 45_000
/** What failed is a fault of ours: not every minute. */
const afterFailureMs = 3_600_000

export function createLifecycleNight(context: AdministrationContext, ports: NightPorts): LifecycleNight {
  return {
    async runIfDue(signal) {
      const nowMs = context.clock.nowMs()
      const day = dayOfInstant(nowMs)
      if (nowMs < startOfDayMs(day) + afterMidnightMs) return null
      const last = await entry(context.store.registry, jobRunKind, nightName)
      if (last !== null && last.value.day >= day && (last.value.failed === 0 || nowMs < last.value.endedAtMs + afterFailureMs)) return null
      const done = await night(context, ports, day, signal)
      const { accounts, acts, failed } = done
      const run: JobRun = { day, endedAtMs: context.clock.nowMs(), accounts, acts, failed }
      await context.store.registry.commit({ entries: [put(jobRunKind, nightName, run, null)] })
      return done
    },
    async tellLeftovers(signal) {
      return (await tellUntold(context, signal)) + (await tellUntoldRequests(context))
    },
  }
}

async function night(context: AdministrationContext, ports: NightPorts, day: Day, signal: AbortSignal): Promise<NightDone> {
  await ports.flushActivity()
  const rules = await rulesOf(context)
  const acts: Record<string, number> = {}
  let [accounts, failed] = [0, 0]
  for await (const page of livesByPage(context, {})) {
    signal.throwIfAborted()
    accounts += page.length
    await adopt(context, page)
    const due = page.filter(({ facts }) => decide(facts, rules, day).length > 0)
    await eachOf(due, async ({ account }) => {
      signal.throwIfAborted()
      try {
        for (const act of await actOn(context, account.id, { rules, day, signal })) acts[actName(act)] = (acts[actName(act)] ?? 0) + 1
      } catch (error) {
        if (signal.aborted) throw error
        failed++
        // One account that cannot be changed keeps nobody else's night; a store that is away is everybody's.
        if (isMailError(error, 'unavailable', 'storage-full')) throw error
        ports.onFault(error)
      }
    })
  }
  const reminders = await remindOfRequests(context, day)
  if (reminders > 0) acts['remind Điều 6.3b'] = reminders
  const notices = (await tellUntold(context, signal)) + (await tellUntoldRequests(context))
  return { day, accounts, acts, failed, notices }
}

const actName = (act: LifecycleAct): string => `${act.kind === 'warn' ? `warn-${act.daysBefore}` : act.kind} ${act.clause}`

/** D-15: the clocks of an account that nobody counted for begin now, and that stands from here on. */
async function adopt({ store }: AdministrationContext, page: readonly Held[]): Promise<void> {
  const entries = page.filter(({ version }) => version === 0).map(({ account, record }) => put(lifecycleKind, account.id, record, 0))
  if (entries.length === 0) return
  // Somebody wrote one of them first: all are looked at again next time.
  await store.registry.commit({ entries }).catch((error: unknown) => {
    if (!isMailError(error, 'conflict')) throw error
  })
}

async function eachOf<T>(all: readonly T[], work: (one: T) => Promise<void>): Promise<void> {
  const rest = all.values()
  const worker = async (): Promise<void> => {
    for (const one of rest) await work(one)
  }
  await Promise.all(Array.from({ length: Math.min(actsAtOnce, all.length) }, worker))
}

interface NightRules {
  readonly rules: TransitionRules
  readonly day: Day
  readonly signal: AbortSignal
}

/** Decides anew upon the account as it is, and carries out all that is due, in one commit. */
async function actOn(context: AdministrationContext, id: Account['id'], tonight: NightRules): Promise<readonly LifecycleAct[]> {
  const { rules, day } = tonight
  return untilCommitted(async () => {
    const account = await context.store.accounts.get(id)
    if (account === null) return []
    const held = await holdAccount(context, account)
    const acts = decide(held.facts, rules, day)
    if (acts.length === 0) return []
    if (acts.some(({ kind }) => kind === 'purge')) await eraseMailboxes(context.store, id, tonight.signal)
    const change = await withListing(context, held, await changeBy(context, held, acts, tonight))
    const { accounts } = await context.store.registry.commit(commitOf(held, change))
    if (change.account !== undefined) afterCommit(context, accounts)
    return acts
  })
}

/** The acts of a night on top of each other. */
async function changeBy(context: AdministrationContext, held: Held, acts: readonly LifecycleAct[], { rules, day }: NightRules): Promise<LifecycleChange> {
  const nowMs = context.clock.nowMs()
  let sum: LifecycleChange = { record: held.record, records: [] }
  let now = held
  for (const [index, act] of acts.entries()) {
    // Distinct moments: each notice has its own.
    const by: ActBy = { nowMs: nowMs + index, by: 'system', rules, record: clockRecord(nowMs) }
    const change = await changeOf(context, now, act, { by, day })
    sum = {
      ...sum,
      ...(change.account === undefined && sum.account === undefined ? {} : { account: { ...sum.account, ...change.account } }),
      record: change.record,
      records: [...sum.records, ...change.records],
      untold: [...(sum.untold ?? []), ...(change.untold ?? [])],
      entries: [...(sum.entries ?? []), ...(change.entries ?? [])],
      removeAliases: [...(sum.removeAliases ?? []), ...(change.removeAliases ?? [])],
    }
    const account = { ...now.account, ...change.account }
    now = { ...now, account, record: change.record, facts: { ...now.facts, state: account.state, lockClause: account.lockClause, ...lifecycleFactsOf(change.record) } }
  }
  return sum
}

const lifecycleFactsOf = ({ temporaryPassword, warnings, proposal, scheduledRevocation, revokedAtMs }: LifecycleRecord) => ({ temporaryPassword, warnings, proposal, scheduledRevocation, revokedAtMs })

/** Of the clock: it has no role. */
const clockRecord =
  (atMs: number): WriteRecord =>
  ({ before, after, evidence, ...act }): NewRecord => ({ kind: 'audit', atMs, actor: 'system', ...act, detail: { before, after, ...(evidence === undefined ? {} : { evidence }), via: 'clock' } })

const lockActs: Readonly<Record<Extract<LifecycleAct, { kind: 'lock' }>['rule'], TransitionName>> = {
  idle: 'lock-idle',
  'default-password': 'lock-default-password',
  'administrator-idle': 'lock-idle-administrator',
}

const warnPurposes: Readonly<Record<Extract<LifecycleAct, { kind: 'warn' }>['rule'], NoticePurpose>> = {
  idle: 'warn-idle',
  'default-password': 'warn-default-password',
  'administrator-idle': 'warn-administrator-idle',
}

/** How and on which day the acts of one account are carried out. */
interface Tonight {
  readonly by: ActBy
  readonly day: Day
}

async function changeOf(context: AdministrationContext, held: Held, act: LifecycleAct, tonight: Tonight): Promise<LifecycleChange> {
  const { by } = tonight
  switch (act.kind) {
    case 'lock':
      return byTransition(held, act, { name: lockActs[act.rule], evidence: {} }, tonight)
    case 'revoke': {
      const { document, effectiveOn, approvedBy, clause } = act.revocation
      return byTransition(held, act, { name: clause === 'Điều 5.3' ? 'revoke-leaver' : 'revoke-listed', evidence: { document, effectiveOn, approvedBy } }, tonight)
    }
    case 'purge': {
      allowed(held, 'purge', {}, tonight)
      const change = await erased(context.store, held, { atMs: by.nowMs, addressFreeOn: act.addressFreeOn })
      return { ...change, records: [recordOf(held, act, by, { action: 'account.purge', after: { state: 'purged', addressFreeOn: act.addressFreeOn } })] }
    }
    case 'warn':
      return warned(held, act, by)
    case 'propose-revocation':
      return proposed(held, act, tonight)
    case 'withdraw-proposal':
      return {
        record: { ...held.record, proposal: null },
        records: [recordOf(held, act, by, { action: 'revocation.withdraw-proposal', after: { proposal: null } })],
        untold: [noticeOf('proposal-withdrawn', act, by, { from: act.from })],
      }
  }
}

function allowed(held: Held, act: TransitionName, evidence: Evidence, { by: { rules }, day }: Tonight) {
  const decision = decideTransition({ act, actor: 'clock', evidence }, { agency: held.facts.agency, existing: held.facts }, rules as TransitionRules, day)
  if (decision.kind === 'refused') throw mailErrorOf(decision)
  if (decision.kind === 'scheduled') throw new Error(`${act} of ${held.account.id} is due on ${decision.on}, not on ${day}`)
  return decision
}

function byTransition(held: Held, act: LifecycleAct, { name, evidence }: { readonly name: TransitionName; readonly evidence: Evidence }, tonight: Tonight): LifecycleChange {
  const { by } = tonight
  const decision = allowed(held, name, evidence, tonight)
  const facts = factsOfAct(act, by)
  const record: WriteRecord = (one) => by.record({ ...one, evidence: { ...facts, ...one.evidence } })
  return carriedOut(held, { act: name, decision, evidence }, { ...by, record })
}

/** Why it is due on that day: for whoever checks it later. */
function factsOfAct(act: LifecycleAct, { rules }: ActBy): Readonly<Record<string, unknown>> {
  return { due: act.on, ...('from' in act ? { from: act.from } : {}), provisional: act.provisional, calendarVersion: rules.terms.calendarVersion, decisions: act.decisions.join(' ') }
}

function recordOf({ account }: Held, act: LifecycleAct, by: ActBy, { action, after }: { readonly action: string; readonly after: Readonly<Record<string, unknown>> }): NewRecord {
  return by.record({ action, subject: account.address, clause: act.clause, before: lifeFacts(account), after, evidence: factsOfAct(act, by) })
}

const noticeOf = (purpose: NoticePurpose, act: LifecycleAct, { nowMs }: ActBy, facts: Untold['facts']): Untold => ({ purpose, atMs: nowMs, tell: 'tell' in act ? act.tell : [], facts: { clause: act.clause, ...facts } })

function warned(held: Held, act: Extract<LifecycleAct, { kind: 'warn' }>, by: ActBy): LifecycleChange {
  const { rule, from, lockOn, daysBefore, missed } = act
  return {
    record: { ...held.record, warnings: [...held.record.warnings, ...warningsOf(act)] },
    records: [recordOf(held, act, by, { action: 'account.warn', after: { rule, daysBefore, lockOn, missed } })],
    untold: [noticeOf(warnPurposes[rule], act, by, { from, lockOn, daysBefore })],
  }
}

function proposed(held: Held, act: Extract<LifecycleAct, { kind: 'propose-revocation' }>, { by, day }: Tonight): LifecycleChange {
  const proposal = { state: 'open', from: act.from, proposedOn: day, until: null } as const
  return {
    record: { ...held.record, proposal },
    records: [recordOf(held, act, by, { action: 'revocation.propose', after: { proposal, again: act.again, absences: act.absences } })],
    untold: [noticeOf('revocation-proposed', act, by, { from: act.from, absence: act.absences.at(-1)?.reason ?? null })],
  }
}
