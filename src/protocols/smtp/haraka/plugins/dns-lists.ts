/**
 * DNS block lists (RFC 5782) for the client's address. The look-ups run beside the dialogue and are waited for at the end of
 * DATA: a list that hangs delays one message by the limit, never the greeting, and is a fact ("unanswered").
 */
import dns from 'node:dns'
import net from 'node:net'
import type { HarakaConnection, HarakaPlugin, Next } from '../haraka-types.ts'
import { ingressNode } from '../ingress-node.ts'
import { sessionOf } from '../session.ts'

let resolver: dns.promises.Resolver | null = null

export function register(this: HarakaPlugin): void {
  const { checks, dnsServers } = ingressNode().settings
  resolver = new dns.promises.Resolver({ timeout: checks.timeoutMs, tries: 1 })
  if (dnsServers !== null) resolver.setServers([...dnsServers])
  this.register_hook('connect', 'startLookups')
}

export function startLookups(next: Next, connection: HarakaConnection): void {
  const session = sessionOf(connection)
  const { ip, is_private: isPrivate } = connection.remote
  if (session.service === 'exchange' && !isPrivate) session.dnsLists = lookUp(ip, ingressNode().settings.checks.dnsLists)
  next()
}

async function lookUp(ip: string, zones: readonly string[]): Promise<{ listed: string[]; unanswered: string[] }> {
  const name = reversedAddress(ip)
  const found = await Promise.all(zones.map(async (zone) => ({ zone, listed: await isListed(`${name}.${zone}`) })))
  return {
    listed: found.filter(({ listed }) => listed === true).map(({ zone }) => zone),
    unanswered: found.filter(({ listed }) => listed === null).map(({ zone }) => zone),
  }
}

/** null = no answer. RFC 5782 §2.1: an A record within 127.0.0.0/8 means listed; 127.255.255.x is the list's own error. */
async function isListed(name: string): Promise<boolean | null> {
  try {
    const addresses = await resolver!.resolve4(name)
    if (addresses.some((address) => address.startsWith('127.255.255.'))) return null
    return addresses.some((address) => address.startsWith('127.'))
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    return code === dns.NOTFOUND || code === dns.NODATA ? false : null
  }
}

export function reversedAddress(ip: string): string {
  if (net.isIPv4(ip)) return ip.split('.').toReversed().join('.')
  const [head = '', tail] = ip.split('::')
  const groups = (text: string): string[] => (text === '' ? [] : text.split(':'))
  const front = groups(head)
  const back = groups(tail ?? '')
  const middle = tail === undefined ? [] : Array.from({ length: 8 - front.length - back.length }, () => '0')
  const digits = [...front, ...middle, ...back].map((group) => group.padStart(4, '0')).join('')
  return [...digits].toReversed().join('.')
}
