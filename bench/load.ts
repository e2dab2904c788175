/** Deliveries over several connections at once, bounded in count and time. */
import { setTimeout as pause } from 'node:timers/promises'
import { plainMessage } from './corpus.ts'
import { SmtpClient, wireMessage, type SmtpPlace } from './smtp-client.ts'

export interface Load {
  readonly place: SmtpPlace
  readonly connections: number
  readonly messages: number
  readonly sizeBytes: number
  /** Of the i-th message. */
  readonly recipient: (index: number) => string
  readonly timeoutMs?: number
}

export interface LoadResult {
  readonly seconds: number
  /** From MAIL FROM to the reply after the message, each. */
  readonly latenciesMs: readonly number[]
}

const differentMessages = 64
const defaultTimeoutMs = 600_000
const pools = new Map<number, readonly Buffer[]>()

/** The same 64 messages of a size, made once. */
export function messagePool(sizeBytes: number): readonly Buffer[] {
  const made = pools.get(sizeBytes) ?? Array.from({ length: differentMessages }, (_, index) => wireMessage(plainMessage(index, sizeBytes)))
  pools.set(sizeBytes, made)
  return made
}

/** Rejects when one message is not taken or the time ends. */
export async function runLoad({ place, connections, messages, sizeBytes, recipient, timeoutMs = defaultTimeoutMs }: Load): Promise<LoadResult> {
  const pool = messagePool(sizeBytes)
  const latenciesMs: number[] = []
  const started = performance.now()
  let next = 0
  const lane = async (): Promise<void> => {
    const client = await SmtpClient.connect(place)
    try {
      for (let index = next++; index < messages; index = next++) {
        const before = performance.now()
        if (before - started > timeoutMs) throw new Error(`${messages} messages were not taken within ${timeoutMs} ms`)
        await client.send({ sender: `load${index % 50}@example.com`, recipient: recipient(index) }, pool[index % pool.length]!)
        latenciesMs.push(performance.now() - before)
      }
      await client.quit()
    } finally {
      client.close()
    }
  }
  await Promise.all(Array.from({ length: connections }, lane))
  return { seconds: (performance.now() - started) / 1000, latenciesMs }
}

/** One message after the other with a pause before each, so that nothing else is in the server. Latencies in ms. */
export async function runAlone({ place, messages, sizeBytes, recipient }: Omit<Load, 'connections'>, gapMs: number): Promise<number[]> {
  const pool = messagePool(sizeBytes)
  const client = await SmtpClient.connect(place)
  const latenciesMs: number[] = []
  try {
    for (let index = 0; index < messages; index++) {
      await pause(gapMs)
      const before = performance.now()
      await client.send({ sender: 'load@example.com', recipient: recipient(index) }, pool[index % pool.length]!)
      latenciesMs.push(performance.now() - before)
    }
  } finally {
    client.close()
  }
  return latenciesMs
}
