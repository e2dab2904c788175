/**
 * The IMAP server: listeners, sessions, their limits and their end. RFC 9051 §2.1; RFC 8314 (implicit TLS).
 * `serve` runs one session over any Duplex, so that tests need no network.
 */
import type { Duplex } from 'node:stream'
import type { SecureContext } from 'node:tls'
import type { Mail } from '../../core/mail.ts'
import type { Logger } from '../../lib/log.ts'
import { createByteBudget } from '../shared/byte-budget.ts'
import { Connection } from '../shared/connection.ts'
import { createConnectionCounts, listen, type Listener, type RemoteEnd } from '../shared/listener.ts'
import { proxyList } from '../shared/proxy-header.ts'
import { createAccountSessions } from './account-sessions.ts'
import { Session } from './session.ts'
import { defaultImapLimits, type ImapLimits, type TlsContext } from './settings.ts'
import { encodeCondition } from './wire/encoder.ts'

export interface ImapParts {
  readonly mail: Mail
  readonly log: Logger
  /** Each left out is as in `defaultImapLimits`. */
  readonly limits?: Partial<ImapLimits>
  readonly tls: TlsContext
  /** Load balancers whose PROXY headers are believed, by address or network. */
  readonly proxies?: readonly string[]
}

export interface ServeOptions {
  readonly remoteIp: string
  /** The stream is encrypted, or never leaves the machine. */
  readonly secure: boolean
  /** STARTTLS may be offered on it. */
  readonly startTls: boolean
}

export interface ImapSessions extends AsyncDisposable {
  /** Port 0 takes any free one; the answer is the port that was taken. */
  listen(where: { readonly host: string; readonly port: number; readonly implicitTls: boolean }): Promise<number>
  /** Resolves when the session is over. */
  serve(stream: Duplex, options: ServeOptions): Promise<void>
  readonly sessions: number
}

export interface ImapServer extends AsyncDisposable {
  readonly port: number
  readonly tlsPort: number
  /** Open now. */
  readonly connections: number
}

export interface ImapSettings {
  readonly mail: Mail
  readonly log: Logger
  readonly limits: ImapLimits
  readonly host: string
  /** With STARTTLS. 0: any free one. */
  readonly port: number
  /** TLS from the first byte. */
  readonly tlsPort: number
  readonly tlsContext: () => SecureContext
}

/** Listens on both ports. Rejects, with nothing left open, when one cannot be had. */
export async function startImap({ mail, log, limits, host, port, tlsPort, tlsContext }: ImapSettings): Promise<ImapServer> {
  await using starting = new AsyncDisposableStack()
  const sessions = starting.use(createImapServer({ mail, log, limits, tls: tlsContext }))
  const clear = await sessions.listen({ host, port, implicitTls: false })
  const secure = await sessions.listen({ host, port: tlsPort, implicitTls: true })
  const open = starting.move()
  return {
    port: clear,
    tlsPort: secure,
    get connections() {
      return sessions.sessions
    },
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  }
}

export function createImapServer(parts: ImapParts): ImapSessions {
  const limits: ImapLimits = { ...defaultImapLimits, ...parts.limits }
  const counts = createConnectionCounts()
  const budget = createByteBudget(limits.literalBudgetBytes)
  const accounts = createAccountSessions({ mail: parts.mail, log: parts.log, limits })
  const isProxy = proxyList(parts.proxies ?? [])
  const sessions = new Set<Session>()
  const connections = new Set<Connection>()
  const running = new Set<Promise<void>>()
  const listeners: Listener[] = []
  let sessionNumber = 0

  async function serve(connection: Connection, options: ServeOptions): Promise<void> {
    const session = run(connection, options)
    running.add(session)
    try {
      await session
    } finally {
      running.delete(session)
    }
  }

  async function run(connection: Connection, options: ServeOptions): Promise<void> {
    const log = parts.log.child({ session: ++sessionNumber, remote: options.remoteIp })
    const startTls = options.startTls ? parts.tls : null
    const session = new Session({ mail: parts.mail, log, limits, budget, accounts, startTls, remoteIp: options.remoteIp, secure: options.secure }, connection)
    sessions.add(session)
    connections.add(connection)
    try {
      await session.run()
    } finally {
      sessions.delete(session)
      connections.delete(connection)
    }
  }

  return {
    async listen({ host, port, implicitTls }) {
      const busyReply = `* ${encodeCondition('BYE', 'LIMIT', 'Too many connections')}`
      const take = (connection: Connection, remote: RemoteEnd): Promise<void> =>
        serve(connection, { remoteIp: remote.ip, secure: implicitTls || remote.loopback, startTls: !implicitTls })
      const listener = await listen({ host, port, implicitTls, tlsContext: parts.tls, limits, busyReply, isProxy }, counts, take)
      listeners.push(listener)
      return listener.port
    },
    serve: (stream, options) => serve(new Connection(stream, { writeTimeoutMs: limits.writeTimeoutMs }), options),
    get sessions() {
      return sessions.size
    },
    async [Symbol.asyncDispose]() {
      accounts[Symbol.dispose]()
      const closed = listeners.map((listener) => listener[Symbol.asyncDispose]())
      for (const session of sessions) session.stop('Server is shutting down', 'UNAVAILABLE')
      const deadline = setTimeout(() => {
        for (const connection of connections) connection.destroy()
      }, limits.drainMs)
      await Promise.all([...closed, ...running])
      clearTimeout(deadline)
    },
  }
}
