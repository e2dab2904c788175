/**
 * One client from its greeting to its end: RFC 9051 §3, §5. The only place that reads commands, checks the state, catches
 * MailError and writes the tagged reply. One command at a time; what the client sends meanwhile waits, within a bound.
 */
import type { Logger } from '../../lib/log.ts'
import { isMailError } from '../../core/errors.ts'
import type { Mail, OpenableMailbox } from '../../core/mail.ts'
import type { AccountId } from '../../core/mailbox/mailbox.ts'
import type { ByteBudget } from '../shared/byte-budget.ts'
import { ConnectionClosed, type Connection } from '../shared/connection.ts'
import { SyntaxFault, type RawCommand } from '../shared/lexer.ts'
import { capabilitiesIn, type Channel } from './capabilities.ts'
import type { Command, Completion, Context, Running } from './command.ts'
import { Enabled } from './enabled.ts'
import { findCommand } from './commands/index.ts'
import { readCommand, tagOf, type Reading } from './command-reader.ts'
import { BrokenResponse } from './fetch-writer.ts'
import { faultReply, replyTo } from './replies.ts'
import { MailboxGone, tellChanges } from './selected-changes.ts'
import type { AccountSession, AccountSessions } from './account-sessions.ts'
import type { ImapLimits, TlsContext } from './settings.ts'
import type { Selected, State } from './state.ts'
import { encodeCondition, encodeUntagged, type Untagged } from './wire/encoder.ts'
import { ImapLexer } from './wire/lexer.ts'
import { UnknownCharset, searchCharsets } from './wire/search-keys.ts'

export interface SessionParts {
  readonly mail: Mail
  readonly log: Logger
  readonly limits: ImapLimits
  readonly budget: ByteBudget
  readonly accounts: AccountSessions
  /** For STARTTLS; null when there is no certificate or the connection is encrypted from the start. */
  readonly startTls: TlsContext
  readonly remoteIp: string
  /** The connection is encrypted or never leaves the machine. */
  readonly secure: boolean
}

/** Others' turn after so long without waiting for anything. */
const turnMs = 5

export class Session implements AccountSession {
  readonly #parts: SessionParts
  readonly #connection: Connection
  readonly #log: Logger
  readonly #enabled = new Enabled()
  #state: State = { kind: 'not-authenticated' }
  #channel: Channel
  #wrongCommands = 0
  #failedSignIns = 0
  #timer: NodeJS.Timeout
  #running = false
  /** A running command waits for a line of the client: IDLE, AUTHENTICATE. */
  #waitsForClient = false
  /** Why the session must end after the running command. */
  #farewell: { readonly text: string; readonly code?: string } | null = null
  #stopListening: (() => void) | null = null
  #changed = false
  /** Agency mailboxes of which it is recorded that they were read here. */
  readonly #opened = new Set<AccountId>()
  #turnStarted = 0

  constructor(parts: SessionParts, connection: Connection) {
    this.#parts = parts
    this.#connection = connection
    this.#log = parts.log
    this.#channel = { secure: parts.secure, tlsOffered: parts.startTls !== null, compressed: false, maxMessageBytes: parts.limits.maxMessageBytes }
    this.#timer = setTimeout(() => this.#timeOut(), parts.limits.signInTimeoutMs)
  }

