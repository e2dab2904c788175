/** What a load balancer says of its client, in every form and piece by piece, and what it is not believed. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import net from 'node:net'
import { describe, test } from 'node:test'
import tls from 'node:tls'
import { generate } from 'selfsigned'
import { createConnectionCounts, listen, type ListenerSettings, type RemoteEnd } from '../../../../src/protocols/shared/listener.ts'
import { parseProxyHeader, proxyList } from '../../../../src/protocols/shared/proxy-header.ts'

const signature = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1')

function binary(command: number, family: number, addresses: Buffer): Buffer {
  const length = Buffer.alloc(2)
  length.writeUInt16BE(addresses.length)
  return Buffer.concat([signature, Buffer.from([0x20 | command, family]), length, addresses])
}

const four = Buffer.from([203, 0, 113, 7, 192, 0, 2, 1, 0x9c, 0x40, 0x03, 0xe1])
const six = Buffer.concat([Buffer.from('20010db8000000000000000000000007', 'hex'), Buffer.alloc(16, 1), Buffer.from([0x9c, 0x40, 0x03, 0xe1])])

const good: readonly [string, Buffer, object][] = [
  ['version 1, IPv4', Buffer.from('PROXY TCP4 203.0.113.7 192.0.2.1 40000 993\r\n'), { kind: 'client', ip: '203.0.113.7', port: 40_000 }],
  ['version 1, IPv6', Buffer.from('PROXY TCP6 2001:db8::7 2001:db8::1 40000 993\r\n'), { kind: 'client', ip: '2001:db8::7', port: 40_000 }],
  ['version 1, unknown', Buffer.from('PROXY UNKNOWN\r\n'), { kind: 'itself' }],
  ['version 1, unknown with more', Buffer.from('PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n'), { kind: 'itself' }],
  ['version 2, IPv4', binary(1, 0x11, four), { kind: 'client', ip: '203.0.113.7', port: 40_000 }],
  ['version 2, IPv4, with more', binary(1, 0x11, Buffer.concat([four, Buffer.alloc(300, 7)])), { kind: 'client', ip: '203.0.113.7', port: 40_000 }],
  ['version 2, IPv6', binary(1, 0x21, six), { kind: 'client', ip: '2001:db8:0:0:0:0:0:7', port: 40_000 }],
  ['version 2, local', binary(0, 0x11, four), { kind: 'itself' }],
  ['version 2, a Unix socket', binary(1, 0x31, Buffer.alloc(216)), { kind: 'itself' }],
]

describe('PROXY header', () => {
  for (const [name, bytes, header] of good) {
    test(name, () => {
      for (let length = 0; length < bytes.length; length++) assert.equal(parseProxyHeader(bytes.subarray(0, length)), 'more', `${length} bytes`)
      for (const rest of ['', 'PROXY TCP4 ', '\x16\x03\x01']) assert.deepEqual(parseProxyHeader(Buffer.concat([bytes, Buffer.from(rest, 'latin1')])), { header, bytes: bytes.length })
    })
  }

  test('anything else is none', () => {
    const wrong = ['\x16\x03\x01', 'a1 LOGIN x y\r\n', 'PROXX', 'PROXY TCP5 1.2.3.4 1.2.3.4 1 2\r\n', 'PROXY TCP4 2001:db8::7 x 1 2\r\n', 'PROXY TCP4 1.2.3 x 1 2\r\n', 'PROXY TCP4 1.2.3.4 1.2.3.4 x 2\r\n', 'PROXY TCP4 1.2.3.4 1.2.3.4 65536 2\r\n', `PROXY TCP4 ${'1'.repeat(200)}`]
    for (const text of wrong) {
      const parsed = parseProxyHeader(Buffer.from(text, 'latin1'))
      assert.ok(parsed !== 'more' && parsed.header.kind === 'none', text)
    }
    for (const bytes of [Buffer.concat([signature, Buffer.from([0x11, 0x11, 0, 12]), four]), Buffer.concat([signature, Buffer.from([0x22, 0x11, 0, 12]), four]), Buffer.concat([signature, Buffer.from([0x21, 0x11, 0xff, 0xff])])]) {
      const parsed = parseProxyHeader(bytes)
      assert.ok(parsed !== 'more' && parsed.header.kind === 'none')
    }
  })

  test('proxies are addresses and networks', () => {
    const isProxy = proxyList(['10.0.0.5', '172.28.0.0/16', '2001:db8::/32'])
    for (const ip of ['10.0.0.5', '172.28.255.1', '2001:db8:1::9']) assert.ok(isProxy(ip), ip)
    for (const ip of ['10.0.0.6', '172.29.0.1', '2001:db9::1', '', 'x']) assert.ok(!isProxy(ip), ip)
    assert.ok(!proxyList([])('127.0.0.1'))
    for (const wrong of ['host', '10.0.0.0/33', '10.0.0.0/x', '::/129']) assert.throws(() => proxyList([wrong]), /proxies: /)
  })
})

async function listener(changes: Partial<ListenerSettings>) {
  const remotes: RemoteEnd[] = []
  const limits = { maxConnections: 10, maxConnectionsPerIp: 1, writeTimeoutMs: 5_000, handshakeTimeoutMs: 5_000, ...changes.limits }
  const settings = { host: '127.0.0.1', port: 0, implicitTls: false, tlsContext: null, busyReply: 'busy\r\n', isProxy: proxyList(['127.0.0.1']), ...changes, limits }
  const listening = await listen(settings, createConnectionCounts(), async (connection, remote) => {
    remotes.push(remote)
    connection.write(Buffer.from(`hello ${remote.ip}\r\n`))
    await connection.drain()
    await new Promise((resolve) => setImmediate(resolve))
  })
  return { port: listening.port, remotes, [Symbol.asyncDispose]: () => listening[Symbol.asyncDispose]() }
}

async function answerTo(port: number, pieces: readonly (string | Buffer)[]): Promise<string> {
  const socket = net.connect({ port, host: '127.0.0.1', noDelay: true })
  socket.on('error', () => undefined)
  let text = ''
  socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
  for (const piece of pieces) {
    socket.write(piece)
    await new Promise((resolve) => setImmediate(resolve))
  }
  await new Promise((resolve) => socket.once('close', resolve))
  return text
}

describe('listener behind a load balancer', () => {
  test('the client is where the header says, in one piece or byte by byte', async () => {
    await using server = await listener({})
    for (const [name, bytes, header] of good) {
      const ip = 'ip' in header ? String(header.ip) : '127.0.0.1'
      assert.equal(await answerTo(server.port, [bytes]), `hello ${ip}\r\n`, name)
    }
    assert.equal(await answerTo(server.port, 'PROXY TCP4 203.0.113.9 192.0.2.1 40000 993\r\n'.split('')), 'hello 203.0.113.9\r\n')
    assert.deepEqual(server.remotes.at(-1), { ip: '203.0.113.9', port: 40_000, loopback: false })
  })

  test('a header that says loopback makes nobody local; without one the connection is closed', async () => {
    await using server = await listener({})
    assert.equal(await answerTo(server.port, ['PROXY TCP4 127.0.0.1 127.0.0.1 40000 993\r\n']), 'hello 127.0.0.1\r\n')
    assert.equal(server.remotes[0]!.loopback, false)
    assert.equal(await answerTo(server.port, ['a1 CAPABILITY\r\n']), '')
    await using impatient = await listener({ limits: { maxConnections: 10, maxConnectionsPerIp: 1, writeTimeoutMs: 5_000, handshakeTimeoutMs: 20 } })
    assert.equal(await answerTo(impatient.port, ['PROXY TCP4']), '')
    assert.equal(impatient.remotes.length, 0)
  })

  test('whoever is no load balancer is not believed', async () => {
    await using server = await listener({ isProxy: proxyList(['10.0.0.1']) })
    // What it sent is not read here, so that the reply may be lost with it.
    await answerTo(server.port, ['PROXY TCP4 203.0.113.7 192.0.2.1 40000 993\r\n'])
    assert.deepEqual([server.remotes[0]?.ip, server.remotes[0]?.loopback], ['127.0.0.1', true])
  })

  test('a TLS handshake may follow the header in the same piece', async () => {
    const pems = await generate([{ name: 'commonName', value: 'localhost' }], { keyType: 'ec', curve: 'P-256', algorithm: 'sha256' })
    const context = tls.createSecureContext({ cert: pems.cert, key: pems.private })
    await using server = await listener({ implicitTls: true, tlsContext: () => context })
    for (const [name, bytes] of good) {
      const socket = net.connect({ port: server.port, host: '127.0.0.1' })
      await once(socket, 'connect')
      // Both leave in one segment.
      socket.cork()
      socket.write(bytes)
      const secure = tls.connect({ socket, rejectUnauthorized: false })
      process.nextTick(() => socket.uncork())
      let text = ''
      secure.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      secure.on('error', () => undefined)
      await new Promise((resolve) => secure.once('close', resolve))
      assert.match(text, /^hello /, name)
    }
  })
})
