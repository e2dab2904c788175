/**
 * Counts a month for all agencies at once (R-10.8s): how accounts stand, and what the audit, the mail log and the records of the
 * system tell of the month. In slices; agencies are those of the address that a record is about.
 */
import { livesByPage } from '../account/lifecycle-pages.ts'
import { dayAfter, dayOfInstant, startOfDayMs, type Day } from '../account/lifecycle/civil-day.ts'
import { monthsLater, type Terms } from '../account/lifecycle/terms.ts'
import type { Held } from '../account/lifecycle-change.ts'
import { personKind } from '../account/person.ts'
import type { AdministrationContext } from '../administration/context.ts'
import { entriesOf, entry } from '../administration/entries.ts'
import type { AgencyId } from '../agency/agency.ts'
import type { RecordKind, StoredRecord } from '../record/record.ts'
import { requestKind } from '../request/request-entry.ts'
import { noStanding, noStatistics, nothing, sum, type AgencyStatistics, type Happened, type Standing } from './statistics.ts'

/** `yyyy-mm` */
export type Month = string

export const firstDay = (month: Month): Day => `${month}-01`
export const nextMonth = (month: Month): Month => monthsLater(firstDay(month), 1).slice(0, 7)
export const monthOf = (atMs: number): Month => dayOfInstant(atMs).slice(0, 7)

type CountContext = Pick<AdministrationContext, 'store' | 'clock' | 'terms'>

/** What concerns no agency of ours. */
export const noAgency = ''

export type Counted = ReadonlyMap<AgencyId, AgencyStatistics>

export async function countMonth(context: CountContext, month: Month, signal: AbortSignal): Promise<Counted> {
  const [fromMs, endMs] = [startOfDayMs(firstDay(month)), startOfDayMs(firstDay(nextMonth(month)))]
  const asOfMs = Math.min(endMs - 1, context.clock.nowMs())
  const counting = new Counting(await agencyDomains(context))
  for await (const page of livesByPage(context, {})) {
    signal.throwIfAborted()
    const persons = new Map((await entriesOf(context.store.registry, personKind, page.map(({ account }) => account.id))).map(({ id, value }) => [id, value]))
    for (const held of page) counting.stands(held, persons.get(held.account.id)?.unit ?? null, asOfMs)
  }
  const range = { fromMs, toMs: endMs, signal }
  const terms = await context.terms()
  for await (const record of recordsIn(context, 'audit', range)) await counting.acted(record, (request, atMs) => workingDaysOf(context, terms, request, atMs))
  for await (const record of recordsIn(context, 'mail', range)) counting.mailed(record)
  for await (const record of recordsIn(context, 'system', range)) counting.systemDid(record)
  return counting.agencies
}

async function agencyDomains({ store }: CountContext): Promise<ReadonlyMap<string, AgencyId>> {
  const domains = new Map<string, AgencyId>()
  for await (const { id, domains: own } of store.agencies.list()) for (const domain of own) domains.set(domain, id)
  return domains
}

const recordsAtOnce = 1_000

async function* recordsIn({ store }: CountContext, kind: RecordKind, { fromMs, toMs, signal }: { readonly fromMs: number; readonly toMs: number; readonly signal: AbortSignal }): AsyncGenerator<StoredRecord> {
  for (let after: { readonly atMs: number; readonly seq: number } | undefined; ; ) {
    signal.throwIfAborted()
    const page = await store.records.search({ kind, fromMs, toMs, limit: recordsAtOnce, ...(after === undefined ? {} : { after }) })
    yield* page
    if (page.length < recordsAtOnce) return
    after = page.at(-1)!
  }
}

/** Null when the request is not known any more. */
async function workingDaysOf({ store }: CountContext, terms: Terms, request: string, atMs: number): Promise<number | null> {
  const kept = await entry(store.registry, requestKind, request)
  if (kept === null) return null
  let days = 0
  const last = dayOfInstant(atMs)
  for (let day = dayAfter(dayOfInstant(kept.value.request.receivedAtMs)); day <= last; day = dayAfter(day)) if (terms.isWorkingDay(day)) days++
  return days
}

const dayMs = 86_400_000

class Counting {
  readonly #domains: ReadonlyMap<string, AgencyId>
  readonly agencies = new Map<AgencyId, AgencyStatistics>()

