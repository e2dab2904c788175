/**
 * Incidents in force (Điều 8.3d, 10.6, 11.7; D-23): the form of an agency or an operator, with its number; the four clocks; alarms
 * at 12, 20 and 23 hours while the Sở has no report; the start corrected with a reason; closed by the Sở.
 *
 * Whom a change concerns is kept as untold with the change itself, and told after the commit; what a process died over the job
 * tells.
 */
import { untilCommitted } from '../account/lifecycle-change.ts'
import { basis, mailErrorOf, refused } from '../account/lifecycle/basis.ts'
import { dayOfInstant } from '../account/lifecycle/civil-day.ts'
import { instantKey } from '../administration/access.ts'
import type { Actor } from '../administration/actor.ts'
import { auditRecord, type AdministrationContext } from '../administration/context.ts'
import { entryKind, findEntries, put, requireEntry, type Kept } from '../administration/entries.ts'
import type { AgencyId } from '../agency/agency.ts'
import { MailError } from '../errors.ts'
import type { BlobId } from '../mailbox/mailbox.ts'
import { keysFrom } from '../ports/registry.ts'
import type { NewRecord } from '../record/record.ts'
import { checkIncident, correctStart, escalationDue, incidentClocks, type ClockName, type Incident, type IncidentClock } from './incident.ts'
import { tellIncident, tellUntold, type IncidentUntold } from './incident-letters.ts'

export interface KeptIncident extends Incident {
  /** Of the one who reported; null: the operator's own. */
  readonly agency: AgencyId | null
  readonly state: 'told' | 'open' | 'closed'
  readonly title: string
  readonly description: string
  readonly errorLog: string
  readonly files: readonly { readonly name: string; readonly sha256: string; readonly sizeBytes: number; readonly body: BlobId }[]
  /** The service must stop, so that the Sở can tell agencies (8.3d). */
  readonly serviceStops: boolean
  readonly reportedBy: string
  readonly createdAtMs: number
  readonly notes: readonly { readonly atMs: number; readonly by: string; readonly what: string; readonly text: string }[]
  readonly receivedAtMs: number | null
  readonly untold: readonly IncidentUntold[]
}

const openKey = 'open'
const untoldKey = 'untold'
export const incidentKind = entryKind<KeptIncident>({
  name: 'incident',
  keys: ({ createdAtMs, agency, state, untold, reportedAtMs }) => [
    `created ${instantKey(createdAtMs)}`,
    `year ${dayOfInstant(createdAtMs).slice(0, 4)} ${instantKey(createdAtMs)}`,
    ...(agency === null ? [] : [`agency ${agency} ${instantKey(createdAtMs)}`]),
    ...(state === 'open' && reportedAtMs['owner-report'] === undefined ? [openKey] : []),
    ...(untold.length > 0 ? [untoldKey] : []),
  ],
  bodies: ({ files }) => files.map(({ body }) => body),
})

export interface IncidentForm {
  readonly occurredAtMs: number
  readonly detectedAtMs: number
  readonly serious: boolean
  readonly personalData: boolean
  readonly serviceStops: boolean
  readonly title: string
  readonly description: string
  readonly errorLog: string
  readonly files: readonly { readonly name: string; readonly sha256: string; readonly sizeBytes: number; readonly bytes: Uint8Array }[]
  /** It goes to the Sở with this; else it is opened, and the report follows. */
  readonly reportNow: boolean
}

export type IncidentView = KeptIncident & { readonly id: string; readonly version: number; readonly key: string; readonly clocks: readonly IncidentClock[] }
type Place = { readonly key: string; readonly id: string }

export interface IncidentAdministration {
  /** By an operator, or by an officer for his agency. Refuses `time-invalid`, `reason-missing`. */
  report(actor: Actor, form: IncidentForm): Promise<IncidentView>
  /** A person tells his officer (11.7), who reports it. */
  tell(actor: Actor, form: IncidentForm): Promise<IncidentView>
  /** That a report of one of the clocks went out. */
  markReported(actor: Actor, id: string, clock: ClockName, note: string, ifVersion: number | null): Promise<IncidentView>
  correctStart(actor: Actor, id: string, correction: { readonly occurredAtMs: number; readonly reason: string }, ifVersion: number | null): Promise<IncidentView>
  /** The Sở has it. */
  receive(actor: Actor, id: string, ifVersion: number | null): Promise<IncidentView>
  /** The Sở, with cause and remedy. */
  close(actor: Actor, id: string, conclusion: string, ifVersion: number | null): Promise<IncidentView>
  get(actor: Actor, id: string): Promise<IncidentView>
  /** Newest first; of the officer's agency. */
  list(actor: Actor, query: { readonly after: Place | null; readonly limit: number }): Promise<readonly IncidentView[]>
}

const incidentBasis = basis('Điều 8.3d, 10.6', 'D-23')
const maxNotes = 500
const maxFiles = 20

