/**
 * When the write-ahead log is moved into the database. A large log is moved by a thread of its own while commits go on;
 * what was written meanwhile is little, and the writer moves it itself between two commits, so that the log is moved whole
 * at one moment and SQLite starts it over with the next write. When nothing is asked for a moment, the writer does all of it.
 *
 * Readers are not waited for, unless they have kept the log from starting over until it is very large.
 */
import { MessageChannel, receiveMessageOnPort, Worker } from 'node:worker_threads'
import type { MessagePort } from 'node:worker_threads'
import type { Connection } from '../connection.ts'
import { refusalOf } from '../connection.ts'

/** In frames of 4 KB: about 32 MB, 4 MB, 512 MB. */
const largeLogFrames = 8_000
const fewFrames = 1_000
const hugeLogFrames = 128_000
const idleMs = 200

interface LogState {
  /** Frames in the log, and how many of them are in the database; -1 while there is no log. */
  readonly log: number
  readonly checkpointed: number
}

export interface CheckpointData {
  readonly file: string
  readonly port: MessagePort
}

interface Mover {
  readonly worker: Worker
  readonly port: MessagePort
  moving: boolean
}

export class Checkpoints {
  readonly #connection: Connection
  readonly #file: string
  #mover: Mover | null = null
  #timer: NodeJS.Timeout | null = null

  constructor(connection: Connection, file: string) {
    this.#connection = connection
    this.#file = file
  }

  /** Between two batches. */
  afterCommit(): void {
    this.#spared(() => {
      const { log, checkpointed } = this.#state()
      if (log < largeLogFrames) return
      if (log > hugeLogFrames) this.#connection.get('PRAGMA wal_checkpoint(RESTART)')
      else if (log - checkpointed <= fewFrames) this.#connection.get('PRAGMA wal_checkpoint(PASSIVE)')
      else this.#move()
    })
  }

  whenIdle(): void {
    if (this.#timer === null) this.#timer = setTimeout(() => this.#idle(), idleMs)
    else this.#timer.refresh()
  }

  async stop(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#mover?.port.postMessage('close')
    if (this.#mover !== null) await new Promise((resolve) => this.#mover!.worker.once('exit', resolve))
  }

  #idle(): void {
    this.#timer = null
    this.#spared(() => {
      const { log, checkpointed } = this.#state()
      if (log > checkpointed) this.#connection.get('PRAGMA wal_checkpoint(PASSIVE)')
    })
  }

  #state(): LogState {
    return this.#connection.get<LogState>('PRAGMA wal_checkpoint(NOOP)')!
  }

  #spared(work: () => void): void {
    try {
      work()
    } catch (error) {
      // A full or failing disk: the log stays, nothing is lost, and it is tried again after the next commit.
      if (refusalOf(error) === null) throw error
    }
  }

  /** Asks the moving thread, unless it is at it. The thread is made when the log is large for the first time. */
  #move(): void {
    this.#mover ??= this.#start()
    if (this.#mover.moving && receiveMessageOnPort(this.#mover.port) === undefined) return
    this.#mover.moving = true
    this.#mover.port.postMessage('move')
  }

  #start(): Mover {
    const { port1, port2 } = new MessageChannel()
    const data: CheckpointData = { file: this.#file, port: port2 }
    const worker = new Worker(new URL('./checkpoint-thread.ts', import.meta.url), {
      workerData: data,
      transferList: [port2],
      name: 'store checkpoints',
      execArgv: [],
    })
    // It could not open the file or ran out of memory: commits go on, and a new one is made when the log asks for it again.
    worker.once('error', () => undefined)
    worker.once('exit', () => (this.#mover = null))
    return { worker, port: port1, moving: false }
  }
}
