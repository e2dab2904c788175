/**
 * What we change in Haraka's `Connection` (3.3.4, `connection.js`), once, on its prototype, before it listens:
 *
 * - DATA is read by `kept-message.ts`, byte-exact, instead of being cut into lines, copied and refolded.
 * - Commands behind a message (RFC 2920 §3.1) wait for its reply and are then read as commands. Haraka answers them 503,
 *   because its end of DATA was once open to doubt; ours is CR LF . CR LF and nothing else, so nobody can disagree.
 * - Input that waits while a hook runs is left alone: Haraka would poll it, with its text in the debug log, and keep any
 *   amount of it.
 * - AUTH and its responses never reach Haraka's command parser, whose logs hold what it parses; nor do lines that are no
 *   command: after a refused AUTH they may be the password (and on port 25 so may be the lines of an HTTP request).
 * - INTERNALCMD, which lets anybody on loopback stop the server, is gone.
 * - Too many errors or commands on one connection end it.
 * - The machine's name is asked for once, not for every reply.
 */
import os from 'node:os'
import { addEnhancedCodes } from './enhanced-codes.ts'
import { connectionPrototype, constants, harakaPlugins, replyText } from './haraka.ts'
import type { HarakaConnection } from './haraka-types.ts'
import { ingressNode } from './ingress-node.ts'
import { fromLoopback, knownTransaction, sessionOf } from './session.ts'
import { replies } from './replies-ingress.ts'
import type { SmtpReply } from '../link-types.ts'

const states = constants.connection.state
/** Commands that may wait while one is worked on: some hundred RCPTs, pipelined. */
const maxWaitingBytes = 256 * 1024
const pipelinable: ReadonlySet<string> = new Set(['RSET', 'MAIL', 'SEND', 'SOML', 'SAML', 'RCPT'])

export function changeConnections(): void {
  addEnhancedCodes()
  readDataExactly()
  leaveWaitingInput()
  takeAuthOut()
  countErrorsAndCommands()
  requireAuthentication()
  rememberHostname()
  Reflect.deleteProperty(connectionPrototype, 'cmd_internalcmd')
}

function readDataExactly(): void {
  const { process_data: processData, _process_data: processPending } = connectionPrototype

  connectionPrototype.process_data = function (data) {
    if (this.state === states.DATA) return takeData(this, data)
    if (this.awaiting_data_reply) return keepBehindMessage(this, data)
    if ((this.current_data?.length ?? 0) + data.length > maxWaitingBytes) return hangUp(this, replies.tooMuchInput)
    processData.call(this, data)
  }

  connectionPrototype._process_data = function () {
    if (this.state >= states.DISCONNECTING || this.state === states.PAUSE_DATA) return
    if (this.state === states.DATA) {
      const data = this.current_data
      this.current_data = null
      if (data !== null && data.length > 0) takeData(this, data)
      return
    }
    const session = sessionOf(this)
    if (session.behindMessage !== null && !this.awaiting_data_reply) {
      const behind = session.behindMessage
      session.behindMessage = null
      this.current_data = this.current_data === null ? behind : Buffer.concat([behind, this.current_data])
    }
    processPending.call(this)
  }

  // Haraka's own wants a parsed header and counts Received lines; core does both on the bytes.
  connectionPrototype.data_done = function () {
    const transaction = this.transaction
    if (transaction === null) return
    if (this.state !== states.PAUSE_DATA) this.prev_state = this.state
    this.state = states.PAUSE_DATA
    this.awaiting_data_reply = true
    this.totalbytes += transaction.data_bytes
    transaction.data_post_start = Date.now()
    harakaPlugins.run_hooks('data_post', this)
  }
}

function takeData(connection: HarakaConnection, data: Buffer): void {
  const transaction = connection.transaction
  const kept = knownTransaction(transaction)?.kept
  if (transaction === null || kept === undefined || kept === null) {
    connection.logerror('DATA without a place to keep it')
    return hangUp(connection, replies.coreAway)
  }
  const used = kept.take(data)
  transaction.data_bytes = kept.bytes
  if (!kept.ended) return
  connection.data_done()
  if (used < data.length) keepBehindMessage(connection, data.subarray(used))
}

