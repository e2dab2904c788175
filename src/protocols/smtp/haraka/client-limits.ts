/**
 * What a client may not do to us on one connection, beside the limits that `connection-changes.ts` counts: be endlessly slow,
 * send commands or names of any length, put TLS into TLS, or stay after the goodbye. Put on Haraka's `Connection` (3.3.4) once, before it listens.
 */
import { hangUp } from './connection-changes.ts'
import { connectionPrototype, constants, replyText } from './haraka.ts'
import type { HarakaConnection, HarakaTransaction } from './haraka-types.ts'
import { ingressNode } from './ingress-node.ts'
import { Pace } from './pace.ts'
import { replies } from './replies-ingress.ts'
import { sessionOf } from './session.ts'

const states = constants.connection.state
/**
 * Of a command with its CR LF. RFC 5321 §4.5.3.1.4 has 512 and lets extensions add to it; all that we offer stay below 1,200.
 * Haraka's own limit is that of AUTH (RFC 4954 §4), and its reading of parameters takes the square of a line's length.
 */
const maxCommandBytes = 2_048
/** RFC 5321 §4.5.3.1.2. */
const maxNameBytes = 255
/** Time to read our last reply. */
const goodbyeMs = 5_000

const prototype = connectionPrototype as HarakaConnection & {
  disconnect_respond(): void
  cmd_ehlo(line: string): void
  cmd_helo(line: string): void
}

export function limitClients(): void {
  keepPace()
  limitCommands()
  limitNames()
  refuseSecondTls()
  cutOffAfterGoodbye()
}

const linePaces = new WeakMap<HarakaConnection, Pace>()
const messagePaces = new WeakMap<HarakaTransaction, Pace>()

function keepPace(): void {
  const processData = prototype.process_data
  prototype.process_data = function (data) {
    // After the goodbye nothing is read any more.
    if (this.state >= states.DISCONNECTING) return void this.client.pause()
    if (!isInPace(this, data)) return hangUp(this, replies.tooSlow)
    processData.call(this, data)
  }
}

const lineFeed = 0x0a

function isInPace(connection: HarakaConnection, data: Buffer): boolean {
  const { transaction, state } = connection
  if (state === states.DATA && transaction !== null) return paceOf(messagePaces, transaction).take(data.length, performance.now())
  const line = paceOf(linePaces, connection)
  // A line is whole; what is behind it is the beginning of another.
  if (data.includes(lineFeed)) line.finish()
  return line.take(data.length, performance.now())
}

function paceOf<Key extends WeakKey>(paces: WeakMap<Key, Pace>, key: Key): Pace {
  let pace = paces.get(key)
  if (pace === undefined) {
    pace = new Pace(ingressNode().settings.limits.idleTimeoutMs)
    paces.set(key, pace)
  }
  return pace
}

function limitCommands(): void {
  const processLine = prototype.process_line
  prototype.process_line = function (line) {
    const isCommand = this.state === states.CMD && sessionOf(this).takeLine === null
    if (!isCommand || line.length <= maxCommandBytes || /^AUTH /i.test(line.toString('latin1', 0, 5))) return processLine.call(this, line)
    this.respond(replies.lineTooLong.code, replyText(replies.lineTooLong))
  }
}

/** The name of EHLO goes along with every question to core. */
function limitNames(): void {
  for (const command of ['cmd_ehlo', 'cmd_helo'] as const) {
    const greet = prototype[command]
    prototype[command] = function (line) {
      if (Buffer.byteLength(line) <= maxNameBytes) return greet.call(this, line)
      this.respond(replies.nameTooLong.code, replyText(replies.nameTooLong))
    }
  }
}

/** RFC 3207 §4.2: not again. Haraka only looks whether it was offered, which it was before the first time. */
function refuseSecondTls(): void {
  const processLine = prototype.process_line
  prototype.process_line = function (line) {
    const isStartTls = this.state === states.CMD && sessionOf(this).takeLine === null && /^STARTTLS[ \t\r\n]/i.test(line.toString('latin1', 0, 9))
    if (!isStartTls) return processLine.call(this, line)
    if (this.tls.enabled) return void this.respond(replies.tlsActive.code, replyText(replies.tlsActive))
    if (!/^STARTTLS\r?\n$/i.test(line.toString('latin1'))) return void this.respond(replies.noArgument.code, replyText(replies.noArgument))
    processLine.call(this, line)
  }
}

/**
 * After our last word Haraka waits for the client to close. It is counted no more then, so it could stay for as long as it
 * goes on speaking, and thousands with it.
 */
function cutOffAfterGoodbye(): void {
  const disconnected = prototype.disconnect_respond
  prototype.disconnect_respond = function () {
    disconnected.call(this)
    const { client } = this
    const late = setTimeout(() => client.destroy(), Math.min(goodbyeMs, ingressNode().settings.limits.idleTimeoutMs))
    client.once('close', () => clearTimeout(late))
  }
}
