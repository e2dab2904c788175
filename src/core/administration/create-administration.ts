/** Builds Administration: every area from the one context. */
import { createAccountAdministration } from '../account/account-administration.ts'
import { createDelegationAdministration } from '../account/delegation-administration.ts'
import { createLifecycleAdministration } from '../account/lifecycle-administration.ts'
import { createLifecyclePreview } from '../account/lifecycle-preview.ts'
import { createCaseAdministration } from '../request/case-administration.ts'
import { createRequestAdministration } from '../request/request-administration.ts'
import { recomputeOpenRequests } from '../request/request-notices.ts'
import { createCalendarAdministration } from './calendar.ts'
import { createImports } from '../account/import/imports.ts'
import { createQuotaAdministration } from '../account/quota-administration.ts'
import { createIncidentAdministration } from '../notice/incident-administration.ts'
import { createOutageAdministration } from '../notice/outage-administration.ts'
import { createReportAdministration } from '../report/report-administration.ts'
import { createRecordAdministration } from '../record/record-administration.ts'
import { createAgencyAdministration } from '../agency/agency-administration.ts'
import { createPublicDirectory } from '../directory/search-directory.ts'
import type { AccessContext } from './access.ts'
import type { Administration } from './administration.ts'
import { createApiTokens } from './api-token.ts'
import { createConsoleSessions } from './console-sign-in.ts'
import { createIdempotency } from './idempotency.ts'
import { createReading } from './reading.ts'
import { createSecondFactors } from './second-factor.ts'

export function createAdministration(context: AccessContext): Administration {
  return {
    sessions: createConsoleSessions(context),
    secondFactors: createSecondFactors(context),
    tokens: createApiTokens(context),
    idempotency: createIdempotency(context),
    ...createReading(context),
    agencyActs: createAgencyAdministration(context),
    people: createAccountAdministration(context),
    imports: createImports(context),
    delegations: createDelegationAdministration(context),
    records: createRecordAdministration(context),
    quota: createQuotaAdministration(context),
    outages: createOutageAdministration(context),
    incidents: createIncidentAdministration(context),
    reports: createReportAdministration(context),
    lifecycle: { ...createLifecycleAdministration(context), ...createLifecyclePreview(context) },
    requests: createRequestAdministration(context),
    cases: createCaseAdministration(context),
    calendar: createCalendarAdministration(context, () => recomputeOpenRequests(context)),
    directory: createPublicDirectory(context),
  }
}
