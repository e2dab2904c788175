/**
 * Senders that go on through the deaths of a server, and the book of what it owes them.
 *
 * Each message has a number, a Message-ID of its own and 1 to 3 recipients. What got no 250 is sent again under the same
 * Message-ID until it has one. Over SMTP a try whose body was sent and whose answer was no 250 is in doubt: the server may
 * have kept the message and died before it could say so, and no sender can know (RFC 1047). Over LMTP, as our ingress speaks
 * it, a try has the id of its transaction, and trying again is the same delivery.
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createLmtpPool, type LmtpPool } from '../../src/protocols/smtp/haraka/lmtp-client.ts'
import { connectLink, type Link } from '../../src/protocols/smtp/link.ts'
import type { Person } from './running-server.ts'
import type { ServerProcess } from './server-process.ts'
import { dataOf, dial, type SmtpDialogue } from './smtp-dialogue.ts'

export type Way = 'smtp' | 'lmtp'

export interface Owed {
  readonly messageId: string
  readonly way: Way
  readonly recipients: readonly string[]
  readonly bodyBytes: number
  acknowledged: boolean
  /** Tries that may have been kept without an acknowledgement. */
  doubts: number
}

/** The same numbers for the same seed (mulberry32), in [0, 1). */
export function seeded(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** The server that runs now; senders and readers wait here while there is none. */
export class Turnstile {
  #open = Promise.withResolvers<ServerProcess>()
  #ended = false

  get ended(): boolean {
    return this.#ended
  }

  open(server: ServerProcess): void {
    this.#open.resolve(server)
  }

  shut(): void {
    this.#open = Promise.withResolvers()
  }

  /** Nobody needs to come any more. */
  end(): void {
    this.#ended = true
  }

  server(): Promise<ServerProcess> {
    return this.#open.promise
  }
}

export interface LoadOptions {
  readonly data: string
  readonly people: readonly Person[]
  readonly messages: number
  readonly seed: number
  readonly lanes: Readonly<Record<Way, number>>
  readonly turnstile: Turnstile
  readonly onAcknowledged: (count: number) => void
}

/** A server that refuses for good, or does not come back, ends the test instead of the patience. */
const maxTries = 500
const pauseAfterFailureMs = 10

export class FaultLoad {
  readonly book: Owed[] = []
  tries = 0
  refusedForNow = 0
  #acknowledged = 0
  #next = 0
  readonly #options: LoadOptions

  constructor(options: LoadOptions) {
    this.#options = options
    const random = seeded(options.seed)
    for (let number = 0; number < options.messages; number++) {
      const way = random() < options.lanes.smtp / (options.lanes.smtp + options.lanes.lmtp) ? 'smtp' : 'lmtp'
      const count = random() < 0.8 ? 1 : 2 + Math.floor(random() * 2)
      const first = Math.floor(random() * options.people.length)
      const recipients = Array.from({ length: count }, (_, i) => options.people[(first + i) % options.people.length]!.address)
      this.book.push({ messageId: `thu-${number}@example.com`, way, recipients, bodyBytes: 200 + Math.floor(random() * 1500), acknowledged: false, doubts: 0 })
    }
  }

  /** Until everything has its 250. */
  async run(): Promise<void> {
    const { lanes } = this.#options
    const waiting: Record<Way, Owed[]> = { smtp: [], lmtp: [] }
    for (const owed of this.book) waiting[owed.way].push(owed)
    const run = async (way: Way): Promise<void> => {
      const lane = way === 'smtp' ? new SmtpLane() : new LmtpLane(this.#options.data, `lan-${this.#next++}`)
      for (let owed = waiting[way].shift(); owed !== undefined; owed = waiting[way].shift()) await this.#untilTaken(lane, owed)
      lane.close()
    }
    await Promise.all((['smtp', 'lmtp'] as const).flatMap((way) => Array.from({ length: lanes[way] }, () => run(way))))
  }

  async #untilTaken(lane: Lane, owed: Owed): Promise<void> {
    for (let tries = 1; ; tries++) {
      const server = await this.#options.turnstile.server()
      this.tries++
      const outcome = await lane.attempt(server, owed)
      if (outcome === 'taken') break
      if (outcome === 'in-doubt') owed.doubts++
      if (outcome === 'refused') this.refusedForNow++
      if (tries > maxTries) throw new Error(`${owed.messageId}: ${tries} tries, the last was ${outcome}`)
      await new Promise((resolve) => setTimeout(resolve, pauseAfterFailureMs))
    }
    owed.acknowledged = true
    this.#options.onAcknowledged(++this.#acknowledged)
  }
}

type Outcome = 'taken' | 'refused' | 'in-doubt' | 'not-sent'

interface Lane {
  attempt(server: ServerProcess, owed: Owed): Promise<Outcome>
  close(): void
}

const sender = 'khach@example.com'

function wireOf({ messageId, recipients, bodyBytes }: Owed): Buffer {
  const head = `From: <${sender}>\r\nTo: <${recipients.join('>, <')}>\r\nSubject: ${messageId}\r\nMessage-ID: <${messageId}>\r\n\r\n`
  return dataOf(Buffer.from(`${head}${'cộng hoà '.repeat(Math.ceil(bodyBytes / 12))}\r\n`))
}

/** Mail exchange, through Haraka, on a kept connection. */
class SmtpLane implements Lane {
  #client: SmtpDialogue | null = null
  #of: ServerProcess | null = null

  async attempt(server: ServerProcess, owed: Owed): Promise<Outcome> {
    let sent = false
    try {
      const client = await this.#connected(server)
      for (const command of [`MAIL FROM:<${sender}>`, ...owed.recipients.map((recipient) => `RCPT TO:<${recipient}>`), 'DATA']) {
        const reply = await client.say(command)
        if (reply.code >= 500) throw new Refused(`${command}: ${reply.code} ${reply.text}`)
        if (reply.code >= 400) return this.#drop('refused')
      }
      sent = true
      client.write(wireOf(owed))
      const reply = await client.reply()
      if (reply.code === 250) return 'taken'
      if (reply.code >= 500) throw new Refused(`${reply.code} ${reply.text}`)
      return this.#drop('in-doubt')
    } catch (error) {
      if (error instanceof Refused) throw error
      return this.#drop(sent ? 'in-doubt' : 'not-sent')
    }
  }

  async #connected(server: ServerProcess): Promise<SmtpDialogue> {
    if (this.#of !== server) this.close()
    this.#client ??= await dial(server.ports.smtp)
    this.#of = server
    return this.#client
  }

  #drop(outcome: Outcome): Outcome {
    this.close()
    return outcome
  }

  close(): void {
    this.#client?.destroy()
    this.#client = null
  }
}

