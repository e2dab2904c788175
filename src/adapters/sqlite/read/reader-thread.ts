/** A reader thread: long reads on a read-only connection, one after the other, each short because long ones come in slices. */
import { parentPort, workerData } from 'node:worker_threads'
import { Connection, refusalOf } from '../connection.ts'
import { failureReply } from '../replies.ts'
import type { Reply } from '../replies.ts'
import { reads } from './reads.ts'
import type { ReadRequest, ReadTable } from './reads.ts'

export interface ReaderData {
  readonly file: string
  readonly cacheBytes: number
}

const data = workerData as ReaderData
const port = parentPort!
const connection = new Connection({ file: data.file, access: 'read', cacheBytes: data.cacheBytes })
const table = reads as ReadTable

port.on('message', (message: ReadRequest | 'close') => {
  if (message === 'close') {
    connection[Symbol.dispose]()
    port.close()
  } else answer(message)
})

function answer({ id, read, args }: ReadRequest): void {
  try {
    const run = table[read]
    if (run === undefined) throw new Error(`no such read: ${read}`)
    const { value, handOver } = run(connection, args as never)
    port.postMessage([{ id, value } satisfies Reply], [...handOver])
  } catch (error) {
    port.postMessage([failureReply(id, refusalOf(error) ?? error)])
  }
}
