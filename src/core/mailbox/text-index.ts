/**
 * The full-text index as SEARCH and the jobs use it (design §5.8): brought up to date before it answers, and left alone where that
 * would take longer than the search itself. Whatever becomes of it, a search only loses its help and is exact without.
 *
 * An account gets an index when it is first searched. From then on it is kept up when idle, for as long as somebody asks.
 */
import { isMailError } from '../errors.ts'
import type { FullText, TextQuestion, Verdicts } from '../ports/full-text.ts'
import type { Clock } from '../ports/world.ts'
import { CatchUp, type CatchUpPorts, Turns } from './index-catch-up.ts'
import type { AccountId, MailboxId } from './mailbox.ts'

export interface TextIndexPorts {
  readonly fullText: FullText
  readonly store: CatchUpPorts['store']
  readonly clock: Clock
  /** A bug in work that nobody waits for. */
  readonly onFault: (error: unknown) => void
}

export interface TextIndexSettings {
  /** Fewer messages than this are looked through faster than an index is asked. */
  readonly minMessages: number
  /**
   * A search waits while so many messages are taken in; with more it goes on without the index, which comes up by itself. Taking one
   * in costs some twenty times as much as looking through it.
   */
  readonly maxAwaited: number
}

/** What a search asks: of a mailbox as it sees it. */
export interface AskedOfIndex {
  readonly account: AccountId
  readonly mailbox: MailboxId
  /** Ascending. */
  readonly uids: Uint32Array
  readonly questions: readonly TextQuestion[]
}

export interface SearchIndex {
  readonly minMessages: number
  /** By question, then message; null where the index can't help. Rejects only with the signal's reason. */
  verdicts(asked: AskedOfIndex, signal?: AbortSignal): Promise<readonly (Verdicts | null)[] | null>
  /** Of a message itself (`body`: the bytes behind the prefix), away from this thread; null when that can't be had now. */
  ask(body: Uint8Array, prefix: Uint8Array, questions: readonly TextQuestion[]): Promise<Verdicts | null>
}

const dayMs = 86_400_000
/** After a failure the account is searched without an index for so long. */
const restMs = 60_000
/** An index that nobody asked for so long is kept up no more until somebody does; later it goes. */
const keptUpMs = 7 * dayMs
const keptMs = 30 * dayMs
const fillsAtOnce = 2
const maxKnownAccounts = 10_000
/** Questions of one search beyond these are answered without the index. */
const maxQuestions = 64
/** Upkeep of one account ends in any case. */
const maxPieces = 100_000

interface Known {
  readonly catchUp: CatchUp
  askedMs: number
  restUntilMs: number
}

export const defaultTextIndexSettings: TextIndexSettings = { minMessages: 64, maxAwaited: 300 }

export class TextIndex implements SearchIndex, AsyncDisposable {
  readonly #ports: TextIndexPorts
  readonly #settings: TextIndexSettings
  readonly #catchUpPorts: CatchUpPorts
  /** Accounts that were searched in this process, the longest ago first. */
  readonly #known = new Map<AccountId, Known>()
  readonly #stop = new AbortController()
  readonly #work = new Set<Promise<unknown>>()

  constructor(ports: TextIndexPorts, settings: TextIndexSettings = defaultTextIndexSettings) {
    this.#ports = ports
    this.#settings = settings
    this.#catchUpPorts = { fullText: ports.fullText, store: ports.store, fills: new Turns(fillsAtOnce) }
  }

  get minMessages(): number {
    return this.#settings.minMessages
  }