/** No server of mail refuses these for good. */
class Refused extends Error {}

/** Core's private LMTP with facts on the link, spoken by the client that ingress uses. */
class LmtpLane implements Lane {
  readonly #data: string
  readonly #node: string
  #link: Link | null = null
  #pool: LmtpPool | null = null
  #of: ServerProcess | null = null

  constructor(data: string, node: string) {
    this.#data = data
    this.#node = node
  }

  async attempt(server: ServerProcess, owed: Owed): Promise<Outcome> {
    const transaction = `t-${owed.messageId.replace('@', '.')}`
    try {
      const { link, pool } = await this.#connected(server)
      await link.ask('facts', {
        transaction,
        remote: { ip: '192.0.2.7', port: 40_000, name: null, helo: 'mail.example.com', tls: false, loopback: false },
        account: null,
        service: 'exchange',
        sender,
        recipients: owed.recipients,
        sizeBytes: owed.bodyBytes,
        receivedAtMs: Date.now(),
        spf: null,
        dkim: null,
        dmarc: null,
        spam: null,
        virus: null,
        dnsLists: [],
        unanswered: [],
      })
      const recipients = owed.recipients.map((recipient) => `<${recipient}>`)
      const replies = await pool.deliver({ transaction, sender: `<${sender}>`, recipients, smtpUtf8: false, chunks: [wireOf(owed)] })
      if (replies.every(({ code }) => code === 250)) return 'taken'
      const refused = replies.find(({ code }) => code >= 500)
      if (refused !== undefined) throw new Refused(`${refused.code} ${refused.text}`)
      return 'refused'
    } catch (error) {
      if (error instanceof Refused) throw error
      this.close()
      return 'not-sent'
    }
  }

  async #connected(server: ServerProcess): Promise<{ link: Link; pool: LmtpPool }> {
    if (this.#of !== server) this.close()
    this.#of = server
    if (this.#link === null || this.#pool === null) {
      const { link, lmtp } = JSON.parse(await readFile(join(this.#data, 'haraka', 'config', 'congvu.json'), 'utf8')) as {
        link: { place: { path: string }; token: string }
        lmtp: { place: { path: string } }
      }
      const opened = connectLink({ ...link, node: this.#node })
      this.#link = opened
      this.#pool = createLmtpPool({ place: lmtp.place, hostname: 'mail.example.com', maxConnections: 1, replyTimeoutMs: 20_000 })
      await new Promise<void>((resolve, reject) => {
        const stop = opened.onUp(() => setImmediate(() => (stop(), clearTimeout(late), resolve())))
        const late = setTimeout(() => reject(new Error('no link')), 5_000)
      })
    }
    return { link: this.#link, pool: this.#pool }
  }

  close(): void {
    this.#link?.close()
    this.#pool?.close()
    this.#link = null
    this.#pool = null
  }
}
