/**
 * One account's mailboxes, messages and changes in memory: what core/mailbox needs of the store port, for tests that turn
 * each interleaving by a seed. Every call takes as many turns of the event loop as `pause` says; reads answer of the moment
 * when they are answered. `since` cuts its answers as the port allows: never inside one modseq.
 */
import type { ChangedMessage, Changes, Vanished } from '../../src/core/change.ts'
import { MailError } from '../../src/core/errors.ts'
import { changeFlags, deletedBit, sameFlags, seenBit } from '../../src/core/mailbox/flags.ts'
import type { FlagChange } from '../../src/core/mailbox/flags.ts'
import type { AccountId, Mailbox, MailboxId, MailboxRole, MailboxView, StoredMessage, UidRange, Uids } from '../../src/core/mailbox/mailbox.ts'
import type { ChangeStore, Copied, FlagsStored, MailboxStore, MessageStore, NewMessage } from '../../src/core/ports/store.ts'
import type { Account } from '../../src/core/account/account.ts'

interface MemoryMailbox {
  base: Mailbox
  uidNext: number
  messages: StoredMessage[]
  vanished: Vanished[]
}

type Want = { readonly forms: boolean; readonly text: boolean }

export class MemoryStore {
  readonly account: AccountId = 'a1'
  modseq = 1
  /** Changes up to here are forgotten: `since` says `tooOld` below. */
  prunedModseq = 0
  quotaBytes = Infinity
  usedBytes = 0
  pause: () => Promise<void> = async () => undefined
  /** Upper bound on the messages of one answer of `since`. */
  maxListed = 10_000
  /** Called at every read, for counting. */
  onRead: (what: 'view' | 'since' | 'rows' | 'text') => void = () => undefined
  readonly boxes = new Map<MailboxId, MemoryMailbox>()
  readonly subscribed = new Set<string>()
  #removed: { readonly id: MailboxId; readonly modseq: number }[] = []
  #nextId = 1

  constructor() {
    this.#make('INBOX', 'inbox')
  }

  get inbox(): MailboxId {
    return [...this.boxes.values()].find(({ base }) => base.name === 'INBOX')!.base.id
  }

  readonly accounts = {
    get: async (): Promise<Account> => ({
      id: this.account, agency: 'g1', address: 'a@xa.tinh.gov.vn', name: '', kind: 'person', role: 'individual', state: 'active',
      lockClause: null, quotaBytes: this.quotaBytes, usedBytes: this.usedBytes, passwordHash: null, credentialVersion: 1,
      createdAtMs: 0, modseq: this.modseq,
    }),
  }