function keepBehindMessage(connection: HarakaConnection, data: Buffer): void {
  const session = sessionOf(connection)
  const behind = session.behindMessage === null ? data : Buffer.concat([session.behindMessage, data])
  if (behind.length > maxWaitingBytes) return hangUp(connection, replies.tooMuchInput)
  session.behindMessage = behind
}

function leaveWaitingInput(): void {
  const processPending = connectionPrototype._process_data
  connectionPrototype._process_data = function () {
    const paused = this.state === states.PAUSE || this.state === states.PAUSE_SMTP
    // A PROXY line of a load balancer comes before the greeting: that one is Haraka's to read.
    if (!paused || (this.proxy.allowed && this.proxy.type === null)) return processPending.call(this)
    if (this.current_data === null || this.current_data.length === 0) return
    const command = this.current_data.toString('latin1', 0, 4).toUpperCase()
    // respond() reads on, once the command in work has its reply.
    if (this.esmtp && this.state === states.PAUSE_SMTP && pipelinable.has(command)) this.pipelining = true
    else this.early_talker = true
  }
}

function takeAuthOut(): void {
  const processLine = connectionPrototype.process_line
  connectionPrototype.process_line = function (line) {
    if (this.state !== states.CMD) return processLine.call(this, line)
    const { takeLine } = sessionOf(this)
    const text = line.toString('latin1').replace(/\r?\n$/, '')
    if (takeLine === null && isKnown(this, text)) return processLine.call(this, line)
    this.state = states.PAUSE_SMTP
    if (takeLine !== null) takeLine(text)
    else if (!isAuth(line)) this.respond(replies.unknownCommand.code, replyText(replies.unknownCommand))
    else if (this.cmd_auth !== undefined) this.cmd_auth(text.slice(4).trim())
    else this.respond(replies.noAuthHere.code, replyText(replies.noAuthHere))
  }
}

/** Commands that Haraka has, but AUTH; STARTTLS is a plugin's. */
function isKnown(connection: HarakaConnection, text: string): boolean {
  const verb = text.split(' ', 1)[0]!.toLowerCase()
  return verb !== 'auth' && (verb === 'starttls' || `cmd_${verb}` in connection)
}

function isAuth(line: Buffer): boolean {
  return /^AUTH(?:[ \t\r\n]|$)/i.test(line.toString('latin1', 0, 5))
}

function countErrorsAndCommands(): void {
  const { respond, process_line: processLine } = connectionPrototype
  connectionPrototype.respond = function (code, text, then) {
    if (Number(code) < 500) return respond.call(this, code, text, then)
    const session = sessionOf(this)
    session.errors += 1
    if (session.errors <= ingressNode().settings.limits.maxErrors) return respond.call(this, code, text, then)
    respond.call(this, code, text)
    return hangUp(this, replies.tooManyErrors)
  }
  connectionPrototype.process_line = function (line) {
    const session = sessionOf(this)
    session.commandsSinceMessage += 1
    if (session.commandsSinceMessage > ingressNode().settings.limits.maxCommands) {
      return hangUp(this, replies.tooManyCommands)
    }
    processLine.call(this, line)
  }
}

function rememberHostname(): void {
  const hostname = os.hostname()
  os.hostname = () => hostname
}

/** Says why, and closes. */
export function hangUp(connection: HarakaConnection, reply: SmtpReply): void {
  if (connection.state >= states.DISCONNECTING) return
  connection.client.write(`${reply.code} ${replyText(reply)}\r\n`)
  connection.disconnect()
}

/** MAIL before AUTH on a submission port: RFC 6409 §4.3, RFC 4954 §6. Haraka knows only ports 465 and 587, and answers 550. */
function requireAuthentication(): void {
  const mail = connectionPrototype.cmd_mail
  connectionPrototype.cmd_mail = function (line) {
    const session = sessionOf(this)
    if (session.service === 'submission' && session.account === null) {
      const reply = this.tls.enabled || fromLoopback(this) ? replies.authenticationRequired : replies.startTlsFirst
      return void this.respond(reply.code, replyText(reply))
    }
    mail.call(this, line)
  }
}
