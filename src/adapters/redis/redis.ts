/**
 * What the nodes of a province share beside the store (design §1, §5.4): bell, counters, locks, living nodes, over one Redis.
 * Nothing is kept there that may not be lost, and nobody waits for it: while it is away, bells are made good from the store,
 * counters go on per node, and locks are not given.
 */
import type { Bells } from '../../core/bells.ts'
import type { AccountId } from '../../core/mailbox/mailbox.ts'
import type { LivingNode, Locks, Nodes } from '../../core/ports/nodes.ts'
import type { Bus, Clock, Counters } from '../../core/ports/world.ts'
import { createRedisBus } from './bus.ts'
import { Connection, type ConnectionPace } from './connection.ts'
import { createRedisCounters } from './counters.ts'
import { createRedisLocks } from './locks.ts'
import { createRedisNodes, type HeartbeatPace } from './nodes.ts'

export interface RedisOptions {
  readonly url: string
  readonly self: LivingNode
  readonly clock: Clock
  readonly bells: Bells
  /** Counts this node's share, for when Redis is away. */
  readonly ownCounters: Counters
  /** Of all keys and channels, so that installations may share a Redis. */
  readonly prefix?: string
  readonly events: RedisEvents
  readonly pace?: { readonly connection?: ConnectionPace; readonly heartbeat?: HeartbeatPace; readonly leaseMs?: number }
}

export interface RedisEvents {
  readonly onUp?: () => void
  readonly onAway?: (reason: string) => void
  readonly onTwin?: (twin: LivingNode) => void
  /** Bells of these accounts may have been lost; of all that are listened for when none are named. */
  readonly onMissed?: (accounts?: readonly AccountId[]) => void
  /** A bug. */
  readonly onError: (error: unknown) => void
}

export interface Redis extends AsyncDisposable {
  readonly bus: Bus
  readonly counters: Counters
  readonly locks: Locks
  readonly nodes: Nodes
  /** Whether it answers now. */
  readonly isUp: boolean
}

/** Does not wait for Redis: a node starts, and serves, without it. */
export function openRedis(options: RedisOptions): Redis {
  const { url, self, clock, bells, ownCounters, events, pace = {}, prefix = 'congvu' } = options
  const missed = events.onMissed ?? (() => undefined)
  const connection = new Connection({
    url,
    name: `congvu-${self.name}`.replace(/[^\x21-\x7e]/g, '-'),
    ...(pace.connection !== undefined && { pace: pace.connection }),
    events: {
      onUp() {
        bus.connected()
        nodes.connected()
        events.onUp?.()
      },
      onAway(reason) {
        missed()
        events.onAway?.(reason)
      },
    },
  })
  const shared = { connection, prefix, clock, onError: events.onError }
  const bus = createRedisBus({ ...shared, bells, instance: self.instance, missed })
  const locks = createRedisLocks({ ...shared, ...(pace.leaseMs !== undefined && { leaseMs: pace.leaseMs }) })
  const nodes = createRedisNodes({ ...shared, self, onTwin: events.onTwin ?? (() => undefined), ...(pace.heartbeat !== undefined && { pace: pace.heartbeat }) })
  return {
    bus,
    counters: createRedisCounters({ connection, prefix, own: ownCounters }),
    locks,
    nodes,
    get isUp() {
      return connection.isUp
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([locks[Symbol.asyncDispose](), nodes[Symbol.asyncDispose]()])
      await connection[Symbol.asyncDispose]()
    },
  }
}
