/** Whom the text names that somebody typed to sign in: an address (primary or alias), or a bare local part. */
import type { AccountStore } from '../ports/store.ts'
import type { Account } from './account.ts'
import { parseAddress } from './address.ts'

/** Longest text that is looked at; an address has at most 254 characters. */
const maxUserLength = 320
/** A bare name is taken when one account in use has it; more than these need not be read to see that it is not unique. */
const maxNamesakes = 20

/** `loginDomain`: where a bare local part is looked for first; null = only names that are unique in the system. */
export async function findAccount(
  accounts: Pick<AccountStore, 'byAddress' | 'byLocalPart'>,
  user: string,
  loginDomain: string | null,
): Promise<Account | null> {
  const typed = user.trim()
  if (typed.length === 0 || typed.length > maxUserLength) return null
  if (typed.includes('@')) {
    const parts = parseAddress(typed)
    return parts && accounts.byAddress(`${parts.local}@${parts.domain}`)
  }
  const local = typed.normalize('NFC').toLowerCase()
  const atHome = loginDomain === null ? null : await accounts.byAddress(`${local}@${loginDomain}`)
  return atHome ?? onlyOne(await accounts.byLocalPart(local, maxNamesakes))
}

/** Accounts that are out of use do not make a name ambiguous. */
function onlyOne(namesakes: readonly Account[]): Account | null {
  const inUse = namesakes.filter((account) => account.state !== 'revoked' && account.state !== 'purged')
  const meant = inUse.length > 0 ? inUse : namesakes
  return meant.length === 1 ? (meant[0] ?? null) : null
}
