/** Whose limits a client is counted against: its IPv4 address, or the /64 of its IPv6 address, of which one host has as many as it likes. */
import net from 'node:net'

export function clientNetwork(ip: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(ip)
  if (mapped !== null) return mapped[1]!
  return net.isIPv6(ip) ? `${firstHalf(ip)}::/64` : ip
}

/** The first four groups, with the zeros that `::` stands for. */
function firstHalf(ip: string): string {
  const [head = '', tail] = ip.split('%')[0]!.split('::')
  const groups = head === '' ? [] : head.split(':')
  if (tail !== undefined) {
    const after = tail === '' ? 0 : tail.split(':').length
    while (groups.length + after < 8) groups.push('0')
  }
  return groups.slice(0, 4).map((group) => group.toLowerCase().replace(/^0+(?=.)/, '')).join(':')
}
