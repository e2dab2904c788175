/**
 * The PROXY protocol (haproxy.org, proxy-protocol.txt, versions 1 and 2): what a load balancer says of the client before the
 * client's own bytes. Believed only from the addresses that the settings name; from them it must come.
 *
 * Invariant: not a byte of what follows the header is taken: it is the client's, and may be a TLS handshake.
 */
import { BlockList, isIP, isIPv6, type Socket } from 'node:net'

export type ProxyHeader =
  | { readonly kind: 'client'; readonly ip: string; readonly port: number }
  /** The load balancer speaks for itself, to see whether we are there. */
  | { readonly kind: 'itself' }
  | { readonly kind: 'none' }

/** From one `read` to the next there may be less than a header. */
type Parsed = { readonly header: ProxyHeader; readonly bytes: number } | 'more'

const signature = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1')
const maxLineBytes = 107
/** Addresses and what else a version 2 header may tell of the connection. */
const maxHeaderBytes = 4_096
const none: Parsed = { header: { kind: 'none' }, bytes: 0 }
const itself: ProxyHeader = { kind: 'itself' }

/** Addresses or networks (`10.0.0.0/8`); throws a readable Error for what is neither. */
export function proxyList(proxies: readonly string[]): (ip: string) => boolean {
  const list = new BlockList()
  for (const proxy of proxies) {
    const [address = '', prefix] = proxy.split('/')
    const family = isIPv6(address) ? 'ipv6' : 'ipv4'
    const bits = Number(prefix)
    if (isIP(address) === 0 || (prefix !== undefined && !(Number.isInteger(bits) && bits >= 0 && bits <= (family === 'ipv6' ? 128 : 32)))) {
      throw new Error(`proxies: ${JSON.stringify(proxy)}: cần / expected an address or a network, as 10.0.0.5 or 10.0.0.0/24`)
    }
    if (prefix === undefined) list.addAddress(address, family)
    else list.addSubnet(address, bits, family)
  }
  return (ip) => isIP(ip) !== 0 && list.check(ip, isIPv6(ip) ? 'ipv6' : 'ipv4')
}

/** `none` when something else came, or nothing in time. Leaves the socket paused, with all that follows in it. */
export function readProxyHeader(socket: Socket, timeoutMs: number): Promise<ProxyHeader> {
  return new Promise((resolve) => {
    let bytes: Buffer = Buffer.alloc(0)
    const end = (header: ProxyHeader): void => {
      clearTimeout(late)
      socket.off('readable', take).off('end', gone).off('close', gone).off('error', gone)
      resolve(header)
    }
    const gone = (): void => end({ kind: 'none' })
    const take = (): void => {
      for (let piece = socket.read() as Buffer | null; piece !== null; piece = socket.read() as Buffer | null) {
        bytes = bytes.length === 0 ? piece : Buffer.concat([bytes, piece])
        const parsed = parseProxyHeader(bytes)
        if (parsed === 'more') continue
        if (bytes.length > parsed.bytes) socket.unshift(bytes.subarray(parsed.bytes))
        return end(parsed.header)
      }
    }
    const late = setTimeout(gone, timeoutMs)
    socket.on('readable', take).on('end', gone).on('close', gone).on('error', gone)
  })
}

export function parseProxyHeader(bytes: Buffer): Parsed {
  const start = bytes.subarray(0, signature.length)
  if (start.equals(signature.subarray(0, start.length))) return start.length < signature.length ? 'more' : parseBinary(bytes)
  const word = bytes.toString('latin1', 0, 6)
  if (!'PROXY '.startsWith(word)) return none
  const at = bytes.subarray(0, maxLineBytes).indexOf('\r\n')
  if (at < 0) return bytes.length < maxLineBytes ? 'more' : none
  return { header: parseLine(bytes.toString('latin1', 0, at)), bytes: at + 2 }
}

/** §2.1. */
function parseLine(line: string): ProxyHeader {
  const [, protocol, source = '', , port = ''] = line.split(' ')
  if (protocol === 'UNKNOWN') return itself
  if (protocol !== 'TCP4' && protocol !== 'TCP6') return { kind: 'none' }
  return client(source, protocol === 'TCP4' ? 4 : 6, /^\d{1,5}$/.test(port) ? Number(port) : -1)
}

/** §2.2. */
function parseBinary(bytes: Buffer): Parsed {
  if (bytes.length < 16) return 'more'
  const [version, command] = [bytes[12]! >> 4, bytes[12]! & 0x0f]
  const total = 16 + bytes.readUInt16BE(14)
  if (version !== 2 || command > 1 || total > maxHeaderBytes) return none
  if (bytes.length < total) return 'more'
  if (command === 0) return { header: itself, bytes: total }
  const family = bytes[13]! >> 4
  if (family === 1 && total >= 28) return { header: client(bytes.subarray(16, 20).join('.'), 4, bytes.readUInt16BE(24)), bytes: total }
  if (family === 2 && total >= 52) return { header: client(ipv6(bytes.subarray(16, 32)), 6, bytes.readUInt16BE(48)), bytes: total }
  // A protocol that says nothing of addresses.
  return { header: itself, bytes: total }
}

function client(ip: string, version: 4 | 6, port: number): ProxyHeader {
  return isIP(ip) === version && port >= 0 && port < 65_536 ? { kind: 'client', ip, port } : { kind: 'none' }
}

function ipv6(bytes: Buffer): string {
  return Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(2 * i).toString(16)).join(':')
}
