/**
 * Brings one account's full-text index up to what the store says (design §5.8): filled from its mailboxes where there is none, then
 * kept up from the change log. Texts go through memory a slice at a time, and the next is read when the index has taken the last.
 *
 * Delivery knows nothing of this. A message's text never changes, so only new ones are read; what was moved gets its new place.
 */
import type { Changes } from '../change.ts'
import { MailError, isMailError } from '../errors.ts'
import type { FullText, MessageText } from '../ports/full-text.ts'
import type { ChangeStore, MailboxStore, MessageStore } from '../ports/store.ts'
import type { AccountId, MessageId, StoredMessage } from './mailbox.ts'

export interface CatchUpPorts {
  readonly fullText: FullText
  readonly store: {
    readonly changes: Pick<ChangeStore, 'since' | 'states'>
    readonly mailboxes: Pick<MailboxStore, 'list'>
    readonly messages: Pick<MessageStore, 'read' | 'byId'>
  }
  /** So many fill at once in the whole process. */
  readonly fills: Turns
}

const changesAtOnce = 10_000
const textsAtOnce = 100
/** Changes of flags alone are not written down for themselves until they are so many. */
const modseqsUnwritten = 1_000
const textOnly = { forms: false, text: true } as const

interface Reached {
  readonly incarnation: string
  modseq: number
  /** What the index itself knows of that. */
  written: number
}

export class CatchUp {
  readonly account: AccountId
  readonly #ports: CatchUpPorts
  #reached: Reached | null = null
  #running: Promise<void> | null = null
  #next: Promise<void> | null = null
  #remaining = 0
  readonly #watchers = new Set<{ readonly above: number; readonly tell: () => void }>()

  constructor(account: AccountId, ports: CatchUpPorts) {
    this.account = account
    this.#ports = ports
  }

  /** Of the index that {@link run} brought up to date; null when there is none, or it is not known. */
  get incarnation(): string | null {
    return this.#reached?.incarnation ?? null
  }

  get modseq(): number {
    return this.#reached?.modseq ?? 0
  }

  get isRunning(): boolean {
    return this.#running !== null
  }

