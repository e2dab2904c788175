/** The agencies of the store port: one document each, whose unique indexes hold labels and domains apart. */
import type { Agency } from '../../core/agency/agency.ts'
import { MailError } from '../../core/errors.ts'
import type { AgencyStore } from '../../core/ports/store.ts'
import type { AgencyDocument } from './documents.ts'
import { idNo } from './ids.ts'
import type { Parts } from './parts.ts'
import { isDuplicateKey } from './refusals.ts'
import { agencyOf } from './translations.ts'

const pageDocuments = 200

export function agencyStore({ connection, reads }: Parts): AgencyStore {
  const find = async (filter: object): Promise<Agency | null> => {
    const found = await reads.one<AgencyDocument>('agencies', { filter })
    return found === null ? null : agencyOf(found)
  }

  return {
    async create({ label, name, domains, createdAtMs }) {
      const different = [...new Set(domains)]
      const document = { _id: await connection.nextNumber('agency'), label, name, ...(different.length > 0 && { domains: different }), createdAtMs }
      await connection.write((session) => connection.agencies.insertOne(document, { session })).catch(taken)
      return agencyOf(document)
    },

    async get(agency) {
      const no = idNo('agency', agency)
      return no === null ? null : find({ _id: no })
    },

    byLabel: (label) => find({ label }),

    byDomain: (domain) => find({ domains: domain }),

    async addDomain(agency, domain) {
      const no = idNo('agency', agency)
      if (no === null) throw new MailError('agency-unknown')
      const filter = { _id: no, domains: { $ne: domain } }
      await connection.write((session) => connection.agencies.updateOne(filter, { $push: { domains: domain } }, { session })).catch(taken)
      const changed = await find({ _id: no })
      if (changed === null) throw new MailError('agency-unknown')
      return changed
    },

    async *list() {
      let after: string | null = null
      for (;;) {
        const filter: object = after === null ? {} : { label: { $gt: after } }
        const page: AgencyDocument[] = await reads.find<AgencyDocument>('agencies', { filter, sort: { label: 1 }, limit: pageDocuments })
        yield* page.map(agencyOf)
        if (page.length < pageDocuments) return
        after = page.at(-1)!.label
      }
    },
  }
}

function taken(error: unknown): never {
  throw isDuplicateKey(error) ? new MailError('agency-taken') : error
}
