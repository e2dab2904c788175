/**
 * What a store promises of one account, as plainly as it can be said: a map of mailboxes, a map of messages each, one
 * counter. The random tests do the same things to a store and to this, and compare.
 */
import assert from 'node:assert/strict'
import type { Changes } from '../../src/core/change.ts'
import type { FlagChange, Flags } from '../../src/core/mailbox/flags.ts'
import { changeFlags, deletedBit, noFlags, sameFlags, seenBit } from '../../src/core/mailbox/flags.ts'
import type { AccountId, Mailbox, MailboxId, MessageId } from '../../src/core/mailbox/mailbox.ts'
import type { Copied, Filed, FlagsStored, Store } from '../../src/core/ports/store.ts'

interface ModelMessage {
  readonly id: MessageId
  readonly uid: number
  readonly modseq: number
  readonly flags: Flags
  readonly sizeBytes: number
}

interface ModelMailbox {
  readonly id: MailboxId
  name: string
  readonly uidValidity: number
  uidNext: number
  highestModseq: number
  readonly messages: Map<number, ModelMessage>
}

/** What a client that keeps everything knows: UID → id and flags of every mailbox. */
export type Known = Map<MailboxId, Map<number, { readonly id: MessageId; readonly flags: Flags }>>

export class AccountModel {
  readonly account: AccountId
  readonly mailboxes = new Map<MailboxId, ModelMailbox>()
  /** Ids that were ever given out, and UIDVALIDITYs by name. */
  readonly #ids = new Set<MessageId>()
  readonly #uidValidities = new Map<string, number>()
  modseq: number

  private constructor(account: AccountId, modseq: number) {
    this.account = account
    this.modseq = modseq
  }

  /** Of an account that holds no message yet. */
  static async of(store: Store, account: AccountId): Promise<AccountModel> {
    const found = await store.accounts.get(account)
    assert.ok(found)
    const model = new AccountModel(account, found.modseq)
    for (const mailbox of await store.mailboxes.list(account)) model.#addMailbox(mailbox)
    return model
  }

  #addMailbox(mailbox: Mailbox): void {
    assert.ok(mailbox.uidValidity > (this.#uidValidities.get(mailbox.name) ?? 0), 'UIDVALIDITY grows under one name')
    this.#uidValidities.set(mailbox.name, mailbox.uidValidity)
    assert.ok(!this.mailboxes.has(mailbox.id))
    this.mailboxes.set(mailbox.id, {
      id: mailbox.id,
      name: mailbox.name,
      uidValidity: mailbox.uidValidity,
      uidNext: 1,
      highestModseq: mailbox.highestModseq,
      messages: new Map(),
    })
  }

  /** A write took its modseq: the next one. */
  #takes(modseq: number): void {
    assert.equal(modseq, this.modseq + 1, 'a write takes the next modseq')
    this.modseq = modseq
  }

