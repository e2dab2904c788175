/**
 * Who gets a message: every address resolved, an account once however many of its addresses are named, the rest on the way
 * out. What cannot be filed is kept with its reason, so that the caller can refuse the message or tell its sender.
 */
import type { Account } from '../account/account.ts'
import { MailError } from '../errors.ts'
import type { Directory, Resolution } from '../mail.ts'
import type { AccountId } from '../mailbox/mailbox.ts'

export interface LocalRecipient {
  readonly account: Account
  /** As the envelope names it; the first one when several lead here. */
  readonly address: string
}

export interface FailedRecipient {
  readonly address: string
  readonly error: MailError
}

export interface Recipients {
  readonly local: Map<AccountId, LocalRecipient>
  readonly outside: string[]
  readonly failed: FailedRecipient[]
}

/** So many look-ups at once; then others have their turn. */
const lookUpsInOneGo = 200

export async function resolveRecipients(directory: Directory, addresses: readonly string[], mainDomain: string): Promise<Recipients> {
  const found: Recipients = { local: new Map(), outside: [], failed: [] }
  // Case of a local part is the other side's matter, so only our own addresses are compared without it (by account).
  const different = [...new Set(addresses)]
  for (let at = 0; at < different.length; at += lookUpsInOneGo) {
    if (at > 0) await new Promise((resume) => setImmediate(resume))
    const some = different.slice(at, at + lookUpsInOneGo)
    const resolutions = await Promise.all(some.map((address) => directory.resolve(qualified(address, mainDomain))))
    for (const [index, address] of some.entries()) add(found, address, resolutions[index]!)
  }
  return found
}

/** RFC 5321 §4.5.1: `postmaster` needs no domain. */
export function qualified(address: string, mainDomain: string): string {
  return address.toLowerCase() === 'postmaster' ? `postmaster@${mainDomain}` : address
}

function add(found: Recipients, address: string, resolution: Resolution): void {
  if (resolution.kind === 'outside') {
    found.outside.push(address)
    return
  }
  try {
    for (const account of receivers(resolution, address)) {
      if (!found.local.has(account.id)) found.local.set(account.id, { account, address })
    }
  } catch (error) {
    if (!(error instanceof MailError)) throw error
    found.failed.push({ address, error })
  }
}

/**
 * The accounts behind an address of ours that take mail now. Điều 6.1: a locked account still receives.
 * Throws `address-unknown`, `account-revoked`.
 */
export function receivers(resolution: Exclude<Resolution, { readonly kind: 'outside' }>, address: string): readonly Account[] {
  if (resolution.kind === 'unknown') throw new MailError('address-unknown', undefined, { address })
  if (resolution.kind === 'account') {
    if (!receives(resolution.account)) throw new MailError('account-revoked', undefined, { address })
    return [resolution.account]
  }
  const operators = resolution.accounts.filter(receives)
  if (operators.length === 0) throw new MailError('address-unknown', undefined, { address })
  return operators
}

function receives(account: Account): boolean {
  return account.state !== 'revoked' && account.state !== 'purged'
}

/** The refusal of a full mailbox; while the account is locked its owner cannot make room, so it is worth trying again. */
export function fullMailbox(account: Account): MailError {
  const locked = account.state === 'locked' || account.state === 'restore-pending'
  return new MailError('quota-exceeded', undefined, { address: account.address, locked })
}
