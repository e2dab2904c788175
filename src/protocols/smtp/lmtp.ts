/**
 * LMTP into core (RFC 2033): for our ingress a private Unix socket, or a port where it shows its token before anything else; and,
 * when asked for, a port on loopback for programs of the machine, whose mail is untrusted outside mail.
 *
 * Written here and not with npm smtp-server, because what it reads is not what was sent: it takes a dot away after a bare LF
 * too, rewrites `xn--` domains, refuses quoted local parts, and merges a recipient that is named twice, so that a reply is
 * missing (3.21.6).
 */
import net from 'node:net'
import { createByteBudget } from '../shared/byte-budget.ts'
import { listenPrivately, sameSecret, type PrivatePlace } from './json-lines.ts'
import { tokenLine } from './link-types.ts'
import { serveLmtp, type LmtpParts, type LmtpSession } from './lmtp-session.ts'

export interface LmtpOptions extends Omit<LmtpParts, 'trusted' | 'budget'> {
  /** A path is our ingress's, and so is a port with a token; else a port is for anybody on the machine and takes no transaction ids. */
  readonly place: PrivatePlace
  readonly token?: string
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

/** Whoever has a token shows it in this time. */
const tokenTimeoutMs = 5_000
const maxTokenLineBytes = 1_024

export async function listenLmtp({ place, token, ...parts }: LmtpOptions): Promise<LmtpServer> {
  const trusted = 'path' in place || token !== undefined
  // Ingress keeps to a limit of its own before it hands over.
  const held = trusted ? {} : { budget: createByteBudget(heldMessages * parts.limits.maxMessageBytes) }
  const sessions = new Map<LmtpSession, net.Socket>()
  const strangers = new Set<net.Socket>()
  const serve = (socket: net.Socket): void => {
    const session = serveLmtp(socket, { ...parts, ...held, trusted })
    sessions.set(session, socket)
    void session.closed.then(() => sessions.delete(session))
  }
  const server = net.createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
    if (!trusted) socket.setTimeout(idleTimeoutMs, () => socket.destroy())
    if (token === undefined || 'path' in place) return serve(socket)
    strangers.add(socket)
    socket.once('close', () => strangers.delete(socket))
    void showsToken(socket, token).then((known) => {
      strangers.delete(socket)
      if (!known) return void socket.destroy()
      serve(socket)
      socket.resume()
    })
  })
  server.maxConnections = maxConnections
  await listenPrivately(server, place)
  const address = server.address()
  return {
    place: 'path' in place || address === null || typeof address === 'string' ? place : { host: place.host, port: address.port },
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      for (const socket of strangers) socket.destroy()
      for (const session of sessions.keys()) session.stop()
      const late = setTimeout(() => {
        for (const socket of sessions.values()) socket.destroy()
      }, stopTimeoutMs)
      await closed
      clearTimeout(late)
    },
  }
}

/** Reads the line with the token; what comes behind it is the session's. */
async function showsToken(socket: net.Socket, token: string): Promise<boolean> {
  const pieces: Buffer[] = []
  const late = setTimeout(() => socket.destroy(), tokenTimeoutMs)
  const line = await new Promise<string | null>((resolve) => {
    socket.on('error', () => socket.destroy())
    socket.once('close', () => resolve(null))
    const take = (piece: Buffer): void => {
      pieces.push(piece)
      const bytes = Buffer.concat(pieces)
      const end = bytes.indexOf(0x0a)
      if (end < 0 && bytes.length <= maxTokenLineBytes) return
      socket.off('data', take)
      socket.pause()
      if (end >= 0 && end + 1 < bytes.length) socket.unshift(bytes.subarray(end + 1))
      resolve(end < 0 ? null : bytes.toString('latin1', 0, end + 1))
    }
    socket.on('data', take)
  })
  clearTimeout(late)
  return line !== null && sameSecret(line, tokenLine(token))
}
