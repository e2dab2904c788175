/** The stores that are compared: the embedded one, MongoDB with one member, MongoDB with three members on this machine. */
import { randomBytes } from 'node:crypto'
import type { Config } from '../../src/config/schema.ts'
import { compose } from '../../src/compose.ts'
import { noFlags } from '../../src/core/mailbox/flags.ts'
import { createLog } from '../../src/lib/log.ts'
import { startReplicaSet } from '../../test/support/mongo-server.ts'
import { redisServer } from '../../test/support/redis-server.ts'
import { corpusDate, corpusMessage } from '../corpus.ts'
import { startServer, type Variables } from '../server.ts'
import { addressOf, type Target, type TargetNeeds } from '../target.ts'

export const storeNames = ['embedded', 'one', 'three'] as const
export type StoreName = (typeof storeNames)[number]

export const titles: Readonly<Record<StoreName, string>> = { embedded: 'SQLite', one: 'MongoDB, 1', three: 'MongoDB, 3' }

export interface Place extends AsyncDisposable {
  readonly store: StoreName
  /** Null of the embedded store. */
  readonly mongoUrl: string | null
  /** Processes of the database; none of the embedded store. */
  readonly pids: readonly number[]
  /** From now on servers start on an empty database. */
  renew(): void
  /** A server on this store; those that start before the next {@link renew} share a database, and ring each other. */
  start(needs: TargetNeeds, prepare?: (config: Config) => Promise<void>): Promise<Target>
}

export interface PlaceOptions {
  readonly folder: string
  readonly profileFolder: string | null
}

export async function openPlace(store: StoreName, options: PlaceOptions): Promise<Place> {
  if (store === 'embedded') {
    return {
      store,
      mongoUrl: null,
      pids: [],
      renew: () => undefined,
      start: (needs, prepare) => startServer(needs, { ...options, ...(prepare && { prepare }) }),
      [Symbol.asyncDispose]: async () => undefined,
    }
  }
  await using opening = new AsyncDisposableStack()
  const set = await startReplicaSet(store === 'three' ? 3 : 1)
  opening.defer(() => set.stop())
  const redis = opening.use(await redisServer())
  const shared: Variables = { CONGVU_STORE__KIND: 'mongo', CONGVU_STORE__MONGO_URL: set.url, CONGVU_REDIS__URL: redis.url }
  let database = ''
  let nodes = 0
  const open = opening.move()
  return {
    store,
    mongoUrl: set.url,
    pids: set.members.map(({ pid }) => pid),
    renew: () => void (database = `bench_${randomBytes(6).toString('hex')}`),
    start(needs, prepare) {
      const settings = { ...shared, CONGVU_STORE__DATABASE: database, CONGVU_SERVER__NODE: `nut-${++nodes}` }
      return startServer(needs, { ...options, settings, ...(prepare && { prepare }) })
    },
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  }
}

const appendedAtOnce = 200

/** Fills the INBOX of an account with the corpus, by core itself. */
export function seeding(mailboxes: Readonly<Record<string, number>>): (config: Config) => Promise<void> {
  return async (config) => {
    await using app = await compose(config, { log: createLog('silent'), ingress: false })
    const { mail } = app
    for (const [address, count] of Object.entries(mailboxes)) {
      const found = await mail.directory.resolve(address)
      if (found.kind !== 'account') throw new Error(`there is no account ${address}`)
      const inbox = await mail.mailboxes.byName(found.account.id, 'INBOX')
      for (let at = 0; at < count; at += appendedAtOnce) {
        const some = Array.from({ length: Math.min(appendedAtOnce, count - at) }, (_, i) => at + i)
        const messages = some.map((n) => ({ bytes: corpusMessage(n), flags: noFlags, receivedAtMs: corpusDate(n).getTime() }))
        await mail.messages.append(found.account.id, inbox!.id, messages)
      }
    }
  }
}

export const mailboxUser = addressOf('s', 0)
