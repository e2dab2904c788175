/**
 * Agencies and their mail domains (mail.ts `Agencies`; Điều 4.1, 5.1; R-4.1a, D-21).
 *
 * The domain of an agency is `label.<province domain>`; the province's own domain is the agency with the label ''.
 */
import { MailError, isMailError } from '../errors.ts'
import type { Agencies } from '../mail.ts'
import type { Clock } from '../ports/world.ts'
import type { AgencyStore } from '../ports/store.ts'
import type { Audit } from '../record/audit.ts'
import { requireDisplayName, validDomain } from '../account/address.ts'
import type { Agency } from './agency.ts'

export interface AgenciesPorts {
  readonly agencies: AgencyStore
  readonly clock: Clock
  readonly audit: Audit
}

export interface AgenciesSettings {
  /** Lower case, e.g. `gialai.gov.vn`. */
  readonly provinceDomain: string
}

const labelForm = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/

/** Hosts of a mail domain and of the province's portals (regulation part 5): a domain below them would shadow them. */
const reservedLabels: ReadonlySet<string> = new Set(
  (
    'www mail smtp imap pop pop3 webmail autodiscover autoconfig mta-sts openpgpkey dns vpn api apiigate congdichvu ' +
    'dichvucong gis admin test status files'
  ).split(' '),
)
const numberedHost = /^(?:ns|mx)\d*$/

export function createAgencies(ports: AgenciesPorts, settings: AgenciesSettings): Agencies {
  return {
    async create(request, actor) {
      requireLabel(request.label)
      const name = requireDisplayName(request.name)
      const domain = request.label === '' ? settings.provinceDomain : `${request.label}.${settings.provinceDomain}`
      if (!validDomain(domain)) throw new MailError('name-invalid', 'the domain would be too long', { reason: 'length' })
      return createAgency(ports, { label: request.label, name, domain }, { actor, clause: 'Điều 4.1' })
    },
    list: () => ports.agencies.list(),
  }
}

/**
 * The agency of any domain, made when there is none: for service and test mailboxes, outside the rules of Điều 4.
 * Two callers at the same moment get the same agency.
 */
export async function agencyForDomain(
  ports: AgenciesPorts,
  settings: AgenciesSettings,
  wanted: { readonly domain: string; readonly name: string },
  actor: string,
): Promise<Agency> {
  const { domain, name } = wanted
  for (let attempt = 0; ; attempt++) {
    const existing = await ports.agencies.byDomain(domain)
    if (existing !== null) return existing
    const label = freeLabel(domain, settings.provinceDomain, attempt)
    try {
      return await createAgency(ports, { label, name, domain }, { actor, clause: null })
    } catch (error) {
      // Another caller made the same domain, or another domain has the label.
      if (!isMailError(error, 'agency-taken') || attempt >= 20) throw error
    }
  }
}

async function createAgency(
  ports: AgenciesPorts,
  wanted: { readonly label: string; readonly name: string; readonly domain: string },
  by: { readonly actor: string; readonly clause: string | null },
): Promise<Agency> {
  const { label, name, domain } = wanted
  const agency = await ports.agencies.create({ label, name, domains: [domain], createdAtMs: ports.clock.nowMs() })
  await ports.audit({ ...by, action: 'agency.create', subject: domain, before: null, after: { id: agency.id, label, name, domains: agency.domains } })
  return agency
}

/** `a.b.vn` → `a-b-vn`, with a number from the second attempt on; the label itself below the province's domain. */
function freeLabel(domain: string, provinceDomain: string, attempt: number): string {
  if (domain === provinceDomain) return ''
  const below = domain.endsWith(`.${provinceDomain}`) ? domain.slice(0, -provinceDomain.length - 1) : domain
  const label = below.replace(/[^a-z0-9]+/g, '-').slice(0, 56).replace(/-+$/, '')
  return attempt === 0 ? label : `${label}-${attempt + 1}`
}

export const isReservedLabel = (label: string): boolean => reservedLabels.has(label) || numberedHost.test(label)

/** Refuses `name-invalid` (detail.reason `label`, `reserved`). */
export function requireLabel(label: string): void {
  if (label === '') return
  if (!labelForm.test(label)) {
    throw new MailError('name-invalid', 'a label has lower case letters, digits and single hyphens inside', { reason: 'label' })
  }
  if (isReservedLabel(label)) throw new MailError('name-invalid', 'a reserved label', { reason: 'reserved' })
}
