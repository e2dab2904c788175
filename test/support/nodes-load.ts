/**
 * Senders to several nodes that go on through the faults of any of them, and the book of what they are owed (fault-load.ts). What one
 * node did not take is offered to the next: over SMTP to another ingress node, under a transaction of that node's own; over LMTP,
 * as our ingress speaks it, to another core node under the same transaction, which is the same delivery.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { createLmtpPool, type LmtpPool } from '../../src/protocols/smtp/haraka/lmtp-client.ts'
import { connectLink, type Link } from '../../src/protocols/smtp/link.ts'
import { seeded, type Owed, type Way } from './fault-load.ts'
import type { CoreNode, IngressNode, Province } from './nodes.ts'
import type { Person } from './running-server.ts'
import { dataOf, dial, type SmtpDialogue } from './smtp-dialogue.ts'

export interface NodesLoadOptions {
  readonly province: Province
  /** Of all messages' ids, so that no two loads share one. */
  readonly name: string
  readonly people: readonly Person[]
  readonly messages: number
  readonly seed: number
  /** Of each node. */
  readonly lanes: Readonly<Record<Way, number>>
  readonly onAcknowledged: (count: number) => void
}

/** Longer than any fault of a test lasts. */
const maxTryingMs = 60_000
const pauseAfterFailureMs = 40
const linkWithinMs = 3_000

export class NodesLoad {
  readonly book: Owed[] = []
  tries = 0
  refusedForNow = 0
  readonly #options: NodesLoadOptions
  #acknowledged = 0

  constructor(options: NodesLoadOptions) {
    this.#options = options
    const { people, lanes, name } = options
    const random = seeded(options.seed)
    for (let number = 0; number < options.messages; number++) {
      const way = random() < lanes.smtp / (lanes.smtp + lanes.lmtp) ? 'smtp' : 'lmtp'
      const count = random() < 0.8 ? 1 : 2 + Math.floor(random() * 2)
      const first = Math.floor(random() * people.length)
      const recipients = Array.from({ length: count }, (_, i) => people[(first + i) % people.length]!.address)
      this.book.push({ messageId: `${name}-${number}@example.com`, way, recipients, bodyBytes: 200 + Math.floor(random() * 1500), acknowledged: false, doubts: 0 })
    }
  }

  /** Until everything has its 250. */
  async run(): Promise<void> {
    const { province, lanes } = this.#options
    const waiting = { smtp: this.book.filter(({ way }) => way === 'smtp'), lmtp: this.book.filter(({ way }) => way === 'lmtp') }
    const run = async (way: Way, lane: Lane): Promise<void> => {
      for (let owed = waiting[way].shift(); owed !== undefined; owed = waiting[way].shift()) await this.#untilTaken(lane, owed)
      lane.close()
    }
    const smtp = province.ingresses.flatMap((_, first) => Array.from({ length: lanes.smtp }, () => run('smtp', new SmtpLane(province.ingresses, first))))
    const lmtp = province.cores.flatMap((_, first) => Array.from({ length: lanes.lmtp }, (_none, i) => run('lmtp', new LmtpLane(province, first, `lan-${first}-${i}`))))
    await Promise.all([...smtp, ...lmtp])
  }

  async #untilTaken(lane: Lane, owed: Owed): Promise<void> {
    const untilMs = performance.now() + maxTryingMs
    for (;;) {
      this.tries++
      const outcome = await lane.attempt(owed)
      if (outcome === 'taken') break
      if (outcome === 'in-doubt') owed.doubts++
      if (outcome === 'refused') this.refusedForNow++
      if (performance.now() > untilMs) throw new Error(`${owed.messageId}: not taken in ${maxTryingMs} ms, the last try was ${outcome}`)
      await pause(pauseAfterFailureMs)
    }
    owed.acknowledged = true
    this.#options.onAcknowledged(++this.#acknowledged)
  }
}

type Outcome = 'taken' | 'refused' | 'in-doubt' | 'not-sent'