  /** Resolves when the session is over. Never rejects. */
  async run(): Promise<void> {
    try {
      this.#greet()
      while (this.#state.kind !== 'logout' && (await this.#next()));
    } catch (error) {
      if (!(error instanceof ConnectionClosed)) this.#fail(error)
    } finally {
      clearTimeout(this.#timer)
      this.#leave({ kind: 'logout' })
      await this.#connection.end()
      this.#log.debug('imap session ended')
    }
  }

  /** A session that waits for its client ends now, one that works ends after its reply. */
  stop(text = 'Server is shutting down', code?: string): void {
    this.#farewell ??= code === undefined ? { text } : { text, code }
    if (!this.#running || this.#waitsForClient) this.#bye(text, code)
  }

  /** The password or the state of the account has changed since the sign-in. */
  signOut(): void {
    this.#log.info('imap sign-in is void')
    this.stop('Signed out: the password or the state of the account has changed')
  }

  /** The selected mailbox of another account, if it is one. */
  get shared(): OpenableMailbox | null {
    return this.#state.kind === 'selected' ? this.#state.shared : null
  }

  /** What `shared` rests on holds no more. */
  closeShared(): void {
    this.#log.info({ mailbox: this.shared?.address }, 'imap delegation has ended')
    this.stop('The selected mailbox is not open to you any more')
  }

  async #open(mailbox: OpenableMailbox): Promise<void> {
    const { mail, remoteIp } = this.#parts
    if (this.#state.kind !== 'authenticated' && this.#state.kind !== 'selected') return
    if (this.#opened.has(mailbox.account)) return
    await mail.delegations.opened(this.#state.user.account, mailbox, { protocol: 'imap', remoteIp })
    this.#opened.add(mailbox.account)
  }

  #greet(): void {
    const names = capabilitiesIn('not-authenticated', this.#channel).join(' ')
    this.#connection.write(`* ${encodeCondition('OK', `CAPABILITY ${names}`, 'Cong Vu IMAP ready')}`)
  }

  /** One command; false when there will be no more. */
  async #next(): Promise<boolean> {
    if (!this.#connection.lineReady) this.#turnStarted = 0
    const reading = await readCommand(this.#connection, {
      limits: this.#parts.limits,
      budget: this.#parts.budget,
      signedIn: this.#state.kind !== 'not-authenticated',
    })
    this.#turnStarted ||= performance.now()
    if (this.#state.kind !== 'not-authenticated') this.#timer.refresh()
    if (this.#farewell !== null || reading.kind === 'closed') return false
    if (reading.kind === 'command') {
      this.#running = true
      try {
        await this.#handle(reading.raw)
      } finally {
        this.#running = false
        reading.release()
      }
    } else this.#refuse(reading)
    return this.#goOn()
  }

  async #goOn(): Promise<boolean> {
    if (this.#connection.closed || this.#state.kind === 'logout') return false
    if (this.#farewell !== null) {
      this.#bye(this.#farewell.text, this.#farewell.code)
      return false
    }
    if (this.#wrongCommands >= this.#parts.limits.maxWrongCommands) {
      this.#bye('Too many wrong commands')
      return false
    }
    if (this.#failedSignIns >= this.#parts.limits.maxFailedSignIns) {
      this.#bye('Too many failed sign-ins')
      return false
    }
    await this.#connection.settle()
    await this.#yieldTurn()
    return true
  }

  #refuse(reading: Exclude<Reading, { kind: 'command' | 'closed' }>): void {
    this.#log.debug({ refused: reading.text }, 'imap input refused')
    if (reading.kind === 'hopeless') return this.#bye(reading.text, 'TOOBIG')
    if (reading.status === 'BAD') this.#wrongCommands++
    this.#reply(reading.tag, encodeCondition(reading.status, reading.code, reading.text))
  }

  async #handle(raw: RawCommand): Promise<void> {
    let tag: string | null = null
    let name = '?'
    try {
      const lexer = new ImapLexer(raw)
      tag = lexer.tag()
      lexer.space()
      const command = findCommand(lexer)
      name = command.name
      this.#trace(raw, command)
      if (!command.states.includes(this.#state.kind)) throw new SyntaxFault(`${name} is not allowed in this state`)
      const run = command.prepare(lexer, this.#enabled)
      await this.#execute(tag, command, run(this.#context(tag), this.#state))
    } catch (error) {
      if (error instanceof ConnectionClosed || error instanceof BrokenResponse) throw error
      await this.#answerError(tag ?? tagOf(raw.lines[0]), name, error)
    }
  }

  async #execute(tag: string, command: Command, run: Running): Promise<void> {
    const knewModseqs = this.#enabled.condstore
    const completion = await this.#pump(run)
    let { code } = completion
    if (completion.state !== undefined && completion.state !== this.#state) this.#enter(completion.state)
    else if (this.#state.kind === 'selected') {
      const { alwaysRefresh } = command
      const told = await this.#tell(this.#state, { alwaysRefresh, mayExpunge: command.mayExpunge && completion.keepsNumbers !== true })
      const modseq = this.#modseqToTell(this.#state, told, knewModseqs)
      if (modseq !== null && code === undefined) code = modseq
      else if (modseq !== null) this.#send({ type: 'condition', status: 'OK', code: modseq, text: 'Highest' })
    }
    this.#wrongCommands = completion.status === 'BAD' ? this.#wrongCommands + 1 : 0
    this.#reply(tag, encodeCondition(completion.status ?? 'OK', code, completion.text ?? `${command.name} completed`))
    if (completion.startTls === true) await this.#startTls()
    if (completion.startDeflate === true) await this.#startDeflate()
  }

  async #pump(run: Running): Promise<Completion> {
    if (run instanceof Promise) return run
    try {
      for (;;) {
        const step = await run.next()
        if (step.done === true) return step.value
        this.#send(step.value)
        await this.#connection.settle()
        await this.#yieldTurn()
      }
    } finally {
      // After an error of ours on the way the command must let go of what it holds.
      await run.return({})
    }
  }

  /** Whether messages have vanished for the client by what it was told. */
  async #tell(state: Selected, command: Pick<Command, 'mayExpunge' | 'alwaysRefresh'>): Promise<boolean> {
    const changed = this.#changed
    this.#changed = false
    if (command.alwaysRefresh) await state.view.refresh()
    else if (changed) await state.view.catchUp()
    const told = tellChanges(state, { mayExpunge: command.mayExpunge, enabled: this.#enabled })
    for (const response of told) this.#send(response)
    return told[0]?.type === 'vanished'
  }

  /**
   * The code HIGHESTMODSEQ: with the first command that shows that the client knows of it (RFC 7162 §3.1); after VANISHED,
   * which has no modseq of its own (§3.2.7); and while expunges are held back, so that a client which has seen higher ones in
   * FETCH does not pass them over when it comes back (§3.2, §6).
   */
  #modseqToTell({ view }: Selected, vanished: boolean, knewModseqs: boolean): string | null {
    const { condstore, qresync } = this.#enabled
    const tell = (condstore && !knewModseqs) || (qresync && (vanished || view.expungesHeld))
    return tell ? `HIGHESTMODSEQ ${view.modseq}` : null
  }

  async #answerError(tag: string | null, name: string, error: unknown): Promise<void> {
    if (error instanceof SyntaxFault) {
      this.#wrongCommands++
      this.#reply(tag, encodeCondition('BAD', undefined, error.message))
    } else if (error instanceof UnknownCharset) {
      this.#reply(tag, encodeCondition('NO', `BADCHARSET (${searchCharsets.join(' ')})`, error.message))
    } else if (error instanceof MailboxGone) {
      this.#bye('The selected mailbox was deleted')
    } else {
      const reply = isMailError(error) ? replyTo(error) : faultReply
      if (!isMailError(error)) this.#log.error({ err: error, command: name }, 'imap command failed')
      if (reply.status === 'BAD') this.#wrongCommands++
      this.#reply(tag, encodeCondition(reply.status, reply.code, reply.text))
    }
  }

  #reply(tag: string | null, condition: string): void {
    const line = `${tag ?? '*'} ${condition}`
    if (this.#log.isLevelEnabled('trace')) this.#log.trace({ server: line.trimEnd() }, 'imap')
    this.#connection.write(line)
  }

  #send(response: Untagged): void {
    if (response.type === 'ready') for (const chunk of response.chunks) this.#connection.write(chunk)
    else this.#connection.write(encodeUntagged(response, this.#enabled))
  }

  #context(tag: string): Context {
    const { mail, limits, remoteIp } = this.#parts
    const connection = this.#connection
    return {
      mail,
      limits,
      remoteIp,
      log: this.#log,
      channel: this.#channel,
      enabled: this.#enabled,
      tag,
      get signal() {
        return connection.signal
      },
      readLine: async (maxBytes) => {
        this.#waitsForClient = true
        const line = await connection.readLine(maxBytes)
        if (line === 'too-long') await connection.skipLine(limits.maxLineBytes)
        this.#waitsForClient = false
        if (this.#state.kind !== 'not-authenticated') this.#timer.refresh()
        return line
      },
      changes: async (state, mayExpunge) => {
        const changed = this.#changed
        this.#changed = false
        await (changed ? state.view.catchUp() : state.view.refresh())
        return tellChanges(state, { mayExpunge, enabled: this.#enabled })
      },
      signInFailed: () => {
        this.#failedSignIns++
      },
      opened: (mailbox) => this.#open(mailbox),
      admit: (account) => this.#parts.accounts.admit(account),
    }
  }

  // -- states -------------------------------------------------------------------------------------------------------------

  #enter(next: State): void {
    if (this.#state.kind === 'not-authenticated' && next.kind === 'authenticated') this.#signedIn(next)
    this.#leave(next)
    this.#state = next
    if (next.kind !== 'selected') return
    this.#changed = false
    this.#stopListening = next.view.onChange(() => {
      this.#changed = true
    })
  }

  /** Gives back what the present state holds and `next` does not. */
  #leave(next: State): void {
    const state = this.#state
    if (state.kind === 'selected' && !(next.kind === 'selected' && next.view === state.view)) {
      this.#stopListening?.()
      this.#stopListening = null
      state.view.close()
    }
    if (next.kind !== 'logout') return
    if (state.kind === 'selected' || state.kind === 'authenticated') this.#parts.accounts.left(state.user, this)
    this.#state = next
  }

  #signedIn(state: Extract<State, { kind: 'authenticated' }>): void {
    this.#parts.accounts.joined(state.user, this)
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#timeOut(), this.#parts.limits.idleTimeoutMs)
    const { account, address, by } = state.user
    this.#log.info({ account, address, ...(by !== undefined && { by: by.account }) }, 'imap signed in')
  }

  async #startTls(): Promise<void> {
    const context = this.#parts.startTls
    if (context === null || !(await this.#connection.startTls(context(), this.#parts.limits.handshakeTimeoutMs))) {
      this.#connection.destroy()
      throw new ConnectionClosed()
    }
    this.#channel = { ...this.#channel, secure: true, tlsOffered: false }
    this.#log.debug({ cipher: this.#connection.cipher }, 'imap starttls')
  }

  async #startDeflate(): Promise<void> {
    await this.#connection.startDeflate()
    this.#channel = { ...this.#channel, compressed: true }
    this.#log.debug('imap compress')
  }

  // -- ends ---------------------------------------------------------------------------------------------------------------

  #timeOut(): void {
    // A long command is not idleness, and a sign-in may be slowed down on purpose.
    if (this.#running && !this.#waitsForClient) {
      this.#timer.refresh()
      return
    }
    this.#log.info('imap session timed out')
    this.#bye(this.#state.kind === 'not-authenticated' ? 'No sign-in for too long' : 'Idle for too long')
  }

  #bye(text: string, code?: string): void {
    this.#reply(null, encodeCondition('BYE', code, text))
    this.#leave({ kind: 'logout' })
    if (!this.#running || this.#waitsForClient) void this.#connection.end()
  }

  #fail(error: unknown): void {
    this.#log.error({ err: error }, 'imap session failed')
    this.#connection.destroy()
  }

  /** Lets others run when this session has not waited for anything for a while. */
  async #yieldTurn(): Promise<void> {
    if (performance.now() - this.#turnStarted < turnMs) return
    await new Promise<void>((resolve) => setImmediate(resolve))
    this.#turnStarted = performance.now()
  }

  /** Lines, with their literals as sizes; of a command with a password only its name. */
  #trace(raw: RawCommand, command: Command): void {
    if (!this.#log.isLevelEnabled('trace')) return
    const text = command.secret ? `${tagOf(raw.lines[0]) ?? ''} ${command.name} ***` : raw.lines.map((line) => line.toString('latin1')).join(' ')
    this.#log.trace({ client: text.slice(0, 1000) }, 'imap')
  }
}
