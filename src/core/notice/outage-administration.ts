/**
 * Outages in force (Điều 8.2; ): drafted by an operator, announced by the Sở in time or as an urgent matter with its reason,
 * told to every mailbox with a receipt, changed and ended with another letter each.
 */
import { untilCommitted } from '../account/lifecycle-change.ts'
import { mailErrorOf, refused } from '../account/lifecycle/basis.ts'
import type { Day } from '../account/lifecycle/civil-day.ts'
import { instantKey } from '../administration/access.ts'
import type { Actor } from '../administration/actor.ts'
import { auditRecord, type AdministrationContext } from '../administration/context.ts'
import { entry, entryKind, findEntries, put, requireEntry, type Kept } from '../administration/entries.ts'
import { MailError } from '../errors.ts'
import { keysFrom } from '../ports/registry.ts'
import { carryOn, newBroadcast, receiptsOf, type Broadcast, type Receipt } from './broadcast.ts'
import { decideOutage, decideOutageChange, outageBasis, type Outage } from './outage.ts'
import { outageLetter, type OutageWord } from './outage-letter.ts'

export interface KeptOutage extends Outage {
  readonly state: 'draft' | 'announced' | 'ended' | 'withdrawn'
  /** What is done, and what does not work meanwhile; for everybody. */
  readonly description: string
  readonly draftedBy: string
  readonly createdAtMs: number
  readonly announced: { readonly by: string; readonly atMs: number; readonly noticeOn: Day; readonly latestNotice: Day; readonly urgent: boolean; readonly provisional: boolean } | null
  readonly endedAtMs: number | null
  /** Letters to all, oldest first. */
  readonly letters: readonly (Broadcast & { readonly word: OutageWord })[]
}

const unsentKey = 'unsent'
export const outageKind = entryKind<KeptOutage>({
  name: 'outage',
  keys: ({ createdAtMs, letters }) => [`created ${instantKey(createdAtMs)}`, ...(letters.some(({ endedAtMs }) => endedAtMs === null) ? [unsentKey] : [])],
})

export type OutageView = KeptOutage & { readonly id: string; readonly version: number; readonly key: string }

export interface OutageOrder extends Outage {
  readonly description: string
}

type Place = { readonly key: string; readonly id: string }

export interface OutageAdministration {
  draft(actor: Actor, order: OutageOrder): Promise<OutageView>
  /** Of a draft, or, by the Sở, of an announced one: then everybody is told again. Refuses `notice-too-late`, `reason-missing`, `time-invalid`, `already-decided`. */
  change(actor: Actor, id: string, order: OutageOrder, ifVersion: number | null): Promise<OutageView>
  /** The Sở. */
  announce(actor: Actor, id: string, ifVersion: number | null): Promise<OutageView>
  /** The service is back, or the outage does not take place (`withdrawn`). */
  end(actor: Actor, id: string, how: 'ended' | 'withdrawn', ifVersion: number | null): Promise<OutageView>
  get(actor: Actor, id: string): Promise<OutageView>
  /** Newest first. */
  list(actor: Actor, query: { readonly after: Place | null; readonly limit: number }): Promise<readonly OutageView[]>
  receipts(actor: Actor, id: string, query: { readonly after: Place | null; readonly limit: number }): Promise<readonly (Receipt & { readonly id: string; readonly key: string })[]>
  /** Announced and not over: for the banner. Everybody may know. */
  standing(): Promise<readonly OutageView[]>
}

const target = (subject: string) => ({ agency: null, account: null, subject: subject.slice(0, 100) })
const maxStanding = 100
const maxLetters = 50

