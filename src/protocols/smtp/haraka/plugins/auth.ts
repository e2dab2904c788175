/**
 * AUTH PLAIN and LOGIN (RFC 4954, RFC 4616): on the submission ports, over TLS or from loopback. Core checks; it also slows
 * repeated failures down, by answering later.
 *
 * Invariant: what a client sends as a response is never logged and never kept after the question to core.
 */
import { connectionPrototype, replyText } from '../haraka.ts'
import type { HarakaConnection, HarakaPlugin, Next } from '../haraka-types.ts'
import { hangUp } from '../connection-changes.ts'
import { ingressNode } from '../ingress-node.ts'
import { replies } from '../replies-ingress.ts'
import { fromLoopback, remoteEnd, sessionOf } from '../session.ts'
import type { SmtpReply } from '../../link-types.ts'

const authenticateTimeoutMs = 60_000
/** Failures on one connection, before it is closed: RFC 4954 §4 leaves the number to us. */
const maxFailures = 5
/** RFC 4954 §4.3: a response may be this long. */
const maxResponseBytes = 12_288

export function register(this: HarakaPlugin): void {
  this.register_hook('capabilities', 'offerAuthentication')
  connectionPrototype.cmd_auth = function (rest) {
    startAuthentication(this, rest)
  }
}

function mayAuthenticate(connection: HarakaConnection): boolean {
  return sessionOf(connection).service === 'submission' && (connection.tls.enabled || fromLoopback(connection))
}

export function offerAuthentication(next: Next, connection: HarakaConnection): void {
  const session = sessionOf(connection)
  // EHLO after STARTTLS: what was said before it does not count (RFC 3207 §4.2).
  if (connection.tls.advertised && connection.tls.enabled && session.account !== null && !securedSince.has(connection)) {
    session.account = null
    session.address = null
    connection.relaying = false
  }
  if (connection.tls.enabled) securedSince.add(connection)
  if (mayAuthenticate(connection)) connection.capabilities.push('AUTH PLAIN LOGIN')
  next()
}

const securedSince = new WeakSet<HarakaConnection>()

function answer(connection: HarakaConnection, reply: SmtpReply): void {
  connection.respond(reply.code, replyText(reply))
}

function startAuthentication(connection: HarakaConnection, rest: string): void {
  const session = sessionOf(connection)
  if (session.service !== 'submission') return answer(connection, replies.noAuthHere)
  if (!mayAuthenticate(connection)) return answer(connection, replies.startTlsFirst)
  if (session.account !== null || connection.transaction !== null || !connection.esmtp) {
    return answer(connection, replies.authSequence)
  }
  const [mechanism = '', initial = null, ...more] = rest.split(/[ \t]+/)
  if (more.length > 0) return answer(connection, replies.authSyntax)
  switch (mechanism.toUpperCase()) {
    case 'PLAIN':
      return withResponse(connection, initial, '', (response) => checkPlain(connection, response))
    case 'LOGIN':
      return withResponse(connection, initial, 'Username:', (user) =>
        withResponse(connection, null, 'Password:', (password) =>
          check(connection, { user: user.toString('utf8'), password: password.toString('utf8'), mechanism: 'LOGIN' }),
        ),
      )
    default:
      return answer(connection, replies.authMechanism)
  }
}

/** Gives `then` the decoded response: the initial one, or the next line, after a challenge. */
function withResponse(
  connection: HarakaConnection,
  initial: string | null,
  challenge: string,
  then: (response: Buffer) => void,
): void {
  const session = sessionOf(connection)
  const take = (text: string): void => {
    session.takeLine = null
    if (text === '*') return answer(connection, replies.authCancelled)
    const response = text === '=' ? Buffer.alloc(0) : decodeBase64(text)
    if (response === null) return answer(connection, replies.authSyntax)
    then(response)
  }
  if (initial !== null) return take(initial)
  session.takeLine = take
  const text = Buffer.from(challenge).toString('base64')
  connection.respond(334, text === '' ? ' ' : text)
}

export function decodeBase64(text: string): Buffer | null {
  if (text.length > maxResponseBytes || text.length % 4 !== 0) return null
  return /^[A-Za-z0-9+/]*={0,2}$/.test(text) ? Buffer.from(text, 'base64') : null
}

function checkPlain(connection: HarakaConnection, response: Buffer): void {
  const parts = response.toString('utf8').split('\0')
  const [authorize = '', user = '', password = ''] = parts
  // An identity to act as, other than one's own, is not offered.
  if (parts.length !== 3 || user === '' || (authorize !== '' && authorize !== user)) {
    return answer(connection, replies.authSyntax)
  }
  check(connection, { user, password, mechanism: 'PLAIN' })
}

function check(
  connection: HarakaConnection,
  credentials: { user: string; password: string; mechanism: 'PLAIN' | 'LOGIN' },
): void {
  const session = sessionOf(connection)
  ingressNode()
    .link.ask('authenticate', { ...credentials, remote: remoteEnd(connection) }, authenticateTimeoutMs)
    .then(
      (verdict) => {
        if ('refuse' in verdict) return fail(connection, verdict.refuse)
        session.account = verdict.account
        session.address = verdict.address
        connection.notes.auth_user = verdict.address
        connection.relaying = true
        connection.respond(235, '2.7.0 Authentication successful')
      },
      () => answer(connection, { ...replies.coreAway, code: 454, enhanced: '4.7.0' }),
    )
}

function fail(connection: HarakaConnection, reply: SmtpReply): void {
  const session = sessionOf(connection)
  session.authFailures += 1
  answer(connection, reply)
  if (session.authFailures >= maxFailures) hangUp(connection, replies.authTooMany)
}
