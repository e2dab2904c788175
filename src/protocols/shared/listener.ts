/**
 * TCP listeners of a protocol: clear with STARTTLS, or TLS from the first byte. Connections are limited in all and by
 * address, so that no single source takes every place; loopback is not counted, since proxies and our own programs come
 * from there. Every socket has TCP_NODELAY and keep-alive.
 */
import { createServer, isIPv4, type Server, type Socket } from 'node:net'
import type { SecureContext } from 'node:tls'
import { Connection } from './connection.ts'
import { readProxyHeader } from './proxy-header.ts'

export interface RemoteEnd {
  readonly ip: string
  readonly port: number
  readonly loopback: boolean
}

export interface ListenerSettings {
  readonly host: string
  /** 0: any free one. */
  readonly port: number
  readonly implicitTls: boolean
  /** Asked at each handshake, so that a renewed certificate needs no restart. Null: no TLS here. */
  readonly tlsContext: (() => SecureContext) | null
  readonly limits: ConnectionLimits
  /** What a client is told that finds no place, with its CRLF; only in clear. */
  readonly busyReply: string
  /** Load balancers, which say first who their client is (PROXY protocol). */
  readonly isProxy?: (ip: string) => boolean
}

export interface ConnectionLimits {
  readonly maxConnections: number
  readonly maxConnectionsPerIp: number
  readonly writeTimeoutMs: number
  readonly handshakeTimeoutMs: number
}

/** Shared by all listeners of one protocol: who is connected. */
export interface ConnectionCounts {
  total: number
  readonly byIp: Map<string, number>
}

export function createConnectionCounts(): ConnectionCounts {
  return { total: 0, byIp: new Map() }
}

/** Disposing takes no new connection from then on, and resolves when the open ones have ended. */
export interface Listener extends AsyncDisposable {
  readonly port: number
}

/** Clients that wait for the kernel to hand them over: a burst of clients at eight o'clock must not be refused. */
const backlog = 1024
const keepAliveMs = 120_000

/** Of a socket's address: IPv4 inside IPv6 is IPv4. */
export function plainIp(address: string | undefined): string {
  if (address === undefined) return ''
  return address.startsWith('::ffff:') && isIPv4(address.slice(7)) ? address.slice(7) : address
}

export function isLoopback(ip: string): boolean {
  return ip === '::1' || (ip.startsWith('127.') && isIPv4(ip))
}

/** `serve` ends when the session has ended; what it throws is its own to log. */
export async function listen(
  settings: ListenerSettings,
  counts: ConnectionCounts,
  serve: (connection: Connection, remote: RemoteEnd) => Promise<void>,
): Promise<Listener> {
  const server = createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: keepAliveMs, allowHalfOpen: true })
  server.on('connection', (socket: Socket) => void take(socket, settings, counts, serve))
  await opened(server, settings)
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : settings.port,
    [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())),
  }
}

function opened(server: Server, settings: ListenerSettings): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host: settings.host, port: settings.port, backlog }, () => {
      server.off('error', reject)
      // Too many open files and the like: the next connection may succeed.
      server.on('error', () => {})
      resolve()
    })
  })
}

/** A client behind a load balancer is where that says; what it says of loopback is not believed. */
async function remoteEnd(socket: Socket, { isProxy, limits }: ListenerSettings): Promise<RemoteEnd | null> {
  const ip = plainIp(socket.remoteAddress)
  const direct: RemoteEnd = { ip, port: socket.remotePort ?? 0, loopback: isLoopback(ip) }
  if (isProxy?.(ip) !== true) return direct
  const ignore = (): void => void socket.destroy()
  socket.on('error', ignore)
  const header = await readProxyHeader(socket, limits.handshakeTimeoutMs)
  socket.off('error', ignore)
  if (header.kind === 'none') return null
  return header.kind === 'itself' ? direct : { ip: plainIp(header.ip), port: header.port, loopback: false }
}

async function take(
  socket: Socket,
  settings: ListenerSettings,
  counts: ConnectionCounts,
  serve: (connection: Connection, remote: RemoteEnd) => Promise<void>,
): Promise<void> {
  const remote = await remoteEnd(socket, settings)
  // It is not a load balancer's client after all, or gone already.
  if (remote === null) return void socket.destroy()
  const { ip } = remote
  const { limits } = settings
  const ofIp = counts.byIp.get(ip) ?? 0
  if (ip === '' || counts.total >= limits.maxConnections || (!remote.loopback && ofIp >= limits.maxConnectionsPerIp)) {
    socket.on('error', () => socket.destroy())
    if (settings.implicitTls) socket.destroy()
    else socket.end(settings.busyReply, () => socket.destroy())
    return
  }
  counts.total++
  counts.byIp.set(ip, ofIp + 1)
  const connection = new Connection(socket, { writeTimeoutMs: limits.writeTimeoutMs })
  try {
    const secured = !settings.implicitTls || (settings.tlsContext !== null && (await connection.startTls(settings.tlsContext(), limits.handshakeTimeoutMs)))
    if (secured) await serve(connection, remote)
  } finally {
    connection.destroy()
    counts.total--
    const left = (counts.byIp.get(ip) ?? 1) - 1
    if (left > 0) counts.byIp.set(ip, left)
    else counts.byIp.delete(ip)
  }
}
