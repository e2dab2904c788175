/**
 * Who is behind an address (mail.ts `Directory`; R-4.2d; RFC 5233 for `+detail`; RFC 5321 §4.5.1 and RFC 2142 for
 * postmaster and abuse), and who may send as it (Điều 10.1). Reads the store each time: an address that was just made or
 * locked is seen by the next RCPT.
 */
import type { Account } from '../account/account.ts'
import { isAgencyMailbox } from '../account/delegation.ts'
import { parseAddress, splitDetail, validDomain, type AddressParts } from '../account/address.ts'
import type { Delegations, Directory, Resolution } from '../mail.ts'
import type { AccountStore, AgencyStore } from '../ports/store.ts'

export interface DirectoryPorts {
  readonly accounts: Pick<AccountStore, 'byAddress' | 'list'>
  readonly agencies: Pick<AgencyStore, 'byDomain'>
  /** Left out: nobody sends as an agency mailbox. */
  readonly delegations?: Pick<Delegations, 'find'>
}

export interface DirectorySettings {
  /** Domain of the bare `<postmaster>`. */
  readonly provinceDomain: string
}

const operatorLocals: ReadonlySet<string> = new Set(['postmaster', 'abuse'])
/** So many accounts of each operating role get a copy of what comes to postmaster and abuse. */
const maxOperators = 20

export function createDirectory(ports: DirectoryPorts, settings: DirectorySettings): Directory {
  const { accounts, agencies } = ports

  const ownsDomain = async (domain: string): Promise<boolean> => {
    const name = domain.toLowerCase()
    return validDomain(name) && (await agencies.byDomain(name)) !== null
  }

  /** The exact address before the one without its detail: an account whose own name has a plus is itself. */
  const accountBehind = async ({ local, domain }: AddressParts): Promise<{ account: Account; detail: string | null } | null> => {
    const exact = await accounts.byAddress(`${local}@${domain}`)
    if (exact !== null) return { account: exact, detail: null }
    const { base, detail } = splitDetail(local)
    if (detail === null) return null
    const account = await accounts.byAddress(`${base}@${domain}`)
    return account === null ? null : { account, detail }
  }

  const operators = async (): Promise<readonly Account[]> => {
    const found = await Promise.all([
      accounts.list({ role: 'operator', limit: maxOperators }),
      accounts.list({ role: 'super-administrator', limit: maxOperators }),
    ])
    return found.flat().filter(({ state }) => state !== 'revoked' && state !== 'purged')
  }

  const resolve = async (address: string): Promise<Resolution> => {
    const parts = parseAddress(unquoted(address)) ?? barePostmaster(address, settings.provinceDomain)
    if (parts === null) return (await ownsDomain(domainOf(address))) ? { kind: 'unknown', local: true } : { kind: 'outside' }
    const behind = await accountBehind(parts)
    if (behind !== null) return { kind: 'account', ...behind }
    if (!(await ownsDomain(parts.domain))) return { kind: 'outside' }
    if (!operatorLocals.has(splitDetail(parts.local).base)) return { kind: 'unknown', local: true }
    const found = await operators()
    return found.length > 0 ? { kind: 'operator', accounts: found } : { kind: 'unknown', local: true }
  }

  const ownerOf = async (address: string): Promise<Account | null> => {
    const parts = parseAddress(unquoted(address))
    return parts === null ? null : ((await accountBehind(parts))?.account ?? null)
  }

  return {
    resolve,
    ownsDomain,
    ownsAddress: async (account, address) => (await ownerOf(address))?.id === account,
    async senderBehind(account, address) {
      const owner = await ownerOf(address)
      if (owner === null || owner.id === account) return owner
      // A look-up only where it may matter: people's addresses are nobody else's (Điều 3.1).
      if (!isAgencyMailbox(owner)) return null
      return (await ports.delegations?.find(account, owner.id))?.sendAs === true ? owner : null
    },
  }
}

function domainOf(address: string): string {
  return address.slice(address.lastIndexOf('@') + 1)
}

/** RFC 5321 §4.1.2: `"name"@domain` names the same mailbox as `name@domain`. */
function unquoted(address: string): string {
  const quoted = /^"((?:[^"\\]|\\.){1,128})"(@[^@"]*)$/.exec(address)
  return quoted === null ? address : `${quoted[1]?.replace(/\\(.)/g, '$1')}${quoted[2]}`
}

/** RFC 5321 §4.5.1: `<postmaster>` without a domain must be taken. */
function barePostmaster(address: string, domain: string): AddressParts | null {
  return address.toLowerCase() === 'postmaster' ? { local: 'postmaster', domain } : null
}
