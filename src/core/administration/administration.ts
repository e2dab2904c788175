/**
 * All that the REST API and the operator's command line may ask of the administration: one interface per area, each named
 * here and built in create-administration.ts. Protocols see this and the types it names, never a port.
 *
 * A new area: `interface XAdministration` and `createXAdministration(context)` in a file of its own, one line here, one there.
 */
import type { AccountAdministration } from '../account/account-administration.ts'
import type { DelegationAdministration } from '../account/delegation-administration.ts'
import type { LifecycleAdministration } from '../account/lifecycle-administration.ts'
import type { LifecyclePreview } from '../account/lifecycle-preview.ts'
import type { CaseAdministration } from '../request/case-administration.ts'
import type { RequestAdministration } from '../request/request-administration.ts'
import type { CalendarAdministration } from './calendar.ts'
import type { Imports } from '../account/import/imports.ts'
import type { QuotaAdministration } from '../account/quota-administration.ts'
import type { IncidentAdministration } from '../notice/incident-administration.ts'
import type { OutageAdministration } from '../notice/outage-administration.ts'
import type { ReportAdministration } from '../report/report-administration.ts'
import type { RecordAdministration } from '../record/record-administration.ts'
import type { AgencyAdministration } from '../agency/agency-administration.ts'
import type { PublicDirectory } from '../directory/search-directory.ts'
import type { ApiTokens } from './api-token.ts'
import type { ConsoleSessions } from './console-sign-in.ts'
import type { Idempotency } from './idempotency.ts'
import type { AccountReading, AgencyReading, AuditReading } from './reading.ts'
import type { SecondFactors } from './second-factor.ts'

export interface Administration {
  readonly sessions: ConsoleSessions
  readonly secondFactors: SecondFactors
  readonly tokens: ApiTokens
  readonly idempotency: Idempotency
  readonly agencies: AgencyReading
  readonly agencyActs: AgencyAdministration
  readonly people: AccountAdministration
  readonly imports: Imports
  readonly delegations: DelegationAdministration
  readonly lifecycle: LifecycleAdministration & LifecyclePreview
  readonly requests: RequestAdministration
  readonly cases: CaseAdministration
  readonly calendar: CalendarAdministration
  readonly directory: PublicDirectory
  readonly accounts: AccountReading
  readonly audit: AuditReading
  readonly records: RecordAdministration
  readonly quota: QuotaAdministration
  readonly outages: OutageAdministration
  readonly incidents: IncidentAdministration
  readonly reports: ReportAdministration
}
