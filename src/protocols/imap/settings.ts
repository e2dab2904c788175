/** What the IMAP server needs to be told, and the limits that hold for everything that comes from clients. */
import type { SecureContext } from 'node:tls'

export interface ImapLimits {
  /** Of a line without its CRLF. RFC 7162 §4 asks for at least 8,192; lists of UIDs are longer. */
  readonly maxLineBytes: number
  /** Lines and literals of one command together, the messages of an APPEND aside. */
  readonly maxCommandBytes: number
  /** Before signing in. */
  readonly maxCommandBytesBeforeSignIn: number
  /** Largest message of an APPEND. */
  readonly maxMessageBytes: number
  /** All messages of one APPEND together. */
  readonly maxAppendBytes: number
  /** What all sessions together may hold of large literals. */
  readonly literalBudgetBytes: number
  /** RFC 9051 §5.4: at least 30 minutes. */
  readonly idleTimeoutMs: number
  /** From the connection to the sign-in. */
  readonly signInTimeoutMs: number
  /** A client that takes nothing of its answer for so long is dropped. */
  readonly writeTimeoutMs: number
  readonly handshakeTimeoutMs: number
  /** BADs in a row. */
  readonly maxWrongCommands: number
  /** Refused sign-ins of one session. */
  readonly maxFailedSignIns: number
  readonly maxConnections: number
  readonly maxConnectionsPerIp: number
  readonly maxSessionsPerAccount: number
  /** How often all open sessions are asked whether their sign-in still holds. */
  readonly revalidateEveryMs: number
  /** How soon those of an account are asked after something has changed there. */
  readonly revalidateAfterBellMs: number
  /** How long open sessions get to finish when the server stops. */
  readonly drainMs: number
}

export const defaultImapLimits: ImapLimits = {
  maxLineBytes: 65_536,
  maxCommandBytes: 262_144,
  maxCommandBytesBeforeSignIn: 8192,
  maxMessageBytes: 52_428_800,
  maxAppendBytes: 134_217_728,
  literalBudgetBytes: 536_870_912,
  idleTimeoutMs: 31 * 60_000,
  signInTimeoutMs: 60_000,
  writeTimeoutMs: 120_000,
  handshakeTimeoutMs: 30_000,
  maxWrongCommands: 10,
  maxFailedSignIns: 10,
  maxConnections: 20_000,
  maxConnectionsPerIp: 1000,
  maxSessionsPerAccount: 200,
  revalidateEveryMs: 30_000,
  revalidateAfterBellMs: 1000,
  drainMs: 4000,
}

/** Asked at each handshake, so that a renewed certificate needs no restart; null: no TLS. */
export type TlsContext = (() => SecureContext) | null
