/** Counts what the driver sends to MongoDB (its command monitoring), and weighs it as BSON. */
import { BSON } from 'mongodb'
import type { SentCommand } from '../../src/adapters/mongo/connection.ts'

export interface Measured {
  readonly name: string
  readonly commands: readonly string[]
  readonly sentBytes: number
  readonly receivedBytes: number
}

/** Collections that are written in the background, gathered, whenever their moment comes: records, and notes that accounts were used. */
const backgroundCollections: readonly unknown[] = ['records', 'registry', 'registryKeys']

/** Of a transaction: the session's number and its own. */
function transactionOf({ command }: SentCommand): string | null {
  return command['txnNumber'] === undefined ? null : `${String(command['lsid']?.id?.toString('hex'))} ${String(command['txnNumber'])}`
}

export class Meter {
  readonly #ignored: ReadonlySet<unknown>
  /** Transactions of what is ignored, with the collections that they write. */
  readonly #background = new Map<string, unknown[]>()
  #waiting: { readonly collection: string; readonly resolve: () => void }[] = []
  #commands: string[] = []
  #sentBytes = 0
  #receivedBytes = 0

  /** `background`: what is written there is not counted, with the transactions that it is in. */
  constructor({ background = false }: { readonly background?: boolean } = {}) {
    // A node tells once a second that it lives.
    this.#ignored = new Set(['writers', ...(background ? backgroundCollections : [])])
  }

  /** To be given to the store as `onCommand`. */
  readonly note = (sent: SentCommand): void => {
    const transaction = transactionOf(sent)
    const collection: unknown = sent.command[sent.name]
    const written = transaction === null ? undefined : this.#background.get(transaction)
    if (this.#ignored.has(collection)) {
      if (written !== undefined) written.push(collection)
      else if (transaction !== null) this.#background.set(transaction, [collection])
      return
    }
    if (written !== undefined) {
      if (sent.name === 'commitTransaction') this.#waiting = this.#waiting.filter((one) => !written.includes(one.collection) || (one.resolve(), false))
      return
    }
    this.#commands.push(sent.name)
    this.#sentBytes += BSON.calculateObjectSize(sent.command)
    this.#receivedBytes += BSON.calculateObjectSize(sent.reply)
  }

  /** Resolves when a background transaction that has written this collection is committed. */
  committed(collection: string): Promise<void> {
    return new Promise((resolve) => this.#waiting.push({ collection, resolve }))
  }

  async of(name: string, work: () => Promise<unknown>): Promise<Measured> {
    this.#commands = []
    this.#sentBytes = this.#receivedBytes = 0
    await work()
    return { name, commands: [...this.#commands], sentBytes: this.#sentBytes, receivedBytes: this.#receivedBytes }
  }
}

/** `3 (update, insert, commitTransaction)` */
export function told(commands: readonly string[]): string {
  return `${commands.length} (${[...Map.groupBy(commands, (name) => name)].map(([name, all]) => (all.length > 1 ? `${all.length} ${name}` : name)).join(', ')})`
}
