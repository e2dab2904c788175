/**
 * The embedded store (design §5.6): one SQLite file, written by one thread with group commit, read by the main thread and by
 * reader threads. Bodies lie elsewhere (adapters/segments). Every promise of core/ports/store.ts is kept here.
 */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { requireWhole } from '../../core/moving-house/move-state.ts'
import { moveSetting } from '../../core/ports/store-copy.ts'
import type { Store } from '../../core/ports/store.ts'
import { accountStore } from './accounts.ts'
import { agencyStore } from './agencies.ts'
import { changeStore } from './changes.ts'
import { Connection } from './connection.ts'
import { deliveryStore } from './deliveries.ts'
import { lockFolder } from './lock.ts'
import { mailboxStore } from './mailboxes.ts'
import { messageStore } from './messages.ts'
import { migrate } from './migrations/migrate.ts'
import { outboxStore } from './outbox.ts'
import type { Parts } from './parts.ts'
import { bodiesInUse } from './read/messages.ts'
import { setting } from './read/records.ts'
import { ReadSide } from './read-side.ts'
import { recordStore } from './records.ts'
import { registryStore } from './registry.ts'
import { WriteQueue } from './write-queue.ts'

export interface SqliteStoreOptions {
  /** Made when it does not exist. Holds `store.sqlite` with its log, and the lock. */
  readonly directory: string
  readonly clock: { nowMs(): number }
  /** For tests: see fault-points.ts. */
  readonly faultPoint?: string
  /** Reader threads; 2 by default. They start with the first long read. */
  readonly readers?: number
}

const writerCacheBytes = 32 * 1024 * 1024
const mainCacheBytes = 8 * 1024 * 1024
const readerCacheBytes = 16 * 1024 * 1024
const maxMainBodies = 50
const farBodies = 2_000

/** Refuses `unavailable` when another process uses the folder or its schema is newer than this program. */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<Store> {
  await mkdir(options.directory, { recursive: true })
  const lock = lockFolder(options.directory)
  try {
    const file = join(options.directory, 'store.sqlite')
    prepare(file)
    const reads = new ReadSide({ file, readers: options.readers ?? 2, mainCacheBytes, readerCacheBytes })
    const writes = new WriteQueue({ file, faultPoint: options.faultPoint, cacheBytes: writerCacheBytes })
    return store({ reads, writes, nowMs: () => options.clock.nowMs() }, lock)
  } catch (error) {
    lock[Symbol.dispose]()
    throw error
  }
}

/** Recovers what a dead process left in the log, and brings the schema up to date. */
function prepare(file: string): void {
  using connection = new Connection({ file, access: 'write', cacheBytes: mainCacheBytes })
  migrate(connection.db)
  requireWhole(setting(connection, moveSetting))
}

function store(parts: Parts, lock: Disposable): Store {
  const { reads, writes, nowMs } = parts
  let disposed: Promise<void> | null = null
  const dispose = async (): Promise<void> => {
    // The writer's connection goes last: only it may move the rest of the log into the database and remove it.
    await reads.close()
    await writes.close()
    lock[Symbol.dispose]()
  }
  return {
    agencies: agencyStore(parts),
    accounts: accountStore(parts),
    mailboxes: mailboxStore(parts),
    messages: messageStore(parts),
    changes: changeStore(parts),
    deliveries: deliveryStore(parts),
    outbox: outboxStore(parts),
    records: recordStore(parts),
    registry: registryStore(parts),

    async ready() {
      await writes.write('probe', { nowMs: nowMs() })
      reads.here((connection) => setting(connection, 'store.probe'))
    },

    async bodiesInUse(bodies) {
      if (bodies.length <= maxMainBodies) return new Set(reads.here((connection) => bodiesInUse(connection, bodies)))
      const used = new Set<string>()
      for (let at = 0; at < bodies.length; at += farBodies) {
        for (const body of await reads.far('bodiesInUse', { bodies: bodies.slice(at, at + farBodies) })) used.add(body)
      }
      return used
    },

    setting: async (key) => reads.here((connection) => setting(connection, key)),

    putSetting: (key, value) => writes.write('putSetting', { key, value }),

    [Symbol.asyncDispose]: () => (disposed ??= dispose()),
  }
}
