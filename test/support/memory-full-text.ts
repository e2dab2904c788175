/** The full-text port in memory, by looking through all texts: the contract's second opinion, and an index for tests that count calls. */
import { MailError } from '../../src/core/errors.ts'
import { type SearchedText, storedText, wholeText } from '../../src/core/mailbox/searched-text.ts'
import { answerOf } from '../../src/core/mailbox/text-question.ts'
import type { FullText, IndexState, MessagePlace, MessageText, TextQuery, TextQuestion } from '../../src/core/ports/full-text.ts'
import { verdicts } from '../../src/core/ports/full-text.ts'

interface Indexed extends MessagePlace {
  readonly text: SearchedText
  readonly round: number
}

interface Index {
  state: IndexState
  round: number
  askedMs: number
  messages: Map<string, Indexed>
}

export class MemoryFullText implements FullText {
  readonly indexes = new Map<string, Index>()
  readonly calls: string[] = []
  /** Thrown by the next call of this name. */
  fail: { call: string; error: Error } | null = null
  /** Awaited before each call. */
  pause: (call: string) => Promise<void> = async () => undefined
  readonly #nowMs: () => number
  #made = 0

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs
  }

  async state(account: string): Promise<IndexState | null> {
    await this.#called('state')
    return this.indexes.get(account)?.state ?? null
  }

  async begin(account: string): Promise<IndexState> {
    await this.#called('begin')
    const fresh = (): Index => ({ state: { incarnation: `i${++this.#made}`, modseq: 0, filling: true, messages: 0 }, round: 0, askedMs: this.#nowMs(), messages: new Map() })
    const index = this.indexes.get(account) ?? fresh()
    this.indexes.set(account, index)
    index.round++
    index.state = { ...index.state, filling: true }
    return index.state
  }

  async add(account: string, incarnation: string, messages: readonly MessageText[]): Promise<void> {
    await this.#called('add')
    const index = this.#known(account, incarnation)
    for (const { id, mailbox, uid, ...packed } of messages) {
      const text = index.messages.get(id)?.text ?? storedText(packed)
      index.messages.set(id, { id, mailbox, uid, text, round: index.round })
    }
    this.#count(index)
  }

  async place(account: string, incarnation: string, places: readonly MessagePlace[]): Promise<readonly string[]> {
    await this.#called('place')
    const index = this.#known(account, incarnation)
    const missing: string[] = []
    for (const place of places) {
      const known = index.messages.get(place.id)
      if (known === undefined) missing.push(place.id)
      else index.messages.set(place.id, { ...known, ...place, round: index.round })
    }
    return missing
  }

  async remove(account: string, incarnation: string, messages: readonly string[]): Promise<void> {
    await this.#called('remove')
    const index = this.#known(account, incarnation)
    for (const id of messages) index.messages.delete(id)
    this.#count(index)
  }

  async reach(account: string, incarnation: string, modseq: number): Promise<void> {
    await this.#called('reach')
    const index = this.#known(account, incarnation)
    if (index.state.filling) for (const [id, { round }] of index.messages) if (round < index.round) index.messages.delete(id)
    index.state = { ...index.state, modseq, filling: false }
    this.#count(index)
  }

  async find(account: string, incarnation: string, { mailbox, uids, questions }: TextQuery): Promise<Uint8Array[]> {
    await this.#called('find')
    const index = this.#known(account, incarnation)
    if (index.state.filling) throw new MailError('conflict')
    index.askedMs = this.#nowMs()
    const byUid = new Map([...index.messages.values()].filter((one) => one.mailbox === mailbox).map(({ uid, text }) => [uid, text]))
    return questions.map((question) =>
      Uint8Array.from(uids, (uid) => {
        const text = byUid.get(uid)
        const answer = text === undefined ? null : answerOf(question, text)
        return answer === null ? verdicts.unknown : answer ? verdicts.yes : verdicts.no
      }),
    )
  }

  async ask(body: Uint8Array, prefix: Uint8Array, questions: readonly TextQuestion[]): Promise<Uint8Array> {
    await this.#called('ask')
    const text = wholeText(body, prefix)
    return Uint8Array.from(questions, (question) => (answerOf(question, text) === true ? verdicts.yes : verdicts.no))
  }

  async accounts(): Promise<readonly string[]> {
    return [...this.indexes.keys()]
  }

  async tidy(account: string, incarnation: string): Promise<'done'> {
    await this.#called('tidy')
    this.#known(account, incarnation)
    return 'done'
  }

  async lastAskedMs(account: string): Promise<number | null> {
    return this.indexes.get(account)?.askedMs ?? null
  }

  async drop(account: string): Promise<void> {
    await this.#called('drop')
    this.indexes.delete(account)
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  async #called(call: string): Promise<void> {
    this.calls.push(call)
    await this.pause(call)
    const { fail } = this
    if (fail?.call !== call) return
    this.fail = null
    throw fail.error
  }

  #known(account: string, incarnation: string): Index {
    const index = this.indexes.get(account)
    if (index?.state.incarnation !== incarnation) throw new MailError('conflict')
    return index
  }

  #count(index: Index): void {
    index.state = { ...index.state, messages: index.messages.size }
  }
}
