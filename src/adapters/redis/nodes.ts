/**
 * The living nodes (port `Nodes`): each says now and then that it is there, and is forgotten when it has not for a while. The times
 * are those of Redis's clock. A Redis that lost its data knows everybody again with their next beat.
 */
import type { LivingNode, Nodes } from '../../core/ports/nodes.ts'
import type { Clock } from '../../core/ports/world.ts'
import { isMailError } from '../../core/errors.ts'
import type { Connection } from './connection.ts'

export interface RedisNodesParts {
  readonly connection: Connection
  readonly prefix: string
  readonly clock: Clock
  readonly self: LivingNode
  /** Another process that lives has this node's name: their leases would be mixed up. Told once. */
  readonly onTwin: (twin: LivingNode) => void
  readonly onError: (error: unknown) => void
  readonly pace?: HeartbeatPace
}

export interface HeartbeatPace {
  readonly beatEveryMs: number
  /** Not heard of for so long: it is dead. */
  readonly forgottenAfterMs: number
}

export interface RedisNodes extends Nodes, AsyncDisposable {
  /** A connection was made. */
  connected(): void
}

export const defaultHeartbeatPace: HeartbeatPace = { beatEveryMs: 5_000, forgottenAfterMs: 16_000 }

/** Keys: nodes. Arguments: instance or '' to look only, facts, forgotten after. Answers all that live: instance, facts, … */
const beatScript = `
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
if ARGV[1] ~= '' then redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f', now) .. ' ' .. ARGV[2]) end
local all = redis.call('HGETALL', KEYS[1])
local living = {}
for i = 1, #all, 2 do
  local beat, facts = string.match(all[i + 1], '^(%d+) (.*)$')
  if beat and now - tonumber(beat) < tonumber(ARGV[3]) then
    living[#living + 1] = all[i]
    living[#living + 1] = facts
  else
    redis.call('HDEL', KEYS[1], all[i])
  end
end
return living`

export function createRedisNodes(parts: RedisNodesParts): RedisNodes {
  return new Heartbeat(parts)
}

class Heartbeat implements RedisNodes {
  readonly #parts: RedisNodesParts
  readonly #pace: HeartbeatPace
  readonly #key: string
  readonly #stop = new AbortController()
  readonly #beating: Promise<void>
  readonly #startedMs = performance.now()
  #woken: AbortController | null = null
  #twinTold = false

  constructor(parts: RedisNodesParts) {
    this.#parts = parts
    this.#pace = parts.pace ?? defaultHeartbeatPace
    this.#key = `${parts.prefix}:nodes`
    this.#beating = this.#beat()
  }

  connected(): void {
    this.#woken?.abort()
  }

  async living(): Promise<readonly LivingNode[]> {
    return await this.#ask('')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    await this.#beating
    const { connection, self } = this.#parts
    await connection.run((client) => client.hDel(this.#key, self.instance)).catch((error: unknown) => this.#unlessAway(error))
  }

  async #beat(): Promise<void> {
    const { connection, clock, self } = this.#parts
    while (!this.#stop.signal.aborted) {
      if (connection.isUp) {
        try {
          this.#lookForTwin(await this.#ask(self.instance))
        } catch (error) {
          this.#unlessAway(error)
        }
      }
      this.#woken = new AbortController()
      await clock.sleep(this.#pace.beatEveryMs, AbortSignal.any([this.#woken.signal, this.#stop.signal]))
      this.#woken = null
    }
  }

  async #ask(instance: string): Promise<LivingNode[]> {
    const { connection, self } = this.#parts
    const facts = JSON.stringify({ name: self.name, startedAtMs: self.startedAtMs })
    const answer = (await connection.run((client) => client.eval(beatScript, { keys: [this.#key], arguments: [instance, facts, String(this.#pace.forgottenAfterMs)] }))) as string[]
    const found: LivingNode[] = []
    for (let i = 0; i + 1 < answer.length; i += 2) {
      const node = readNode(answer[i]!, answer[i + 1]!)
      if (node !== null) found.push(node)
    }
    return found.sort((a, b) => (a.name < b.name || (a.name === b.name && a.instance < b.instance) ? -1 : 1))
  }

  /** An earlier run of this node, which was killed, is still known for a while: only one that beats on is a twin. */
  #lookForTwin(living: readonly LivingNode[]): void {
    const { self, onTwin } = this.#parts
    if (this.#twinTold || performance.now() - this.#startedMs < this.#pace.forgottenAfterMs) return
    const twin = living.find(({ name, instance }) => name === self.name && instance !== self.instance)
    if (twin === undefined) return
    this.#twinTold = true
    onTwin(twin)
  }

  #unlessAway(error: unknown): void {
    if (!isMailError(error, 'unavailable')) this.#parts.onError(error)
  }
}

function readNode(instance: string, facts: string): LivingNode | null {
  try {
    const { name, startedAtMs } = JSON.parse(facts) as { name: unknown; startedAtMs: unknown }
    return typeof name === 'string' && typeof startedAtMs === 'number' ? { name, instance, startedAtMs } : null
  } catch {
    return null // Of another version, or not ours.
  }
}
