/**
 * What every use case of the administration is given. A use case reads, decides by a pure policy, and commits once:
 * documents, accounts and audit records together (core/ports/registry.ts).
 */
import type { QuotaPolicy } from '../account/quota.ts'
import type { LifecyclePolicy } from '../account/lifecycle/policy.ts'
import { dayOfInstant, type Day } from '../account/lifecycle/civil-day.ts'
import type { Terms } from '../account/lifecycle/terms.ts'
import type { Credentials } from '../account/credentials.ts'
import type { Blobs } from '../ports/blobs.ts'
import type { Secrets } from '../ports/secrets.ts'
import type { Sheets } from '../ports/sheets.ts'
import type { Store } from '../ports/store.ts'
import type { Bus, Clock, Counters, Passwords, Random } from '../ports/world.ts'
import type { IncidentPolicy } from '../notice/incident.ts'
import type { OutagePolicy } from '../notice/outage.ts'
import type { NewRecord } from '../record/record.ts'
import type { RetentionPolicy } from '../record/retention.ts'
import type { RequestPolicy } from '../request/request.ts'
import type { Actor, Authorise } from './actor.ts'

/** The numbers of config/regulation.toml (config/regulation.ts gives this shape). */
export type RegulationPolicy = LifecyclePolicy &
  RequestPolicy &
  OutagePolicy &
  IncidentPolicy &
  QuotaPolicy &
  RetentionPolicy & {
    readonly password: {
      readonly minLength: number
      readonly minLengthWithoutSecondFactor: number
      readonly history: number
      readonly historyOfAdministrators: number
      readonly changeMonthsOfAdministrators: number
    }
    readonly address: { readonly maxFullUnitLabel: number }
  }

/** A mail that the system writes to one recipient (notices and warnings of §1.7): bilingual, marked as made by a machine. */
export interface SystemNotice {
  /** Idempotency key: the same one again is not sent twice. */
  readonly transaction: string
  readonly recipient: string
  readonly subject: string
  /** Vietnamese first, English second. Plain text. */
  readonly text: string
}

export interface AdministrationSettings {
  /** e.g. `gialai.gov.vn` */
  readonly provinceDomain: string
  /** e.g. `https://mail.gialai.gov.vn`; for texts that say where to change a password. */
  readonly webUrl: string
  readonly regulation: RegulationPolicy
}

export interface AdministrationContext {
  readonly store: Store
  readonly blobs: Blobs
  readonly clock: Clock
  readonly random: Random
  readonly counters: Counters
  readonly passwords: Passwords
  readonly credentials: Credentials
  readonly secrets: Secrets
  readonly sheets: Sheets
  /** Rung after a change of credentials or state, so that sessions ask `stillValid` at once (R-6.1: within a minute). */
  readonly bus: Bus
  readonly settings: AdministrationSettings
  readonly authorise: Authorise
  /** Terms by the calendar as it stands now (its edits are documents of the registry). */
  readonly terms: () => Promise<Terms>
  /** Resolves when it is kept; `nobody` when the recipient takes no mail. */
  readonly notify: (notice: SystemNotice) => Promise<'committed' | 'duplicate' | 'nobody'>
}

export const today = (context: Pick<AdministrationContext, 'clock'>): Day => dayOfInstant(context.clock.nowMs())

export interface ActFacts {
  /** e.g. `account.lock` */
  readonly action: string
  /** An address, a label or an id. */
  readonly subject: string
  readonly clause: string | null
  readonly before: Readonly<Record<string, unknown>> | null
  /** Never a password, its hash, or a secret. */
  readonly after: Readonly<Record<string, unknown>> | null
  /** Number and date of the document, warning, case or order that it rests on. */
  readonly evidence?: Readonly<Record<string, unknown>>
}

/** The audit record of an act, for RegistryCommit.records. */
export function auditRecord(actor: Actor, nowMs: number, { action, subject, clause, before, after, evidence }: ActFacts): NewRecord {
  const { via, role, order, remoteIp } = actor
  const detail = { before, after, ...(evidence === undefined ? {} : { evidence }), via, role, ...(order === null ? {} : { order }), ...(remoteIp === null ? {} : { remoteIp }) }
  return { kind: 'audit', atMs: nowMs, actor: actor.name, action, subject, clause, detail }
}
