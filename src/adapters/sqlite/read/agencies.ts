/** Reads of agencies and their domains (Điều 4.1). */
import type { Agency } from '../../../core/agency/agency.ts'
import type { Connection } from '../connection.ts'
import { id } from '../ids.ts'

interface AgencyRow {
  no: number
  label: string
  name: string
  created_at: number
}

export function agencyByNo(connection: Connection, no: number): Agency | null {
  return agencyOf(connection, connection.get<AgencyRow>('SELECT * FROM agency WHERE no = ?', no))
}

export function agencyByLabel(connection: Connection, label: string): Agency | null {
  return agencyOf(connection, connection.get<AgencyRow>('SELECT * FROM agency WHERE label = ?', label))
}

export function agencyByDomain(connection: Connection, domain: string): Agency | null {
  const sql = 'SELECT g.* FROM agency_domain d JOIN agency g ON g.no = d.agency WHERE d.domain = ?'
  return agencyOf(connection, connection.get<AgencyRow>(sql, domain))
}

/** By label, those after `after` (null: from the first). */
export function agenciesAfter(connection: Connection, after: string | null, limit: number): Agency[] {
  const rows =
    after === null
      ? connection.all<AgencyRow>('SELECT * FROM agency ORDER BY label LIMIT ?', limit)
      : connection.all<AgencyRow>('SELECT * FROM agency WHERE label > ? ORDER BY label LIMIT ?', after, limit)
  return rows.map((row) => withDomains(connection, row))
}

function agencyOf(connection: Connection, row: AgencyRow | undefined): Agency | null {
  return row === undefined ? null : withDomains(connection, row)
}

function withDomains(connection: Connection, row: AgencyRow): Agency {
  const domains = connection.all<{ domain: string }>('SELECT domain FROM agency_domain WHERE agency = ? ORDER BY position', row.no)
  return { id: id('agency', row.no), label: row.label, name: row.name, domains: domains.map(({ domain }) => domain), createdAtMs: row.created_at }
}
