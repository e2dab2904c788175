/** The private sockets of a running server, spoken to by programs that they are not for: they learn nothing and cost nothing. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { stat } from 'node:fs/promises'
import net from 'node:net'
import { join } from 'node:path'
import { duplexPair, type Duplex } from 'node:stream'
import { text } from 'node:stream/consumers'
import { after, before, beforeEach, describe, it } from 'node:test'
import { memoryOf } from '../../bench/process-tree.ts'
import { createByteBudget } from '../../src/protocols/shared/byte-budget.ts'
import { serveLmtp } from '../../src/protocols/smtp/lmtp-session.ts'
import { createFactsStore } from '../../src/protocols/smtp/transaction-facts.ts'
import { startServer, type Person, type RunningServer } from '../support/running-server.ts'
import { dataOf, dial } from '../support/smtp-dialogue.ts'

const mebibyte = 1024 * 1024
const message = dataOf(Buffer.from('Subject: x\r\n\r\nx\r\n'))

/** All that a connection says, once it is closed. */
function heardOf(socket: net.Socket): Promise<string> {
  let heard = ''
  socket.setEncoding('latin1').on('data', (text: string) => (heard += text))
  socket.on('error', () => socket.destroy())
  return new Promise((resolve) => void socket.once('close', () => resolve(heard)))
}

/** Writes a piece again and again until the other side has closed; answers how much it took. */
async function pour(socket: net.Socket, piece: Buffer): Promise<number> {
  const closed = heardOf(socket)
  const more = (): void => {
    while (!socket.destroyed && socket.write(piece)) continue
    if (!socket.destroyed) socket.once('drain', more)
  }
  socket.once('connect', more)
  await closed
  return socket.bytesWritten
}

describe('strangers on the private sockets', () => {
  let server: RunningServer
  let person: Person
  before(async () => {
    server = await startServer()
    person = await server.person('an', 'Nguyễn Văn An')
  })
  after(() => server.stop())

  /** `stays`: does not close because the other side has. */
  const connect = (name: string, stays = false): net.Socket => net.connect({ path: join(server.data, 'run', `${name}.sock`), allowHalfOpen: stays })
  const serves = async (): Promise<void> => {
    await using client = await dial(server.ports.smtp)
    assert.equal((await client.send({ from: 'a@x.example', to: [person.address], data: message })).code, 250)
    assert.ok((await server.control('account.list', {})) !== undefined)
  }
  const names = ['link', 'handover', 'lmtp', 'control'] as const

  for (const name of names) {
    it(`${name}: for the owner alone, in a folder for the owner alone`, async () => {
      assert.equal((await stat(join(server.data, 'run', `${name}.sock`))).mode & 0o777, 0o600)
      assert.equal((await stat(join(server.data, 'run'))).mode & 0o777, 0o700)
    })

    it(`${name}: a line of a gigabyte is cut off after little, and memory has a bound`, async () => {
      const before = memoryOf([server.pid]).rssKiB
      const taken = await pour(connect(name), Buffer.alloc(64 * 1024, 'x'))
      assert.ok(taken < 32 * mebibyte, `${taken} bytes`)
      assert.ok((memoryOf([server.pid]).rssKiB - before) * 1024 < 96 * mebibyte)
      await serves()
    })

    it(`${name}: noise, half lines and hanging up harm nobody`, async () => {
      for (const noise of ['\0\xff\n', '{}\n', '[]\n', 'null\n', '{"id":1}\n', '{"bytes":-1}\n', '{"token":1,"bytes":1e300}\n', '{"a":'.repeat(1_000), 'GET / HTTP/1.1\r\nHost: x\r\n\r\n', '\x16\x03\x01\x02\0', '{"id":1,"question":"hello","ask":null}\n', '{"id":1,"question":"__proto__","ask":{}}\n']) {
        const socket = connect(name)
        const heard = heardOf(socket)
        socket.end(Buffer.from(noise, 'latin1'))
        assert.ok(!(await heard).includes('answer'))
      }
      const half = connect(name)
      await once(half, 'connect')
      half.destroy()
      await serves()
    })
  }

  it('link: with a wrong token, or a question before the greeting, is closed without a word', async () => {
    for (const line of [{ id: 1, question: 'hello', ask: { token: 'wrong', node: 'x', pid: 1 } }, { id: 1, question: 'authenticate', ask: { user: person.address, password: person.password, remote: {} } }, { id: 1, question: 'report', ask: { outcome: 'delivered', rows: ['1'] } }]) {
      const socket = connect('link')
      const heard = heardOf(socket)
      socket.write(`${JSON.stringify(line)}\n`)
      assert.equal(await heard, '')
    }
  })

  it('handover: with a wrong token, or a batch before the greeting, is closed without a word', async () => {
    for (const frame of [{ token: 'wrong', bytes: 0 }, { id: 1, sender: 'evil@x.example', rows: [{ id: '1', recipient: 'b@out.example' }], bytes: 5 }]) {
      const socket = connect('handover')
      const heard = heardOf(socket)
      socket.write(`${JSON.stringify(frame)}\nhello`)
      assert.equal(await heard, '')
    }
  })

  it('link and handover: who says nothing is closed', async () => {
    const silent = [connect('link'), connect('handover')]
    assert.deepEqual(await Promise.all(silent.map(heardOf)), ['', ''])
  })

  it('link: a hundred strangers do not keep ingress from its questions', async () => {
    const strangers = Array.from({ length: 100 }, () => connect('link'))
    await Promise.all(strangers.map((socket) => once(socket, 'connect')))
    await serves()
    for (const socket of strangers) socket.destroy()
  })

  it('lmtp: what comes after QUIT is read by nobody, and the connection is closed although the client stays', async () => {
    const socket = connect('lmtp', true)
    const heard = heardOf(socket)
    const before = memoryOf([server.pid]).rssKiB
    socket.write('LHLO x\r\nQUIT\r\n')
    const more = (): void => {
      while (!socket.destroyed && socket.write(Buffer.alloc(64 * 1024, 'MAIL FROM:<a@b>\r\n'))) continue
      if (!socket.destroyed) socket.once('drain', more)
    }
    socket.once('connect', more)
    assert.match(await heard, /\r\n221 2\.0\.0 Bye\r\n$/)
    assert.ok((memoryOf([server.pid]).rssKiB - before) * 1024 < 64 * mebibyte)
    await serves()
  })

  it('lmtp: a transaction of somebody else, or one that has no facts, is not taken', async () => {
    const socket = connect('lmtp')
    const heard = heardOf(socket)
    socket.end(`LHLO x\r\nMAIL FROM:<${person.address}> XTRANSACTION=../../etc\r\nMAIL FROM:<${person.address}> XTRANSACTION=a\0b\r\n`)
    assert.deepEqual([...(await heard).matchAll(/^(\d{3}) /gm)].map(([, code]) => code), ['220', '250', '501', '501'])
  })
})

