/**
 * The bell between processes (port `Bus`, design §5.4): a Redis channel for each account that has listeners here, published to
 * by whoever changed it. A bell may be lost, because Redis is away or the channel was subscribed to a moment too late: `missed` is
 * told then, for core/heal-bells.ts to ask the store.
 */
import type { Bells } from '../../core/bells.ts'
import type { Bell } from '../../core/change.ts'
import type { AccountId } from '../../core/mailbox/mailbox.ts'
import type { Bus } from '../../core/ports/world.ts'
import { isMailError } from '../../core/errors.ts'
import type { Client, Connection } from './connection.ts'

export interface RedisBusParts {
  readonly connection: Connection
  readonly bells: Bells
  /** Of this process: its own bells, which it has heard already, come back too. */
  readonly instance: string
  readonly prefix: string
  /** These accounts may have changed unheard; all that are listened for when none are named. */
  readonly missed: (accounts?: readonly AccountId[]) => void
  readonly onError: (error: unknown) => void
}

export interface RedisBus extends Bus {
  /** A connection was made: it listens to nothing yet. */
  connected(): void
}

/** In one command; SUBSCRIBE answers each channel. */
const channelsACommand = 1_000

export function createRedisBus(parts: RedisBusParts): RedisBus {
  return new ChannelBus(parts)
}

class ChannelBus implements RedisBus {
  readonly #parts: RedisBusParts
  readonly #channels: string
  readonly #toPublish = new Map<AccountId, number>()
  /** Wanted changes of what is subscribed to, gathered within a turn. */
  readonly #began = new Set<AccountId>()
  readonly #ended = new Set<AccountId>()
  /** Commands go one after the other, so that the last word on an account is the last one said. */
  #subscribing: Promise<void> = Promise.resolve()
  #scheduled = false

  constructor(parts: RedisBusParts) {
    this.#parts = parts
    this.#channels = `${parts.prefix}:bell:`
    parts.bells.watch({ began: (account) => this.#change(account, this.#began, this.#ended), ended: (account) => this.#change(account, this.#ended, this.#began) })
  }

  ring(bell: Bell): void {
    this.#parts.bells.tell(bell)
    const { account, modseq } = bell
    this.#toPublish.set(account, Math.max(modseq, this.#toPublish.get(account) ?? 0))
    this.#schedule()
  }

  listen(account: AccountId, listener: (bell: Bell) => void): () => void {
    return this.#parts.bells.listen(account, listener)
  }

  connected(): void {
    this.#began.clear()
    this.#ended.clear()
    this.#then(async () => {
      await this.#subscribe(this.#parts.bells.accounts())
      this.#parts.missed()
    })
  }

  #change(account: AccountId, to: Set<AccountId>, from: Set<AccountId>): void {
    from.delete(account)
    to.add(account)
    this.#schedule()
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      this.#publish()
      this.#resubscribe()
    })
  }

  #publish(): void {
    const bells = [...this.#toPublish]
    this.#toPublish.clear()
    if (bells.length === 0 || !this.#parts.connection.isUp) return
    const { connection, instance } = this.#parts
    // They leave in one write. One that is lost is made good by those who listen.
    const published = connection.run((client) => Promise.all(bells.map(([account, modseq]) => client.publish(this.#channels + account, `${instance} ${modseq}`))))
    published.catch((error: unknown) => this.#unlessAway(error))
  }

  #resubscribe(): void {
    const began = [...this.#began]
    const ended = [...this.#ended]
    this.#began.clear()
    this.#ended.clear()
    if (began.length + ended.length === 0 || !this.#parts.connection.isUp) return
    this.#then(async () => {
      // Somebody may have begun to listen, or the last one ended, while other commands were under way.
      const { bells } = this.#parts
      await this.#unsubscribe(ended.filter((account) => !bells.isListened(account)))
      const listened = began.filter((account) => bells.isListened(account))
      if (listened.length === 0) return
      await this.#subscribe(listened)
      this.#parts.missed(listened)
    })
  }

  #then(work: () => Promise<void>): void {
    this.#subscribing = this.#subscribing.then(work).catch((error: unknown) => this.#unlessAway(error))
  }

  async #subscribe(accounts: readonly AccountId[]): Promise<void> {
    await this.#inPieces(accounts, (client, channels) => client.subscribe(channels, this.#hear))
  }

  async #unsubscribe(accounts: readonly AccountId[]): Promise<void> {
    await this.#inPieces(accounts, (client, channels) => client.unsubscribe(channels, this.#hear))
  }

  async #inPieces(accounts: readonly AccountId[], command: (client: Client, channels: string[]) => Promise<void>): Promise<void> {
    for (let at = 0; at < accounts.length; at += channelsACommand) {
      const channels = accounts.slice(at, at + channelsACommand).map((account) => this.#channels + account)
      await this.#parts.connection.run((client) => command(client, channels))
    }
  }

  readonly #hear = (message: string, channel: string): void => {
    const [instance, modseq] = message.split(' ')
    if (instance === this.#parts.instance || modseq === undefined || !/^\d{1,16}$/.test(modseq)) return
    this.#parts.bells.tell({ account: channel.slice(this.#channels.length), modseq: Number(modseq) })
  }

  #unlessAway(error: unknown): void {
    // Once Redis is back, everything is subscribed to anew and asked for.
    if (!isMailError(error, 'unavailable')) this.#parts.onError(error)
  }
}
