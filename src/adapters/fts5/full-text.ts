/**
 * Full text in SQLite FTS5 (design §5.8): one file an account, all in one thread of their own. Requests are cut into pieces, so
 * that an account that is being filled keeps nobody else's search waiting for long.
 */
import { mkdir, readdir } from 'node:fs/promises'
import type { FullText, MessageText, Verdicts } from '../../core/ports/full-text.ts'
import { accountOf } from './file-names.ts'
import { packTexts } from './requests.ts'
import { IndexThread } from './thread.ts'

export interface Fts5Options {
  /** Made when it does not exist. */
  readonly directory: string
  readonly clock: { nowMs(): number }
  /** Files that are open at once, each with up to three descriptors. */
  readonly maxOpen?: number
}

const defaultMaxOpen = 32
const cacheBytes = 2 * 1024 * 1024
/** Of packed texts in one piece: some hundredths of a second in the thread. */
const pieceBytes = 96 * 1024
const questionsAtOnce = 4
const namesAtOnce = 1_000

export async function openFts5({ directory, clock, maxOpen = defaultMaxOpen }: Fts5Options): Promise<FullText> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const thread = new IndexThread({ directory, maxOpen, cacheBytes })
  const nowMs = (): number => clock.nowMs()
  return {
    state: (account) => thread.ask('state', { account }),
    begin: (account) => thread.ask('begin', { account, nowMs: nowMs() }),

    async add(account, incarnation, messages) {
      for (const piece of piecesOf(messages)) {
        const packed = packTexts(piece)
        await thread.ask('add', { account, incarnation, messages: packed }, [packed.ends.buffer, packed.bytes.buffer])
      }
    },

    async place(account, incarnation, places) {
      const missing: string[] = []
      for (const piece of inPieces(places, namesAtOnce)) missing.push(...(await thread.ask('place', { account, incarnation, places: piece })))
      return missing
    },

    async remove(account, incarnation, messages) {
      for (const piece of inPieces(messages, namesAtOnce)) await thread.ask('remove', { account, incarnation, messages: piece, nowMs: nowMs() })
    },

    async reach(account, incarnation, modseq) {
      await thread.ask('reach', { account, incarnation, modseq, nowMs: nowMs() })
    },

    async find(account, incarnation, { mailbox, uids, questions }) {
      const found: (Verdicts | null)[] = []
      for (let at = 0; at < questions.length; at += questionsAtOnce) {
        const query = { mailbox, uids, questions: questions.slice(at, at + questionsAtOnce) }
        found.push(...(await thread.ask('find', { account, incarnation, query, nowMs: nowMs() })))
      }
      return found
    },

    ask(body, prefix, questions) {
      // A view crosses with all that it is a view of.
      const own = new Uint8Array(body)
      return thread.ask('ask', { body: own, prefix: new Uint8Array(prefix), questions }, [own.buffer])
    },

    async accounts() {
      const names = await readdir(directory)
      return names.map(accountOf).filter((account) => account !== null)
    },

    tidy: (account, incarnation) => thread.ask('tidy', { account, incarnation, nowMs: nowMs() }),
    lastAskedMs: (account) => thread.ask('askedMs', { account }),

    async drop(account) {
      await thread.ask('drop', { account })
    },

    [Symbol.asyncDispose]: () => thread.close(),
  }
}

function* piecesOf(messages: readonly MessageText[]): Generator<readonly MessageText[]> {
  let piece: MessageText[] = []
  let bytes = 0
  for (const message of messages) {
    piece.push(message)
    bytes += message.text.length + message.prefix.length
    if (bytes < pieceBytes) continue
    yield piece
    piece = []
    bytes = 0
  }
  if (piece.length > 0) yield piece
}

function* inPieces<T>(all: readonly T[], size: number): Generator<readonly T[]> {
  for (let at = 0; at < all.length; at += size) yield all.slice(at, at + size)
}