  readonly mailboxes: Pick<MailboxStore, 'list' | 'get' | 'byName' | 'create' | 'rename' | 'remove' | 'subscriptions' | 'setSubscribed'> = {
    list: async () => [...this.boxes.values()].map((box) => this.#mailbox(box)).sort((a, b) => (a.name < b.name ? -1 : 1)),
    get: async (_, id) => {
      await this.pause()
      const box = this.boxes.get(id)
      return box === undefined ? null : this.#mailbox(box)
    },
    byName: async (_, name) => {
      const box = [...this.boxes.values()].find(({ base }) => base.name === name)
      return box === undefined ? null : this.#mailbox(box)
    },
    create: async (_, wanted) => {
      await this.pause()
      const taken = new Set([...this.boxes.values()].map(({ base }) => base.name))
      if (wanted.some(({ name }) => taken.has(name))) throw new MailError('mailbox-exists')
      this.modseq++
      return wanted.map(({ name, role }) => this.#mailbox(this.#make(name, role)))
    },
    rename: async (_, renames) => {
      await this.pause()
      const moving = new Set(renames.map(({ mailbox }) => mailbox))
      const staying = new Set([...this.boxes.values()].filter(({ base }) => !moving.has(base.id)).map(({ base }) => base.name))
      if (renames.some(({ name }) => staying.has(name))) throw new MailError('mailbox-exists')
      this.modseq++
      return renames.map(({ mailbox, name }) => {
        const box = this.#box(mailbox)
        box.base = { ...box.base, name, modseq: this.modseq }
        return this.#mailbox(box)
      })
    },
    remove: async (_, id) => {
      await this.pause()
      this.#box(id)
      this.modseq++
      this.boxes.delete(id)
      this.#removed.push({ id, modseq: this.modseq })
    },
    subscriptions: async () => [...this.subscribed].sort(),
    setSubscribed: async (_, name, on) => {
      if (on) this.subscribed.add(name)
      else this.subscribed.delete(name)
    },
  }

  readonly messages: MessageStore = {
    append: async (_, mailbox, messages) => {
      await this.pause()
      return this.append(mailbox, messages).map(({ id, uid, modseq }) => ({ id, mailbox, uid, modseq }))
    },
    view: async (_, mailbox) => {
      await this.pause()
      this.onRead('view')
      const box = this.boxes.get(mailbox)
      return box === undefined ? null : this.#view(box)
    },
    read: (_, mailbox, uids, want) => this.#read(mailbox, uids, want),
    byId: async (_, ids) => {
      const all = [...this.boxes.values()].flatMap(({ messages }) => messages)
      return ids.flatMap((id) => all.filter((message) => message.id === id))
    },
    changeFlags: async (_, mailbox, uids, change, unchangedSince) => {
      await this.pause()
      return this.changeFlags(mailbox, uids, change, unchangedSince)
    },
    copy: async (_, source, uids, target) => {
      await this.pause()
      const copies = this.#chosen(this.#box(source), uids)
      this.modseq++
      const filed = copies.map((message) => this.#file(this.#box(target), { ...message, id: `m${this.#nextId++}` }))
      return this.#copied(target, copies, filed)
    },
    move: async (_, source, uids, target) => {
      await this.pause()
      const moving = this.#chosen(this.#box(source), uids)
      this.modseq++
      const filed = moving.map((message) => this.#file(this.#box(target), message))
      this.#drop(this.#box(source), moving, false)
      return this.#copied(target, moving, filed)
    },
    expunge: async (_, mailbox, uids, onlyDeleted) => {
      await this.pause()
      return this.expunge(mailbox, uids, onlyDeleted)
    },
  }

  readonly changes: Pick<ChangeStore, 'since' | 'states'> = {
    since: async (_, modseq, options) => {
      await this.pause()
      this.onRead('since')
      return this.#since(modseq, options?.mailbox, Math.min(options?.limit ?? 10_000, this.maxListed))
    },
    states: async () => new Map([[this.account, this.modseq]]),
  }

  append(mailbox: MailboxId, messages: readonly NewMessage[]): StoredMessage[] {
    const box = this.#box(mailbox)
    this.modseq++
    return messages.map(({ content, prefix, flags, receivedAtMs }) => {
      const id = `m${this.#nextId++}`
      const sizeBytes = prefix.length + content.bodyBytes
      this.usedBytes += sizeBytes
      return this.#file(box, {
        id, mailbox, uid: 0, modseq: 0, createdModseq: 0, threadId: `t${id}`, flags, receivedAtMs, sentAtMs: content.sentAtMs, sizeBytes,
        prefix, body: content.body, forms: content.forms, text: content.text,
      })
    })
  }

  changeFlags(mailbox: MailboxId, uids: Uids, change: FlagChange, unchangedSince = Infinity): FlagsStored {
    const box = this.#box(mailbox)
    const chosen = this.#chosen(box, uids)
    const modified = chosen.filter((message) => message.modseq > unchangedSince).map(({ uid }) => uid)
    const changed = chosen.flatMap((message) => {
      const flags = changeFlags(message.flags, change)
      return message.modseq > unchangedSince || sameFlags(flags, message.flags) ? [] : [{ uid: message.uid, modseq: this.modseq + 1, flags }]
    })
    if (changed.length > 0) this.modseq++
    const byUid = new Map(changed.map((one) => [one.uid, one]))
    box.messages = box.messages.map((message) => ({ ...message, ...byUid.get(message.uid) }))
    return { modseq: this.modseq, changed, modified: Uint32Array.from(modified) }
  }

  expunge(mailbox: MailboxId, uids: Uids, onlyDeleted: boolean): { modseq: number; uids: Uint32Array } {
    const box = this.#box(mailbox)
    const going = this.#chosen(box, uids).filter((message) => !onlyDeleted || (message.flags.bits & deletedBit) !== 0)
    if (going.length > 0) {
      this.modseq++
      this.#drop(box, going, true)
    }
    return { modseq: this.modseq, uids: Uint32Array.from(going, ({ uid }) => uid) }
  }

  #make(name: string, role: MailboxRole | null): MemoryMailbox {
    const id = `b${this.#nextId++}`
    const base: Mailbox = {
      id, account: this.account, name, role, uidValidity: 1000 + this.#nextId, uidNext: 1, highestModseq: this.modseq,
      modseq: this.modseq, createdModseq: this.modseq, messages: 0, unseen: 0, deleted: 0, sizeBytes: 0,
    }
    const box = { base, uidNext: 1, messages: [], vanished: [] }
    this.boxes.set(id, box)
    return box
  }

  #box(id: MailboxId): MemoryMailbox {
    const box = this.boxes.get(id)
    if (box === undefined) throw new MailError('mailbox-unknown')
    return box
  }

