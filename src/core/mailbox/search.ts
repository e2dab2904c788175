/**
 * SEARCH over a selected mailbox: exact, with an index or without (RFC 9051 §6.4.4). Substrings, folded for Vietnamese.
 *
 * Cheap facts first: all messages are asked with what is in memory; then the full-text index says what it knows for certain; rows
 * are read only of those that this leaves open, texts only of those that rows leave open, a message itself only where its stored
 * text was cut off. Texts are in memory a slice at a time. Work is given back to the event loop after bounded pieces, and stops when the signal aborts.
 * A message that has left the mailbox is not found, even while the session keeps its number.
 */
import type { Blobs } from '../ports/blobs.ts'
import { type Verdicts, verdicts } from '../ports/full-text.ts'
import type { MessageStore } from '../ports/store.ts'
import type { Clock } from '../ports/world.ts'
import { noFlags } from './flags.ts'
import type { AccountId, MailboxId, StoredMessage } from './mailbox.ts'
import type { ListSnapshot } from './message-list.ts'
import type { SearchKey } from './search-key.ts'
import { type Facts, type SearchPlan, planSearch } from './search-plan.ts'
import { storedText, wholeText } from './searched-text.ts'
import { lowerBound } from './sequence-set.ts'
import type { SearchIndex } from './text-index.ts'

export interface Searcher {
  readonly store: { readonly messages: Pick<MessageStore, 'read'> }
  readonly blobs: Pick<Blobs, 'read'>
  readonly clock: Clock
  readonly textIndex?: SearchIndex
}

/** A session's mailbox at the moment of the command; nobody else changes these arrays. */
export interface SearchedMailbox {
  readonly account: AccountId
  readonly mailbox: MailboxId
  /** Those that are there. */
  readonly messages: ListSnapshot
  /** UIDs by sequence number - 1, where those are more: some left and keep their number. */
  readonly numbering: Uint32Array | null
}

/** Tests that are run before others get a turn: some milliseconds. */
const testsPerTurn = 200_000
/** Bytes of packed text that are opened and looked through in one turn; a message counts as some, however short. */
const textBytesPerTurn = 192 * 1024
const textBytesPerMessage = 1_024

/** Sequence numbers, ascending. Refuses `argument-invalid`; rejects with the signal's reason when it aborts. */
export async function search(searcher: Searcher, mailbox: SearchedMailbox, key: SearchKey, signal?: AbortSignal): Promise<Uint32Array> {
  signal?.throwIfAborted()
  const numbers = mailbox.numbering ?? mailbox.messages.uids
  const plan = planSearch(key, { lastSequence: numbers.length, lastUid: numbers.at(-1) ?? 0, nowMs: searcher.clock.nowMs() })
  const searching = new Searching(searcher, mailbox, plan, signal)
  await searching.askArrays()
  if (plan.questions.length > 0) await searching.askIndex()
  if (plan.needsRows) await searching.askRows()
  if (plan.needsText) await searching.askTexts()
  return searching.found()
}

class Searching {
  readonly #searcher: Searcher
  readonly #mailbox: SearchedMailbox
  readonly #plan: SearchPlan
  readonly #signal: AbortSignal | undefined
  readonly #matches: Uint8Array
  /** Indices of messages that are undecided yet, ascending. */
  #open: number[] = []
  readonly #facts: Facts = { index: 0, answers: null, whole: null, sequence: 0, uid: 0, modseq: 0, flags: noFlags, row: null, text: null }
  #turn = 0

  constructor(searcher: Searcher, mailbox: SearchedMailbox, plan: SearchPlan, signal: AbortSignal | undefined) {
    this.#searcher = searcher
    this.#mailbox = mailbox
    this.#plan = plan
    this.#signal = signal
    this.#matches = new Uint8Array(mailbox.messages.uids.length)
  }

