/**
 * Moving house: everything that one store holds into another, empty one, while no server runs (design §5.3). Ids, UIDs,
 * UIDVALIDITY, MODSEQ and tombstones stay, so no mail client downloads again. Steps: rows with the bodies that they name, slice
 * by slice → every row compared → every body read back → finished. The state lies in the target in one commit with the
 * rows, so a move that was killed at any moment goes on; until it has finished, no server opens the target.
 */
import { MailError, isMailError } from '../errors.ts'
import type { Blobs } from '../ports/blobs.ts'
import { keyOf, parts, type Part, type ReadableStore, type SliceSize, type WritableStore } from '../ports/store-copy.ts'
import { bodiesOf, toWrite } from './body-names.ts'
import { canonicalRow } from './canonical-row.ts'
import { checkBodies, checkPart, type Hashing } from './check-copy.ts'
import { copyBodies } from './copy-bodies.ts'
import { beginning, partsFrom, requireWhole, stateOf, type MoveState } from './move-state.ts'

export interface House<S extends ReadableStore> {
  readonly store: S
  readonly blobs: Blobs
}

export interface Move {
  readonly from: House<ReadableStore>
  readonly to: House<WritableStore>
  readonly hashing: Hashing
  readonly size?: SliceSize
  readonly onProgress?: (progress: MoveProgress) => void
}

export interface MoveProgress {
  readonly stage: 'rows' | 'check-rows' | 'check-bodies'
  readonly part: Part | 'bodies'
  /** Rows of this part, or bodies. */
  readonly done: number
  readonly total: number
  /** It goes on where an earlier run was killed; `again`: the source has changed since, so its rows are copied again. */
  readonly resumed: 'no' | 'yes' | 'again'
}

export interface MoveReport {
  /** It was finished before this call. */
  readonly already: boolean
  readonly rows: Readonly<Partial<Record<Part, number>>>
  /** SHA-256 over the rows of each part, as they were read from both. */
  readonly hashes: Readonly<Partial<Record<Part, string>>>
  readonly bodies: number
  readonly bodyBytes: number
}

const defaultSize: SliceSize = { rows: 200, bytes: 4 * 1024 * 1024 }
/** What tells whether the source was used since; a change of mail shows in its account's row. */
const telling = ['settings', 'agencies', 'accounts', 'held', 'recipients', 'outbox', 'registry'] as const satisfies readonly Part[]

/**
 * Refuses `conflict` with detail.reason `target-not-empty`, `other-source`, `same-store` or `copy-differs` (then the next run copies
 * the rows again); `unavailable` and `storage-full` as the stores do.
 */
export async function moveStore(move: Move): Promise<MoveReport> {
  const begun = await begin(move)
  if (begun.state.stage === 'finished') return reportOf(begun.state, true)
  try {
    let state = begun.state
    const mover = new Mover(move, begun.resumed)
    if (state.stage === 'rows') state = await mover.copyRows(state)
    if (state.stage === 'check-rows') state = await mover.checkRows(state)
    state = await mover.checkBodies(state)
    await move.to.store.finish(JSON.stringify(state))
    return reportOf(state, false)
  } catch (error) {
    if (isMailError(error, 'conflict')) await move.to.store.putState(JSON.stringify({ ...begun.state, fingerprint: '' }))
    throw error
  }
}

async function begin({ from, to, hashing, size = defaultSize }: Move): Promise<{ readonly state: MoveState; readonly resumed: MoveProgress['resumed'] }> {
  requireWhole(await from.store.state())
  const source = await from.store.identity()
  if (source === (await to.store.identity())) throw refused('same-store', 'source and target are the same store')
  const text = await to.store.state()
  const known = text === null ? null : stateOf(text)
  if (known === null && !(await isEmpty(to.store))) throw refused('target-not-empty', 'the target holds something already')
  if (known !== null && known.source !== source) throw refused(known.stage === 'finished' ? 'target-not-empty' : 'other-source', 'the target was filled from another store')
  if (known?.stage === 'finished') return { state: known, resumed: 'yes' }
  const fingerprint = await fingerprintOf(from.store, hashing, size)
  if (known !== null && known.fingerprint === fingerprint) return { state: known, resumed: 'yes' }
  const state = beginning(source, fingerprint)
  if (known !== null) await to.store.clear()
  await to.store.putState(JSON.stringify(state))
  return { state, resumed: known === null ? 'no' : 'again' }
}

