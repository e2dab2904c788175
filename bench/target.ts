/** A mail server under test, as the measures see it: it has the accounts that they name, all with the same password. */

export const mailDomain = 'bench.test'
export const password = 'pw'

export interface Target extends AsyncDisposable {
  readonly name: string
  readonly smtp: number
  readonly lmtp: number
  readonly imap: number
  /** Null when it has no TLS. */
  readonly imaps: number | null
  /** Its processes are these and their children. */
  readonly pids: readonly number[]
  /** Idle sessions that it is asked to hold at most. */
  readonly maxSessions: number
  /** Begins a count of messages. The promise that `filed(n)` returns resolves when n more are durable in mailboxes. */
  countFiled(): Promise<{ filed(count: number): Promise<void> }>
}

/** What a part needs of the server that it starts. */
export interface TargetNeeds {
  /** `prefix` and how many: u 100 → u0 … u99. */
  readonly accounts: Readonly<Record<string, number>>
}

/** The accounts that every part may use: delivery (u), mailboxes (s), idle (i). */
export const usualAccounts: TargetNeeds = { accounts: { u: 100, s: 6, i: 200 } }

export const addressOf = (prefix: string, index: number): string => `${prefix}${index}@${mailDomain}`
