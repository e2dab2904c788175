/**
 * Whether the records are as they were written: every audit record's hash computed anew from the one before, every
 * closed day against its root, no number missing. What was purged is passed over: the chain goes on from the root of the last
 * day that is gone. In slices, so that the process does its other work meanwhile.
 */
import type { AdministrationContext } from '../administration/context.ts'
import type { Day } from '../account/lifecycle/civil-day.ts'
import { chained, dayRoots, recordsAtOnce, type DayRoot } from './day-root.ts'
import type { RecordKind, StoredRecord } from './record.ts'

export interface RecordBreak {
  readonly kind: RecordKind
  /** Number of the first record that is not as it was, or is not there. */
  readonly seq: number
  readonly day: Day | null
  /** `altered`: its hash is another. `missing`: it is not there. `root`: the day's root is another, so something of the day was changed. */
  readonly what: 'altered' | 'missing' | 'root'
}

export interface Verified {
  readonly kind: RecordKind
  readonly records: number
  /** Closed days whose root was compared. */
  readonly days: number
  /** Closed days whose records were purged in their time. */
  readonly purgedDays: number
  readonly lastSeq: number
  /** Of the last record; what a copy elsewhere can be compared with. Empty for kinds without a chain. */
  readonly lastHash: string
  readonly break: RecordBreak | null
}

export interface Verifying {
  readonly signal?: AbortSignal
  /** So many were looked at so far. */
  readonly onProgress?: (records: number) => Promise<void>
}

type VerifyContext = Pick<AdministrationContext, 'store' | 'secrets'>

/** Stops at the first break. */
export async function verifyRecords(context: VerifyContext, kind: RecordKind, { signal, onProgress }: Verifying = {}): Promise<Verified> {
  const walk = new Walk(context, kind)
  await walk.nextRoot()
  for (let after = walk.start; walk.found === null; ) {
    signal?.throwIfAborted()
    const page = await context.store.records.read({ kind, after, limit: recordsAtOnce })
    for (const record of page) {
      // One without the other: awaiting costs more than a record does.
      const step = walk.take(record)
      if (step !== null) await step
      if (walk.found !== null) break
    }
    if (onProgress !== undefined) await onProgress(walk.records)
    if (page.length < recordsAtOnce) break
    after = page.at(-1)!.seq
  }
  return walk.end()
}

class Walk {
  readonly #sha256: (text: string) => string
  readonly #kind: RecordKind
  readonly #roots: AsyncGenerator<{ readonly value: DayRoot }>
  /** The day that the next record belongs to; null: it is not closed yet. */
  #root: DayRoot | null = null
  #next = 1
  #hash = ''
  #kept = 0
  #days = 0
  #purged = 0
  start = 0
  records = 0
  found: RecordBreak | null = null

  constructor({ store, secrets }: VerifyContext, kind: RecordKind) {
    this.#sha256 = secrets.sha256
    this.#kind = kind
    this.#roots = dayRoots({ store }, kind)
  }

  /** Goes on to the next day that has records; those that are gone hand on their hash. */
  async nextRoot(): Promise<void> {
    for (;;) {
      const { value, done } = await this.#roots.next()
      const root = done === true ? null : value.value
      if (this.#kind !== 'audit') this.#hash = ''
      this.#kept = 0
      this.#root = root
      if (root === null) return
      if (root.firstSeq !== this.#next) return this.#break('missing', this.#next, root.day)
      if (root.purge !== null && root.purge.kept !== null) this.#hash = ''
      if (root.purge === null || root.purge.kept !== null) return
      this.#purged++
      this.#hash = root.root
      this.#next = root.lastSeq + 1
      if (this.records === 0) this.start = root.lastSeq
    }
  }

  take(record: StoredRecord): Promise<void> | null {
    const root = this.#root
    if (root?.purge?.kept) return this.#takeKept(record, root, root.purge.kept)
    if (record.seq < this.#next) return null
    if (record.seq !== this.#next) {
      this.#break('missing', this.#next, root?.day ?? null)
      return null
    }
    this.records++
    this.#next++
    const hash = chained(this.#sha256, this.#hash, record)
    if (record.hash !== (this.#kind === 'audit' ? hash : '')) this.#break('altered', record.seq, root?.day ?? null)
    this.#hash = hash
    if (root === null || record.seq < root.lastSeq) return null
    return this.#close(root, hash, root.root)
  }

  /** Of a day that was purged but for what a hold keeps: numbers have gaps, and the root is that of what was kept. */
  async #takeKept(record: StoredRecord, root: DayRoot, kept: { readonly count: number; readonly root: string }): Promise<void> {
    if (record.seq > root.lastSeq) {
      if (root.purge?.done === true) return this.#break('missing', root.lastSeq, root.day)
      await this.#passKept(root)
      const step = this.take(record)
      return step ?? undefined
    }
    // Half of it may be there still.
    if (root.purge?.done !== true) return
    this.records++
    this.#hash = chained(this.#sha256, this.#hash, record)
    if (++this.#kept < kept.count) return
    if (this.#hash !== kept.root) return this.#break('root', root.firstSeq, root.day)
    this.#days++
    await this.#passKept(root)
  }

  async #passKept(root: DayRoot): Promise<void> {
    this.#next = root.lastSeq + 1
    this.#hash = root.root
    await this.nextRoot()
  }

  async #close(root: DayRoot, hash: string, expected: string): Promise<void> {
    if (hash !== expected) return this.#break('root', root.firstSeq, root.day)
    this.#days++
    await this.nextRoot()
  }

  #break(what: RecordBreak['what'], seq: number, day: Day | null): void {
    this.found ??= { kind: this.#kind, seq, day, what }
  }

  end(): Verified {
    // A closed day whose records have come to an end too early.
    if (this.#root !== null) this.#break('missing', this.#next, this.#root.day)
    const lastHash = this.#kind === 'audit' ? this.#hash : ''
    return { kind: this.#kind, records: this.records, days: this.#days, purgedDays: this.#purged, lastSeq: this.#next - 1, lastHash, break: this.found }
  }
}
