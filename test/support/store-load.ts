/**
 * A load of several clients on a store, and the words in which it tells what it does: one line of JSON before each
 * operation and one when it was acknowledged. Each client touches only messages that it filed itself, so that what must be
 * there afterwards follows from its own lines, whatever the others did.
 */
import { createHash } from 'node:crypto'
import { flagsOf, noFlags } from '../../src/core/mailbox/flags.ts'
import type { AccountId, BlobId, MailboxId, MessageId } from '../../src/core/mailbox/mailbox.ts'
import type { Delivery, Filed, NewMessage } from '../../src/core/ports/store.ts'
import type { OpenStore } from './store-place.ts'

export interface LoadAccount {
  readonly account: AccountId
  readonly inbox: MailboxId
  readonly trash: MailboxId
}

/** A message is named by its account and its tag, which stands in its prefix and in its body. */
export interface Named {
  readonly account: AccountId
  readonly tag: string
}

export type LoadOperation =
  | { readonly kind: 'deliver'; readonly transaction: string; readonly accounts: readonly AccountId[]; readonly tag: string; readonly outbox: boolean }
  | { readonly kind: 'append'; readonly account: AccountId; readonly tags: readonly string[] }
  | { readonly kind: 'flags'; readonly account: AccountId; readonly tags: readonly string[]; readonly keyword: string }
  | { readonly kind: 'move'; readonly account: AccountId; readonly tags: readonly string[] }
  | { readonly kind: 'expunge'; readonly account: AccountId; readonly tags: readonly string[] }

export interface LoadFiled extends Named {
  readonly id: MessageId
  readonly mailbox: MailboxId
  readonly uid: number
}

export interface LoadResult {
  /** Modseq that the write took in each account. */
  readonly modseqs: Readonly<Record<AccountId, number>>
  /** New places: of filed and of moved messages. */
  readonly filed: readonly LoadFiled[]
  readonly bodies: readonly BlobId[]
}

export type LoadLine =
  | { readonly begin: number; readonly operation: LoadOperation }
  | { readonly end: number; readonly result: LoadResult; readonly sizes: Readonly<Record<string, number>> }
  | { readonly refused: number; readonly code: string }

export interface LoadOptions {
  readonly open: OpenStore
  readonly clock: { nowMs(): number }
  readonly accounts: readonly LoadAccount[]
  readonly seed: number
  readonly clients: number
  readonly operationsPerClient: number
  readonly tell: (line: LoadLine) => void
  /** Sizes of files to tell with each acknowledgement. */
  readonly sizes: () => Readonly<Record<string, number>>
  /** The code of a refusal that the load goes on after; otherwise it ends the load. */
  readonly codeOf?: (error: unknown) => string | null
}

/** Body of a tag: mostly small, at times over a block, of the same bytes whenever it is asked for. */
export function bodyOf(tag: string): Buffer {
  const digest = createHash('sha256').update(tag).digest()
  const line = `${tag} ${digest.toString('hex')} Kính gửi đồng chí\r\n`
  const bytes = digest[0]! < 20 ? 150_000 + digest.readUInt16LE(1) : 200 + (digest.readUInt16LE(1) % 6_000)
  // The first line is the tag's own, the rest compresses badly for every second tag.
  const filler = digest[3]! % 2 === 0 ? line : createHash('shake256', { outputLength: 4_000 }).update(tag).digest('base64')
  return Buffer.from(line + filler.repeat(Math.ceil(bytes / filler.length))).subarray(0, Math.max(bytes, line.length))
}

export function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

export function prefixOf(tag: string): Buffer {
  return Buffer.from(`X-Tag: ${tag}\r\n`)
}

export function tagOf(prefix: Uint8Array): string {
  return /^X-Tag: (.*)\r\n$/.exec(Buffer.from(prefix).toString())?.[1] ?? ''
}

/** The delivery of a load's `deliver`: the same again when it is asked for again. */
export function deliveryOf(operation: Extract<LoadOperation, { kind: 'deliver' }>, body: BlobId, receivedAtMs: number): Delivery {
  const { tag } = operation
  return {
    transaction: operation.transaction,
    receivedAtMs,
    content: contentOf(tag, body),
    recipients: operation.accounts.map((account) => ({ account, target: { role: 'inbox' }, prefix: prefixOf(tag), flags: noFlags, extraBytes: 0 })),
    outbox: operation.outbox ? [{ sender: 'a@xa.example', recipient: `${tag}@ngoai.example`, dueAtMs: receivedAtMs, prefix: prefixOf(tag), account: null }] : [],
    facts: { tag },
  }
}

function contentOf(tag: string, body: BlobId): NewMessage['content'] {
  return {
    body,
    bodyBytes: bodyOf(tag).length,
    forms: Buffer.from(`forms of ${tag}`),
    text: Buffer.from(`text of ${tag}`),
    sentAtMs: null,
    messageId: `<${tag}@xa.example>`,
    references: [],
    baseSubject: tag,
  }
}

