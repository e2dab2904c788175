/** Every route of the REST API: one line a resource. */
import { accountRoutes } from './accounts.ts'
import { agencyRoutes } from './agencies.ts'
import { agencyActRoutes } from './agency-acts.ts'
import { delegationRoutes } from './delegations.ts'
import { directoryRoutes } from './directory.ts'
import { importRoutes } from './imports.ts'
import { peopleRoutes } from './people.ts'
import { calendarRoutes } from './calendar.ts'
import { caseRoutes } from './cases.ts'
import { lifecycleRoutes } from './lifecycle.ts'
import { requestRoutes } from './requests.ts'
import { auditRoutes } from './audit.ts'
import { incidentRoutes } from './incidents.ts'
import { noticeRoutes } from './notices.ts'
import { reportRoutes } from './reports.ts'
import { quotaRoutes } from './quota.ts'
import { recordRoutes } from './records.ts'
import type { Route } from './route.ts'
import { sessionRoutes } from './session.ts'
import { tokenRoutes } from './tokens.ts'

export const routes: readonly Route[] = [
  ...sessionRoutes,
  ...tokenRoutes,
  ...agencyRoutes,
  ...agencyActRoutes,
  ...accountRoutes,
  ...peopleRoutes,
  ...importRoutes,
  ...delegationRoutes,
  ...directoryRoutes,
  ...lifecycleRoutes,
  ...requestRoutes,
  ...caseRoutes,
  ...calendarRoutes,
  ...auditRoutes,
  ...recordRoutes,
  ...quotaRoutes,
  ...noticeRoutes,
  ...incidentRoutes,
  ...reportRoutes,
]
