/**
 * What a mailbox holds, once per process for all sessions that have it selected (design §5.4).
 *
 * It is brought up to date by one read of the change log for all of them. The bell only says when; a lost bell is healed by
 * the next refresh of any session. Messages that leave are handed to each session, which keeps their numbers until its
 * client may be told (RFC 9051 §7.5.1). Reads nothing by itself unless a bell rings while a session is open.
 *
 * Invariants: UIDs only ever appear above all that were here before (store promise P2); `modseq` is the account's modseq
 * up to which all is known; once `gone`, it stays gone.
 */
import type { ChangedMessage, Changes } from '../change.ts'
import { MailError, isMailError } from '../errors.ts'
import type { ChangeStore, MailboxStore, MessageStore } from '../ports/store.ts'
import type { Bus } from '../ports/world.ts'
import type { Flags } from './flags.ts'
import type { AccountId, Mailbox, MailboxId, MailboxView, UidRange } from './mailbox.ts'
import { MessageList, type Removed } from './message-list.ts'
import { lowerBound } from './sequence-set.ts'

export interface SharedViewPorts {
  readonly store: {
    readonly mailboxes: Pick<MailboxStore, 'get'>
    readonly messages: Pick<MessageStore, 'view'>
    readonly changes: Pick<ChangeStore, 'since'>
  }
  readonly bus: Bus
}

/** A session, as its shared view sees it. */
export interface Viewer {
  /** These left the mailbox in one refresh; `modseq` is at or below that of the earliest such expunge. */
  messagesLeft(removed: Removed, modseq: number): void
  /** Something of this mailbox changed. */
  wake(): void
}

/** What this process has written into the mailbox itself, by the store's answer: one write, one modseq. */
export interface OwnWrite {
  readonly modseq: number
  /** Flags as they are now, ascending UID. */
  readonly flags?: readonly { readonly uid: number; readonly flags: Flags }[]
  /** UIDs that left, ascending. */
  readonly left?: Uint32Array
}

/** A listed change costs about ten times a message of a view: with more than this share changed, all is read anew. */
const fewChanges = 500
const shareOfChanges = 8

/** Writers that are faster than so many reads one after another are met by reading all. */
const maxPages = 8

/** So many last refreshes are remembered with what was before, see {@link SharedView.before}. */
const rememberedRefreshes = 4

/** Flags that one refresh replaced, by ascending UID. */
interface Replaced {
  readonly uids: Uint32Array
  readonly flags: readonly Flags[]
  readonly modseqs: Float64Array
  readonly newModseqs: Float64Array
}

export class SharedView {
  readonly account: AccountId
  readonly mailboxId: MailboxId
  list = new MessageList()
  /** The account's modseq up to which this is the truth. */
  modseq = 0
  /** Highest modseq of a message or expunge of this mailbox. */
  highestModseq = 0
  /** Highest modseq at which a message that was here already changed: a session that is at it has no flags to be told. */
  flagsModseq = 0
  gone = false
  /** Reads of the store are numbered, one after the other: what was committed before a read was begun is here once it is done. */
  readsBegun = 0
  readsDone = 0
  readonly #ports: SharedViewPorts
  readonly #viewers = new Set<Viewer>()
  #mailbox: Mailbox | null = null
  #described: { readonly mailbox: Mailbox; readonly keywords: readonly string[] } | null = null
  #uidNext = 1
  #replaced: Replaced[] = []
  /** A bell rang, and what it was about could not be read. */
  #missed = false
  #running: Promise<void> | null = null
  #next: Promise<void> | null = null
  #stopListening: (() => void) | null = null

  constructor(ports: SharedViewPorts, account: AccountId, mailboxId: MailboxId) {
    this.#ports = ports
    this.account = account
    this.mailboxId = mailboxId
  }

  get sizeBytes(): number {
    return this.list.sizeBytes + 500
  }

  /** The mailbox with its counters as of this view; `sizeBytes` as of the last {@link open}. */
  get mailbox(): Mailbox {
    return this.#describe().mailbox
  }

  get keywords(): readonly string[] {
    return this.#describe().keywords
  }

