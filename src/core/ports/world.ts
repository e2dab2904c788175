/** Small ports: clock, randomness, bell, counters, passwords (design §5.11, §5.4, §5.16). */
import type { Bell } from '../change.ts'
import type { AccountId } from '../mailbox/mailbox.ts'

export interface Clock {
  /** Epoch milliseconds. May step backwards. */
  nowMs(): number
  /** Resolves after `ms`, or at once with false when the signal aborts. Tests turn it. */
  sleep(ms: number, signal?: AbortSignal): Promise<boolean>
}

export interface Random {
  bytes(length: number): Uint8Array
  /** Time-ordered unique id: 26 characters of Crockford base 32 (48 bit milliseconds, 80 bit random), lower case. */
  id(nowMs: number): string
}

export interface Bus {
  ring(bell: Bell): void
  /** Called after each bell of the account, never inside `ring`. Returns the unsubscription. */
  listen(account: AccountId, listener: (bell: Bell) => void): () => void
}

export interface Counters {
  /** Adds to a counter that forgets itself `windowMs` after its first addition; returns the sum. */
  add(key: string, amount: number, windowMs: number): Promise<number>
  get(key: string): Promise<number>
  clear(key: string): Promise<void>
}

/** argon2id (PHC strings). Slow on purpose: callers remember verified sign-ins. */
export interface Passwords {
  hash(password: string): Promise<string>
  /** Of a password that the system itself drew at random, 80 bits at least: no guessing needs to be slowed, so it costs little. */
  hashRandom(password: string): Promise<string>
  verify(hash: string, password: string): Promise<boolean>
}

/** Keyed one-way hash whose key only this process knows: two texts can be compared without keeping either (design §5.16). */
export interface KeyedDigest {
  /** HMAC-SHA-256 of the UTF-8 text, as text of constant length. */
  of(text: string): string
}

/** Hands due rows to the ingress that delivers them. */
export interface Outbound {
  hand(batch: {
    /** Of the ingress node that the rows are leased to. */
    readonly node: string
    readonly sender: string
    readonly rows: readonly { readonly id: string; readonly recipient: string }[]
    readonly prefix: Uint8Array
    readonly body: Uint8Array
  }): Promise<{ readonly accepted: readonly string[]; readonly refused: readonly { readonly id: string; readonly reply: string }[] }>
}
