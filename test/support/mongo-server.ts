/**
 * Replica sets for the tests: the one that CONGVU_TEST_MONGO_URL names, or sets started here with the mongod that
 * scripts/test-mongo.mjs finds. What is started ends with the process, whatever happens to it.
 */
import { rmSync } from 'node:fs'
import type { Socket } from 'node:net'
import type { MongoMemoryServer } from 'mongodb-memory-server-core'
import { findMongod, whyUnreachable } from '../../scripts/test-mongo.mjs'

export interface Member {
  readonly port: number
  readonly pid: number
}

export interface ReplicaSet {
  readonly url: string
  /** Processes of the set; empty when it was not started here. */
  readonly members: readonly Member[]
  stop(): Promise<void>
}

/** Why there can't be one, or null. */
export const mongoUnreachable: string | null = whyUnreachable()

const cacheGb = 0.25
/** As config/province/mongo-setup.js has them: how long the others wait for a silent primary, and for each other. */
export const replicaSetSettings = { electionTimeoutMillis: 5_000, heartbeatTimeoutSecs: 5, heartbeatIntervalMillis: 250, catchUpTimeoutMillis: 1_000 }

/** A new, empty set. */
export async function startReplicaSet(members: number): Promise<ReplicaSet> {
  const systemBinary = findMongod()
  if (systemBinary === null) throw new Error(String(mongoUnreachable))
  process.env['MONGOMS_SYSTEM_BINARY_VERSION_CHECK'] = 'false'
  const { MongoMemoryReplSet } = await import('mongodb-memory-server-core')
  const set = await MongoMemoryReplSet.create({
    binary: { systemBinary },
    replSet: {
      count: members,
      storageEngine: 'wiredTiger',
      args: ['--wiredTigerCacheSizeGB', String(cacheGb)],
      configSettings: replicaSetSettings,
    },
  })
  const release = endWithProcess(set.servers)
  return {
    url: set.getUri(),
    members: set.servers.map((server) => ({ port: server.instanceInfo!.port, pid: server.instanceInfo!.instance.mongodProcess!.pid! })),
    async stop() {
      release()
      await set.stop({ doCleanup: true, force: true })
    },
  }
}

/** The servers don't keep this process alive, and don't outlive it. */
function endWithProcess(servers: readonly MongoMemoryServer[]): () => void {
  const processes = servers.map((server) => server.instanceInfo!.instance.mongodProcess!)
  for (const child of processes) {
    child.unref()
    for (const pipe of [child.stdout, child.stderr]) (pipe as Socket | null)?.unref()
  }
  // The process that would kill the server after this one was killed: it hears of that by itself, not over its channel.
  for (const server of servers) server.instanceInfo!.instance.killerProcess?.disconnect()
  const end = (): void => {
    for (const child of processes) child.kill('SIGKILL')
    for (const server of servers) rmSync(server.instanceInfo!.dbPath, { recursive: true, force: true })
  }
  process.once('exit', end)
  return () => process.off('exit', end)
}

const shared = new Map<number, Promise<string>>()
let databases = 0

/** The address of a set that all tests of this process share: the named one, or one of so many members. */
export function sharedMongoUrl(members = 1): Promise<string> {
  const named = process.env['CONGVU_TEST_MONGO_URL'] ?? ''
  if (named !== '') return Promise.resolve(named)
  const known = shared.get(members)
  if (known !== undefined) return known
  const started = startReplicaSet(members).then(({ url }) => url)
  shared.set(members, started)
  return started
}

/** A database that no other test uses. */
export function freshDatabase(): string {
  return `congvu_test_${process.pid}_${Date.now().toString(36)}_${++databases}`
}
