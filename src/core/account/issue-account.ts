/** Making an account with its default mailboxes and a password to be changed at first sign-in (Điều 4.2, 5.2, 9.1). */
import { agencyForDomain } from '../agency/agencies.ts'
import type { Agency } from '../agency/agency.ts'
import { MailError } from '../errors.ts'
import type { NewAccountRequest } from '../mail.ts'
import type { Account } from './account.ts'
import type { AccountContext } from './account-ports.ts'
import { choosePassword, requireActiveAllowed } from './account-passwords.ts'
import { requireAddress, requireDisplayName, requireIssuable, type AddressParts } from './address.ts'
import { accountFacts } from './change-account.ts'
import { defaultMailboxes } from './default-mailboxes.ts'

/** Refuses `address-invalid`, `address-taken`, `agency-unknown`, `not-permitted`, `password-invalid`, `name-invalid`. */
export async function issueAccount(
  context: AccountContext,
  request: NewAccountRequest,
  actor: string,
): Promise<{ readonly account: Account; readonly temporaryPassword: string | null }> {
  const { ports, settings } = context
  const freeForm = request.freeForm === true
  requireActiveAllowed(settings, request.active === true)
  const parts = requireAddress(request.address)
  const address = `${parts.local}@${parts.domain}`
  if (!freeForm) requireIssuable(parts)
  const name = requireDisplayName(request.name ?? parts.local)
  const quotaBytes = requireQuota(request.quotaBytes ?? settings.defaultQuotaBytes)
  const password = choosePassword(context, request.password ?? null, { local: parts.local, service: freeForm })
  // The store decides; this only saves hashing a password for nothing.
  if ((await ports.accounts.byAddress(address)) !== null) throw new MailError('address-taken', 'the address is taken', { address })
  const agency = await agencyOf(context, parts, { freeForm, actor })
  const account = await ports.accounts.create({
    agency: agency.id,
    address,
    name,
    kind: freeForm ? 'service' : 'person',
    role: request.role ?? 'individual',
    state: request.active ? 'active' : 'issued',
    quotaBytes,
    passwordHash: await ports.passwords.hash(password.chosen),
    createdAtMs: ports.clock.nowMs(),
    mailboxes: defaultMailboxes,
  })
  const after = { ...accountFacts(account), agency: agency.label, freeForm }
  await ports.audit({ actor, action: 'account.create', subject: address, clause: freeForm ? null : 'Điều 5.2', before: null, after })
  return { account, temporaryPassword: password.generated }
}

async function agencyOf(
  { ports, settings }: AccountContext,
  { domain }: AddressParts,
  by: { readonly freeForm: boolean; readonly actor: string },
): Promise<Agency> {
  if (by.freeForm) return agencyForDomain(ports, settings, { domain, name: domain }, by.actor)
  const agency = await ports.agencies.byDomain(domain)
  if (agency === null) throw new MailError('agency-unknown', 'no agency has this domain', { domain })
  return agency
}

function requireQuota(bytes: number): number {
  if (!Number.isSafeInteger(bytes) || bytes < 0) {
    throw new MailError('argument-invalid', 'a quota is a whole number of bytes', { field: 'quotaBytes' })
  }
  return bytes
}