  #mailbox(id: MailboxId): ModelMailbox {
    const mailbox = this.mailboxes.get(id)
    assert.ok(mailbox)
    return mailbox
  }

  /** Those of `uids` that are there, ascending; all for null. */
  present(mailbox: MailboxId, uids: readonly number[] | null): number[] {
    const { messages } = this.#mailbox(mailbox)
    return [...messages.keys()].filter((uid) => uids === null || uids.includes(uid)).sort((a, b) => a - b)
  }

  /** Messages that were filed in one mailbox by one write. */
  filed(filed: readonly Filed[], of: readonly { readonly flags: Flags; readonly sizeBytes: number }[]): void {
    assert.equal(filed.length, of.length)
    const modseq = filed[0]!.modseq
    this.#takes(modseq)
    for (const [i, one] of filed.entries()) {
      assert.equal(one.modseq, modseq)
      this.#put(one.mailbox, { id: one.id, uid: one.uid, modseq, flags: of[i]!.flags, sizeBytes: of[i]!.sizeBytes })
      assert.ok(!this.#ids.has(one.id), 'a new message has a new id')
      this.#ids.add(one.id)
    }
  }

  #put(mailbox: MailboxId, message: ModelMessage): void {
    const target = this.#mailbox(mailbox)
    assert.equal(message.uid, target.uidNext, 'UIDs are given out one after the other')
    target.uidNext++
    target.highestModseq = message.modseq
    target.messages.set(message.uid, message)
  }

  flagsStored(given: { mailbox: MailboxId; uids: readonly number[] | null; change: FlagChange; unchangedSince: number | null }, stored: FlagsStored): void {
    const mailbox = this.#mailbox(given.mailbox)
    const changed: FlagsStored['changed'][number][] = []
    const modified: number[] = []
    for (const uid of this.present(given.mailbox, given.uids)) {
      const message = mailbox.messages.get(uid)!
      const flags = changeFlags(message.flags, given.change)
      if (given.unchangedSince !== null && message.modseq > given.unchangedSince) modified.push(uid)
      else if (!sameFlags(flags, message.flags)) changed.push({ uid, modseq: stored.modseq, flags })
    }
    assert.deepEqual({ changed: stored.changed, modified: [...stored.modified] }, { changed, modified })
    if (changed.length === 0) {
      assert.equal(stored.modseq, this.modseq)
      return
    }
    this.#takes(stored.modseq)
    mailbox.highestModseq = stored.modseq
    for (const { uid, flags } of changed) mailbox.messages.set(uid, { ...mailbox.messages.get(uid)!, flags, modseq: stored.modseq })
  }

  copied(given: { source: MailboxId; uids: readonly number[] | null; target: MailboxId }, copied: Copied, ids: readonly MessageId[]): void {
    if (!this.#transferred(given, copied)) return
    for (const [i, sourceUid] of copied.sourceUids.entries()) {
      const source = this.#mailbox(given.source).messages.get(sourceUid)!
      const id = ids[i]!
      assert.ok(!this.#ids.has(id), 'a copy has a new id')
      this.#ids.add(id)
      this.#put(given.target, { ...source, id, uid: copied.targetUids[i]!, modseq: copied.modseq })
    }
  }

  moved(given: { source: MailboxId; uids: readonly number[] | null; target: MailboxId }, moved: Copied): void {
    if (!this.#transferred(given, moved)) return
    const source = this.#mailbox(given.source)
    for (const [i, sourceUid] of moved.sourceUids.entries()) {
      const message = source.messages.get(sourceUid)!
      source.messages.delete(sourceUid)
      this.#put(given.target, { ...message, uid: moved.targetUids[i]!, modseq: moved.modseq })
    }
    source.highestModseq = moved.modseq
  }

  #transferred(given: { source: MailboxId; uids: readonly number[] | null; target: MailboxId }, done: Copied): boolean {
    assert.deepEqual([...done.sourceUids], this.present(given.source, given.uids))
    assert.equal(done.targetUids.length, done.sourceUids.length)
    assert.equal(done.uidValidity, this.#mailbox(given.target).uidValidity)
    if (done.sourceUids.length === 0) {
      assert.equal(done.modseq, this.modseq)
      return false
    }
    this.#takes(done.modseq)
    return true
  }

  expunged(given: { mailbox: MailboxId; uids: readonly number[] | null; onlyDeleted: boolean }, expunged: { readonly modseq: number; readonly uids: Uint32Array }): void {
    const mailbox = this.#mailbox(given.mailbox)
    const goes = this.present(given.mailbox, given.uids).filter((uid) => !given.onlyDeleted || (mailbox.messages.get(uid)!.flags.bits & deletedBit) !== 0)
    assert.deepEqual([...expunged.uids], goes)
    if (goes.length === 0) {
      assert.equal(expunged.modseq, this.modseq)
      return
    }
    this.#takes(expunged.modseq)
    mailbox.highestModseq = expunged.modseq
    for (const uid of goes) mailbox.messages.delete(uid)
  }

  mailboxMade(mailbox: Mailbox): void {
    this.#takes(mailbox.modseq)
    this.#addMailbox(mailbox)
  }

  mailboxRenamed(mailbox: Mailbox): void {
    this.#takes(mailbox.modseq)
    const known = this.#mailbox(mailbox.id)
    assert.equal(mailbox.uidValidity, known.uidValidity)
    known.name = mailbox.name
  }

  mailboxRemoved(id: MailboxId): void {
    this.#takes(this.modseq + 1)
    assert.ok(this.mailboxes.delete(id))
  }

  known(): Known {
    return new Map([...this.mailboxes].map(([id, { messages }]) => [id, new Map([...messages].map(([uid, message]) => [uid, { id: message.id, flags: message.flags }]))]))
  }

  /** The store says the same: mailboxes, counters, views, used bytes. */
  async assertIs(store: Store): Promise<void> {
    const account = await store.accounts.get(this.account)
    assert.equal(account?.modseq, this.modseq)
    const listed = await store.mailboxes.list(this.account)
    assert.deepEqual(listed.map((mailbox) => mailbox.id).sort(), [...this.mailboxes.keys()].sort())
    let used = 0
    for (const mailbox of listed) {
      const model = this.#mailbox(mailbox.id)
      const messages = [...model.messages.values()].sort((a, b) => a.uid - b.uid)
      const count = (counts: (flags: Flags) => boolean): number => messages.filter((message) => counts(message.flags)).length
      const sizeBytes = messages.reduce((sum, message) => sum + message.sizeBytes, 0)
      used += sizeBytes
      const { name, uidValidity, uidNext, messages: total, unseen, deleted } = mailbox
      assert.deepEqual(
        { name, uidValidity, uidNext, total, unseen, deleted, sizeBytes: mailbox.sizeBytes },
        {
          name: model.name,
          uidValidity: model.uidValidity,
          uidNext: model.uidNext,
          total: messages.length,
          unseen: count((flags) => (flags.bits & seenBit) === 0),
          deleted: count((flags) => (flags.bits & deletedBit) !== 0),
          sizeBytes,
        },
      )
      assert.ok(mailbox.highestModseq >= model.highestModseq && mailbox.highestModseq <= this.modseq)
      const view = await store.messages.view(this.account, mailbox.id)
      assert.ok(view)
      assert.deepEqual([...view.uids], messages.map((message) => message.uid))
      assert.deepEqual([...view.modseqs], messages.map((message) => message.modseq))
      assert.deepEqual([...view.flags].map((index) => view.flagSets[index] ?? noFlags), messages.map((message) => message.flags))
    }
    assert.equal(account.usedBytes, used)
  }

  /** Whoever knew `known` at `modseq` and asks what changed knows what is now. */
  async assertReplays(store: Store, known: Known, modseq: number): Promise<void> {
    const changes = await store.changes.since(this.account, modseq)
    assert.equal(changes.tooOld, false)
    assert.equal(changes.modseq, this.modseq)
    const now = this.known()
    assert.deepEqual(replayed(known, changes), now, `from modseq ${modseq}`)
    const living = new Set([...now.values()].flatMap((messages) => [...messages.values()].map((message) => message.id)))
    const destroyed = new Set(changes.vanished.flatMap((one) => one.destroyed))
    for (const id of destroyed) assert.ok(!living.has(id), 'a living message is not reported destroyed')
    for (const messages of known.values()) {
      for (const { id } of messages.values()) assert.ok(living.has(id) || destroyed.has(id), `what went is reported destroyed: ${id}`)
    }
  }
}

export function replayed(known: Known, changes: Changes): Known {
  const after: Known = new Map([...known].map(([id, messages]) => [id, new Map(messages)]))
  for (const mailbox of changes.mailboxes) if (!after.has(mailbox.id)) after.set(mailbox.id, new Map())
  for (const one of changes.vanished) {
    for (const uid of after.get(one.mailbox)?.keys() ?? []) if (one.uids.some(([first, last]) => first <= uid && uid <= last)) after.get(one.mailbox)!.delete(uid)
  }
  for (const id of changes.removedMailboxes) after.delete(id)
  for (const message of changes.messages) after.get(message.mailbox)!.set(message.uid, { id: message.id, flags: message.flags })
  return after
}