async function isEmpty(store: ReadableStore): Promise<boolean> {
  for (const part of parts) for await (const slice of store.read(part, null, { rows: 1, bytes: 1 })) if (slice.length > 0) return false
  return true
}

async function fingerprintOf(store: ReadableStore, hashing: Hashing, size: SliceSize): Promise<string> {
  const hash = hashing.running()
  for (const part of telling) {
    for await (const slice of store.read(part, null, size)) for (const row of slice) hash.add(`${part} ${canonicalRow(part, row)}`)
  }
  for (const part of ['tombstones', 'deliveries', 'records'] as const) hash.add(`${part} ${await store.count(part)}`)
  return hash.end()
}

class Mover {
  readonly #move: Move
  readonly #size: SliceSize
  readonly #resumed: MoveProgress['resumed']

  constructor(move: Move, resumed: MoveProgress['resumed']) {
    this.#move = move
    this.#size = move.size ?? defaultSize
    this.#resumed = resumed
  }

  async copyRows(state: MoveState): Promise<MoveState> {
    const { to } = this.#move
    let now = state
    for (const part of partsFrom(state.part)) now = await this.#copyPart(part, now)
    const next: MoveState = { ...now, stage: 'check-rows', part: null, after: null }
    await to.store.putState(JSON.stringify(next))
    return next
  }

  async #copyPart<P extends Part>(part: P, state: MoveState): Promise<MoveState> {
    const { from, to, hashing } = this.#move
    const total = await from.store.count(part)
    const after = state.part === part ? state.after : null
    let now = state
    this.#tell('rows', part, now.counts[part] ?? 0, total)
    for await (const slice of from.store.read(part, after, this.#size)) {
      const wanted = slice.flatMap((row) => bodiesOf(part, row))
      const known = await copyBodies({ from: from.blobs, to: to.blobs, target: to.store, sha256: (bytes) => hashing.of(bytes) }, wanted)
      const done = (now.counts[part] ?? 0) + slice.length
      now = { ...now, part, after: keyOf(part, slice.at(-1)!), counts: { ...now.counts, [part]: done } }
      await to.store.write(part, slice.map((row) => toWrite(part, row, known)), JSON.stringify(now))
      this.#tell('rows', part, done, total)
    }
    return now
  }

  async checkRows(state: MoveState): Promise<MoveState> {
    const { from, to, hashing } = this.#move
    let now = state
    for (const part of parts) {
      if (part in now.hashes) continue
      const total = now.counts[part] ?? 0
      this.#tell('check-rows', part, 0, total)
      const { rows, sha256 } = await checkPart({ source: from.store, target: to.store, hashing, size: this.#size }, part, (done) => this.#tell('check-rows', part, done, total))
      now = { ...now, counts: { ...now.counts, [part]: rows }, hashes: { ...now.hashes, [part]: sha256 } }
      await to.store.putState(JSON.stringify(now))
    }
    const next: MoveState = { ...now, stage: 'check-bodies' }
    await to.store.putState(JSON.stringify(next))
    return next
  }

  async checkBodies(state: MoveState): Promise<MoveState> {
    const { to, hashing } = this.#move
    const total = await to.store.noted()
    let now = state
    this.#tell('check-bodies', 'bodies', now.bodies, total)
    for await (const { last, bodies, bytes } of checkBodies(to.store, to.blobs, { after: state.checkedBody, hashing, rows: this.#size.rows })) {
      now = { ...now, checkedBody: last, bodies: now.bodies + bodies, bodyBytes: now.bodyBytes + bytes }
      await to.store.putState(JSON.stringify(now))
      this.#tell('check-bodies', 'bodies', now.bodies, total)
    }
    return { ...now, stage: 'finished' }
  }

  #tell(stage: MoveProgress['stage'], part: MoveProgress['part'], done: number, total: number): void {
    this.#move.onProgress?.({ stage, part, done, total: Math.max(done, total), resumed: this.#resumed })
  }
}

function reportOf({ counts, hashes, bodies, bodyBytes }: MoveState, already: boolean): MoveReport {
  return { already, rows: counts, hashes, bodies, bodyBytes }
}

function refused(reason: string, message: string): MailError {
  return new MailError('conflict', message, { reason })
}
