/** Writes of agencies and their domains. */
import type { Agency } from '../../../core/agency/agency.ts'
import { MailError } from '../../../core/errors.ts'
import type { Connection } from '../connection.ts'
import { agencyByNo } from '../read/agencies.ts'

export function createAgency(connection: Connection, agency: Omit<Agency, 'id'>): Agency {
  const taken = connection.get('SELECT 1 FROM agency WHERE label = ?', agency.label) !== undefined
  if (taken || agency.domains.some((domain) => domainOwner(connection, domain) !== null)) throw new MailError('agency-taken')
  const no = connection.insert('INSERT INTO agency (label, name, created_at) VALUES (?, ?, ?)', agency.label, agency.name, agency.createdAtMs)
  for (const domain of agency.domains) insertDomain(connection, no, domain)
  return agencyByNo(connection, no)!
}

export function addDomain(connection: Connection, args: { readonly agencyNo: number; readonly domain: string }): Agency {
  const agency = agencyByNo(connection, args.agencyNo)
  if (agency === null) throw new MailError('agency-unknown')
  const owner = domainOwner(connection, args.domain)
  if (owner === args.agencyNo) return agency
  if (owner !== null) throw new MailError('agency-taken')
  insertDomain(connection, args.agencyNo, args.domain)
  return agencyByNo(connection, args.agencyNo)!
}

function domainOwner(connection: Connection, domain: string): number | null {
  return connection.get<{ agency: number }>('SELECT agency FROM agency_domain WHERE domain = ?', domain)?.agency ?? null
}

function insertDomain(connection: Connection, agencyNo: number, domain: string): void {
  const sql =
    'INSERT INTO agency_domain (domain, agency, position) VALUES (?, ?, (SELECT count(*) FROM agency_domain WHERE agency = ?)) ON CONFLICT DO NOTHING'
  connection.run(sql, domain, agencyNo, agencyNo)
}