  async askArrays(): Promise<void> {
    if (this.#plan.isOneQuestion) {
      this.#open = Array.from(this.#matches, (_, index) => index)
      return
    }
    for (let index = 0; index < this.#matches.length; index++) {
      if (this.#ask(index, null) === null) this.#open.push(index)
      if (this.#spend(this.#plan.tests / testsPerTurn)) await this.#giveWay()
    }
  }

  async askIndex(): Promise<void> {
    const { account, mailbox, messages: { uids } } = this.#mailbox
    const { textIndex } = this.#searcher
    if (textIndex === undefined || this.#open.length < textIndex.minMessages) return
    const answers = await textIndex.verdicts({ account, mailbox, uids, questions: this.#plan.questions }, this.#signal)
    if (answers === null) return
    this.#facts.answers = answers
    const open = this.#open
    this.#open = []
    const [first] = answers
    if (this.#plan.isOneQuestion && first !== null && first !== undefined) return this.#takeAnswers(first)
    for (const index of open) {
      if (this.#ask(index, null) === null) this.#open.push(index)
      if (this.#spend(this.#plan.tests / testsPerTurn)) await this.#giveWay()
    }
  }

  /** They are the verdicts on all messages. The most usual search by far, and the only work left of it here. */
  #takeAnswers(answers: Verdicts): void {
    for (let index = 0; index < answers.length; index++) {
      if (answers[index] === verdicts.yes) this.#matches[index] = 1
      else if (answers[index] === verdicts.unknown) this.#open.push(index)
    }
  }

  async askRows(): Promise<void> {
    await this.#read(false, (index, message) => {
      this.#facts.text = null
      if (this.#ask(index, message) === null) this.#open.push(index)
      return this.#plan.tests / testsPerTurn
    })
  }

  async askTexts(): Promise<void> {
    await this.#read(true, async (index, message) => {
      this.#facts.text = storedText(message)
      if (this.#ask(index, message) === null) {
        await this.#askWhole(index, message)
        return 1
      }
      return ((message.text?.length ?? 0) + textBytesPerMessage) / textBytesPerTurn
    })
  }

  /** The few that are beyond what is stored may be large: they are parsed elsewhere when somebody can. */
  async #askWhole(index: number, message: StoredMessage): Promise<void> {
    const body = await this.#searcher.blobs.read(message.body)
    this.#facts.whole = (await this.#searcher.textIndex?.ask(body, message.prefix, this.#plan.questions)) ?? null
    if (this.#facts.whole === null || this.#ask(index, message) === null) {
      this.#facts.text = wholeText(body, message.prefix)
      this.#ask(index, message)
    }
    this.#facts.whole = null
  }

  found(): Uint32Array {
    const sequences = new Uint32Array(this.#matches.length)
    let count = 0
    for (let index = 0; index < this.#matches.length; index++) {
      if (this.#matches[index] === 1) sequences[count++] = this.#sequence(index)
    }
    return sequences.slice(0, count)
  }

  /** Reads the open messages; `ask` says what part of a turn it took. Those that are gone meanwhile do not match. */
  async #read(text: boolean, ask: (index: number, message: StoredMessage) => number | Promise<number>): Promise<void> {
    if (this.#open.length === 0) return
    const { account, mailbox, messages: { uids } } = this.#mailbox
    const wanted = Uint32Array.from(this.#open, (index) => uids[index]!)
    this.#open = []
    for await (const slice of this.#searcher.store.messages.read(account, mailbox, wanted, { forms: false, text })) {
      for (const message of slice) {
        const index = lowerBound(uids, uids.length, message.uid)
        const took = ask(index, message)
        if (this.#spend(typeof took === 'number' ? took : await took)) await this.#giveWay()
      }
      this.#signal?.throwIfAborted()
    }
  }

  #ask(index: number, row: StoredMessage | null): boolean | null {
    const { uids, modseqs, flagIndices, flagSets } = this.#mailbox.messages
    const facts = this.#facts
    facts.index = index
    facts.sequence = this.#sequence(index)
    facts.uid = uids[index]!
    facts.modseq = modseqs[index]!
    facts.flags = flagSets[flagIndices[index]!]!
    facts.row = row
    const verdict = this.#plan.test(facts)
    if (verdict === true) this.#matches[index] = 1
    return verdict
  }

  #sequence(index: number): number {
    const { messages, numbering } = this.#mailbox
    return 1 + (numbering === null ? index : lowerBound(numbering, numbering.length, messages.uids[index]!))
  }

  #spend(partOfTurn: number): boolean {
    this.#turn += partOfTurn
    return this.#turn >= 1
  }

  async #giveWay(): Promise<void> {
    this.#turn = 0
    await new Promise<void>((resolve) => setImmediate(resolve))
    this.#signal?.throwIfAborted()
  }
}