  #mailbox(box: MemoryMailbox): Mailbox {
    const { messages } = box
    return {
      ...box.base,
      uidNext: box.uidNext,
      highestModseq: Math.max(box.base.createdModseq, ...messages.map(({ modseq }) => modseq), ...box.vanished.map(({ modseq }) => modseq)),
      messages: messages.length,
      unseen: messages.filter(({ flags }) => (flags.bits & seenBit) === 0).length,
      deleted: messages.filter(({ flags }) => (flags.bits & deletedBit) !== 0).length,
      sizeBytes: messages.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    }
  }

  #file(box: MemoryMailbox, message: StoredMessage): StoredMessage {
    const filed = { ...message, mailbox: box.base.id, uid: box.uidNext++, modseq: this.modseq, createdModseq: this.modseq }
    box.messages.push(filed)
    return filed
  }

  #drop(box: MemoryMailbox, going: readonly StoredMessage[], destroyed: boolean): void {
    const gone = new Set(going)
    box.messages = box.messages.filter((message) => !gone.has(message))
    if (going.length === 0) return
    box.vanished.push({
      mailbox: box.base.id, modseq: this.modseq,
      uids: going.map(({ uid }): UidRange => [uid, uid]),
      destroyed: destroyed ? going.map(({ id }) => id) : [],
    })
  }

  #chosen(box: MemoryMailbox, uids: Uids): StoredMessage[] {
    return uids === 'all' ? box.messages : box.messages.filter(({ uid }) => uids.includes(uid))
  }

  #copied(target: MailboxId, source: readonly StoredMessage[], filed: readonly StoredMessage[]): Copied {
    return {
      uidValidity: this.#box(target).base.uidValidity,
      sourceUids: Uint32Array.from(source, ({ uid }) => uid),
      targetUids: Uint32Array.from(filed, ({ uid }) => uid),
      modseq: this.modseq,
    }
  }

  async *#read(mailbox: MailboxId, uids: Uids, want: Want): AsyncGenerator<readonly StoredMessage[]> {
    const all = this.#chosen(this.#box(mailbox), uids).map(({ uid }) => uid)
    for (let at = 0; at < all.length; at += 7) {
      await this.pause()
      const slice = this.#chosen(this.#box(mailbox), Uint32Array.from(all.slice(at, at + 7)))
      for (const _ of slice) this.onRead(want.text ? 'text' : 'rows')
      yield slice.map((message) => ({ ...message, forms: want.forms ? message.forms : null, text: want.text ? message.text : null }))
    }
  }

  #view(box: MemoryMailbox): MailboxView {
    return {
      mailbox: this.#mailbox(box),
      modseq: this.modseq,
      uids: Uint32Array.from(box.messages, ({ uid }) => uid),
      modseqs: Float64Array.from(box.messages, ({ modseq }) => modseq),
      flags: Uint16Array.from(box.messages, (_, index) => index),
      flagSets: box.messages.map(({ flags }) => flags),
    }
  }

  #since(modseq: number, mailbox: MailboxId | undefined, limit: number): Changes {
    const boxes = [...this.boxes.values()].filter(({ base }) => mailbox === undefined || base.id === mailbox)
    const all = boxes.flatMap(({ messages }) => messages).filter((message) => message.modseq > modseq)
      .sort((a, b) => a.modseq - b.modseq || a.uid - b.uid)
    let listed = all
    if (all.length > limit) {
      const cut = all[limit]!.modseq
      const before = all.slice(0, limit).filter((message) => message.modseq < cut)
      listed = before.length > 0 ? before : all.filter((message) => message.modseq === cut)
    }
    const upTo = listed.length < all.length ? listed.at(-1)!.modseq : this.modseq
    const within = (at: number): boolean => at > modseq && at <= upTo
    return {
      account: this.account,
      modseq: upTo,
      tooOld: modseq < this.prunedModseq,
      messages: listed.map(({ id, mailbox: at, threadId, uid, modseq: changed, createdModseq, flags }): ChangedMessage =>
        ({ id, mailbox: at, threadId, uid, modseq: changed, createdModseq, flags })),
      vanished: boxes.flatMap(({ vanished }) => vanished).filter((one) => within(one.modseq)).sort((a, b) => a.modseq - b.modseq),
      mailboxes: boxes.filter(({ base }) => within(base.modseq)).map((box) => this.#mailbox(box)),
      removedMailboxes: this.#removed.filter((one) => within(one.modseq) && (mailbox === undefined || one.id === mailbox)).map(({ id }) => id),
    }
  }
}