export function createOutageAdministration(context: AdministrationContext): OutageAdministration {
  const { store, authorise, clock } = context
  const rules = async () => ({ policy: context.settings.regulation, terms: await context.terms() })
  const viewOf = ({ id, version, value }: Kept<KeptOutage>): OutageView => ({ ...value, id, version, key: `created ${instantKey(value.createdAtMs)}` })

  const write = (actor: Actor, id: string, ifVersion: number | null, action: string, plan: (now: KeptOutage, nowMs: number) => Promise<KeptOutage>): Promise<OutageView> =>
    untilCommitted(async () => {
      const kept = await requireEntry(store.registry, outageKind, id)
      if (ifVersion !== null && ifVersion !== kept.version) throw new MailError('conflict', 'changed meanwhile', { reason: 'version', version: kept.version })
      const nowMs = clock.nowMs()
      const value = await plan(kept.value, nowMs)
      if (value.letters.length > maxLetters) throw new MailError('limit-reached', 'too many letters about one outage')
      const record = auditRecord(actor, nowMs, { action, subject: id, clause: outageBasis.clause, before: factsOf(kept.value), after: factsOf(value) })
      const { versions } = await store.registry.commit({ entries: [put(outageKind, id, value, kept.version)], records: [record] })
      return viewOf({ id, version: versions[0]!, value })
    })

  return {
    async draft(actor, order) {
      await authorise(actor, 'outage.draft', target('outage'))
      const nowMs = clock.nowMs()
      const id = context.random.id(nowMs)
      const value: KeptOutage = { ...checked(order), state: 'draft', draftedBy: actor.name, createdAtMs: nowMs, announced: null, endedAtMs: null, letters: [] }
      const record = auditRecord(actor, nowMs, { action: 'outage.draft', subject: id, clause: outageBasis.clause, before: null, after: factsOf(value) })
      await store.registry.commit({ entries: [put(outageKind, id, value, 0)], records: [record] })
      return viewOf({ id, version: 1, value })
    },

    async change(actor, id, order, ifVersion) {
      await authorise(actor, 'outage.draft', target(id))
      const wanted = checked(order)
      const known = await requireEntry(store.registry, outageKind, id)
      if (known.value.state === 'announced') await authorise(actor, 'outage.announce', target(id))
      const given = await rules()
      return write(actor, id, ifVersion, 'outage.change', async (now, nowMs) => {
        if (now.state === 'draft') return { ...now, ...wanted }
        if (now.state !== 'announced') throw mailErrorOf(refused('already-decided', outageBasis))
        const decision = decideOutageChange(now, wanted, given, nowMs)
        if (decision.kind === 'refused') throw mailErrorOf(decision)
        const { announcement } = decision
        const announced = announcement === null ? now.announced : announcementOf(actor, nowMs, announcement)
        const changed = { ...now, ...wanted, announced }
        return withLetter(id, changed, 'changed', context, nowMs)
      })
    },

    async announce(actor, id, ifVersion) {
      await authorise(actor, 'outage.announce', target(id))
      const given = await rules()
      return write(actor, id, ifVersion, 'outage.announce', async (now, nowMs) => {
        if (now.state !== 'draft') throw mailErrorOf(refused('already-decided', outageBasis))
        const decision = decideOutage(now, given, nowMs)
        if (decision.kind === 'refused') throw mailErrorOf(decision)
        return withLetter(id, { ...now, state: 'announced', announced: announcementOf(actor, nowMs, decision) }, 'announced', context, nowMs)
      })
    },

    async end(actor, id, how, ifVersion) {
      await authorise(actor, 'outage.announce', target(id))
      return write(actor, id, ifVersion, `outage.${how === 'ended' ? 'end' : 'withdraw'}`, async (now, nowMs) => {
        if (now.state === 'draft' && how === 'withdrawn') return { ...now, state: 'withdrawn', endedAtMs: nowMs }
        if (now.state !== 'announced') throw mailErrorOf(refused('already-decided', outageBasis))
        return withLetter(id, { ...now, state: how, endedAtMs: nowMs }, how, context, nowMs)
      })
    },

    async get(actor, id) {
      await authorise(actor, 'outage.draft', target(id))
      return viewOf(await requireEntry(store.registry, outageKind, id))
    },

    async list(actor, { after, limit }) {
      await authorise(actor, 'outage.draft', target('outages'))
      return (await findEntries(store.registry, outageKind, { ...keysFrom('created '), descending: true, limit, ...(after === null ? {} : { after }) })).map(viewOf)
    },

    async receipts(actor, id, { after, limit }) {
      await authorise(actor, 'outage.draft', target(id))
      const { value } = await requireEntry(store.registry, outageKind, id)
      const letter = value.letters.at(-1)
      return letter === undefined ? [] : receiptsOf({ store }, letter.id, after, limit)
    },

    async standing() {
      const found = await findEntries(store.registry, outageKind, { ...keysFrom('created '), descending: true, limit: maxStanding })
      return found.filter(({ value }) => value.state === 'announced' && value.endAtMs > clock.nowMs()).map(viewOf)
    },
  }
}

/** What the clock does: letters that are on their way. Returns how many mailboxes were filed. */
export async function sendOutageLetters(context: AdministrationContext, signal: AbortSignal): Promise<number> {
  const { registry } = context.store
  let filed = 0
  for (const { id } of await findEntries(registry, outageKind, { from: unsentKey, to: `${unsentKey}\u0000`, limit: maxStanding })) {
    for (;;) {
      const value = (await entry(registry, outageKind, id))?.value
      const letter = value?.letters.find(({ endedAtMs }) => endedAtMs === null)
      if (letter === undefined) break
      const keep = async (progress: Broadcast) => {
        const kept = await requireEntry(registry, outageKind, id)
        return [put(outageKind, id, { ...kept.value, letters: kept.value.letters.map((one) => (one.id === progress.id ? { ...one, ...progress } : one)) }, kept.version)]
      }
      const done = await carryOn(context, letter, keep, signal)
      filed += done.filed - letter.filed
    }
  }
  return filed
}

function checked({ startAtMs, endAtMs, urgentReason, description }: OutageOrder): OutageOrder {
  const text = description.normalize('NFC').trim()
  if (text === '') throw mailErrorOf(refused('reason-missing', outageBasis))
  if (!(Number.isSafeInteger(startAtMs) && Number.isSafeInteger(endAtMs) && startAtMs < endAtMs)) throw mailErrorOf(refused('time-invalid', outageBasis))
  return { startAtMs, endAtMs, urgentReason: urgentReason === null ? null : urgentReason.normalize('NFC').trim(), description: text }
}

function announcementOf(actor: Actor, atMs: number, { noticeOn, latestNotice, urgent, provisional }: { readonly noticeOn: Day; readonly latestNotice: Day; readonly urgent: boolean; readonly provisional: boolean }): NonNullable<KeptOutage['announced']> {
  return { by: actor.name, atMs, noticeOn, latestNotice, urgent, provisional }
}

function withLetter(id: string, outage: KeptOutage, word: OutageWord, { settings }: AdministrationContext, nowMs: number): KeptOutage {
  const letter = newBroadcast(`outage-${id}-${outage.letters.length + 1}`, outageLetter(word, outage, settings.webUrl), nowMs)
  return { ...outage, letters: [...outage.letters, { ...letter, word }] }
}

const factsOf = ({ letters, ...facts }: KeptOutage): Readonly<Record<string, unknown>> => ({ ...facts, letters: letters.length })