  async verdicts({ account, mailbox, uids, questions }: AskedOfIndex, signal?: AbortSignal): Promise<readonly (Verdicts | null)[] | null> {
    const nowMs = this.#ports.clock.nowMs()
    const known = this.#asked(account, nowMs)
    if (isResting(known, nowMs)) return null
    using watch = known.catchUp.watch(this.#settings.maxAwaited)
    const isUpToDate = await untilAborted(Promise.race([this.#bringUp(known), watch.exceeded.then(() => false)]), signal)
    const { incarnation } = known.catchUp
    if (!isUpToDate || incarnation === null) return null
    try {
      const query = { mailbox, uids, questions: questions.slice(0, maxQuestions) }
      const found = await untilAborted(this.#ports.fullText.find(account, incarnation, query), signal)
      return [...found, ...questions.slice(maxQuestions).map(() => null)]
    } catch (error) {
      signal?.throwIfAborted()
      this.#failed(known, error)
      return null
    }
  }

  async ask(body: Uint8Array, prefix: Uint8Array, questions: readonly TextQuestion[]): Promise<Verdicts | null> {
    try {
      return await this.#ports.fullText.ask(body, prefix, questions)
    } catch (error) {
      if (!isMailError(error)) this.#ports.onFault(error)
      return null
    }
  }

  /** Takes in what came for accounts that were searched of late. Returns how many were behind. */
  async keepUp(signal?: AbortSignal): Promise<number> {
    const nowMs = this.#ports.clock.nowMs()
    const wanted = [...this.#known.values()].filter((known) => nowMs - known.askedMs < keptUpMs && !isResting(known, nowMs))
    const states = await this.#ports.store.changes.states(wanted.map(({ catchUp }) => catchUp.account))
    let behind = 0
    for (const known of wanted) {
      const modseq = states.get(known.catchUp.account)
      if (modseq === known.catchUp.modseq || known.catchUp.isRunning || this.#isOver(signal)) continue
      behind++
      await this.#bringUp(known)
    }
    return behind
  }

  /**
   * Once a day, over all accounts that have an index here: what was expunged leaves it, those of accounts that are gone and those
   * that nobody asks any more are removed. Returns how many.
   */
  async upkeep(signal?: AbortSignal): Promise<{ readonly kept: number; readonly removed: number }> {
    const { fullText, store } = this.#ports
    let removed = 0
    let kept = 0
    for (const account of await fullText.accounts()) {
      if (this.#isOver(signal)) break
      const exists = (await store.changes.states([account])).has(account)
      const askedMs = await fullText.lastAskedMs(account)
      if (exists && askedMs !== null && this.#ports.clock.nowMs() - askedMs < keptMs) {
        if (await this.#tidy(account, signal)) kept++
      } else {
        await fullText.drop(account)
        this.#known.delete(account)
        removed++
      }
    }
    return { kept, removed }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    await Promise.allSettled(this.#work)
  }

  async #tidy(account: AccountId, signal: AbortSignal | undefined): Promise<boolean> {
    const known = this.#of(account)
    try {
      if (!(await this.#bringUp(known))) return false
      const { incarnation } = known.catchUp
      for (let pieces = 0; incarnation !== null && pieces < maxPieces && !this.#isOver(signal); pieces++) {
        if ((await this.#ports.fullText.tidy(account, incarnation)) === 'done') break
      }
      return true
    } catch (error) {
      this.#failed(known, error)
      return false
    } finally {
      // Nobody asked: it is not among those that are kept up.
      if (known.askedMs === 0) this.#known.delete(account)
    }
  }

  /** Resolves with whether it is up to date; never rejects. */
  #bringUp(known: Known): Promise<boolean> {
    const work = known.catchUp.run(this.#stop.signal).then(
      () => true,
      (error: unknown) => {
        if (!this.#stop.signal.aborted) this.#failed(known, error)
        return false
      },
    )
    this.#work.add(work)
    void work.then(() => this.#work.delete(work))
    return work
  }

  #failed(known: Known, error: unknown): void {
    known.catchUp.forget()
    // Thrown away: the next who asks has it made anew.
    if (isMailError(error, 'conflict')) return
    known.restUntilMs = this.#ports.clock.nowMs() + restMs
    if (!isMailError(error)) this.#ports.onFault(error)
  }

  #asked(account: AccountId, nowMs: number): Known {
    const known = this.#of(account)
    this.#known.delete(account)
    this.#known.set(account, known)
    known.askedMs = nowMs
    for (const [oldest, { catchUp }] of this.#known) {
      if (this.#known.size <= maxKnownAccounts) break
      if (!catchUp.isRunning) this.#known.delete(oldest)
    }
    return known
  }

  /** One for each account at a time: two that fill one index would undo each other's work. */
  #of(account: AccountId): Known {
    const known = this.#known.get(account) ?? { catchUp: new CatchUp(account, this.#catchUpPorts), askedMs: 0, restUntilMs: 0 }
    this.#known.set(account, known)
    return known
  }

  #isOver(signal: AbortSignal | undefined): boolean {
    return this.#stop.signal.aborted || signal?.aborted === true
  }
}

function isResting({ restUntilMs }: Known, nowMs: number): boolean {
  // A clock that was set back does not make the rest longer.
  return nowMs < restUntilMs && restUntilMs - nowMs <= restMs
}

function untilAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work
  return new Promise((resolve, reject) => {
    const end = (): void => reject(signal.reason as Error)
    if (signal.aborted) return end()
    signal.addEventListener('abort', end, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', end))
  })
}
