/**
 * LMTP into core (RFC 2033): a private Unix socket for our ingress, and, when asked for, a port on loopback for programs of the
 * machine, whose mail is untrusted outside mail.
 *
 * Written here and not with npm smtp-server, because what it reads is not what was sent: it takes a dot away after a bare LF
 * too, rewrites `xn--` domains, refuses quoted local parts, and merges a recipient that is named twice, so that a reply is
 * missing (3.21.6).
 */
import net from 'node:net'
import { createByteBudget } from '../shared/byte-budget.ts'
import { listenPrivately, type PrivatePlace } from './json-lines.ts'
import { serveLmtp, type LmtpParts, type LmtpSession } from './lmtp-session.ts'

export interface LmtpOptions extends Omit<LmtpParts, 'trusted' | 'budget'> {
  /** A path is our ingress's; a port is for anybody on the machine and takes no transaction ids. */
  readonly place: PrivatePlace
}

export interface LmtpServer extends AsyncDisposable {
  /** The port is the real one when 0 was asked for. */
  readonly place: PrivatePlace
}

const maxConnections = 500
/** What programs of the machine may have us hold of their messages, in messages of the largest size. */
const heldMessages = 8
/** Of a connection that is not our ingress's kept one. */
const idleTimeoutMs = 5 * 60_000
/** What a stop waits for deliveries in hand. */
const stopTimeoutMs = 4_000

export async function listenLmtp({ place, ...parts }: LmtpOptions): Promise<LmtpServer> {
  const trusted = 'path' in place
  // Ingress keeps to a limit of its own before it hands over.
  const held = trusted ? {} : { budget: createByteBudget(heldMessages * parts.limits.maxMessageBytes) }
  const sessions = new Map<LmtpSession, net.Socket>()
  const server = net.createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
    if (!trusted) socket.setTimeout(idleTimeoutMs, () => socket.destroy())
    const session = serveLmtp(socket, { ...parts, ...held, trusted })
    sessions.set(session, socket)
    void session.closed.then(() => sessions.delete(session))
  })
  server.maxConnections = maxConnections
  await listenPrivately(server, place)
  const address = server.address()
  return {
    place: trusted || address === null || typeof address === 'string' ? place : { host: place.host, port: address.port },
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      for (const session of sessions.keys()) session.stop()
      const late = setTimeout(() => {
        for (const socket of sessions.values()) socket.destroy()
      }, stopTimeoutMs)
      await closed
      clearTimeout(late)
    },
  }
}
