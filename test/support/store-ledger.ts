/**
 * What must be in a store after a crash: kept from the lines of a load (store-load.ts), compared with what is there.
 *
 * Acknowledged operations must be there exactly once; of those that had only begun, each must be there whole or not at all,
 * and is then taken into the ledger as it was found.
 */
import type { AccountId, MailboxId, MessageId } from '../../src/core/mailbox/mailbox.ts'
import type { LoadAccount, LoadFiled, LoadLine, LoadOperation, LoadResult } from './store-load.ts'
import { bodyOf, deliveryOf, hashOf, tagOf } from './store-load.ts'
import { countersAreSums, slices } from './store-fixture.ts'
import type { OpenStore } from './store-place.ts'

interface Entry {
  readonly id: MessageId
  readonly mailbox: MailboxId
  readonly uid: number
  readonly keyword: string | null
}

interface Found extends Entry {
  readonly account: AccountId
  readonly tag: string
  readonly modseq: number
}

export interface CheckResult {
  /** Acknowledged operations and messages since the ledger began. */
  readonly acknowledged: number
  readonly messages: number
  readonly lost: number
  readonly problems: readonly string[]
}

const keyOf = (account: AccountId, tag: string): string => `${account} ${tag}`

export class Ledger {
  readonly #accounts: readonly LoadAccount[]
  readonly #expected = new Map<string, Entry>()
  /** Every place that was ever told, and whose it is: UIDs are never used again. */
  readonly #places = new Map<string, string>()
  readonly #modseqs = new Map<AccountId, number>()
  readonly #transactions: Extract<LoadOperation, { kind: 'deliver' }>[] = []
  readonly #begun = new Map<number, LoadOperation>()
  #acknowledged = 0
  #problems: string[] = []

  constructor(accounts: readonly LoadAccount[]) {
    this.#accounts = accounts
  }

  get acknowledged(): number {
    return this.#acknowledged
  }

  hear(line: LoadLine): void {
    if ('begin' in line) {
      this.#begun.set(line.begin, line.operation)
    } else if ('end' in line) {
      this.#acknowledged++
      this.#apply(this.#begun.get(line.end)!, line.result)
      this.#begun.delete(line.end)
    } else {
      // A refused operation has changed nothing, and what was expected before stays.
      this.#begun.delete(line.refused)
    }
  }