  /** Loads or refreshes, for a session that is about to come. Refuses `mailbox-unknown`. */
  async open(): Promise<void> {
    if (this.#mailbox !== null) {
      // Counters that the change log does not carry.
      const mailbox = await this.#ports.store.mailboxes.get(this.account, this.mailboxId)
      if (mailbox === null) this.#leave()
      else this.#mailbox = mailbox
      this.#described = null
    }
    if (!this.gone) await this.refresh()
    if (this.gone) throw new MailError('mailbox-unknown')
  }

  join(viewer: Viewer): void {
    this.#viewers.add(viewer)
    this.#stopListening ??= this.#ports.bus.listen(this.account, (bell) => {
      // Should the store fail now, the sessions are to find out by their own refresh.
      if (bell.modseq > this.modseq && !this.gone) this.refresh().catch(() => {
        this.#missed = true
        this.#wakeAll()
      })
    })
  }

  part(viewer: Viewer): void {
    this.#viewers.delete(viewer)
    if (this.#viewers.size > 0) return
    this.#stopListening?.()
    this.#stopListening = null
    this.#replaced = []
  }

  /**
   * Resolves when all that was committed before the call is here. Calls that come together share one read; one that is
   * already on its way may have begun too early and does not count.
   */
  refresh(): Promise<void> {
    if (this.#running === null) {
      this.readsBegun++
      const running = this.#read().then(() => {
        this.readsDone = this.readsBegun
        this.#missed = false
      }).finally(() => {
        this.#running = null
      })
      this.#running = running
      return running
    }
    // Whoever asked for the running one hears of its failure; this one only waits its turn.
    this.#next ??= this.#running.catch(() => undefined).then(() => {
      this.#next = null
      return this.refresh()
    })
    return this.#next
  }

  /** Resolves when the sessions' last wake and the account's modseq `modseq` are here: most times they are, and nothing is read. */
  catchUp(modseq: number): Promise<void> {
    return this.#missed || modseq > this.modseq ? this.refresh() : Promise.resolve()
  }

  /**
   * Takes in a write without reading it back. Only when everything before it is here and nothing is being read; otherwise the
   * next refresh brings it, as it brings what others write.
   */
  take({ modseq, flags = [], left = noUids }: OwnWrite): void {
    if (this.gone || this.#mailbox === null || this.#running !== null || modseq !== this.modseq + 1) return
    const changed = this.#placesOf(flags, modseq)
    if (changed === null) return
    this.#changeFlags(changed)
    if (changed.length > 0 || left.length > 0) this.highestModseq = modseq
    if (left.length > 0) this.#handOut(this.list.remove(rangesOf(left)), modseq)
    this.modseq = modseq
    if (changed.length === 0 && left.length === 0) return
    this.#described = null
    this.#wakeAll()
  }

  /**
   * What was known of a message before the write `modseq`, when that write is among those that the last refreshes brought,
   * or not here yet. Null when that is not known (any more), or the message has changed again.
   */
  before(uid: number, modseq: number): { readonly flags: Flags; readonly modseq: number } | null {
    const index = this.list.indexOf(uid)
    if (index === -1 || this.list.modseqAt(index) > modseq) return null
    if (this.list.modseqAt(index) < modseq) return { flags: this.list.flagsAt(index), modseq: this.list.modseqAt(index) }
    for (const replaced of this.#replaced) {
      const at = lowerBound(replaced.uids, replaced.uids.length, uid)
      if (replaced.uids[at] === uid && replaced.newModseqs[at] === modseq) {
        return { flags: replaced.flags[at]!, modseq: replaced.modseqs[at]! }
      }
    }
    return null
  }

  /**
   * UIDs that left after `modseq`, in the order in which they went; null when the log does not reach back so far. What leaves
   * while this reads may be among them or not.
   */
  async vanishedSince(modseq: number): Promise<readonly UidRange[] | null> {
    // One from the future was given by a store that has since been set back.
    if (modseq > this.modseq) return null
    if (modseq >= this.highestModseq) return []
    const upTo = this.modseq
    const left: UidRange[] = []
    for (let from = modseq; from < upTo; ) {
      const changes = await this.#ports.store.changes.since(this.account, from, { mailbox: this.mailboxId, limit: fewChanges })
      if (changes.tooOld) return null
      for (const { uids } of changes.vanished) left.push(...uids)
      if (changes.messages.length === 0) break
      from = changes.modseq
    }
    return left
  }

  async #read(): Promise<void> {
    if (this.gone) return
    if (this.#mailbox === null) return this.#load(await this.#view())
    const changes = await this.#changes()
    if (changes === 'mailbox-gone') this.#leave()
    else if (changes === 'read-all' || !this.#apply(changes)) this.#replace(await this.#view())
  }

  async #view(): Promise<MailboxView | null> {
    return this.#unlessUnknown(this.#ports.store.messages.view(this.account, this.mailboxId))
  }

  /**
   * All changes up to one moment. The store may cut its answer anywhere between two modseqs, and half of it may not be
   * applied: a message that was flagged later than its neighbours came would turn up behind them.
   */
  async #changes(): Promise<Changes | 'mailbox-gone' | 'read-all'> {
    const limit = Math.max(fewChanges, Math.ceil(this.list.count / shareOfChanges))
    let sum: Changes | null = null
    for (let page = 0; page < maxPages; page++) {
      const from: number = sum?.modseq ?? this.modseq
      const changes = await this.#unlessUnknown(this.#ports.store.changes.since(this.account, from, { mailbox: this.mailboxId, limit }))
      if (changes === null || changes.removedMailboxes.includes(this.mailboxId)) return 'mailbox-gone'
      if (changes.tooOld) return 'read-all'
      sum = sum === null ? changes : joined(sum, changes)
      if (sum.messages.length > limit) return 'read-all'
      // A cut answer ends with its last listed change; one that goes on to a later modseq is not cut.
      if (changes.messages.length === 0 || changes.modseq > changes.messages.at(-1)!.modseq || changes.whole === true) return sum
    }
    return 'read-all'
  }

  async #unlessUnknown<T>(reading: Promise<T>): Promise<T | null> {
    try {
      return await reading
    } catch (error) {
      if (isMailError(error, 'mailbox-unknown', 'account-unknown')) return null
      throw error
    }
  }

  #load(view: MailboxView | null): void {
    if (view === null) return this.#leave()
    this.list = MessageList.of(view)
    this.#mailbox = view.mailbox
    this.modseq = view.modseq
    this.highestModseq = view.mailbox.highestModseq
    this.#uidNext = view.mailbox.uidNext
    this.#described = null
  }

  /** Takes a whole view in place of the changes that led to it; sessions get the difference. */
  #replace(view: MailboxView | null): void {
    if (view === null) return this.#leave()
    const old = this.list
    const fresh = MessageList.of(view)
    // A UID in the midst of those that were told can't be given a number: such a store is not the one we knew.
    for (const uid of view.uids) {
      if (uid >= this.#uidNext) break
      if (old.indexOf(uid) === -1) return this.#leave()
    }
    const left: UidRange[] = []
    const changed: ChangedFlags[] = []
    for (let i = 0; i < old.count; i++) {
      const uid = old.uidAt(i)
      const index = fresh.indexOf(uid)
      if (index === -1) left.push([uid, uid])
      else if (fresh.modseqAt(index) !== old.modseqAt(i)) changed.push({ index: i, modseq: fresh.modseqAt(index) })
    }
    this.#remember(changed)
    // The earliest expunge among them is not known; no session has been told more than it knew then.
    this.#handOut(old.remove(left), this.modseq + 1)
    this.#load(view)
    if (changed.length > 0) this.flagsModseq = view.modseq
    this.#wakeAll()
  }

  /** False when the changes do not fit to what is here. */
  #apply(changes: Changes): boolean {
    const { list } = this
    const changed: NewFlags[] = []
    const arrived: ChangedMessage[] = []
    for (const message of changes.messages) {
      if (message.uid >= this.#uidNext) {
        arrived.push(message)
        continue
      }
      const index = list.indexOf(message.uid)
      if (index === -1) return false
      if (message.modseq > list.modseqAt(index)) changed.push({ index, modseq: message.modseq, flags: message.flags })
    }
    this.#changeFlags(changed)
    // By modseq, a message that was flagged since comes behind later ones.
    for (const message of arrived.sort((a, b) => a.uid - b.uid)) list.append(message.uid, message.modseq, message.flags)
    for (const vanished of changes.vanished) {
      this.#handOut(list.remove(vanished.uids), vanished.modseq)
      this.#seen(vanished.modseq, vanished.uids.at(-1)?.[1] ?? 0)
    }
    for (const message of changes.messages) this.#seen(message.modseq, message.uid)
    this.modseq = changes.modseq
    const renamed = changes.mailboxes.find((mailbox) => mailbox.id === this.mailboxId)
    if (renamed !== undefined) this.#mailbox = renamed
    if (changes.messages.length > 0 || changes.vanished.length > 0 || renamed !== undefined) {
      this.#described = null
      this.#wakeAll()
    }
    return true
  }

  #changeFlags(changed: readonly NewFlags[]): void {
    this.#remember(changed)
    for (const { index, modseq, flags } of changed) {
      this.list.change(index, modseq, flags)
      this.flagsModseq = Math.max(this.flagsModseq, modseq)
    }
  }

  /** Null when one of them is not here. */
  #placesOf(flags: NonNullable<OwnWrite['flags']>, modseq: number): NewFlags[] | null {
    const { list } = this
    const places: NewFlags[] = []
    let next = 0
    for (const one of flags) {
      // Most often they are neighbours.
      const index = next < list.count && list.uidAt(next) === one.uid ? next : list.indexOf(one.uid)
      if (index === -1) return null
      places.push({ index, modseq, flags: one.flags })
      next = index + 1
    }
    return places
  }

  #seen(modseq: number, uid: number): void {
    this.highestModseq = Math.max(this.highestModseq, modseq)
    this.#uidNext = Math.max(this.#uidNext, uid + 1)
  }

  #handOut(removed: Removed | null, modseq: number): void {
    if (removed !== null) for (const viewer of this.#viewers) viewer.messagesLeft(removed, modseq)
  }

  /** To be called before the list changes. */
  #remember(changed: readonly ChangedFlags[]): void {
    if (changed.length === 0 || this.#viewers.size === 0) return
    const { list } = this
    const ascending = [...changed].sort((a, b) => a.index - b.index)
    this.#replaced.unshift({
      uids: Uint32Array.from(ascending, (one) => list.uidAt(one.index)),
      flags: ascending.map((one) => list.flagsAt(one.index)),
      modseqs: Float64Array.from(ascending, (one) => list.modseqAt(one.index)),
      newModseqs: Float64Array.from(ascending, (one) => one.modseq),
    })
    if (this.#replaced.length > rememberedRefreshes) this.#replaced.length = rememberedRefreshes
  }

  #leave(): void {
    if (this.gone) return
    this.gone = true
    this.#wakeAll()
  }

  #wakeAll(): void {
    for (const viewer of this.#viewers) viewer.wake()
  }

  #describe(): { readonly mailbox: Mailbox; readonly keywords: readonly string[] } {
    if (this.#described === null) {
      if (this.#mailbox === null) throw new Error('the view of a mailbox was asked before it was loaded')
      const { unseen, deleted, keywords } = this.list.summary()
      const counters = { messages: this.list.count, unseen, deleted, uidNext: this.#uidNext, highestModseq: this.highestModseq }
      this.#described = { mailbox: { ...this.#mailbox, ...counters }, keywords }
    }
    return this.#described
  }
}

/** Two answers of the log, one after the other: of each message the later word. */
function joined(first: Changes, second: Changes): Changes {
  const again = new Set(second.messages.map((message) => message.uid))
  return {
    ...second,
    messages: [...first.messages.filter((message) => !again.has(message.uid)), ...second.messages],
    vanished: [...first.vanished, ...second.vanished],
    mailboxes: second.mailboxes.length > 0 ? second.mailboxes : first.mailboxes,
  }
}

interface ChangedFlags {
  readonly index: number
  readonly modseq: number
}

interface NewFlags extends ChangedFlags {
  readonly flags: Flags
}

const noUids = new Uint32Array(0)

/** Ascending UIDs as ranges. */
function rangesOf(uids: Uint32Array): UidRange[] {
  const ranges: [number, number][] = []
  for (const uid of uids) {
    const last = ranges.at(-1)
    if (last !== undefined && uid === last[1] + 1) last[1] = uid
    else ranges.push([uid, uid])
  }
  return ranges
}
