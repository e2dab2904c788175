/**
 * A reader that polls a mailbox over IMAP through the deaths of its server, and remembers all that it was ever shown: which
 * message a UID was, and up to which modification sequence it has seen everything (RFC 7162). Whatever it is told later must
 * fit to that.
 */
import { setTimeout as wait } from 'node:timers/promises'
import type { ImapClient } from './imap-client.ts'
import { readMessage, signedIn } from './mail-reader.ts'
import type { Person } from './running-server.ts'

const pollPauseMs = 15
/** Every so many polls it marks a message as read, so that old messages change too. */
const pollsAMark = 25

/** Where a reader goes next; it waits there while there is no server. */
export interface ReaderDoor {
  readonly ended: boolean
  server(): Promise<{ readonly ports: { readonly imap: number } }>
}

interface Known {
  readonly messageId: string
  modseq: number
}

export class FaultReader {
  readonly person: Person
  readonly problems: string[] = []
  /** By UID. */
  readonly known = new Map<number, Known>()
  polls = 0
  connections = 0
  #uidValidity: string | null = null
  #lastUid = 0
  /** Everything up to this has been told. */
  #seenModseq = 0
  #condstore = false
  readonly #turnstile: ReaderDoor
  /** A server whose store is away says so, and is asked again. */
  readonly #forgives: boolean

  constructor(person: Person, turnstile: ReaderDoor, options: { readonly forgivesUnavailable?: boolean } = {}) {
    this.person = person
    this.#turnstile = turnstile
    this.#forgives = options.forgivesUnavailable ?? false
  }

  get readsModseq(): boolean {
    return this.#condstore
  }

  /**
   * Until the turnstile has ended; then it looks once more at everything. One that forgives does so in a session of its own, for the
   * last bell of another node may not have rung yet in the one that it has.
   */
  async run(): Promise<void> {
    let lookedLast = false
    while (!this.#turnstile.ended || (this.#forgives && !lookedLast)) {
      const server = await this.#turnstile.server()
      const isLast = this.#turnstile.ended
      try {
        await this.#session(server)
        lookedLast = isLast
      } catch (error) {
        if (!(error instanceof Gone)) throw error
        await wait(pollPauseMs)
      }
    }
  }

  async #session(server: { readonly ports: { readonly imap: number } }): Promise<void> {
    const client = await signedIn(server.ports.imap, this.person).catch((error: Error) => Promise.reject(new Gone(error.message)))
    try {
      this.connections++
      await this.#open(client)
      await this.#lookAtAll(client)
      while (!this.#turnstile.ended) {
        await this.#poll(client)
        if (this.polls % pollsAMark === 0) await this.#mark(client)
        await wait(pollPauseMs)
      }
      await this.#poll(client)
      await this.#lookAtAll(client)
    } finally {
      client.close()
    }
  }

  async #open(client: ImapClient): Promise<void> {
    const capabilities = (await this.#ask(client, 'CAPABILITY')).join(' ')
    this.#condstore = / CONDSTORE\b/.test(capabilities)
    const lines = await this.#ask(client, this.#condstore ? 'SELECT INBOX (CONDSTORE)' : 'SELECT INBOX')
    const validity = /UIDVALIDITY (\d+)/.exec(lines.join('\n'))?.[1] ?? ''
    if (this.#uidValidity !== null && validity !== this.#uidValidity) this.problems.push(`UIDVALIDITY was ${this.#uidValidity}, is ${validity}`)
    this.#uidValidity = validity
    const highest = Number(/HIGHESTMODSEQ (\d+)/.exec(lines.join('\n'))?.[1] ?? this.#seenModseq)
    if (highest < this.#seenModseq) this.problems.push(`HIGHESTMODSEQ ${highest}, but ${this.#seenModseq} was shown`)
    const next = Number(/UIDNEXT (\d+)/.exec(lines.join('\n'))?.[1])
    if (!(next > this.#lastUid)) this.problems.push(`UIDNEXT ${next}, but UID ${this.#lastUid} was shown`)
  }

  /** What is new, by UID, and what has changed, by modseq. */
  async #poll(client: ImapClient): Promise<void> {
    this.polls++
    const before = this.#lastUid
    for (const line of await this.#ask(client, `UID FETCH ${before + 1}:* (UID ENVELOPE)`)) this.#take(line, (uid) => uid > before)
    if (!this.#condstore) return
    const seen = this.#seenModseq
    for (const line of await this.#ask(client, `UID FETCH 1:* (UID ENVELOPE MODSEQ) (CHANGEDSINCE ${seen})`)) {
      const modseq = this.#take(line, () => true)
      if (modseq !== null && modseq <= seen) this.problems.push(`modseq ${modseq} was told as a change since ${seen}`)
    }
  }

  /** After a reconnection, and at the end: nothing that was shown may have gone or become another, and no change may be unheard of. */
  async #lookAtAll(client: ImapClient): Promise<void> {
    const there = new Set<number>()
    const items = this.#condstore ? '(UID ENVELOPE MODSEQ)' : '(UID ENVELOPE)'
    const knownUpTo = this.#seenModseq
    for (const line of await this.#ask(client, `UID FETCH 1:* ${items}`)) {
      const read = readMessage(line)
      if (read === null) continue
      there.add(read.uid)
      const modseq = modseqOf(line)
      const known = this.known.get(read.uid)
      if (modseq !== null && modseq <= knownUpTo && known?.modseq !== modseq) {
        this.problems.push(`UID ${read.uid}: modseq ${modseq}, unheard of though all up to ${knownUpTo} was told (known: ${known?.modseq})`)
      }
      this.#take(line, () => true)
    }
    for (const uid of this.known.keys()) if (!there.has(uid)) this.problems.push(`UID ${uid} was shown and has gone`)
  }

  async #mark(client: ImapClient): Promise<void> {
    const uids = [...this.known.keys()]
    const uid = uids[this.polls % Math.max(uids.length, 1)]
    if (uid !== undefined) await this.#ask(client, `UID STORE ${uid} +FLAGS.SILENT (\\Seen)`)
  }

  async #ask(client: ImapClient, command: string): Promise<string[]> {
    const lines = await client.command(command)
    const last = lines?.at(-1) ?? ''
    if (lines === null || lines.some((line) => line.startsWith('* BYE'))) throw new Gone(command)
    if (this.#forgives && last.startsWith('NO [UNAVAILABLE]')) throw new Gone(command)
    if (!last.startsWith('OK')) throw new Error(`${command}: ${last}`)
    return lines
  }

  /** The modseq of the line, or null. */
  #take(line: string, isWanted: (uid: number) => boolean): number | null {
    const read = readMessage(line)
    if (read === null || read.messageId === '' || !isWanted(read.uid)) return null
    const known = this.known.get(read.uid)
    if (known === undefined) this.known.set(read.uid, { messageId: read.messageId, modseq: 0 })
    else if (known.messageId !== read.messageId) this.problems.push(`UID ${read.uid} was ${known.messageId}, is ${read.messageId}`)
    this.#lastUid = Math.max(this.#lastUid, read.uid)
    const modseq = modseqOf(line)
    if (modseq === null) return null
    this.known.get(read.uid)!.modseq = modseq
    this.#seenModseq = Math.max(this.#seenModseq, modseq)
    return modseq
  }
}

/** The server went away, or its store did. */
class Gone extends Error {}

function modseqOf(line: string): number | null {
  const found = /MODSEQ \((\d+)\)/.exec(line)?.[1]
  return found === undefined ? null : Number(found)
}