describe('strangers on the open LMTP port', () => {
  const maxMessageBytes = 2 * mebibyte
  const budget = createByteBudget(8 * maxMessageBytes)
  let delivered = 0
  beforeEach(() => (delivered = 0))

  /** A client's end, in memory: a write is done when the session has read it. */
  const connect = (): { readonly client: Duplex; readonly heard: Promise<string> } => {
    const [client, theirs] = duplexPair()
    using facts = createFactsStore()
    const delivery = { checkRecipient: async () => undefined, checkSender: async () => undefined, putOff: async () => undefined, deliver: async () => ({ duplicate: delivered++ < 0, filed: 1, queued: 0 }) }
    serveLmtp(theirs, {
      mail: { delivery },
      facts,
      log: { error: (detail: unknown) => assert.fail(JSON.stringify(detail)), warn: () => undefined },
      nowMs: () => 0,
      newTransaction: () => `t${delivered}`,
      limits: { hostname: 'mail.congvu.test', maxMessageBytes, maxRecipients: 10, factsTimeoutMs: 1 },
      trusted: false,
      budget,
    })
    return { client, heard: text(client) }
  }
  const opening = 'LHLO x\r\nMAIL FROM:<a@x.example>\r\nRCPT TO:<b@congvu.test>\r\nDATA\r\n'
  const closing = '\r\n.\r\nQUIT\r\n'
  const written = (client: Duplex, bytes: string | Buffer): Promise<void> => new Promise((resolve) => void client.write(bytes, () => resolve()))
  const lastReply = async (heard: Promise<string>): Promise<string> => /\r\n(\d{3}) [^\r]*\r\n221 /.exec(await heard)?.[1] ?? ''

  it('many large messages at once: those that there is no room for are told 452, and there is room again after', async () => {
    const body = Buffer.alloc(maxMessageBytes - 1_000, `${'A'.repeat(76)}\r\n`)
    const all = Array.from({ length: 12 }, connect)
    for (const { client } of all) await written(client, opening)
    for (const { client } of all) await written(client, body)
    for (const { client } of all) client.end(closing)
    const codes = await Promise.all(all.map(({ heard }) => lastReply(heard)))
    assert.deepEqual(codes, [...Array.from({ length: 8 }, () => '250'), ...Array.from({ length: 4 }, () => '452')])
    assert.equal(delivered, 8)
    assert.equal(budget.free, 8 * maxMessageBytes)
  })

  it('a message without an end is refused without being kept, and half a message gives its room back', async () => {
    const before = process.memoryUsage.rss()
    const { client, heard } = connect()
    await written(client, opening)
    const piece = Buffer.alloc(mebibyte, 'x')
    for (let sent = 0; sent < 200; sent++) await written(client, piece)
    client.end(closing)
    assert.equal(await lastReply(heard), '552')
    assert.ok(process.memoryUsage.rss() - before < 100 * mebibyte)
    const half = connect()
    await written(half.client, opening)
    await written(half.client, piece)
    assert.equal(budget.free, 8 * maxMessageBytes - mebibyte)
    half.client.end()
    await half.heard
    assert.equal(budget.free, 8 * maxMessageBytes)
    assert.equal(delivered, 0)
  })
})
