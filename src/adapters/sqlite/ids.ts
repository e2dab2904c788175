/**
 * Identities of the embedded store: a row's key is `account no × 2^31 + no within the account`, so that the rows of an
 * account lie together in each table; what leaves the adapter is a letter and the number in base 36 (`a12`, `m1f3`).
 *
 * Invariant: keys stay below 2^53, so they are exact as JS numbers: at most 2^22 accounts, 2^31 - 1 messages an account in
 * its life.
 */

/** How many keys an account has. */
export const keysPerAccount = 2 ** 31
export const maxAccountNo = 2 ** 22 - 1

export type IdKind = 'agency' | 'account' | 'mailbox' | 'message' | 'thread' | 'outbox'

const letters: Record<IdKind, string> = { agency: 'g', account: 'a', mailbox: 'b', message: 'm', thread: 't', outbox: 'q' }

/** `id('message', 17)` is `mh`. */
export function id(kind: IdKind, no: number): string {
  return letters[kind] + no.toString(36)
}

/** The number behind an id, or null when it is not one of this kind as {@link id} writes it. */
export function idNo(kind: IdKind, text: string): number | null {
  if (text.length < 2 || text.length > 12 || text[0] !== letters[kind]) return null
  const no = parseInt(text.slice(1), 36)
  return Number.isSafeInteger(no) && no > 0 && id(kind, no) === text ? no : null
}

export function packKey(accountNo: number, no: number): number {
  return accountNo * keysPerAccount + no
}

export function keyNo(key: number): number {
  return key % keysPerAccount
}

export function keyAccountNo(key: number): number {
  return Math.floor(key / keysPerAccount)
}

/** Key of a mailbox or message of an account, or null when one of the ids can't exist. */
export function keyOf(kind: 'mailbox' | 'message', account: string, text: string): number | null {
  const accountNo = accountNoOf(account)
  const no = idNo(kind, text)
  return accountNo === null || no === null || no >= keysPerAccount ? null : packKey(accountNo, no)
}

export function accountNoOf(account: string): number | null {
  const no = idNo('account', account)
  return no === null || no > maxAccountNo ? null : no
}
