/**
 * Accounts of a new data folder, made before its server starts: core itself makes them, with one argon2id hash for all, so
 * that 30,000 take seconds. Signing in costs each of them a verification, as it does in life.
 */
import { compose } from '../src/compose.ts'
import { createArgon2Passwords } from '../src/adapters/argon2/passwords.ts'
import type { Config } from '../src/config/schema.ts'
import { createLog } from '../src/lib/log.ts'
import { addressOf, password, type TargetNeeds } from './target.ts'

const atOnce = 64

/** The configuration's ports must be 0 or free. */
export async function makeAccounts(config: Config, { accounts }: TargetNeeds): Promise<void> {
  const argon2 = createArgon2Passwords()
  const hash = await argon2.hash(password)
  const passwords = { hash: () => Promise.resolve(hash), hashRandom: () => Promise.resolve(hash), verify: (known: string, given: string) => argon2.verify(known, given) }
  await using app = await compose(config, { log: createLog('silent'), ports: { passwords }, ingress: false })
  const addresses = Object.entries(accounts).flatMap(([prefix, count]) => Array.from({ length: count }, (_, index) => addressOf(prefix, index)))
  // The first one makes the agency of the domain.
  const lane = async (): Promise<void> => {
    for (let address = addresses.shift(); address !== undefined; address = addresses.shift()) {
      await app.mail.accounts.create({ address, password, active: true, freeForm: true }, 'bench')
    }
  }
  await Promise.all(Array.from({ length: atOnce }, lane))
}