export function createIncidentAdministration(context: AdministrationContext): IncidentAdministration {
  const { store, authorise, clock } = context
  const policy = context.settings.regulation
  const viewOf = ({ id, version, value }: Kept<KeptIncident>): IncidentView => ({
    ...value,
    id,
    version,
    key: `created ${instantKey(value.createdAtMs)}`,
    clocks: incidentClocks(value, policy, clock.nowMs()),
  })
  const target = (value: KeptIncident | null, id: string) => ({ agency: value?.agency ?? null, account: null, subject: id.slice(0, 100) })

  const write = async (
    actor: Actor,
    id: string,
    { action, may, ifVersion }: { readonly action: string; readonly may: 'incident.report' | 'incident.receive'; readonly ifVersion: number | null },
    plan: (now: KeptIncident, nowMs: number) => KeptIncident,
  ): Promise<IncidentView> => {
    const view = await untilCommitted(async () => {
      const known = await store.registry.get(incidentKind.name, id)
      await authorise(actor, may, target((known?.value as KeptIncident | undefined) ?? null, id))
      const kept = await requireEntry(store.registry, incidentKind, id)
      if (ifVersion !== null && ifVersion !== kept.version) throw new MailError('conflict', 'changed meanwhile', { reason: 'version', version: kept.version })
      if (kept.value.state === 'closed') throw mailErrorOf(refused('already-decided', incidentBasis))
      if (kept.value.notes.length >= maxNotes) throw new MailError('limit-reached', 'too many notes of one incident')
      const nowMs = clock.nowMs()
      const value = plan(kept.value, nowMs)
      const record = auditRecord(actor, nowMs, { action, subject: id, clause: incidentBasis.clause, before: factsOf(kept.value), after: factsOf(value) })
      const { versions } = await store.registry.commit({ entries: [put(incidentKind, id, value, kept.version)], records: [record] })
      return viewOf({ id, version: versions[0]!, value })
    })
    return told(view)
  }

  const told = async (view: IncidentView): Promise<IncidentView> => {
    if (view.untold.length === 0) return view
    const { id, value, version } = await tellUntold(context, view.id)
    return viewOf({ id, value, version })
  }

  const enter = async (actor: Actor, form: IncidentForm, act: 'incident.report' | 'incident.tell-agency'): Promise<IncidentView> => {
    const byPerson = act === 'incident.tell-agency'
    await authorise(actor, act, { agency: actor.agency, account: null, subject: 'incident' })
    const nowMs = clock.nowMs()
    const wrong = checkIncident(form, nowMs)
    if (wrong !== null) throw mailErrorOf(wrong)
    const [title, description] = [form.title.normalize('NFC').trim(), form.description.normalize('NFC').trim()]
    if (title === '' || description === '') throw mailErrorOf(refused('reason-missing', incidentBasis))
    const reported = !byPerson && form.reportNow
    const { reportNow: _now, files: given, ...facts } = form
    if (given.length > maxFiles) throw new MailError('argument-invalid', `at most ${maxFiles} files`, { field: 'files' })
    const files: KeptIncident['files'][number][] = []
    for (const { name, sha256, sizeBytes, bytes } of given) files.push({ name: name.normalize('NFC'), sha256, sizeBytes, body: await context.blobs.put(bytes) })
    const value: KeptIncident = {
      ...facts,
      files,
      title,
      description,
      agency: actor.role === 'operator' ? null : actor.agency,
      state: byPerson ? 'told' : 'open',
      reportedBy: actor.name,
      createdAtMs: nowMs,
      reportedAtMs: reported ? { 'owner-report': nowMs } : {},
      closedAtMs: null,
      escalatedAtHours: [],
      notes: [],
      receivedAtMs: null,
      untold: [{ what: byPerson ? 'told' : reported ? 'reported' : 'opened', atMs: nowMs, hours: null }],
    }
    return told(await untilCommitted(async () => {
      const id = await nextNumber(context, nowMs)
      const record = auditRecord(actor, nowMs, { action: byPerson ? 'incident.tell' : 'incident.report', subject: id, clause: incidentBasis.clause, before: null, after: factsOf(value) })
      await store.registry.commit({ entries: [put(incidentKind, id, value, 0)], records: [record] })
      return viewOf({ id, version: 1, value })
    }))
  }

  return {
    report: (actor, form) => enter(actor, form, 'incident.report'),

    tell: (actor, form) => enter(actor, { ...form, reportNow: false }, 'incident.tell-agency'),

    markReported: (actor, id, which, note, ifVersion) =>
      write(actor, id, { action: 'incident.mark-reported', may: 'incident.report', ifVersion }, (now, nowMs) => {
        if (now.reportedAtMs[which] !== undefined || !incidentClocks(now, policy, nowMs).some((one) => one.clock === which)) throw mailErrorOf(refused('already-decided', incidentBasis, { clock: which }))
        const untold = which === 'owner-report' ? [...now.untold, { what: 'reported', atMs: nowMs, hours: null } as const] : now.untold
        return noted({ ...now, state: 'open', reportedAtMs: { ...now.reportedAtMs, [which]: nowMs }, untold }, actor, nowMs, `reported ${which}`, note)
      }),

    correctStart: (actor, id, correction, ifVersion) =>
      write(actor, id, { action: 'incident.correct-start', may: 'incident.report', ifVersion }, (now, nowMs) => {
        const corrected = correctStart(now, correction, policy, nowMs)
        if ('code' in corrected) throw mailErrorOf(corrected)
        const { occurredAtMs, escalatedAtHours } = corrected.incident
        return noted({ ...now, occurredAtMs, escalatedAtHours }, actor, nowMs, 'corrected-start', `${corrected.before} → ${corrected.after}: ${corrected.reason}`)
      }),

    receive: (actor, id, ifVersion) =>
      write(actor, id, { action: 'incident.receive', may: 'incident.receive', ifVersion }, (now, nowMs) => {
        if (now.receivedAtMs !== null) throw mailErrorOf(refused('already-decided', incidentBasis))
        return noted({ ...now, receivedAtMs: nowMs }, actor, nowMs, 'received', '')
      }),

    close: (actor, id, conclusion, ifVersion) =>
      write(actor, id, { action: 'incident.close', may: 'incident.receive', ifVersion }, (now, nowMs) => {
        const text = conclusion.normalize('NFC').trim()
        if (text === '') throw mailErrorOf(refused('reason-missing', incidentBasis))
        return noted({ ...now, state: 'closed', closedAtMs: nowMs, untold: [...now.untold, { what: 'closed', atMs: nowMs, hours: null }] }, actor, nowMs, 'closed', text)
      }),

    async get(actor, id) {
      const known = await store.registry.get(incidentKind.name, id)
      await authorise(actor, 'incident.read', target((known?.value as KeptIncident | undefined) ?? null, id))
      return viewOf(await requireEntry(store.registry, incidentKind, id))
    },

    async list(actor, { after, limit }) {
      const own = actor.role === 'agency-administrator' ? actor.agency : null
      await authorise(actor, 'incident.read', { agency: own, account: null, subject: 'incidents' })
      const range = keysFrom(own === null ? 'created ' : `agency ${own} `)
      const found = await findEntries(store.registry, incidentKind, { ...range, descending: true, limit, ...(after === null ? {} : { after }) })
      return found.map((one) => ({ ...viewOf(one), key: one.key }))
    },
  }
}

