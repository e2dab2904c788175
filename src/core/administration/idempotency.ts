/**
 * Idempotency keys of the API: the same key with the same request gets the answer of the first time, for a day. Answers are
 * kept sealed, for some tell a temporary password or a token that is shown once.
 *
 * An act and its kept answer are two commits. When a process dies between them the key is free again after two minutes; what
 * the act then finds is its own trace (an address that is taken), never a half of itself.
 */
import { MailError, isMailError } from '../errors.ts'
import { maxEntryBytes } from '../ports/registry.ts'
import { instantKey, type AccessContext } from './access.ts'
import { entry, entryKind, findEntries, put, remove, type Kept } from './entries.ts'

export interface KeptAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

interface KeyUse {
  /** Of method, path and body. */
  readonly request: string
  readonly atMs: number
  readonly done: boolean
  /** Sealed {@link KeptAnswer}; null while it is worked on, and of one that is too large to be kept. */
  readonly answer: string | null
}

/** Id: hash of the caller and the key. */
export const idempotencyKind = entryKind<KeyUse>({ name: 'idempotency', keys: ({ atMs }) => [`at ${instantKey(atMs)}`] })

export type Attempt =
  | { readonly kind: 'first'; readonly keep: (answer: KeptAnswer) => Promise<void>; readonly giveUp: () => Promise<void> }
  | { readonly kind: 'again'; readonly answer: KeptAnswer }

export interface Idempotency {
  /**
   * `caller`: an account id. Refuses `argument-invalid` (reason `idempotency-reused`: another request had this key) and
   * `conflict` (reason `idempotency-running`) and `not-permitted` (`idempotency-done`: done, its answer was too large to keep).
   */
  begin(given: { readonly caller: string; readonly key: string; readonly request: string }): Promise<Attempt>
}

const keptMs = 24 * 3_600_000
const abandonedMs = 2 * 60_000
const sweptAtOnce = 20
/** Sealing makes it longer by a third. */
const maxAnswerBytes = Math.floor(maxEntryBytes / 2)

const running = (): MailError => new MailError('conflict', 'the first request with this key is worked on', { reason: 'idempotency-running' })

export function createIdempotency({ store, clock, secrets }: AccessContext): Idempotency {
  const { registry } = store

  const sweep = async (): Promise<void> => {
    const old = await findEntries(registry, idempotencyKind, { from: 'at ', to: `at ${instantKey(clock.nowMs() - keptMs)}`, limit: sweptAtOnce })
    if (old.length > 0) await registry.commit({ entries: old.map((one) => ({ ...remove(idempotencyKind, one), ifVersion: null })) })
  }

  const first = (id: string, request: string, atMs: number): Attempt => ({
    kind: 'first',
    async keep(answer) {
      const sealed = secrets.seal(JSON.stringify(answer))
      const use: KeyUse = { request, atMs, done: true, answer: sealed.length <= maxAnswerBytes ? sealed : null }
      await registry.commit({ entries: [put(idempotencyKind, id, use, null)] })
    },
    giveUp: async () => void (await registry.commit({ entries: [{ kind: idempotencyKind.name, id, value: null, ifVersion: null }] })),
  })

  const again = ({ value }: Kept<KeyUse>): Attempt => {
    const text = value.answer === null ? null : secrets.open(value.answer)
    if (text === null && value.done) throw new MailError('not-permitted', 'done, and its answer is not kept', { reason: 'idempotency-done', class: 'conflict' })
    if (text === null) throw running()
    return { kind: 'again', answer: JSON.parse(text) as KeptAnswer }
  }

  return {
    async begin({ caller, key, request }) {
      await sweep()
      const id = secrets.sha256(JSON.stringify([caller, key]))
      const hash = secrets.sha256(request)
      const nowMs = clock.nowMs()
      const kept = await entry(registry, idempotencyKind, id)
      const over = kept !== null && nowMs - kept.value.atMs >= (kept.value.done ? keptMs : abandonedMs)
      if (kept !== null && !over) {
        if (kept.value.request !== hash) throw new MailError('argument-invalid', 'another request had this key', { reason: 'idempotency-reused' })
        return again(kept)
      }
      try {
        await registry.commit({ entries: [put(idempotencyKind, id, { request: hash, atMs: nowMs, done: false, answer: null }, kept?.version ?? 0)] })
      } catch (error) {
        if (!isMailError(error, 'conflict')) throw error
        throw running()
      }
      return first(id, hash, nowMs)
    },
  }
}
