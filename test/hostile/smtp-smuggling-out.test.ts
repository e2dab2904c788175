/**
 * SMTP smuggling outwards: a message of ours must be one message for every server, also for one that takes a bare LF or CR for
 * a line end. What such a server would stumble over never leaves.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import net from 'node:net'
import { after, before, describe, it } from 'node:test'
import { createHandover, type Handover } from '../../src/protocols/smtp/handover.ts'
import { fakeCore, type FakeCore } from '../support/fake-core.ts'

const smuggled = 'MAIL FROM:<smuggled@example.com>\r\nRCPT TO:<victim@out.test>\r\nDATA\r\nSubject: smuggled\r\n\r\nx\r\n.\r\n'

/** What some server or other has taken for the end of a message, and what looks like it to our own writing. */
const falseEnds = [
  '\n.\n', '\r.\r', '\n.\r', '\r.\n', '\n.\r\n', '\r.\r\n', '\r\n.\n', '\r\n.\r', '\n\n.\n', '\r\r.\r', '\n\n.\r\n', '\r\r.\r\n', '\r\n\n.\n', '\r\n\r.\r', '\r\n.\r\r\n', '\r\n.\n\n',
  '\r\n.\r\n', '\n.\r\n\r\n.\n', '\r\n..\r\n', '\r\n\0.\r\n', '\r\n.\0\r\n', '\r\n. \r\n', '\r\n\u0085.\u0085', '\r\r\n.\r\r\n', '.\r\n', '\r\n.',
]

describe('SMTP smuggling outwards', () => {
  let core: FakeCore
  let outside: RawServer
  let handover: Handover
  before(async () => {
    core = await fakeCore()
    outside = await rawServer()
    const { outbound, handover: place } = await core.settings()
    await core.start({ outbound: { ...outbound, routes: [{ pattern: '*', host: '127.0.0.1', port: outside.port }] } })
    handover = createHandover({ place, token: core.token })
  })
  after(async () => {
    handover[Symbol.dispose]()
    await core[Symbol.asyncDispose]()
    await outside[Symbol.asyncDispose]()
  })

  for (const [number, end] of falseEnds.entries()) {
    it(`${JSON.stringify(end)} in a message is one message for the strictest and the laxest server`, async () => {
      const row = `row-${number}`
      const body = Buffer.from(`Subject: first\r\n\r\nfirst${end}${smuggled}`, 'latin1')
      const taken = outside.next()
      await handover.hand({ sender: 'an@so.congvu.test', rows: [{ id: row, recipient: 'b@out.test' }], prefix: new Uint8Array(0), body })
      const data = (await taken).toString('latin1')
      // No line but the last is a dot, and no line ends with anything but CR LF: there is nothing to disagree about.
      assert.ok(data.endsWith('\r\n.\r\n'))
      // Nor does dropping NUL, as some do, make one.
      assert.ok(!/\r(?!\n)|(?<!\r)\n|\0/.test(data))
      assert.deepEqual(data.slice(0, -5).split('\r\n').filter((line) => line === '.'), [])
      await core.report((report) => report.rows.includes(row) && report.outcome === 'delivered')
    })
  }
})

interface RawServer extends AsyncDisposable {
  readonly port: number
  /** The bytes of the next DATA as they came, with the closing dot line. */
  next(): Promise<Buffer>
}

/** Ends DATA at the strict end and keeps what came, byte by byte. */
async function rawServer(): Promise<RawServer> {
  const sockets = new Set<net.Socket>()
  let wanted = Promise.withResolvers<Buffer>()
  const server = net.createServer((socket) => {
    let text = ''
    let inData = false
    sockets.add(socket)
    socket.setEncoding('latin1')
    socket.on('error', () => socket.destroy())
    socket.write('220 lax.example ESMTP\r\n')
    socket.on('data', (chunk: string) => {
      text += chunk
      if (inData) {
        const end = `\r\n${text}`.indexOf('\r\n.\r\n')
        if (end < 0) return
        wanted.resolve(Buffer.from(text, 'latin1'))
        inData = false
        text = ''
        return void socket.write('250 2.0.0 taken\r\n')
      }
      for (let at = text.indexOf('\r\n'); at >= 0; at = text.indexOf('\r\n')) {
        const verb = text.slice(0, 4).toUpperCase()
        text = text.slice(at + 2)
        inData = verb === 'DATA'
        socket.write(inData ? '354 go on\r\n' : verb === 'QUIT' ? '221 bye\r\n' : '250 ok\r\n')
      }
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as net.AddressInfo).port,
    next() {
      wanted = Promise.withResolvers()
      return wanted.promise
    },
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}