/** What the clock does: alarms whose hour has come, and letters that were not sent. Returns how many alarms. */
export async function watchIncidents(context: AdministrationContext, signal: AbortSignal): Promise<number> {
  const { store, clock } = context
  let alarms = 0
  for (const { id } of await findEntries(store.registry, incidentKind, { from: openKey, to: `${openKey}\u0000`, limit: maxOpen })) {
    signal.throwIfAborted()
    alarms += await untilCommitted(async () => {
      const { value, version } = await requireEntry(store.registry, incidentKind, id)
      const nowMs = clock.nowMs()
      const due = escalationDue(value, context.settings.regulation, nowMs)
      if (due === null) return 0
      const escalatedAtHours = [...value.escalatedAtHours, due.atHours, ...due.missed]
      const after: KeptIncident = { ...value, escalatedAtHours, untold: [...value.untold, { what: 'escalated', atMs: nowMs, hours: due.atHours }] }
      const record: NewRecord = { kind: 'audit', atMs: nowMs, actor: 'system', action: 'incident.escalate', subject: id, clause: due.clause, detail: { before: null, after: { atHours: due.atHours, missed: due.missed, dueAtMs: due.dueAtMs }, via: 'clock' } }
      await store.registry.commit({ entries: [put(incidentKind, id, after, version)], records: [record] })
      return 1
    })
  }
  for (const { id } of await findEntries(store.registry, incidentKind, { from: untoldKey, to: `${untoldKey}\u0000`, limit: maxOpen })) {
    signal.throwIfAborted()
    await tellIncident(context, id)
  }
  return alarms
}

const maxOpen = 500

/** `SC-2026-0001`: counted by the year. Another one of the same moment takes the next. */
async function nextNumber({ store }: AdministrationContext, nowMs: number): Promise<string> {
  const year = dayOfInstant(nowMs).slice(0, 4)
  const count = await store.registry.count({ kind: incidentKind.name, ...keysFrom(`year ${year} `) })
  return `SC-${year}-${String(count + 1).padStart(4, '0')}`
}

function noted(incident: KeptIncident, actor: Actor, atMs: number, what: string, text: string): KeptIncident {
  return { ...incident, notes: [...incident.notes, { atMs, by: actor.name, what, text: text.normalize('NFC').trim().slice(0, 4_000) }] }
}

const factsOf = ({ notes, untold: _untold, errorLog: _log, ...facts }: KeptIncident): Readonly<Record<string, unknown>> => ({ ...facts, notes: notes.length })