  constructor(domains: ReadonlyMap<string, AgencyId>) {
    this.#domains = domains
  }

  stands({ account, facts }: Held, unit: string | null, asOfMs: number): void {
    if (account.createdAtMs > asOfMs) return
    const { lastSignInAtMs, lastSentAtMs, lastReceivedAtMs, temporaryPassword, issuedAtMs } = facts
    const living = account.state !== 'revoked'
    const usedAtMs = Math.max(issuedAtMs, lastSignInAtMs ?? 0, lastSentAtMs ?? 0, lastReceivedAtMs.filtered ?? 0)
    const one: Standing = {
      accounts: { [account.state]: 1 },
      signedIn30Days: living && lastSignInAtMs !== null && lastSignInAtMs >= asOfMs - 30 * dayMs ? 1 : 0,
      defaultPassword: living && temporaryPassword !== null ? 1 : 0,
      idle45Days: living && Math.max(issuedAtMs, lastSignInAtMs ?? 0) < asOfMs - 45 * dayMs ? 1 : 0,
      idle3Months: living && dayOfInstant(usedAtMs) < monthsLater(dayOfInstant(asOfMs), -3) ? 1 : 0,
      usedBytes: account.usedBytes,
      quotaBytes: living ? account.quotaBytes : 0,
    }
    const now = this.#of(account.agency)
    const name = unit ?? ''
    const units = { ...now.units, [name]: sum(now.units[name] ?? noStanding, one) }
    this.agencies.set(account.agency, { ...now, standing: sum(now.standing, one), units })
  }

  async acted({ action, subject, clause, detail, atMs }: StoredRecord, workingDays: (request: string, atMs: number) => Promise<number | null>): Promise<void> {
    const agency = this.#agencyOf(subject)
    switch (action) {
      case 'account.issue':
      case 'account.create':
        return this.#happened(agency, { issued: 1 })
      case 'account.lock':
      case 'account.suspend':
        return this.#happened(agency, { locks: { [clause ?? '']: 1 } })
      case 'account.revoke':
        return this.#happened(agency, { revoked: 1 })
      case 'incident.report':
        return this.#happened(agencyIn(detail['after']) ?? noAgency, { incidents: 1 })
      case 'restoration.carry-out': {
        const request = (detail['evidence'] as { readonly request?: unknown } | undefined)?.request
        const days = typeof request === 'string' ? await workingDays(request, atMs) : null
        return this.#happened(agency, { restored: 1, ...(days === null ? {} : { restoredInWorkingDays: { [days]: 1 } }) })
      }
    }
  }

  mailed({ action, actor, detail }: StoredRecord): void {
    if (action === 'mail.taken') {
      const recipients = Array.isArray(detail['recipients']) ? (detail['recipients'] as readonly unknown[]) : []
      if (actor !== 'system' && 'recipientCount' in detail) this.#happened(this.#agencyOf(String(detail['sender'])), { sent: 1 })
      const spam = detail['verdict'] === 'junk' ? 1 : 0
      for (const recipient of recipients) {
        const agency = this.#agencyOf(String(recipient))
        if (agency !== noAgency) this.#happened(agency, { received: 1, spam })
      }
    }
    if (action === 'mail.refused') this.#happened(noAgency, detail['code'] === 'virus-found' ? { malware: 1 } : { spam: String(detail['reason']).startsWith('spam') ? 1 : 0 })
  }

  systemDid({ action, subject }: StoredRecord): void {
    if (action === 'quota.warned') this.#happened(this.#agencyOf(subject), { quotaWarnings: 1 })
  }

  #happened(agency: AgencyId, what: Partial<Happened>): void {
    const now = this.#of(agency)
    this.agencies.set(agency, { ...now, happened: sum(now.happened, { ...nothing, ...what }) })
  }

  #of(agency: AgencyId): AgencyStatistics {
    return this.agencies.get(agency) ?? noStatistics
  }

  #agencyOf(address: string): AgencyId {
    return this.#domains.get(address.slice(address.lastIndexOf('@') + 1).toLowerCase()) ?? noAgency
  }
}

function agencyIn(after: unknown): AgencyId | null {
  const agency = (after as { readonly agency?: unknown } | null)?.agency
  return typeof agency === 'string' ? agency : null
}
