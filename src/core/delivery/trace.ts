/**
 * The lines that stand before a body when we file it or send it on: RFC 5321 §4.4 (Return-Path, Received), RFC 9228
 * (Delivered-To), RFC 8601 (Authentication-Results), RFC 3848 (ESMTPSA). They are the prefix of a message row (design §5.5);
 * the bytes after them are the sender's.
 *
 * Authentication-Results of our own name stand here and nowhere else in a message: forged ones are cut out of the body that
 * is kept (`forged-results.ts`, RFC 8601 §5).
 */
import { formatDate } from '../../message/compose.ts'
import type { DeliveryFacts } from '../mail.ts'

export interface Trace {
  readonly hostname: string
  readonly transaction: string
  readonly sender: string
  /** Named in Received only when there is a single one: a list would give Bcc away. */
  readonly onlyRecipient: string | null
  readonly facts: DeliveryFacts | null
  /** Mail of outside, of a signed-in account, or made by the system itself. */
  readonly origin: 'outside' | 'submission' | 'system'
  readonly receivedAtMs: number
  readonly utcOffsetMinutes: number
}

/** Makes the prefixes of one message; what is common to its recipients is written once. */
export interface Tracer {
  /** For a mailbox: Return-Path, Delivered-To, results, Received. */
  local(deliveredTo: string): Uint8Array
  /** For the way out: Received below the signatures; results and recipients stay with us. */
  outgoing(signatures?: Uint8Array): Uint8Array
}

export function createTracer(trace: Trace): Tracer {
  const received = receivedLine(trace)
  const common = authenticationResults(trace) + received
  return {
    local: (deliveredTo) => Buffer.from(`${finalLines(trace.sender, deliveredTo)}${common}`),
    outgoing: (signatures = new Uint8Array(0)) => Buffer.concat([signatures, Buffer.from(received)]),
  }
}

function finalLines(sender: string, deliveredTo: string): string {
  return `Return-Path: <${clean(sender)}>\r\nDelivered-To: ${clean(deliveredTo)}\r\n`
}

/** The lines of final delivery alone, for what has its Received line already. */
export function returnPathLines(sender: string, deliveredTo: string): Uint8Array {
  return Buffer.from(finalLines(sender, deliveredTo))
}

function receivedLine(trace: Trace): string {
  const { facts } = trace
  const from = facts === null ? '' : `from ${clientOf(facts)}\r\n\t`
  const recipient = trace.onlyRecipient === null ? '' : `\r\n\tfor <${clean(trace.onlyRecipient)}>`
  const date = headerDate(trace.receivedAtMs, trace.utcOffsetMinutes)
  return `Received: ${from}by ${trace.hostname}${protocolOf(trace)} id ${clean(trace.transaction)}${recipient};\r\n\t${date}\r\n`
}

/** RFC 3848. */
function protocolOf({ origin, facts }: Trace): string {
  if (origin === 'system') return ''
  return facts === null ? ' with LMTP' : ` with ESMTP${facts.tls ? 'S' : ''}${origin === 'submission' ? 'A' : ''}`
}

/** `helo (name [ip])`: what the client said, then what we know. */
function clientOf(facts: DeliveryFacts): string {
  const helo = hostToken(facts.helo) || 'unknown'
  const name = hostToken(facts.remoteName)
  const ip = facts.remoteIp === null ? '' : `[${facts.remoteIp.includes(':') ? 'IPv6:' : ''}${hostToken(facts.remoteIp)}]`
  const known = [name, ip].filter((part) => part !== '').join(' ')
  return known === '' ? helo : `${helo} (${known})`
}

function authenticationResults(trace: Trace): string {
  const { facts } = trace
  if (facts === null || trace.origin !== 'outside') return ''
  const results: string[] = []
  if (facts.spf !== null) {
    // RFC 7208 §2.4: the null sender is checked by what the client called itself.
    const checked = trace.sender === '' ? 'smtp.helo' : 'smtp.mailfrom'
    results.push(`spf=${hostToken(facts.spf.result)} ${checked}=${hostToken(facts.spf.domain)}`)
  }
  // RFC 8601 §2.7.1: looked for, and there was no signature.
  if (facts.dkim?.length === 0) results.push('dkim=none')
  for (const dkim of facts.dkim ?? []) {
    results.push(`dkim=${hostToken(dkim.result)} header.d=${hostToken(dkim.domain)} header.s=${hostToken(dkim.selector)}`)
  }
  if (facts.dmarc !== null) {
    results.push(`dmarc=${hostToken(facts.dmarc.result)} (p=${hostToken(facts.dmarc.policy)}) header.from=${hostToken(facts.dmarc.domain)}`)
  }
  return results.length === 0 ? '' : `Authentication-Results: ${trace.hostname};\r\n\t${results.join(';\r\n\t')}\r\n`
}

/** Names from outside: nothing that could end a line, a comment or a clause. */
function hostToken(text: string | null): string {
  return (text ?? '').slice(0, 255).replace(/[^A-Za-z0-9.:_[\]-]/g, '?')
}

/** Addresses keep any character but those that could end the line. */
function clean(text: string): string {
  return text.replace(/[\x00-\x1f\x7f]/g, '?')
}

let lastDate = { second: Number.NaN, utcOffsetMinutes: 0, text: '' }

/** RFC 5322 §3.3 date-time. Written for every delivery, so the last second's is kept. */
export function headerDate(atMs: number, utcOffsetMinutes: number): string {
  const second = Math.floor(atMs / 1000)
  if (lastDate.second !== second || lastDate.utcOffsetMinutes !== utcOffsetMinutes) {
    lastDate = { second, utcOffsetMinutes, text: formatDate(second * 1000, utcOffsetMinutes) }
  }
  return lastDate.text
}
