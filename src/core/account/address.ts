/**
 * Addresses: RFC 5321 §4.1.2 (Dot-string, Domain, sizes of §4.5.3.1) and what may be issued to people (Điều 4.2, R-4.2d).
 *
 * An address is kept NFC, lower case, ASCII: sign-in and delivery do not tell letters' case apart.
 */
import { MailError } from '../errors.ts'

export interface AddressParts {
  readonly local: string
  readonly domain: string
}

const maxLocalLength = 64
const maxDomainLength = 253
const maxAddressLength = 254
const maxNameLength = 200

const dotString = /^[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/
const domainName = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/
/** What the address algorithm of Điều 4.2 can make: letters, digits, single hyphens, dots and underscores inside. */
const issuableLocal = /^[a-z0-9]+(?:[._-][a-z0-9]+)*$/

/** RFC 2142 and names that systems use for themselves: nobody gets mail that others meant for a role. */
const reservedLocals: ReadonlySet<string> = new Set(
  (
    'info marketing sales support abuse noc security postmaster hostmaster usenet news webmaster www uucp ftp root admin ' +
    'administrator mailer-daemon mailerdaemon nobody noreply no-reply bounce bounces dmarc tlsrpt daemon system ssladmin sysadmin'
  ).split(' '),
)

/** Local part and domain of a well-formed address, lower case, or null. Quoted local parts and literals are not taken. */
export function parseAddress(text: string): AddressParts | null {
  // Longer input can't become valid, and is not worth normalising.
  if (text.length > maxAddressLength * 2) return null
  const address = text.normalize('NFC').toLowerCase()
  if (address.length > maxAddressLength) return null
  const at = address.lastIndexOf('@')
  const local = address.slice(0, Math.max(at, 0))
  const domain = address.slice(at + 1)
  if (at < 1 || local.length > maxLocalLength || !dotString.test(local) || !validDomain(domain)) return null
  return { local, domain }
}

/** Lower case domain name of at most 253 characters. */
export function validDomain(domain: string): boolean {
  return domain.length <= maxDomainLength && domainName.test(domain)
}

/** As `parseAddress`, refusing `address-invalid`. */
export function requireAddress(text: string): AddressParts {
  const parts = parseAddress(text)
  if (parts === null) throw new MailError('address-invalid', 'not an address', { reason: 'syntax' })
  return parts
}

export const isReservedLocal = (local: string): boolean => reservedLocals.has(local)

/** Refuses `address-invalid` for a local part that may not be issued to anybody (R-4.2d). */
export function requireIssuable(parts: AddressParts): void {
  if (isReservedLocal(parts.local)) throw new MailError('address-invalid', 'a reserved name', { reason: 'reserved' })
  if (!issuableLocal.test(parts.local)) {
    throw new MailError('address-invalid', 'letters, digits and single dots, hyphens or underscores between them', { reason: 'form' })
  }
}

/** Name of a person or agency as it is shown, NFC; refuses `name-invalid`. */
export function requireDisplayName(text: string): string {
  const name = text.normalize('NFC').trim()
  if (name.length === 0 || name.length > maxNameLength || /[\x00-\x1f\x7f\u2028\u2029]/.test(name)) {
    throw new MailError('name-invalid', 'a name has 1 to 200 characters, none of them a control character', { reason: 'name' })
  }
  return name
}

/** `local+detail` → its two parts; detail null when there is none. A leading plus belongs to the name. */
export function splitDetail(local: string): { readonly base: string; readonly detail: string | null } {
  const plus = local.indexOf('+', 1)
  return plus < 0 ? { base: local, detail: null } : { base: local.slice(0, plus), detail: local.slice(plus + 1) }
}
