/**
 * Telling the Sở of requests (R-6.3a, R-6.3b): received, due on the next working day, overdue; and recomputing what is open when
 * a year of the calendar changes (requirements §1.6: never earlier, both values on record). Each is one commit with its record.
 */
import type { Account } from '../account/account.ts'
import type { Audience } from '../account/lifecycle/acts.ts'
import type { Day } from '../account/lifecycle/civil-day.ts'
import type { Untold } from '../account/lifecycle/untold.ts'
import { untilCommitted } from '../account/lifecycle-change.ts'
import { tell, type Telling } from '../account/tell.ts'
import type { AdministrationContext } from '../administration/context.ts'
import { allEntries, entry, findEntries, put, remove, type Kept } from '../administration/entries.ts'
import { keysFrom } from '../ports/registry.ts'
import type { NewRecord } from '../record/record.ts'
import { recomputeDeadline, reminderDue, remindersOf, type Reminder } from './deadline.ts'
import { progressOf } from './request.ts'
import { noticesOf, openRequestsKey, requestKind, requestNoticeKind, type KeptRequest } from './request-entry.ts'

type RequestContext = Pick<AdministrationContext, 'store' | 'clock' | 'terms' | 'settings' | 'notify'>

/** Tells all that is untold of one request. */
export async function tellRequest(context: Pick<RequestContext, 'store' | 'settings' | 'notify'>, id: string): Promise<number> {
  const { registry } = context.store
  const [kept, notices] = [await entry(registry, requestKind, id), await entry(registry, requestNoticeKind, id)]
  if (kept === null || notices === null) return 0
  const { request } = kept.value
  const { untold } = notices.value
  const account: Account | null = null
  const tellings = untold.map((one): Telling => ({ about: { subject: request.document.number, name: '' }, key: `request ${id} ${keyOf(one)}`, agency: request.agency, account, untold: one }))
  await tell(context, tellings)
  const told = new Set(untold.map(keyOf))
  await untilCommitted(async () => {
    const now = await entry(registry, requestNoticeKind, id)
    if (now === null) return
    const left = now.value.untold.filter((one) => !told.has(keyOf(one)))
    await registry.commit({ entries: [left.length === 0 ? remove(requestNoticeKind, now) : put(requestNoticeKind, id, { untold: left }, now.version)] })
  })
  return tellings.length
}

const keyOf = ({ purpose, atMs }: Untold): string => `${purpose} ${atMs}`

const pageSize = 100

/** What was left untold by a process that died. */
export async function tellUntoldRequests(context: Pick<RequestContext, 'store' | 'settings' | 'notify'>): Promise<number> {
  let told = 0
  for await (const { id } of allEntries(context.store.registry, requestNoticeKind)) told += await tellRequest(context, id)
  return told
}

async function* pages({ store }: Pick<RequestContext, 'store'>, prefix: string): AsyncGenerator<Kept<KeptRequest>> {
  for (let after: { key: string; id: string } | undefined; ; ) {
    const page = await findEntries(store.registry, requestKind, { ...keysFrom(prefix), limit: pageSize, ...(after === undefined ? {} : { after }) })
    yield* page
    if (page.length < pageSize) return
    after = { key: page.at(-1)!.key, id: page.at(-1)!.id }
  }
}

const audienceOf: Readonly<Record<Reminder['tell'], readonly Audience[]>> = {
  'super-administrator': ['super-administrator', 'operator'],
  'head-of-owner': ['super-administrator'],
}

/** The nightly look at all open requests: reminders that are due, deadlines by the calendar as it is. Returns how many reminders. */
export async function remindOfRequests(context: RequestContext, today: Day): Promise<number> {
  let reminded = 0
  for await (const { id } of pages(context, openRequestsKey)) {
    const sent = await untilCommitted(() => remind(context, id, today))
    if (sent) {
      reminded++
      await tellRequest(context, id)
    }
  }
  return reminded
}

async function remind(context: RequestContext, id: string, today: Day): Promise<boolean> {
  const { store, clock, settings } = context
  const kept = await entry(store.registry, requestKind, id)
  const terms = await context.terms()
  if (kept === null || kept.value.request.deadline === null || progressOf(kept.value.request.rows).state === 'closed') return false
  const { value, recomputed } = recompute(kept.value, terms, clock.nowMs())
  const { deadline, document, rows } = value.request
  const reminder = reminderDue(remindersOf(deadline!, terms, settings.regulation.restoration.remindWorkingDaysBefore), value.reminded, today)
  if (reminder === null && recomputed === null) return false
  const purpose = reminder?.kind === 'overdue' ? 'restoration-overdue' : 'restoration-due'
  const facts = { document: document.number, open: progressOf(rows).open, due: deadline!.due }
  const next: KeptRequest = reminder === null ? value : { ...value, reminded: [...value.reminded, reminder.kind] }
  const untold: readonly Untold[] = reminder === null ? [] : [{ purpose, atMs: clock.nowMs(), tell: audienceOf[reminder.tell], facts }]
  const records = [
    ...(recomputed === null ? [] : [recomputed]),
    ...(reminder === null ? [] : [byClock(clock.nowMs(), { action: `request.${reminder.kind}`, subject: document.number, clause: 'Điều 6.3b', before: null, after: { request: id, ...facts, provisional: deadline!.provisional } })]),
  ]
  await store.registry.commit({ entries: [put(requestKind, id, next, kept.version), ...(await noticesOf(store.registry, id, untold))], records })
  return reminder !== null
}

function recompute(value: KeptRequest, terms: Awaited<ReturnType<RequestContext['terms']>>, nowMs: number): { readonly value: KeptRequest; readonly recomputed: NewRecord | null } {
  const before = value.request.deadline!
  const { kind, computed, deadline } = recomputeDeadline(before, terms)
  if (deadline === before) return { value, recomputed: null }
  const after = { ...value, request: { ...value.request, deadline } }
  const recomputed = byClock(nowMs, {
    action: 'request.recompute-due',
    subject: value.request.document.number,
    clause: 'Điều 6.3b',
    before: { due: before.due, calendarVersion: before.calendarVersion },
    after: { due: deadline.due, computed, outcome: kind, calendarVersion: deadline.calendarVersion },
  })
  return { value: after, recomputed }
}

function byClock(atMs: number, { before, after, ...act }: { readonly action: string; readonly subject: string; readonly clause: string; readonly before: object | null; readonly after: object }): NewRecord {
  return { kind: 'audit', atMs, actor: 'system', ...act, detail: { before, after, via: 'clock' } }
}

/** Open deadlines by a calendar that has just changed (requirements §1.6). Returns how many were looked at. */
export async function recomputeOpenRequests(context: RequestContext): Promise<number> {
  let changed = 0
  const terms = await context.terms()
  for await (const { id } of pages(context, openRequestsKey)) {
    changed += await untilCommitted(async () => {
      const kept = await entry(context.store.registry, requestKind, id)
      if (kept === null || kept.value.request.deadline === null || progressOf(kept.value.request.rows).state === 'closed') return 0
      const { value, recomputed } = recompute(kept.value, terms, context.clock.nowMs())
      if (recomputed === null) return 0
      await context.store.registry.commit({ entries: [put(requestKind, id, value, kept.version)], records: [recomputed] })
      return 1
    })
  }
  return changed
}
