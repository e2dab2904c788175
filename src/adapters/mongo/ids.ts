/**
 * Identities in MongoDB: as in the embedded store (a letter and a number in base 36; a key is `account no × 2^31 + no within
 * the account`), so that a store can be moved without giving anything a new id. Only outbox rows differ: nodes that know
 * nothing of each other make them, so theirs begin with the instant.
 *
 * Invariant: keys stay below 2^53, so they are exact as doubles: at most 2^22 accounts, 2^31 - 1 messages an account in
 * its life.
 */
import { randomBytes } from 'node:crypto'

/** How many keys an account has. */
export const keysPerAccount = 2 ** 31
export const maxAccountNo = 2 ** 22 - 1

export type IdKind = 'agency' | 'account' | 'mailbox' | 'message' | 'thread'

const letters: Record<IdKind, string> = { agency: 'g', account: 'a', mailbox: 'b', message: 'm', thread: 't' }

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

const msDigits = 9
const countDigits = 4
const suffixDigits = 10
/** Of an outbox row's id, behind its letter. */
export const idDigits = msDigits + countDigits + suffixDigits
const outboxForm = new RegExp(`^q[0-9a-z]{${idDigits}}$`)
const maxCount = 36 ** countDigits

/**
 * Ids of outbox rows: `q`, milliseconds, a count within them, a suffix of this process. As text they grow in the order of
 * their making, within the process always, among nodes as their clocks say.
 */
export class OutboxIds {
  readonly #suffix = Array.from(randomBytes(suffixDigits), (byte) => (byte % 36).toString(36)).join('')
  #lastMs = 0
  #count = 0

  next(nowMs: number): string {
    if (nowMs > this.#lastMs) {
      this.#lastMs = nowMs
      this.#count = 0
    } else if (++this.#count === maxCount) {
      this.#lastMs++
      this.#count = 0
    }
    return `q${this.#lastMs.toString(36).padStart(msDigits, '0')}${this.#count.toString(36).padStart(countDigits, '0')}${this.#suffix}`
  }
}

export function isOutboxId(text: string): boolean {
  return outboxForm.test(text)
}
