/** Moves the write-ahead log into the database when the writer asks, on a connection of its own (checkpoints.ts). */
import { workerData } from 'node:worker_threads'
import { Connection, refusalOf } from '../connection.ts'
import type { CheckpointData } from './checkpoints.ts'

const { file, port } = workerData as CheckpointData
const cacheBytes = 1024 * 1024
const connection = new Connection({ file, access: 'write', cacheBytes })

port.on('message', (message: 'move' | 'close') => {
  if (message === 'close') {
    connection[Symbol.dispose]()
    port.close()
    return
  }
  try {
    connection.get('PRAGMA wal_checkpoint(PASSIVE)')
  } catch (error) {
    // A full or failing disk: the log stays, and the writer asks again.
    if (refusalOf(error) === null) throw error
  }
  port.postMessage('moved')
})
