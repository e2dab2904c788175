/** A session of the console as it is kept; console-sign-in.ts opens, reads and ends it. */
import type { AccountId } from '../mailbox/mailbox.ts'
import { keysFrom } from '../ports/registry.ts'
import type { RegistryStore } from '../ports/registry.ts'
import { instantKey } from './access.ts'
import { entryKind, findEntries, type Kept } from './entries.ts'

export interface ConsoleSession {
  readonly account: AccountId
  readonly credentialVersion: number
  readonly secondFactor: boolean
  readonly createdAtMs: number
  /** Of its last request, to the minute. */
  readonly seenAtMs: number
  readonly endsAtMs: number
  readonly remoteIp: string
  readonly userAgent: string
}

/** Id: hash of the cookie's secret. */
export const consoleSessionKind = entryKind<ConsoleSession>({
  name: 'console-session',
  keys: ({ account, createdAtMs, endsAtMs }) => [`account ${account} ${instantKey(createdAtMs)}`, `ends ${instantKey(endsAtMs)}`],
})

/** Of one account no more are read than these; nobody has so many by working. */
const maxListed = 200

/** Newest first. */
export async function consoleSessionsOf(registry: RegistryStore, account: AccountId): Promise<readonly Kept<ConsoleSession>[]> {
  return findEntries(registry, consoleSessionKind, { ...keysFrom(`account ${account} `), descending: true, limit: maxListed })
}
