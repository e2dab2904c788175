/**
 * Accounts (mail.ts `Accounts`): reading and aliases here; making them in issue-account.ts, their passwords in
 * account-passwords.ts. Their states are lifecycle-administration.ts's. Every act is audited with before, after and clause.
 */
import { MailError } from '../errors.ts'
import type { Accounts } from '../mail.ts'
import type { AccountContext, AccountsPorts, AccountsSettings } from './account-ports.ts'
import { changeOwnPassword, setPassword } from './account-passwords.ts'
import { parseAddress, requireAddress } from './address.ts'
import { activateAccount, requireAccount } from './change-account.ts'
import { issueAccount } from './issue-account.ts'

export type { AccountsPorts, AccountsSettings }

const maxListed = 1_000

export function createAccounts(ports: AccountsPorts, settings: AccountsSettings): Accounts {
  const context: AccountContext = { ports, settings }
  const { accounts, agencies } = ports
  return {
    create: (request, actor) => issueAccount(context, request, actor),
    get: (id) => accounts.get(id),
    async byAddress(address) {
      const parts = parseAddress(address)
      return parts && accounts.byAddress(`${parts.local}@${parts.domain}`)
    },
    async list({ agency: label, after, limit }) {
      const agency = label === undefined ? null : await agencies.byLabel(label)
      if (label !== undefined && agency === null) throw new MailError('agency-unknown', 'no such agency', { agency: label })
      return accounts.list({
        limit: Math.min(Math.max(Math.trunc(limit), 1), maxListed),
        ...(agency === null ? {} : { agency: agency.id }),
        ...(after === undefined ? {} : { after }),
      })
    },
    addresses: (id) => accounts.addresses(id),
    addAlias: (address, alias, actor) => addAlias(context, { address, alias }, actor),
    setPassword: (address, password, options, actor) =>
      setPassword(context, { address, password, active: options.active === true }, actor),
    changeOwnPassword: (user, oldPassword, newPassword, remoteIp) =>
      changeOwnPassword(context, { user, oldPassword, newPassword, remoteIp }),
    activate: (address, actor) => activateAccount(context, address, actor),
  }
}

async function addAlias({ ports }: AccountContext, wanted: { readonly address: string; readonly alias: string }, actor: string): Promise<void> {
  const account = await requireAccount(ports, wanted.address)
  const { local, domain } = requireAddress(wanted.alias)
  const alias = `${local}@${domain}`
  if ((await ports.agencies.byDomain(domain)) === null) throw new MailError('agency-unknown', 'no agency has this domain', { domain })
  await ports.accounts.addAlias(account.id, alias)
  await ports.audit({ actor, action: 'account.add-alias', subject: account.address, clause: 'Điều 4.2', before: null, after: { alias } })
}
