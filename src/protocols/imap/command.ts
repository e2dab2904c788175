/**
 * What a command is. `parse` is pure; `run` yields untagged responses and returns how the command ended. Refusals are
 * thrown as MailError; only `session.ts` reads, writes, checks the state and answers with the tag.
 */
import type { Logger } from '../../lib/log.ts'
import type { Mail, OpenableMailbox } from '../../core/mail.ts'
import type { AccountId } from '../../core/mailbox/mailbox.ts'
import type { Channel } from './capabilities.ts'
import type { Enabled } from './enabled.ts'
import type { ImapLimits } from './settings.ts'
import type { Selected, State, StateKind, StateOf } from './state.ts'
import type { Untagged } from './wire/encoder.ts'
import type { ImapLexer } from './wire/lexer.ts'

/** What of the session decides how an argument is read. */
export interface ParseOptions {
  /** Mailbox names and patterns are UTF-8, not modified UTF-7. */
  readonly utf8: boolean
  /** RFC 6855 was turned on. */
  readonly utf8Accept?: boolean
}

/** The session, as a running command may use it. */
export interface Context {
  readonly mail: Mail
  readonly log: Logger
  readonly limits: ImapLimits
  readonly channel: Channel
  readonly remoteIp: string
  /** Aborted when the client is gone. */
  readonly signal: AbortSignal
  readonly enabled: Enabled
  /** Of the running command. */
  readonly tag: string
  /** The next line from the client, for AUTHENTICATE and IDLE; null when it is gone, `too-long` is passed over. */
  readLine(maxBytes: number): Promise<Buffer | 'too-long' | null>
  /** What the client of a selected mailbox must be told, after reading what changed. */
  changes(state: Selected, mayExpunge: boolean): Promise<Untagged[]>
  /** Counts a refused sign-in against the session. */
  signInFailed(): void
  /** Before anything of another account's mailbox is shown: records who reads it, once a session. */
  opened(mailbox: OpenableMailbox): Promise<void>
  /** Refuses `limit-reached` when the account has as many sessions as it may have. */
  admit(account: AccountId): void
}

/** How a command ended; `OK` unless said otherwise. */
export interface Completion {
  readonly status?: 'OK' | 'NO' | 'BAD'
  /** Response code without its brackets. */
  readonly code?: string
  readonly text?: string
  /** The state from now on. */
  readonly state?: State
  /** After the tagged reply the TLS handshake begins. */
  readonly startTls?: boolean
  /** After the tagged reply everything is compressed, in both directions. */
  readonly startDeflate?: boolean
  /** No EXPUNGE may be told before this reply, although the command as such allows it. */
  readonly keepsNumbers?: boolean
}

export type Run = AsyncGenerator<Untagged, Completion, void>
/** A command that yields nothing may be a plain async function. */
export type Running = Run | Promise<Completion>

export interface Command {
  readonly name: string
  readonly states: readonly StateKind[]
  /** Whether other sessions' expunges may be told before the tagged reply (RFC 9051 §7.5.1). */
  readonly mayExpunge: boolean
  /** Whether changes are read and told before the tagged reply even when no bell rang. */
  readonly alwaysRefresh: boolean
  /** Arguments that no log may hold. */
  readonly secret: boolean
  /** Parses the arguments (the cursor stands after the command's name) and binds them to what will run. */
  prepare(lexer: ImapLexer, options: ParseOptions): (context: Context, state: State) => Running
}

export interface CommandDefinition<K extends StateKind, A> {
  readonly name: string
  readonly states: readonly K[]
  readonly mayExpunge?: boolean
  readonly alwaysRefresh?: boolean
  readonly secret?: boolean
  readonly parse: (lexer: ImapLexer, options: ParseOptions) => A
  readonly run: (context: Context, state: StateOf<K>, args: A) => Running
}

/** A command for the table; the compiler hands `run` only the states it declared. */
export function command<K extends StateKind, A>(definition: CommandDefinition<K, A>): Command {
  return {
    name: definition.name,
    states: definition.states,
    mayExpunge: definition.mayExpunge ?? true,
    alwaysRefresh: definition.alwaysRefresh ?? false,
    secret: definition.secret ?? false,
    prepare(lexer, options) {
      const args = definition.parse(lexer, options)
      // The session has checked the state before.
      return (context, state) => definition.run(context, state as StateOf<K>, args)
    },
  }
}

/** For commands without arguments. */
export function nothing(lexer: ImapLexer): null {
  lexer.end()
  return null
}