interface Lane {
  /** Anything but `taken`: the next attempt goes to the next node. */
  attempt(owed: Owed): Promise<Outcome>
  close(): void
}

const sender = 'khach@example.com'

function wireOf({ messageId, recipients, bodyBytes }: Owed): Buffer {
  const head = `From: <${sender}>\r\nTo: <${recipients.join('>, <')}>\r\nSubject: ${messageId}\r\nMessage-ID: <${messageId}>\r\n\r\n`
  return dataOf(Buffer.from(`${head}${'cộng hoà '.repeat(Math.ceil(bodyBytes / 12))}\r\n`))
}

/** Nobody refuses these for good. */
class Refused extends Error {}

/** Mail exchange, through Haraka, on a kept connection. */
class SmtpLane implements Lane {
  readonly #nodes: readonly IngressNode[]
  #turn: number
  #client: SmtpDialogue | null = null

  constructor(nodes: readonly IngressNode[], first: number) {
    this.#nodes = nodes
    this.#turn = first
  }

  async attempt(owed: Owed): Promise<Outcome> {
    let sent = false
    try {
      this.#client ??= await dial(this.#nodes[this.#turn % this.#nodes.length]!.smtp)
      const client = this.#client
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

  #drop(outcome: Outcome): Outcome {
    this.close()
    this.#turn++
    return outcome
  }

  close(): void {
    this.#client?.destroy()
    this.#client = null
  }
}

/** A core's private LMTP with facts on its link. */
class LmtpLane implements Lane {
  readonly #province: Province
  readonly #node: string
  #turn: number
  #open: { readonly link: Link; readonly pool: LmtpPool } | null = null

  constructor(province: Province, first: number, node: string) {
    this.#province = province
    this.#turn = first
    this.#node = node
  }

  async attempt(owed: Owed): Promise<Outcome> {
    const { cores } = this.#province
    const transaction = `t-${owed.messageId.replace('@', '.')}`
    try {
      this.#open ??= await this.#connected(cores[this.#turn % cores.length]!)
      const { link, pool } = this.#open
      await link.ask('facts', factsOf(owed, transaction))
      const recipients = owed.recipients.map((recipient) => `<${recipient}>`)
      const replies = await pool.deliver({ transaction, sender: `<${sender}>`, recipients, smtpUtf8: false, chunks: [wireOf(owed)] })
      if (replies.every(({ code }) => code === 250)) return 'taken'
      const refused = replies.find(({ code }) => code >= 500)
      if (refused !== undefined) throw new Refused(`${refused.code} ${refused.text}`)
      return this.#drop('refused')
    } catch (error) {
      if (error instanceof Refused) throw error
      return this.#drop('not-sent')
    }
  }

  async #connected({ ways }: CoreNode): Promise<{ readonly link: Link; readonly pool: LmtpPool }> {
    const { token } = this.#province
    const host = '127.0.0.1'
    const link = connectLink({ place: { host, port: ways.link }, token, node: this.#node })
    const up = Promise.withResolvers<void>()
    const late = setTimeout(() => up.reject(new Error('no link')), linkWithinMs)
    const stop = link.onUp(up.resolve)
    try {
      await up.promise
    } catch (error) {
      link.close()
      throw error
    } finally {
      clearTimeout(late)
      stop()
    }
    return { link, pool: createLmtpPool({ place: { host, port: ways.lmtp }, token, hostname: 'mail.example.com', maxConnections: 1, replyTimeoutMs: 20_000 }) }
  }

  #drop(outcome: Outcome): Outcome {
    this.close()
    this.#turn++
    return outcome
  }

  close(): void {
    this.#open?.link.close()
    this.#open?.pool.close()
    this.#open = null
  }
}

function factsOf(owed: Owed, transaction: string) {
  return {
    transaction,
    remote: { ip: '192.0.2.7', port: 40_000, name: null, helo: 'mail.example.com', tls: false, loopback: false },
    account: null,
    service: 'exchange' as const,
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
  }
}
