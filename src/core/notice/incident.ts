/**
 * The clocks of an incident (Điều 8.3d; D-23; requirements §6.4): 24 hours from its occurrence to the Sở, 24 and 72 hours
 * from its detection to the Ministry of Public Security when it is serious, 72 hours for personal data. Hours are counted
 * from the minute and never rolled over days off (Civil Code 147.1; D-16). Pure; instants are epoch milliseconds.
 */
import { basis, refused, type Basis, type Refused } from '../account/lifecycle/basis.ts'

export interface IncidentPolicy {
  readonly incident: {
    readonly reportHours: number
    readonly escalateAtHours: readonly number[]
    readonly firstNoticeHours: number
    readonly fullReportHours: number
    readonly personalDataHours: number
  }
}

export type ClockName = 'owner-report' | 'ministry-first-notice' | 'ministry-full-report' | 'personal-data-report'

export interface Incident {
  readonly occurredAtMs: number
  readonly detectedAtMs: number
  readonly serious: boolean
  readonly personalData: boolean
  /** When each report went out. */
  readonly reportedAtMs: Partial<Readonly<Record<ClockName, number>>>
  readonly closedAtMs: number | null
  /** Hours of the report to the Sở at which somebody was alarmed. */
  readonly escalatedAtHours: readonly number[]
}

export interface IncidentClock extends Basis {
  readonly clock: ClockName
  readonly to: 'owner' | 'ministry-of-public-security' | 'data-protection-authority'
  readonly fromAtMs: number
  readonly dueAtMs: number
  readonly state: 'running' | 'met' | 'met-late' | 'overdue'
}

const minuteMs = 60_000
const hourMs = 60 * minuteMs

interface ClockRule extends Pick<IncidentClock, 'to'> {
  readonly clock: ClockName
  readonly basis: Basis
  readonly from: 'occurredAtMs' | 'detectedAtMs'
  readonly hours: Exclude<keyof IncidentPolicy['incident'], 'escalateAtHours'>
  readonly runs: (incident: Incident) => boolean
}

const ministry = 'ministry-of-public-security'

const clockRules: readonly ClockRule[] = [
  { clock: 'owner-report', to: 'owner', basis: basis('Điều 8.3d', 'D-23'), from: 'occurredAtMs', hours: 'reportHours', runs: () => true },
  { clock: 'ministry-first-notice', to: ministry, basis: basis('NĐ 331/2026 31.2d', 'D-23'), from: 'detectedAtMs', hours: 'firstNoticeHours', runs: ({ serious }) => serious },
  { clock: 'ministry-full-report', to: ministry, basis: basis('NĐ 331/2026 31.2d', 'D-23'), from: 'detectedAtMs', hours: 'fullReportHours', runs: ({ serious }) => serious },
  {
    clock: 'personal-data-report',
    to: 'data-protection-authority',
    basis: basis('Luật 91/2025 Điều 23', 'D-23'),
    from: 'detectedAtMs',
    hours: 'personalDataHours',
    runs: ({ personalData }) => personalData,
  },
]

/** The clocks that run for this incident, in the order of the table. */
export function incidentClocks(incident: Incident, policy: IncidentPolicy, nowMs: number): readonly IncidentClock[] {
  return clockRules
    .filter(({ runs }) => runs(incident))
    .map(({ clock, to, basis: on, from, hours }) => {
      const fromAtMs = toMinute(incident[from])
      const dueAtMs = fromAtMs + policy.incident[hours] * hourMs
      return { clock, to, ...on, fromAtMs, dueAtMs, state: stateOf(dueAtMs, incident.reportedAtMs[clock] ?? null, nowMs) }
    })
}

const toMinute = (atMs: number): number => Math.floor(atMs / minuteMs) * minuteMs

function stateOf(dueAtMs: number, reportedAtMs: number | null, nowMs: number): IncidentClock['state'] {
  if (reportedAtMs !== null) return reportedAtMs <= dueAtMs ? 'met' : 'met-late'
  return nowMs <= dueAtMs ? 'running' : 'overdue'
}

export interface Escalation extends Basis {
  readonly atHours: number
  readonly dueAtMs: number
  /** Earlier ones that nobody was alarmed at in their time; this one stands for them. */
  readonly missed: readonly number[]
}

/** Whether somebody is to be alarmed now because the report to the Sở has not gone out (R-8.3d: 12, 20, 23 hours); once each. */
export function escalationDue(incident: Incident, policy: IncidentPolicy, nowMs: number): Escalation | null {
  if (incident.reportedAtMs['owner-report'] !== undefined || incident.closedAtMs !== null) return null
  const from = toMinute(incident.occurredAtMs)
  const passed = policy.incident.escalateAtHours.filter((hours) => from + hours * hourMs <= nowMs).toSorted((a, b) => b - a)
  const [last, ...before] = passed.filter((hours) => !incident.escalatedAtHours.includes(hours))
  if (last === undefined || last !== passed[0]) return null
  return { ...basis('Điều 8.3d', 'D-23'), atHours: last, dueAtMs: from + policy.incident.reportHours * hourMs, missed: before }
}

const correctionBasis: Basis = basis('Điều 8.3d', 'D-23')

export interface CorrectedStart {
  readonly incident: Incident
  /** Both are kept on record. */
  readonly before: number
  readonly after: number
  readonly reason: string
}

/** The start may be corrected, with a reason; an alarm whose hour has not come by the new start is due again. */
export function correctStart(incident: Incident, correction: { readonly occurredAtMs: number; readonly reason: string }, policy: IncidentPolicy, nowMs: number): CorrectedStart | Refused {
  const reason = correction.reason.trim()
  const { occurredAtMs } = correction
  if (reason === '') return refused('reason-missing', correctionBasis)
  if (!Number.isSafeInteger(occurredAtMs) || occurredAtMs > nowMs || occurredAtMs > incident.detectedAtMs) return refused('time-invalid', correctionBasis)
  const from = toMinute(occurredAtMs)
  const escalatedAtHours = incident.escalatedAtHours.filter((hours) => policy.incident.escalateAtHours.includes(hours) && from + hours * hourMs <= nowMs)
  return { incident: { ...incident, occurredAtMs, escalatedAtHours }, before: incident.occurredAtMs, after: occurredAtMs, reason }
}

/** Refuses `time-invalid` for an incident that was detected before it occurred, or lies in the future. */
export function checkIncident({ occurredAtMs, detectedAtMs }: Pick<Incident, 'occurredAtMs' | 'detectedAtMs'>, nowMs: number): Refused | null {
  const known = Number.isSafeInteger(occurredAtMs) && Number.isSafeInteger(detectedAtMs)
  return known && occurredAtMs <= detectedAtMs && detectedAtMs <= nowMs ? null : refused('time-invalid', correctionBasis)
}
