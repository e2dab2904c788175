/** Other servers that mean harm: replies without end, replies byte by byte, replies that would write into our log. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import net from 'node:net'
import { after, before, describe, it } from 'node:test'
import { memoryOf } from '../../bench/process-tree.ts'
import { createHandover, type Handover } from '../../src/protocols/smtp/handover.ts'
import type { Ingress } from '../../src/protocols/smtp/haraka/supervise.ts'
import { fakeCore, type FakeCore } from '../support/fake-core.ts'

const mebibyte = 1024 * 1024
const timeoutMs = 300
/** What the other server does when we come to this command. */
type Trap = (socket: net.Socket) => void

describe('SMTP, hostile servers outside', () => {
  let core: FakeCore
  let ingress: Ingress
  let pid: number
  let outside: TrapServer
  let handover: Handover
  before(async () => {
    core = await fakeCore()
    outside = await trapServer()
    const settings = await core.settings()
    ingress = await core.start({ outbound: { ...settings.outbound, routes: [{ pattern: '*', host: '127.0.0.1', port: outside.port }], retryAfterSeconds: [3_600, 3_600], timeoutMs } })
    pid = ingress.pid!
    handover = createHandover({ place: settings.handover, token: core.token })
  })
  after(async () => {
    handover[Symbol.dispose]()
    const same = ingress.pid
    await core[Symbol.asyncDispose]()
    await outside[Symbol.asyncDispose]()
    assert.equal(same, pid, 'Haraka died on the way')
  })

  let rows = 0
  /** Sends one message into the trap; answers how it was reported, and what it cost. */
  const send = async (at: string, trap: Trap) => {
    outside.trap = { at, trap }
    const id = `row-${++rows}`
    const before = memoryOf([pid]).rssKiB
    await handover.hand({ sender: 'an@so.congvu.test', rows: [{ id, recipient: 'b@out.test' }], prefix: new Uint8Array(0), body: Buffer.from('Subject: x\r\n\r\nx\r\n') })
    const report = await core.report((one) => one.rows.includes(id))
    return { report, grownBytes: (memoryOf([pid]).rssKiB - before) * 1024 }
  }

  /** Writes until the other side hangs up. */
  const pour = (piece: string): Trap => (socket) => {
    const more = (): void => {
      while (!socket.destroyed && socket.write(piece.repeat(1_000))) continue
      if (!socket.destroyed) socket.once('drain', more)
    }
    more()
  }
  const drip = (text: string): Trap => (socket) => {
    let at = 0
    const timer = setInterval(() => socket.write(text[at++ % text.length]!), timeoutMs / 10)
    socket.once('close', () => clearInterval(timer))
  }

  for (const [what, piece] of [['a line without end', 'x'.repeat(100)], ['lines without an end of the reply', `250-${'x'.repeat(96)}\r\n`]] as const) {
    for (const at of ['connect', 'EHLO', 'RCPT', '.']) {
      it(`${what}, at ${at}: put off, and little of it is kept`, async () => {
        const { report, grownBytes } = await send(at, pour(at === 'connect' ? piece.replace('250', '220') : piece))
        assert.equal(report.outcome, 'deferred')
        assert.ok(grownBytes < 64 * mebibyte, `${grownBytes} bytes`)
      })
    }
  }

  it('a reply byte by byte for ever is given up, though the server is never silent for long', async () => {
    const { report } = await send('MAIL', drip('250-and so on\r\n'))
    assert.equal(report.outcome, 'deferred')
  })

  it('a reply of a megabyte is no reply', async () => {
    const { report } = await send('RCPT', (socket) => socket.write(`550 ${'x'.repeat(mebibyte)}\r\n`))
    assert.equal(report.outcome, 'deferred')
  })

  it('what looks like a log line, a colour or a line end in a reply is only text', async () => {
    const logged = core.logLines.length
    const forged = '\u2028[CRIT] [-] [core] forged\u2029\r[CRIT] forged\x1b[31m\x9b2J\0'
    const { report } = await send('RCPT', (socket) => socket.write(`550 5.1.1 no${forged}\r\n`))
    assert.equal(report.outcome, 'bounced')
    await send('MAIL', (socket) => socket.write(`garbage${forged}\r\n`))
    const lines = core.logLines.slice(logged)
    assert.ok(lines.some((line) => line.includes('garbage')), 'it is in the log')
    assert.deepEqual(lines.filter((line) => /^\w+ (?:\[CRIT\] )?(?:\[-\] \[core\] )?forged/.test(line)), [], 'no line of its own')
    assert.ok(lines.every((line) => !/[\x00-\x1f\x7f-\x9f\u2028\u2029]/.test(line)), JSON.stringify(lines))
  })
})

interface TrapServer extends AsyncDisposable {
  readonly port: number
  trap: { readonly at: string; readonly trap: Trap }
}

/** A server that behaves until the named command. */
async function trapServer(): Promise<TrapServer> {
  const sockets = new Set<net.Socket>()
  const server = net.createServer((socket) => {
    sockets.add(socket)
    let text = ''
    let caught = false
    const say = (at: string, reply: string): void => {
      if (outside.trap.at === at) {
        caught = true
        outside.trap.trap(socket)
      } else socket.write(reply)
    }
    socket.on('error', () => socket.destroy())
    socket.on('data', (chunk: Buffer) => {
      if (caught) return
      text += chunk.toString('latin1')
      for (let end = text.indexOf('\r\n'); end >= 0 && !caught; end = text.indexOf('\r\n')) {
        const line = text.slice(0, end)
        text = text.slice(end + 2)
        const verb = line === '.' ? '.' : (/^(EHLO|HELO|MAIL|RCPT|DATA|RSET|QUIT)\b/.exec(line)?.[1] ?? '')
        if (verb !== '') say(verb, verb === 'DATA' ? '354 go on\r\n' : '250 2.0.0 ok\r\n')
      }
    })
    say('connect', '220 trap.example ESMTP\r\n')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const outside: TrapServer = {
    port: (server.address() as net.AddressInfo).port,
    trap: { at: '', trap: () => undefined },
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
  return outside
}
