/**
 * The writer thread: takes all requests that wait (bounded), commits them as one group, answers in one message, takes the next.
 * While a COMMIT syncs, requests gather in the port: the busier, the larger the groups.
 *
 * Between the groups it sees to the write-ahead log (checkpoints.ts).
 */
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { Connection } from '../connection.ts'
import { faultPoints } from '../fault-points.ts'
import { Checkpoints } from './checkpoints.ts'
import { GroupCommit } from './group-commit.ts'
import { operations } from './operations.ts'
import type { OperationTable, WriteRequest } from './operations.ts'

export interface WriterData {
  readonly file: string
  readonly faultPoint: string | undefined
  readonly cacheBytes: number
}

export type WriterMessage = readonly WriteRequest[] | 'close'

const maxBatchRequests = 256
const maxBatchBytes = 8 * 1024 * 1024

const data = workerData as WriterData
const port = parentPort!
const faults = faultPoints(data.faultPoint)
const connection = new Connection({ file: data.file, access: 'write', cacheBytes: data.cacheBytes })
const group = new GroupCommit(connection, operations as OperationTable, faults)
const checkpoints = new Checkpoints(connection, data.file)

const waiting: WriteRequest[] = []
let closing = false

port.on('message', (message: WriterMessage) => {
  take(message)
  while (waiting.length > 0) {
    gather()
    commitBatch()
  }
  if (closing) void close()
  else checkpoints.whenIdle()
})

function take(message: WriterMessage): void {
  if (message === 'close') closing = true
  else waiting.push(...message)
}

/** Adds what else has arrived, until there is enough for a batch. */
function gather(): void {
  while (waiting.length < maxBatchRequests) {
    const received = receiveMessageOnPort(port) as { message: WriterMessage } | undefined
    if (received === undefined) return
    take(received.message)
  }
}

function commitBatch(): void {
  let bytes = 0
  let count = 0
  while (count < waiting.length && count < maxBatchRequests && (count === 0 || bytes + waiting[count]!.bytes <= maxBatchBytes)) {
    bytes += waiting[count]!.bytes
    count++
  }
  const replies = group.commit(waiting.splice(0, count))
  faults.pass('before-reply')
  port.postMessage(replies)
  faults.pass('after-reply')
  checkpoints.afterCommit()
}

async function close(): Promise<void> {
  await checkpoints.stop()
  connection[Symbol.dispose]()
  port.close()
}
