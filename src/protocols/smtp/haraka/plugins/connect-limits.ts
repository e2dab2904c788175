/** How many connections may be open, of one address and in all; and the client's name, looked up beside the dialogue. */
import dns from 'node:dns'
import type net from 'node:net'
import { clientNetwork } from '../client-network.ts'
import { constants, harakaServer, refusal } from '../haraka.ts'
import type { HarakaConnection, HarakaPlugin, Next } from '../haraka-types.ts'
import { hangUp } from '../connection-changes.ts'
import { ingressNode } from '../ingress-node.ts'
import { replies } from '../replies-ingress.ts'
import { fromLoopback, sessionOf } from '../session.ts'

const openByClient = new Map<string, number>()
const counted = new Map<HarakaConnection, string>()

const nameTimeoutMs = 3_000
let resolver: dns.promises.Resolver | null = null

export function register(this: HarakaPlugin): void {
  resolver = new dns.promises.Resolver({ timeout: nameTimeoutMs, tries: 1 })
  const { dnsServers } = ingressNode().settings
  if (dnsServers !== null) resolver.setServers([...dnsServers])
  this.register_hook('connect_init', 'sendWithoutDelay')
  this.register_hook('lookup_rdns', 'startNameLookup')
  this.register_hook('connect', 'limitConnections')
  this.register_hook('disconnect', 'forgetConnection')
  this.register_hook('init_master', 'limitSockets')
}

/** TCP_NODELAY: without it a pipelining client waits 40 ms a transaction. */
export function sendWithoutDelay(next: Next, connection: HarakaConnection): void {
  const socket = connection.client.targetsocket ?? connection.client
  socket.setNoDelay?.(true)
  next()
}

/** The greeting does not wait for the name: it is there when the facts are collected, or it is not. */
export function startNameLookup(next: Next, connection: HarakaConnection): void {
  const { remote } = connection
  if (!remote.is_private) {
    resolver!.reverse(remote.ip).then(
      (names) => {
        if (names[0] !== undefined) connection.set('remote.host', names[0].replace(/[^\x21-\x7e]/g, '?'))
      },
      () => connection.set('remote.host', 'Unknown'),
    )
  }
  next(constants.ok, 'Unknown')
}

/** Sockets above the limits, so that most are told why they are refused. */
const spareSockets = 50

/**
 * Sockets that have not become connections of Haraka's: a TLS handshake that never ends would be counted nowhere. Behind a
 * load balancer all have its address, and only the sum counts.
 */
export function limitSockets(next: Next): void {
  const { limits, proxies } = ingressNode().settings
  const perNetwork = Math.max(limits.exchangeConnectionsPerIp, limits.submissionConnectionsPerIp) + spareSockets
  for (const listener of harakaServer.listeners) {
    const open = new Map<string, number>()
    listener.maxConnections = limits.maxConnections + spareSockets
    if (proxies.length === 0) listener.on('connection', (socket: net.Socket) => countSocket(socket, open, perNetwork))
  }
  next()
}

function countSocket(socket: net.Socket, open: Map<string, number>, limit: number): void {
  const ip = socket.remoteAddress ?? ''
  if (fromLoopback({ remote: { ip } })) return
  const network = clientNetwork(ip)
  const count = (open.get(network) ?? 0) + 1
  open.set(network, count)
  socket.once('close', () => {
    const left = open.get(network)! - 1
    if (left > 0) open.set(network, left)
    else open.delete(network)
  })
  if (count > limit) socket.destroy()
}

export function limitConnections(next: Next, connection: HarakaConnection): void {
  const { limits } = ingressNode().settings
  const { service } = sessionOf(connection)
  const key = `${service} ${clientNetwork(connection.remote.ip)}`
  const open = (openByClient.get(key) ?? 0) + 1
  openByClient.set(key, open)
  counted.set(connection, key)
  const limit = service === 'exchange' ? limits.exchangeConnectionsPerIp : limits.submissionConnectionsPerIp
  // Of loopback only the sum counts: behind it are our own programs, whose clients differ.
  const reply = open > limit && !fromLoopback(connection) ? replies.tooManyConnections : counted.size > limits.maxConnections ? replies.serverFull : null
  if (reply === null) return next()
  const [, about] = refusal(reply)
  next(constants.denysoftdisconnect, about)
}

export function forgetConnection(next: Next, connection: HarakaConnection): void {
  const key = counted.get(connection)
  if (key !== undefined) {
    counted.delete(connection)
    const open = openByClient.get(key)! - 1
    if (open > 0) openByClient.set(key, open)
    else openByClient.delete(key)
  }
  next()
}

/** Before a stop: those whose message is not at its end are told to come back later. */
export function hangUpIdle(): void {
  for (const connection of counted.keys()) if (!connection.awaiting_data_reply) hangUp(connection, replies.stopping)
}
