/** Load goes to this machine and to no other. */
import { createServer, type AddressInfo } from 'node:net'
import { once } from 'node:events'

export const loopback = '127.0.0.1'

/** Refuses any host but loopback. */
export function requireLoopback(host: string): void {
  if (!/^127\.\d+\.\d+\.\d+$/.test(host) && host !== '::1' && host !== 'localhost') throw new Error(`load goes to loopback only, not to ${host}`)
}

/** Ports that nobody listened on a moment ago, all different. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, loopback))
  await Promise.all(servers.map((server) => once(server, 'listening')))
  const ports = servers.map((server) => (server.address() as AddressInfo).port)
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}