  /**
   * Resolves when all that was committed before the call is in the index. Calls that come together share one run; one that is
   * on its way already may have looked too early and does not count. Refuses `account-unknown`, `unavailable`, `storage-full`.
   */
  run(signal: AbortSignal): Promise<void> {
    if (this.#running === null) {
      const running = this.#run(signal).finally(() => {
        this.#running = null
      })
      this.#running = running
      return running
    }
    // Whoever asked for the running one hears of its failure; this one only waits its turn.
    this.#next ??= this.#running.catch(() => undefined).then(() => {
      this.#next = null
      return this.run(signal)
    })
    return this.#next
  }

  /** `exceeded` resolves as soon as it is known that {@link run} is to read more than `above` messages; never after disposal. */
  watch(above: number): { readonly exceeded: Promise<void> } & Disposable {
    const { promise: exceeded, resolve: tell } = Promise.withResolvers<void>()
    const watcher = { above, tell }
    this.#watchers.add(watcher)
    this.#expect(this.#remaining)
    return { exceeded, [Symbol.dispose]: () => this.#watchers.delete(watcher) }
  }

  /** What is known of the index does not hold. */
  forget(): void {
    this.#reached = null
  }

  async #run(signal: AbortSignal): Promise<void> {
    try {
      await this.#bringUp(signal)
    } catch (error) {
      this.forget()
      // It was thrown away, or made anew by somebody else, in the midst of this.
      if (isMailError(error, 'conflict')) return await this.#bringUp(signal)
      if (isMailError(error, 'account-unknown')) await this.#ports.fullText.drop(this.account)
      throw error
    } finally {
      this.#expect(0)
    }
  }

  async #bringUp(signal: AbortSignal): Promise<void> {
    for (let whole = false; !whole; ) {
      signal.throwIfAborted()
      const reached = this.#reached ?? (await this.#open(signal))
      const changes = await this.#ports.store.changes.since(this.account, reached.modseq, { limit: changesAtOnce })
      if (changes.tooOld) this.#reached = await this.#fill(signal)
      else {
        await this.#apply(reached, changes, signal)
        // A cut answer ends with its last listed change; one that goes on to a later modseq is not cut.
        whole = changes.messages.length === 0 || changes.modseq > changes.messages.at(-1)!.modseq
      }
    }
  }

  async #open(signal: AbortSignal): Promise<Reached> {
    const state = await this.#ports.fullText.state(this.account)
    const isGood = state !== null && state.modseq > 0 && !state.filling
    this.#reached = isGood ? { incarnation: state.incarnation, modseq: state.modseq, written: state.modseq } : await this.#fill(signal)
    return this.#reached
  }

  async #fill(signal: AbortSignal): Promise<Reached> {
    // As long as it has to wait for others it will be too much for whoever asks.
    if (!this.#ports.fills.isFree) this.#expect(Infinity)
    return this.#ports.fills.take(() => this.#fillNow(signal), signal)
  }

  async #fillNow(signal: AbortSignal): Promise<Reached> {
    const { fullText, store } = this.#ports
    const modseq = (await store.changes.states([this.account])).get(this.account)
    if (modseq === undefined) throw new MailError('account-unknown')
    const { incarnation, messages: present } = await fullText.begin(this.account)
    const mailboxes = await store.mailboxes.list(this.account)
    this.#expect(mailboxes.reduce((sum, { messages }) => sum + messages, -present))
    for (const mailbox of mailboxes) {
      for await (const slice of store.messages.read(this.account, mailbox.id, 'all', textOnly)) {
        signal.throwIfAborted()
        await fullText.add(this.account, incarnation, slice.flatMap(textOf))
        this.#expect(this.#remaining - slice.length)
      }
    }
    await fullText.reach(this.account, incarnation, modseq)
    return { incarnation, modseq, written: modseq }
  }

  async #apply(reached: Reached, changes: Changes, signal: AbortSignal): Promise<void> {
    const { fullText } = this.#ports
    const { incarnation } = reached
    const places = changes.messages.filter(({ createdModseq }) => createdModseq > reached.modseq)
    const removed = changes.vanished.flatMap(({ destroyed }) => destroyed)
    const missing = places.length === 0 ? [] : await fullText.place(this.account, incarnation, places.map(({ id, mailbox, uid }) => ({ id, mailbox, uid })))
    await this.#addMissing(incarnation, missing, signal)
    if (removed.length > 0) await fullText.remove(this.account, incarnation, removed)
    if (places.length > 0 || removed.length > 0 || changes.modseq - reached.written > modseqsUnwritten) {
      await fullText.reach(this.account, incarnation, changes.modseq)
      reached.written = changes.modseq
    }
    reached.modseq = changes.modseq
  }

  async #addMissing(incarnation: string, missing: readonly MessageId[], signal: AbortSignal): Promise<void> {
    this.#expect(missing.length)
    for (let at = 0; at < missing.length; at += textsAtOnce) {
      signal.throwIfAborted()
      const messages = await this.#ports.store.messages.byId(this.account, missing.slice(at, at + textsAtOnce), textOnly)
      await this.#ports.fullText.add(this.account, incarnation, messages.flatMap(textOf))
      this.#expect(missing.length - at - textsAtOnce)
    }
  }

  #expect(messages: number): void {
    this.#remaining = Math.max(0, messages)
    for (const { above, tell } of this.#watchers) if (this.#remaining > above) tell()
  }
}

function textOf({ id, mailbox, uid, text, prefix }: StoredMessage): MessageText[] {
  return text === null ? [] : [{ id, mailbox, uid, text, prefix }]
}

/** So many at once; the others wait in the order in which they came. */
export class Turns {
  #free: number
  readonly #waiting: (() => void)[] = []

  constructor(atOnce: number) {
    this.#free = atOnce
  }

  get isFree(): boolean {
    return this.#free > 0
  }

  async take<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    signal.throwIfAborted()
    if (this.#free > 0) this.#free--
    else await this.#wait(signal)
    try {
      return await work()
    } finally {
      // Handed on without being free in between, so that nobody comes before those who wait.
      const next = this.#waiting.shift()
      if (next === undefined) this.#free++
      else next()
    }
  }

  #wait(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const begin = (): void => {
        signal.removeEventListener('abort', end)
        resolve()
      }
      const end = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(begin), 1)
        reject(signal.reason as Error)
      }
      signal.addEventListener('abort', end, { once: true })
      this.#waiting.push(begin)
    })
  }
}
