/** The agencies of the store port. */
import type { Agency } from '../../core/agency/agency.ts'
import type { AgencyStore } from '../../core/ports/store.ts'
import { idNo } from './ids.ts'
import { known } from './parts.ts'
import type { Parts } from './parts.ts'
import { agenciesAfter, agencyByDomain, agencyByLabel, agencyByNo } from './read/agencies.ts'

const pageRows = 200

export function agencyStore({ reads, writes }: Parts): AgencyStore {
  return {
    create: (agency) => writes.write('createAgency', agency),

    async get(agency) {
      const no = idNo('agency', agency)
      return no === null ? null : reads.here((connection) => agencyByNo(connection, no))
    },

    byLabel: async (label) => reads.here((connection) => agencyByLabel(connection, label)),

    byDomain: async (domain) => reads.here((connection) => agencyByDomain(connection, domain)),

    addDomain: async (agency, domain) => writes.write('addDomain', { agencyNo: known('agency', agency, 'agency-unknown'), domain }),

    async *list() {
      let after: string | null = null
      for (;;) {
        const last: string | null = after
        const page: Agency[] = reads.here((connection) => agenciesAfter(connection, last, pageRows))
        yield* page
        if (page.length < pageRows) return
        after = page.at(-1)!.label
      }
    },
  }
}
