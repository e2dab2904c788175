/**
 * Records that are many and small (sign-ins): kept for a moment and appended together, so that nobody waits for the
 * disk because of them. Bounded: while a store is away for long, further ones are only counted, and their number is
 * recorded when it is back. Audit records never go this way.
 */
import { isMailError } from '../errors.ts'
import type { Clock } from '../ports/world.ts'
import type { RecordStore } from '../ports/store.ts'
import type { NewRecord } from './record.ts'

export interface RecordQueue extends AsyncDisposable {
  add(record: NewRecord): void
  /** Resolves when what was added before is appended, or could not be. */
  flush(): Promise<void>
}

export interface RecordQueueLimits {
  /** How long records gather. */
  readonly gatherMs: number
  readonly maxWaiting: number
  readonly maxBatch: number
}

const defaultLimits: RecordQueueLimits = { gatherMs: 500, maxWaiting: 20_000, maxBatch: 1_000 }

export interface RecordQueuePorts {
  readonly records: Pick<RecordStore, 'append'>
  readonly clock: Clock
  /** Gets what the store throws beside its refusals, which is a bug. */
  readonly onError: (error: unknown) => void
}

export function createRecordQueue(ports: RecordQueuePorts, limits: RecordQueueLimits = defaultLimits): RecordQueue {
  const disposed = new AbortController()
  let waiting: NewRecord[] = []
  let dropped = 0
  let gathering = false
  let writing: Promise<void> = Promise.resolve()

  const write = async (): Promise<void> => {
    while (waiting.length > 0) {
      const batch = waiting.splice(0, limits.maxBatch)
      const lost = dropped
      try {
        await ports.records.append(lost > 0 ? [...batch, lossOf(lost, ports.clock.nowMs())] : batch)
        dropped -= lost
      } catch (error) {
        // The store is away: they are tried again with the next ones.
        waiting = [...batch, ...waiting]
        if (!isMailError(error)) ports.onError(error)
        return
      }
    }
  }

  const flush = (): Promise<void> => (writing = writing.then(write))

  const gather = async (): Promise<void> => {
    gathering = true
    while (waiting.length > 0 && (await ports.clock.sleep(limits.gatherMs, disposed.signal))) await flush()
    gathering = false
  }

  return {
    add(record) {
      if (waiting.length >= limits.maxWaiting) dropped++
      else waiting.push(record)
      if (!gathering && !disposed.signal.aborted) void gather()
    },
    flush,
    async [Symbol.asyncDispose]() {
      disposed.abort()
      await flush()
    },
  }
}

function lossOf(count: number, atMs: number): NewRecord {
  return { kind: 'sign-in', atMs, actor: 'system', action: 'record.lost', subject: 'sign-in', clause: null, detail: { count } }
}
