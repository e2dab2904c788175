/**
 * One LMTP connection (RFC 2033): what core's end of the hand-over says. Pipelined commands are answered in order, together;
 * one message at a time; after DATA one reply a recipient, and only when the message is durable.
 */
import type { Duplex } from 'node:stream'
import type { DeliveryFacts, Mail } from '../../core/mail.ts'
import type { Logger } from '../../lib/log.ts'
import type { ByteBudget } from '../shared/byte-budget.ts'
import { transactionParameter, type SmtpReply, type TransactionFacts } from './link-types.ts'
import { parseCommand, type LmtpCommand } from './lmtp-command.ts'
import { readMessage, type MessageInput } from './lmtp-message.ts'
import { fault, replies, replyOf } from './replies.ts'
import type { FactsStore } from './transaction-facts.ts'

export interface LmtpParts {
  readonly mail: { readonly delivery: Mail['delivery'] }
  readonly facts: FactsStore
  readonly log: Pick<Logger, 'error' | 'warn'>
  readonly nowMs: () => number
  /** Makes the id of a transaction that brings none. */
  readonly newTransaction: () => string
  readonly limits: {
    readonly hostname: string
    readonly maxMessageBytes: number
    readonly maxRecipients: number
    /** Facts are posted before the body, so they are late only when the link is in trouble. */
    readonly factsTimeoutMs: number
  }
  /** Whether the other end is our ingress, whose transactions have facts and whose recipients were checked at RCPT. */
  readonly trusted: boolean
  /** What the messages of all sessions may hold together; without one, the other end keeps to a limit of its own. */
  readonly budget?: ByteBudget
}

export interface LmtpSession {
  /** Ends the session: now when nothing is being delivered, else after the replies. */
  stop(): void
  readonly closed: Promise<void>
}

interface Envelope {
  readonly sender: string
  readonly transaction: string
  readonly named: boolean
  readonly recipients: string[]
}

/** RFC 5321 §4.5.3.1.4 and its extensions; addresses in UTF-8 may be long. */
const maxLineBytes = 4096
/** Input that waits behind a delivery before the socket is not read any more. */
const maxWaitingBytes = 256 * 1024
const maxErrors = 20
/** Time to read our last reply. */
const goodbyeMs = 5_000
const transactionForm = /^[\w.-]{1,64}$/
const lineFeed = 0x0a
const carriageReturn = 0x0d
const nothing = Buffer.alloc(0)

const ok = (enhanced: string, text: string): SmtpReply => ({ code: 250, enhanced, text })
const own = {
  sequence: { code: 503, enhanced: '5.5.1', text: 'Bad sequence of commands' },
  syntax: { code: 501, enhanced: '5.5.4', text: 'Syntax error in parameters' },
  unknown: { code: 500, enhanced: '5.5.2', text: 'Command not recognized' },
  tooLong: { code: 500, enhanced: '5.5.2', text: 'Line too long' },
  tooManyErrors: { code: 421, enhanced: '4.7.0', text: 'Too many errors' },
  verify: { code: 252, enhanced: '2.5.2', text: 'Send mail to find out' },
  bye: { code: 221, enhanced: '2.0.0', text: 'Bye' },
  factsMissing: { code: 451, enhanced: '4.3.0', text: 'The facts of this transaction did not arrive, try again later' },
} as const satisfies Record<string, SmtpReply>

export function serveLmtp(socket: Duplex, parts: LmtpParts): LmtpSession {
  return new Session(socket, parts)
}

class Session implements LmtpSession {
  readonly #socket: Duplex
  readonly #parts: LmtpParts
  readonly #closed = Promise.withResolvers<void>()
  #waiting: Buffer = nothing
  #message: MessageInput | null = null
  /** Of it, charged to the budget; null: it was more than there is room for. */
  #messageBytes: number | null = 0
  #envelope: Envelope | null = null
  #greeted = false
  #busy = false
  /** No more comes: a message that is not at its end will never be. */
  #inputEnded = false
  #stopping = false
  #errors = 0
  #ignoredBytes = 0
  #output = ''