  #apply(operation: LoadOperation, result: LoadResult): void {
    for (const [account, modseq] of Object.entries(result.modseqs)) this.#modseqs.set(account, Math.max(modseq, this.#modseqs.get(account) ?? 0))
    for (const one of result.filed) this.#place(one)
    if (operation.kind === 'deliver') this.#transactions.push(operation)
    switch (operation.kind) {
      case 'deliver':
      case 'append':
        for (const { account, tag, id, mailbox, uid } of result.filed) this.#expected.set(keyOf(account, tag), { id, mailbox, uid, keyword: null })
        break
      case 'move':
        for (const { account, tag, mailbox, uid } of result.filed) this.#change(account, tag, { mailbox, uid })
        break
      case 'flags':
        for (const tag of operation.tags) this.#change(operation.account, tag, { keyword: operation.keyword })
        break
      case 'expunge':
        for (const tag of operation.tags) this.#expected.delete(keyOf(operation.account, tag))
    }
  }

  #change(account: AccountId, tag: string, change: Partial<Entry>): void {
    const key = keyOf(account, tag)
    this.#expected.set(key, { ...this.#expected.get(key)!, ...change })
  }

  #place({ account, mailbox, uid, tag }: Pick<LoadFiled, 'account' | 'mailbox' | 'uid' | 'tag'>): void {
    const place = `${account} ${mailbox} ${uid}`
    const earlier = this.#places.get(place)
    if (earlier !== undefined && earlier !== tag) this.#problems.push(`UID used again: ${place} was ${earlier}, is ${tag}`)
    this.#places.set(place, tag)
  }

  /** Compares with what is there. What had begun and was not acknowledged is taken as it is found. */
  async check(open: OpenStore): Promise<CheckResult> {
    this.#problems = []
    const found = await this.#found(open)
    const uncertain = new Set<string>()
    for (const operation of this.#begun.values()) for (const key of keysOf(operation)) uncertain.add(key)
    let lost = 0
    for (const [key, entry] of this.#expected) {
      if (uncertain.has(key)) continue
      const there = found.get(key)
      if (there === undefined) lost++
      if (there === undefined || !same(there, entry)) this.#problems.push(`${key}: acknowledged as ${JSON.stringify(entry)}, found ${JSON.stringify(there)}`)
    }
    for (const key of found.keys()) if (!this.#expected.has(key) && !uncertain.has(key)) this.#problems.push(`${key}: there, though it was expunged or never filed`)
    for (const operation of this.#begun.values()) await this.#settle(open, operation, found)
    this.#begun.clear()
    await this.#checkAccounts(open, found)
    for (const { transaction } of this.#transactions) {
      if ((await open.store.deliveries.facts(transaction)) === null) this.#problems.push(`${transaction}: facts are missing`)
    }
    const result = { acknowledged: this.#acknowledged, messages: this.#expected.size, lost, problems: this.#problems }
    this.#problems = []
    return result
  }

  /** All messages, with their bodies checked. */
  async #found(open: OpenStore): Promise<Map<string, Found>> {
    const found = new Map<string, Found>()
    for (const { account } of this.#accounts) {
      for (const mailbox of await open.store.mailboxes.list(account)) {
        const messages = (await slices(open.store.messages.read(account, mailbox.id, 'all', { forms: true, text: false }))).flat()
        const bodies = open.blobs.readMany(messages.map((message) => message.body))[Symbol.asyncIterator]()
        for (const message of messages) {
          const tag = tagOf(message.prefix)
          const key = keyOf(account, tag)
          if (found.has(key)) this.#problems.push(`${key}: there twice`)
          const body = await bodies.next().catch((error: unknown) => ({ done: true, value: error }) as const)
          if (body.done === true) throw new Error(`${key}: its body ${message.body} is not there: ${String(body.value)}`)
          if (hashOf(body.value) !== hashOf(bodyOf(tag))) this.#problems.push(`${key}: its body is another one`)
          if (Buffer.from(message.forms!).toString() !== `forms of ${tag}`) this.#problems.push(`${key}: its forms are others`)
          found.set(key, { account, tag, id: message.id, mailbox: mailbox.id, uid: message.uid, modseq: message.modseq, keyword: message.flags.keywords[0] ?? null })
        }
      }
    }
    for (const one of found.values()) this.#place(one)
    return found
  }

  /** An operation that was not acknowledged: whole or not at all. */
  async #settle(open: OpenStore, operation: LoadOperation, found: ReadonlyMap<string, Found>): Promise<void> {
    const keys = keysOf(operation)
    const done = keys.filter((key) => this.#isDone(operation, key, found.get(key)))
    if (done.length > 0 && done.length < keys.length) this.#problems.push(`${operation.kind} of ${keys.join(', ')}: only ${done.join(', ')} done`)
    for (const key of keys) {
      const there = found.get(key)
      const before = this.#expected.get(key)
      if (done.length === 0 && (before === undefined ? there !== undefined : there === undefined || !same(there, before))) {
        this.#problems.push(`${key}: ${operation.kind} was not done, but it is not as before`)
      }
      if (there === undefined) this.#expected.delete(key)
      else this.#expected.set(key, there)
    }
    if (operation.kind === 'deliver') await this.#commitAgain(open, operation, done.length > 0)
  }

  #isDone(operation: LoadOperation, key: string, there: Found | undefined): boolean {
    switch (operation.kind) {
      case 'deliver':
      case 'append':
        return there !== undefined
      case 'expunge':
        return there === undefined
      case 'flags':
        return there?.keyword === operation.keyword
      case 'move': {
        const before = this.#expected.get(key)
        return there !== undefined && there.id === before?.id && there.mailbox !== before.mailbox
      }
    }
  }

  /** The sender tries again: what is there is a duplicate, what is not is committed once. */
  async #commitAgain(open: OpenStore, operation: Extract<LoadOperation, { kind: 'deliver' }>, there: boolean): Promise<void> {
    const delivery = deliveryOf(operation, await open.blobs.put(bodyOf(operation.tag)), Date.now())
    const outcome = await open.store.deliveries.commit(delivery)
    if (outcome.kind !== (there ? 'duplicate' : 'committed')) {
      this.#problems.push(`${operation.transaction}: ${there ? 'there' : 'not there'}, but committing again answers ${outcome.kind}`)
    }
    if (outcome.kind === 'committed') {
      for (const one of outcome.filed) {
        this.#expected.set(keyOf(one.account, operation.tag), { ...one, keyword: null })
        this.#place({ ...one, tag: operation.tag })
      }
    }
    this.#transactions.push(operation)
    const rows = (await open.store.outbox.list({ limit: 100_000 })).filter((row) => row.transaction === operation.transaction)
    if (rows.length !== Number(operation.outbox)) this.#problems.push(`${operation.transaction}: ${rows.length} outbox rows`)
  }

  async #checkAccounts(open: OpenStore, found: ReadonlyMap<string, Found>): Promise<void> {
    for (const { account, inbox } of this.#accounts) {
      await countersAreSums(open.store, account)
      const state = (await open.store.accounts.get(account))!
      const acknowledged = this.#modseqs.get(account) ?? 0
      if (state.modseq < acknowledged) this.#problems.push(`${account}: modseq ${state.modseq} is below the acknowledged ${acknowledged}`)
      const changes = await open.store.changes.since(account, 0)
      const told = new Set(changes.messages.map((message) => message.id))
      const gone = new Set(changes.vanished.flatMap((one) => one.destroyed))
      for (const one of found.values()) {
        if (one.account !== account) continue
        if (!told.has(one.id)) this.#problems.push(`${keyOf(account, one.tag)}: not among the changes since 0`)
        if (gone.has(one.id)) this.#problems.push(`${keyOf(account, one.tag)}: there, but reported destroyed`)
      }
      await this.#goesOn(open, account, inbox, state.modseq)
    }
  }

  /** The store takes writes, with a greater modseq and a UID that nobody had. */
  async #goesOn(open: OpenStore, account: AccountId, inbox: MailboxId, modseq: number): Promise<void> {
    const tag = `sau.${account}.${this.#places.size}`
    const operation = { kind: 'deliver', transaction: `t-${tag}`, accounts: [account], tag, outbox: false } as const
    const outcome = await open.store.deliveries.commit(deliveryOf(operation, await open.blobs.put(bodyOf(tag)), Date.now()))
    if (outcome.kind !== 'committed') {
      this.#problems.push(`${account}: it does not go on: ${outcome.kind}`)
      return
    }
    const one = outcome.filed[0]!
    if (one.modseq <= modseq) this.#problems.push(`${account}: modseq ${one.modseq} after ${modseq}`)
    this.#place({ ...one, tag })
    this.#expected.set(keyOf(account, tag), { ...one, keyword: null })
    // It is shown to be there with the next check; it is no part of the load.
    if (one.mailbox !== inbox) this.#problems.push(`${account}: filed in ${one.mailbox}`)
  }
}

function keysOf(operation: LoadOperation): string[] {
  if (operation.kind === 'deliver') return operation.accounts.map((account) => keyOf(account, operation.tag))
  return operation.tags.map((tag) => keyOf(operation.account, tag))
}

function same(a: Entry, b: Entry): boolean {
  return a.id === b.id && a.mailbox === b.mailbox && a.uid === b.uid && a.keyword === b.keyword
}
