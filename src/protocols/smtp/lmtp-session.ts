/**
 * One LMTP connection (RFC 2033): what core's end of the hand-over says. Pipelined commands are answered in order, together;
 * one message at a time; after DATA one reply a recipient, and only when the message is durable.
 */
import type { Duplex } from 'node:stream'
import type { Mail } from '../../core/mail.ts'
import type { Logger } from '../../lib/log.ts'
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
const transactionForm = /^[\w.-]{1,64}$/
const lineFeed = 0x0a
const nothing = Buffer.alloc(0)

const ok = (enhanced: string, text: string): SmtpReply => ({ code: 250, enhanced, text })
const own = {
  sequence: { code: 503, enhanced: '5.5.1', text: 'Bad sequence of commands' },
  syntax: { code: 501, enhanced: '5.5.4', text: 'Syntax error in parameters' },
  unknown: { code: 500, enhanced: '5.5.2', text: 'Command not recognized' },
  tooLong: { code: 500, enhanced: '5.5.2', text: 'Line too long' },
  tooManyErrors: { code: 421, enhanced: '4.7.0', text: 'Too many errors' },
  bye: { code: 221, enhanced: '2.0.0', text: 'Bye' },
  factsMissing: { code: 451, enhanced: '4.3.0', text: 'The facts of this transaction did not arrive, try again later' },
} as const satisfies Record<string, SmtpReply>

export function serveLmtp(socket: Duplex, parts: LmtpParts): LmtpSession {
  let waiting: Buffer = nothing
  let message: MessageInput | null = null
  let envelope: Envelope | null = null
  let greeted = false
  let busy = false
  let stopping = false
  let errors = 0
  let output = ''
  const { promise: closed, resolve: setClosed } = Promise.withResolvers<void>()

  const say = ({ code, enhanced, text }: SmtpReply): void => {
    output += `${code} ${enhanced} ${text}\r\n`
    if (code >= 500) errors++
  }
  const flush = (): void => {
    if (output !== '' && socket.writable) socket.write(output)
    output = ''
  }
  const end = (reply: SmtpReply): void => {
    say(reply)
    flush()
    stopping = true
    waiting = nothing
    socket.end()
  }

  /** Works on what has come until it must wait for more, or for a delivery. */
  const work = (): void => {
    while (!busy && !socket.writableEnded && waiting.length > 0) if (!(message === null ? takeLine() : takeBody(message))) break
    flush()
    if (stopping && !busy && message === null && !socket.writableEnded) socket.end()
    if (busy && waiting.length > maxWaitingBytes) socket.pause()
    else if (!busy && socket.isPaused()) socket.resume()
  }
  const during = (work_: Promise<void>): void => {
    busy = true
    void work_.catch((error: unknown) => {
      parts.log.error({ err: error }, 'LMTP session failed')
      socket.destroy()
    }).finally(() => {
      busy = false
      work()
    })
  }

  const takeLine = (): boolean => {
    const found = waiting.indexOf(lineFeed)
    if (found < 0 ? waiting.length > maxLineBytes : found > maxLineBytes) {
      end(own.tooLong)
      return false
    }
    if (found < 0) return false
    const line = waiting.toString('utf8', 0, waiting[found - 1] === 0x0d ? found - 1 : found)
    waiting = waiting.subarray(found + 1)
    runCommand(parseCommand(line))
    if (errors > maxErrors) end(own.tooManyErrors)
    return true
  }

  const runCommand = (command: LmtpCommand): void => {
    switch (command.verb) {
      case 'LHLO':
        greeted = true
        envelope = null
        output += hello(parts.limits)
        return
      case 'MAIL':
        return startMail(command)
      case 'RCPT':
        return addRecipient(command)
      case 'DATA':
        if (envelope === null || envelope.recipients.length === 0) return say(own.sequence)
        message = readMessage(parts.limits.maxMessageBytes)
        output += '354 Send the message\r\n'
        return
      case 'RSET':
        envelope = null
        return say(ok('2.0.0', 'OK'))
      case 'NOOP':
        return say(ok('2.0.0', 'OK'))
      case 'VRFY':
        return say({ code: 252, enhanced: '2.5.2', text: 'Send mail to find out' })
      case 'QUIT':
        return end(own.bye)
      case 'syntax':
        return say(own.syntax)
      case 'unknown':
        return say(own.unknown)
    }
  }

  const startMail = ({ address, parameters }: Extract<LmtpCommand, { verb: 'MAIL' }>): void => {
    if (!greeted || envelope !== null) return say(own.sequence)
    if (Number(parameters.get('SIZE') ?? 0) > parts.limits.maxMessageBytes) return say(replies['message-too-large'])
    // Whoever is not our ingress cannot borrow the facts of a transaction.
    const named = parts.trusted ? parameters.get(transactionParameter) : undefined
    if (named !== undefined && !transactionForm.test(named)) return say(own.syntax)
    envelope = { sender: address, transaction: named ?? parts.newTransaction(), named: named !== undefined, recipients: [] }
    say(ok('2.1.0', 'OK'))
  }

  const addRecipient = ({ address }: Extract<LmtpCommand, { verb: 'RCPT' }>): void => {
    if (envelope === null) return say(own.sequence)
    if (envelope.recipients.length >= parts.limits.maxRecipients) return say(replies['too-many-recipients'])
    if (!envelope.named) return during(checkRecipient(envelope, address))
    envelope.recipients.push(address)
    say(ok('2.1.5', 'OK'))
  }

  const checkRecipient = async ({ sender, recipients }: Envelope, address: string): Promise<void> => {
    const refused = await answer(parts, () => parts.mail.delivery.checkRecipient({ recipient: address, sender, account: null, sizeBytes: null }))
    if (refused === null) recipients.push(address)
    say(refused ?? ok('2.1.5', 'OK'))
  }

  const takeBody = (input: MessageInput): boolean => {
    const used = input.take(waiting)
    waiting = waiting.subarray(used)
    if (!input.ended) return false
    const finished = envelope!
    message = null
    envelope = null
    during(deliverMessage(parts, finished, input).then((reply) => {
      // RFC 2033 §4.2: one for each recipient, in their order, also when all are alike.
      for (const _ of finished.recipients) say(reply)
    }))
    return true
  }

  socket.on('data', (chunk: Buffer) => {
    waiting = waiting.length === 0 ? chunk : Buffer.concat([waiting, chunk])
    work()
  })
  socket.on('end', () => {
    stopping = true
    if (!busy) socket.end()
  })
  socket.on('error', () => socket.destroy())
  socket.on('close', () => {
    waiting = nothing
    message = null
    setClosed()
  })
  socket.write(`220 ${parts.limits.hostname} LMTP\r\n`)
  return {
    closed,
    stop() {
      stopping = true
      if (!busy && message === null) socket.end()
    },
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
  return refused ?? ok('2.6.0', `Message kept, id ${transaction}`)
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

function deliveryFacts({ remote, spf, dkim, dmarc, spam, virus, dnsLists, unanswered }: TransactionFacts): NonNullable<Parameters<Mail['delivery']['deliver']>[0]['facts']> {
  return { remoteIp: remote.ip, remoteName: remote.name, helo: remote.helo, tls: remote.tls, spf, dkim, dmarc, spam, virus, dnsLists, unanswered }
}