  constructor(socket: Duplex, parts: LmtpParts) {
    this.#socket = socket
    this.#parts = parts
    socket.on('data', (chunk: Buffer) => {
      if (socket.writableEnded) return this.#ignore(chunk)
      this.#waiting = this.#waiting.length === 0 ? chunk : Buffer.concat([this.#waiting, chunk])
      this.#work()
    })
    socket.on('end', () => {
      this.#inputEnded = true
      if (!this.#busy) socket.end()
    })
    socket.on('error', () => socket.destroy())
    socket.on('close', () => {
      this.#waiting = nothing
      // One that is being delivered gives its bytes back itself.
      if (this.#message !== null) this.#giveBack()
      this.#message = null
      this.#closed.resolve()
    })
    socket.write(`220 ${parts.limits.hostname} LMTP\r\n`)
  }

  /** Whatever comes behind QUIT, or behind our giving up, is nobody's; much of it is not even read. */
  #ignore(chunk: Buffer): void {
    this.#ignoredBytes += chunk.length
    if (this.#ignoredBytes > maxWaitingBytes) this.#socket.pause()
  }

  get closed(): Promise<void> {
    return this.#closed.promise
  }

  stop(): void {
    this.#stopping = true
    if (!this.#busy && this.#message === null) this.#socket.end()
  }

  /** Works on what has come until it must wait for more, or for a delivery. */
  #work(): void {
    const socket = this.#socket
    while (!this.#busy && !socket.writableEnded && this.#waiting.length > 0) {
      if (!(this.#message === null ? this.#takeLine() : this.#takeBody(this.#message))) break
    }
    this.#flush()
    const over = this.#inputEnded || (this.#stopping && this.#message === null)
    if (over && !this.#busy && !socket.writableEnded) socket.end()
    if (this.#busy && this.#waiting.length > maxWaitingBytes) socket.pause()
    else if (!this.#busy && socket.isPaused()) socket.resume()
  }

  #during(work: Promise<void>): void {
    this.#busy = true
    void work
      .catch((error: unknown) => {
        this.#parts.log.error({ err: error }, 'LMTP session failed')
        this.#socket.destroy()
      })
      .finally(() => {
        this.#busy = false
        this.#work()
      })
  }

  #say({ code, enhanced, text }: SmtpReply): void {
    this.#output += `${code} ${enhanced} ${text}\r\n`
    if (code >= 500) this.#errors++
  }

  #flush(): void {
    if (this.#output !== '' && this.#socket.writable) this.#socket.write(this.#output)
    this.#output = ''
  }

  #end(reply: SmtpReply): void {
    this.#say(reply)
    this.#flush()
    this.#stopping = true
    this.#waiting = nothing
    this.#socket.end()
    // Whoever does not close by himself would stay for as long as he speaks.
    const late = setTimeout(() => this.#socket.destroy(), goodbyeMs)
    this.#socket.once('close', () => clearTimeout(late))
  }

  #takeLine(): boolean {
    const waiting = this.#waiting
    const found = waiting.indexOf(lineFeed)
    if (found < 0 ? waiting.length > maxLineBytes : found > maxLineBytes) {
      this.#end(own.tooLong)
      return false
    }
    if (found < 0) return false
    const line = waiting.toString('utf8', 0, waiting[found - 1] === carriageReturn ? found - 1 : found)
    this.#waiting = waiting.subarray(found + 1)
    this.#run(parseCommand(line))
    if (this.#errors > maxErrors) this.#end(own.tooManyErrors)
    return true
  }

  #run(command: LmtpCommand): void {
    switch (command.verb) {
      case 'LHLO':
        this.#greeted = true
        this.#envelope = null
        this.#output += hello(this.#parts.limits)
        return
      case 'MAIL':
        return this.#say(this.#startMail(command))
      case 'RCPT':
        return this.#addRecipient(command)
      case 'DATA':
        if (this.#envelope === null || this.#envelope.recipients.length === 0) return this.#say(own.sequence)
        this.#message = readMessage(this.#parts.limits.maxMessageBytes)
        this.#messageBytes = 0
        this.#output += '354 Send the message\r\n'
        return
      case 'RSET':
        this.#envelope = null
        return this.#say(ok('2.0.0', 'OK'))
      case 'NOOP':
        return this.#say(ok('2.0.0', 'OK'))
      case 'VRFY':
        return this.#say(own.verify)
      case 'QUIT':
        return this.#end(own.bye)
      case 'syntax':
        return this.#say(own.syntax)
      case 'unknown':
        return this.#say(own.unknown)
    }
  }

  #startMail({ address, parameters }: Extract<LmtpCommand, { verb: 'MAIL' }>): SmtpReply {
    const { limits, trusted, newTransaction } = this.#parts
    if (!this.#greeted || this.#envelope !== null) return own.sequence
    if (Number(parameters.get('SIZE') ?? 0) > limits.maxMessageBytes) return replies['message-too-large']
    // Whoever is not our ingress cannot borrow the facts of a transaction.
    const named = trusted ? parameters.get(transactionParameter) : undefined
    if (named !== undefined && !transactionForm.test(named)) return own.syntax
    this.#envelope = { sender: address, transaction: named ?? newTransaction(), named: named !== undefined, recipients: [] }
    return ok('2.1.0', 'OK')
  }

  #addRecipient({ address }: Extract<LmtpCommand, { verb: 'RCPT' }>): void {
    const envelope = this.#envelope
    if (envelope === null) return this.#say(own.sequence)
    if (envelope.recipients.length >= this.#parts.limits.maxRecipients) return this.#say(replies['too-many-recipients'])
    if (!envelope.named) return this.#during(this.#checkRecipient(envelope, address))
    envelope.recipients.push(address)
    this.#say(ok('2.1.5', 'OK'))
  }

  async #checkRecipient({ sender, recipients }: Envelope, recipient: string): Promise<void> {
    const { delivery } = this.#parts.mail
    const refused = await answer(this.#parts, () => delivery.checkRecipient({ recipient, sender, account: null, sizeBytes: null }))
    if (refused === null) recipients.push(recipient)
    this.#say(refused ?? ok('2.1.5', 'OK'))
  }

  #takeBody(input: MessageInput): boolean {
    const used = input.take(this.#waiting)
    this.#waiting = this.#waiting.subarray(used)
    this.#charge(input, used)
    if (!input.ended) return false
    this.#message = null
    this.#during(this.#deliver(this.#envelope!, input))
    this.#envelope = null
    return true
  }

  #charge(input: MessageInput, bytes: number): void {
    if (this.#messageBytes === null || this.#parts.budget === undefined) return
    if (input.discarded) return this.#giveBack()
    if (this.#parts.budget.take(bytes)) {
      this.#messageBytes += bytes
      return
    }
    input.discard()
    this.#giveBack()
    this.#messageBytes = null
  }

  #giveBack(): void {
    this.#parts.budget?.give(this.#messageBytes ?? 0)
    this.#messageBytes = 0
  }

  /** RFC 2033 §4.2: a reply for each recipient, in their order, also when all are alike. */
  async #deliver(envelope: Envelope, input: MessageInput): Promise<void> {
    try {
      const reply = this.#messageBytes === null ? replies['storage-full'] : await deliverMessage(this.#parts, envelope, input)
      for (const _ of envelope.recipients) this.#say(reply)
    } finally {
      this.#giveBack()
    }
  }
}

function hello({ hostname, maxMessageBytes }: LmtpParts['limits']): string {
  return ['250-' + hostname, '250-PIPELINING', '250-ENHANCEDSTATUSCODES', '250-8BITMIME', '250-SMTPUTF8', `250 SIZE ${maxMessageBytes}`].join('\r\n') + '\r\n'
}

async function deliverMessage(parts: LmtpParts, envelope: Envelope, input: MessageInput): Promise<SmtpReply> {
  const bytes = input.bytes()
  if (bytes === null) return replies['message-too-large']
  const { transaction, named, sender, recipients } = envelope
  const facts = named ? await parts.facts.take(transaction, parts.limits.factsTimeoutMs) : null
  // Taken without its facts, the message of a signed-in official would be judged as outside mail, with its Bcc in it.
  if (named && facts === null) return own.factsMissing
  const refused = await answer(parts, () =>
    parts.mail.delivery.deliver({
      transaction,
      sender,
      recipients,
      bytes,
      account: facts?.account ?? null,
      facts: facts === null ? null : deliveryFacts(facts),
      receivedAtMs: facts?.receivedAtMs ?? parts.nowMs(),
    }),
  )
  return refused ?? ok('2.6.0', 'Message kept')
}

/** Null when it went well, else the reply of the refusal; a fault is logged and answered without detail. */
async function answer(parts: LmtpParts, ask: () => Promise<unknown>): Promise<SmtpReply | null> {
  try {
    await ask()
    return null
  } catch (error) {
    try {
      return replyOf(error)
    } catch (bug) {
      parts.log.error({ err: bug }, 'delivery failed')
      return fault
    }
  }
}

function deliveryFacts({ remote, spf, dkim, dmarc, spam, virus, dnsLists, unanswered }: TransactionFacts): DeliveryFacts {
  return { remoteIp: remote.ip, remoteName: remote.name, helo: remote.helo, tls: remote.tls, spf, dkim, dmarc, spam, virus, dnsLists, unanswered }
}