/** mulberry32: the same numbers for the same seed. */
export function seededNumbers(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Ends when every client has done its operations, or one was refused with a code that `codeOf` does not know. */
export async function runLoad(options: LoadOptions): Promise<void> {
  let numbers = 0
  const client = async (which: number): Promise<void> => {
    const load = new Client(options, which)
    for (let i = 0; i < options.operationsPerClient; i++) {
      const operation = load.next(i)
      const number = ++numbers
      options.tell({ begin: number, operation })
      try {
        const result = await load.perform(operation)
        options.tell({ end: number, result, sizes: options.sizes() })
      } catch (error) {
        const code = options.codeOf?.(error) ?? null
        if (code === null) throw error
        options.tell({ refused: number, code })
      }
    }
  }
  await Promise.all(Array.from({ length: options.clients }, (_, which) => client(which)))
}

class Client {
  readonly #options: LoadOptions
  readonly #name: string
  readonly #number: () => number
  /** What it filed and did not expunge. */
  readonly #mine: LoadFiled[] = []

  constructor(options: LoadOptions, which: number) {
    this.#options = options
    this.#name = `${options.seed}.${which}`
    this.#number = seededNumbers(options.seed * 1_000 + which)
  }

  #pick<T>(of: readonly T[]): T {
    return of[Math.floor(this.#number() * of.length)]!
  }

  next(i: number): LoadOperation {
    const { accounts } = this.#options
    const { account } = this.#pick(accounts)
    const tag = `${this.#name}.${i}`
    const chance = this.#number()
    const mine = this.#mine.filter((one) => one.account === account)
    const here = mine.filter((one) => one.mailbox === mine[0]?.mailbox).slice(0, 1 + Math.floor(this.#number() * 3))
    const tags = here.map((one) => one.tag)
    if (tags.length === 0 || chance < 0.45) {
      const to = accounts.filter((one) => one.account === account || this.#number() < 0.4).map((one) => one.account)
      return { kind: 'deliver', transaction: `t-${tag}`, accounts: to, tag, outbox: this.#number() < 0.3 }
    }
    if (chance < 0.6) return { kind: 'append', account, tags: Array.from({ length: 1 + Math.floor(this.#number() * 3) }, (_, n) => `${tag}-${n}`) }
    if (chance < 0.75) return { kind: 'flags', account, tags, keyword: `k${i}` }
    return { kind: chance < 0.9 ? 'move' : 'expunge', account, tags }
  }

  async perform(operation: LoadOperation): Promise<LoadResult> {
    switch (operation.kind) {
      case 'deliver':
        return this.#deliver(operation)
      case 'append':
        return this.#append(operation)
      default:
        return this.#change(operation)
    }
  }

  async #deliver(operation: Extract<LoadOperation, { kind: 'deliver' }>): Promise<LoadResult> {
    const { store, blobs } = this.#options.open
    const body = await blobs.put(bodyOf(operation.tag))
    const outcome = await store.deliveries.commit(deliveryOf(operation, body, this.#options.clock.nowMs()))
    if (outcome.kind !== 'committed') throw new Error(`${operation.transaction}: ${outcome.kind}`)
    return this.#filed(outcome.filed.map((one) => ({ ...one, tag: operation.tag })), [body])
  }

  async #append({ account, tags }: Extract<LoadOperation, { kind: 'append' }>): Promise<LoadResult> {
    const { store, blobs } = this.#options.open
    const bodies = await Promise.all(tags.map((tag) => blobs.put(bodyOf(tag))))
    const messages = tags.map((tag, i) => ({ content: contentOf(tag, bodies[i]!), prefix: prefixOf(tag), flags: noFlags, receivedAtMs: this.#options.clock.nowMs() }))
    const filed = await store.messages.append(account, this.#place(account).inbox, messages)
    return this.#filed(filed.map((one, i) => ({ ...one, account, tag: tags[i]! })), bodies)
  }

  #place(account: AccountId): LoadAccount {
    return this.#options.accounts.find((one) => one.account === account)!
  }

  #filed(filed: readonly (Filed & Named)[], bodies: readonly BlobId[]): LoadResult {
    const places = filed.map(({ account, tag, id, mailbox, uid }) => ({ account, tag, id, mailbox, uid }))
    this.#mine.push(...places)
    return { modseqs: Object.fromEntries(filed.map((one) => [one.account, one.modseq])), filed: places, bodies }
  }

  async #change(operation: Extract<LoadOperation, { kind: 'flags' | 'move' | 'expunge' }>): Promise<LoadResult> {
    const { messages } = this.#options.open.store
    const { account } = operation
    const touched = this.#mine.filter((one) => one.account === account && operation.tags.includes(one.tag)).sort((a, b) => a.uid - b.uid)
    const uids = Uint32Array.from(touched, (one) => one.uid)
    const { mailbox } = touched[0]!
    if (operation.kind === 'flags') {
      const stored = await messages.changeFlags(account, mailbox, uids, { mode: 'replace', flags: flagsOf([operation.keyword]) })
      return { modseqs: { [account]: stored.modseq }, filed: [], bodies: [] }
    }
    for (const one of touched) this.#mine.splice(this.#mine.indexOf(one), 1)
    if (operation.kind === 'expunge') {
      const { modseq } = await messages.expunge(account, mailbox, uids, false)
      return { modseqs: { [account]: modseq }, filed: [], bodies: [] }
    }
    const { inbox, trash } = this.#place(account)
    const target = mailbox === inbox ? trash : inbox
    const moved = await messages.move(account, mailbox, uids, target)
    const filed = touched.map((one, i) => ({ ...one, mailbox: target, uid: moved.targetUids[i]! }))
    this.#mine.push(...filed)
    return { modseqs: { [account]: moved.modseq }, filed, bodies: [] }
  }
}
