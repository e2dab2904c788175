/** Dialogues with core's LMTP server (RFC 2033) over its private socket and over a port. */
import assert from 'node:assert/strict'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { MailError } from '../../../src/core/errors.ts'
import type { Delivering, IncomingMessage } from '../../../src/core/mail.ts'
import type { PrivatePlace } from '../../../src/protocols/smtp/json-lines.ts'
import type { TransactionFacts } from '../../../src/protocols/smtp/link-types.ts'
import { listenLmtp, type LmtpServer } from '../../../src/protocols/smtp/lmtp.ts'
import { createFactsStore, type FactsStore } from '../../../src/protocols/smtp/transaction-facts.ts'

class Rig implements AsyncDisposable {
  readonly taken: IncomingMessage[] = []
  readonly faults: unknown[] = []
  readonly facts: FactsStore = createFactsStore()
  deliver: (message: IncomingMessage) => Promise<void> = async () => undefined
  check: (recipient: string) => Promise<void> = async () => undefined
  folder = ''
  server!: LmtpServer

  async open(place: 'socket' | 'port', limits: { maxMessageBytes?: number; maxRecipients?: number } = {}): Promise<this> {
    this.folder = await mkdtemp(join(tmpdir(), 'congvu-lmtp-'))
    const delivery: Delivering = {
      checkRecipient: ({ recipient }) => this.check(recipient),
      checkSender: async () => undefined,
      putOff: async () => undefined,
      deliver: async (message) => {
        this.taken.push(message)
        await this.deliver(message)
        return { duplicate: false, filed: message.recipients.length, queued: 0 }
      },
    }
    const log = { error: (detail: object) => this.faults.push(detail), warn: () => undefined }
    this.server = await listenLmtp({
      place: place === 'socket' ? { path: join(this.folder, 'lmtp.sock') } : { host: '127.0.0.1', port: 0 },
      mail: { delivery },
      facts: this.facts,
      log: log as never,
      nowMs: () => 1000,
      newTransaction: () => 'random-id',
      limits: { hostname: 'mail.example', maxMessageBytes: 100_000, maxRecipients: 100, factsTimeoutMs: 20, ...limits },
    })
    return this
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]()
    this.facts[Symbol.dispose]()
    await rm(this.folder, { recursive: true })
  }
}

/** Sends text and waits for so many reply lines. */
class Client implements Disposable {
  #socket: net.Socket
  #text = ''
  #wake: () => void = () => undefined
  ended = false

  constructor(place: PrivatePlace) {
    this.#socket = 'path' in place ? net.connect(place.path) : net.connect(place.port, place.host)
    this.#socket.setEncoding('latin1')
    this.#socket.on('data', (text: string) => ((this.#text += text), this.#wake()))
    this.#socket.on('end', () => ((this.ended = true), this.#wake()))
    this.#socket.on('error', () => undefined)
  }

  send(bytes: string | Buffer): void {
    this.#socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes)
  }

  async lines(count: number): Promise<string[]> {
    for (;;) {
      const lines = this.#text.split('\r\n')
      if (lines.length > count) {
        this.#text = lines.slice(count).join('\r\n')
        return lines.slice(0, count)
      }
      assert.ok(!this.ended, `the server left after ${JSON.stringify(this.#text)}`)
      await new Promise<void>((resolve) => (this.#wake = resolve))
    }
  }

  async untilEnd(): Promise<string> {
    while (!this.ended) await new Promise<void>((resolve) => (this.#wake = resolve))
    return this.#text
  }

  async greet(): Promise<void> {
    this.send('LHLO client.example\r\n')
    await this.lines(7)
  }

  hangUp(): void {
    this.#socket.end()
  }

  [Symbol.dispose](): void {
    this.#socket.destroy()
  }
}

const factsOf = (transaction: string, account: string | null = null): TransactionFacts => ({
  transaction,
  remote: { ip: '192.0.2.1', port: 40000, name: 'mx.example', helo: 'mx', tls: true, loopback: false },
  account,
  service: account === null ? 'exchange' : 'submission',
  sender: 'a@b.c',
  recipients: [],
  sizeBytes: 1,
  receivedAtMs: 77,
  spf: { result: 'pass', domain: 'b.c' },
  dkim: null,
  dmarc: null,
  spam: null,
  virus: null,
  dnsLists: [],
  unanswered: ['clamd'],
})

test('one pipelined transaction: each recipient gets its reply, with the facts, after the message is durable', async () => {
  await using rig = await new Rig().open('socket')
  let release: () => void = () => undefined
  rig.deliver = () => new Promise((resolve) => (release = resolve))
  using client = new Client(rig.server.place)
  assert.deepEqual(await client.lines(1), ['220 mail.example LMTP'])
  client.send('LHLO ingress\r\n')
  assert.deepEqual(await client.lines(6), ['250-mail.example', '250-PIPELINING', '250-ENHANCEDSTATUSCODES', '250-8BITMIME', '250-SMTPUTF8', '250 SIZE 100000'])
  rig.facts.put(factsOf('01tx', 'a7'))
  client.send('MAIL FROM:<a@b.c> XTRANSACTION=01tx\r\nRCPT TO:<x@y.z>\r\nRCPT TO:<x@y.z>\r\nDATA\r\n')
  assert.deepEqual(await client.lines(4), ['250 2.1.0 OK', '250 2.1.5 OK', '250 2.1.5 OK', '354 Send the message'])
  client.send('A: b\r\n\r\n..\n..\r\n.\r\nNOOP\r\n')
  while (rig.taken.length === 0) await new Promise((resume) => setImmediate(resume))
  release()
  assert.deepEqual(await client.lines(3), ['250 2.6.0 Message kept', '250 2.6.0 Message kept', '250 2.0.0 OK'])
  const [message] = rig.taken
  assert.deepEqual({ ...message, bytes: Buffer.from(message!.bytes).toString('latin1') }, {
    transaction: '01tx',
    sender: 'a@b.c',
    recipients: ['x@y.z', 'x@y.z'],
    bytes: 'A: b\r\n\r\n.\n..\r\n',
    account: 'a7',
    facts: { remoteIp: '192.0.2.1', remoteName: 'mx.example', helo: 'mx', tls: true, spf: { result: 'pass', domain: 'b.c' }, dkim: null, dmarc: null, spam: null, virus: null, dnsLists: [], unanswered: ['clamd'] },
    receivedAtMs: 77,
  })
})

test('facts may come after the body', async () => {
  await using rig = await new Rig().open('socket')
  using client = new Client(rig.server.place)
  await client.greet()
  client.send('MAIL FROM:<> XTRANSACTION=late\r\nRCPT TO:<x@y.z>\r\nDATA\r\n.\r\n')
  await client.lines(3)
  rig.facts.put(factsOf('late'))
  assert.deepEqual(await client.lines(1), ['250 2.6.0 Message kept'])
})

test('a message whose facts do not come is not taken for outside mail: it is refused for now', async () => {
  await using rig = await new Rig().open('socket')
  using client = new Client(rig.server.place)
  await client.greet()
  client.send('MAIL FROM:<a@b.c> XTRANSACTION=lost\r\nRCPT TO:<x@y.z>\r\nDATA\r\nA: b\r\n.\r\n')
  assert.match((await client.lines(4))[3]!, /^451 4\.3\.0 /)
  assert.deepEqual(rig.taken, [])
})

test('a refusal is the reply of each recipient; a bug is 451 without its text, and is logged', async () => {
  await using rig = await new Rig().open('socket')
  using client = new Client(rig.server.place)
  await client.greet()
  const say = async (): Promise<string[]> => {
    rig.facts.put(factsOf('t'))
    client.send('MAIL FROM:<a@b.c> XTRANSACTION=t\r\nRCPT TO:<x@y.z>\r\nRCPT TO:<u@y.z>\r\nDATA\r\n.\r\n')
    return (await client.lines(6)).slice(4)
  }
  rig.deliver = () => Promise.reject(new MailError('mail-loop'))
  assert.deepEqual((await say()).map((line) => line.slice(0, 9)), ['554 5.4.6', '554 5.4.6'])
  rig.deliver = () => Promise.reject(new TypeError('inner detail'))
  for (const line of await say()) assert.match(line, /^451 4\.3\.0 (?!.*inner detail)/)
  assert.equal(rig.faults.length, 1)
  rig.deliver = async () => undefined
  assert.match((await say())[0]!, /^250 /)
})

test('a port on this machine is untrusted: recipients are checked, and no transaction can be borrowed', async () => {
  await using rig = await new Rig().open('port')
  rig.check = async (recipient) => {
    if (recipient === 'unknown@y.z') throw new MailError('address-unknown')
  }
  rig.facts.put(factsOf('01tx', 'a7'))
  using client = new Client(rig.server.place)
  await client.greet()
  client.send('MAIL FROM:<a@b.c> XTRANSACTION=01tx\r\nRCPT TO:<unknown@y.z>\r\nRCPT TO:<x@y.z>\r\nDATA\r\nA: b\r\n\r\n.\r\n')
  const lines = await client.lines(5)
  assert.deepEqual(lines.map((line) => line.slice(0, 3)), ['250', '550', '250', '354', '250'])
  const [message] = rig.taken
  assert.deepEqual([message!.transaction, message!.account, message!.facts, message!.recipients, message!.receivedAtMs], ['random-id', null, null, ['x@y.z'], 1000])
})

test('the private socket is for its owner alone', async () => {
  await using rig = await new Rig().open('socket')
  assert.equal((await stat((rig.server.place as { path: string }).path)).mode & 0o777, 0o600)
})

test('commands in the wrong order or with bad syntax are refused and change nothing', async () => {
  await using rig = await new Rig().open('socket')
  using client = new Client(rig.server.place)
  await client.lines(1)
  const codes = async (text: string, count: number): Promise<string[]> => {
    client.send(text)
    return (await client.lines(count)).map((line) => line.slice(0, 3))
  }
  assert.deepEqual(await codes('MAIL FROM:<a@b.c>\r\nHELO x\r\nLHLO\r\n', 3), ['503', '500', '501'])
  await codes('LHLO x\r\n', 6)
  assert.deepEqual(await codes('RCPT TO:<x@y.z>\r\nDATA\r\nMAIL FROM:a\r\nMAIL FROM:<a@b.c> XTRANSACTION=../x\r\n', 4), ['503', '503', '501', '501'])
  assert.deepEqual(await codes('MAIL FROM:<a@b.c> XTRANSACTION=t SIZE=100001\r\nMAIL FROM:<a@b.c> XTRANSACTION=t\r\nMAIL FROM:<a@b.c>\r\nDATA\r\nRSET\r\nRCPT TO:<x@y.z>\r\n', 6), ['552', '250', '503', '503', '250', '503'])
  client.send('VRFY x\r\nQUIT\r\nNOOP\r\n')
  assert.equal(await client.untilEnd(), '252 2.5.2 Send mail to find out\r\n221 2.0.0 Bye\r\n')
})

test('too many recipients are refused one by one, too large a message as a whole; the session goes on', async () => {
  await using rig = await new Rig().open('socket', { maxMessageBytes: 50, maxRecipients: 2 })
  using client = new Client(rig.server.place)
  await client.greet()
  rig.facts.put(factsOf('t'))
  client.send('MAIL FROM:<a@b.c> XTRANSACTION=t\r\nRCPT TO:<1@y.z>\r\nRCPT TO:<2@y.z>\r\nRCPT TO:<3@y.z>\r\nDATA\r\n' + 'x'.repeat(51) + '\r\n.\r\n')
  assert.deepEqual((await client.lines(7)).map((line) => line.slice(0, 9)), ['250 2.1.0', '250 2.1.5', '250 2.1.5', '452 4.5.3', '354 Send ', '552 5.3.4', '552 5.3.4'])
  client.send('MAIL FROM:<a@b.c> XTRANSACTION=t\r\nRCPT TO:<1@y.z>\r\nDATA\r\nx\r\n.\r\n')
  assert.match((await client.lines(4))[3]!, /^250 /)
  assert.equal(rig.taken.length, 1)
})

test('a line without end and endless mistakes end the connection', async () => {
  await using rig = await new Rig().open('socket')
  using endless = new Client(rig.server.place)
  endless.send('x'.repeat(5000))
  assert.match(await endless.untilEnd(), /500 5\.5\.2 Line too long\r\n$/)
  using wrong = new Client(rig.server.place)
  wrong.send('WRONG\r\n'.repeat(30))
  assert.match(await wrong.untilEnd(), /421 4\.7\.0 Too many errors\r\n$/)
})

test('half a message and a disconnect deliver nothing', async () => {
  await using rig = await new Rig().open('socket')
  using client = new Client(rig.server.place)
  await client.greet()
  client.send('MAIL FROM:<a@b.c> XTRANSACTION=t\r\nRCPT TO:<x@y.z>\r\nDATA\r\nA: b\r\n\r\nhalf\r\n.')
  await client.lines(3)
  client.hangUp()
  await client.untilEnd()
  assert.deepEqual(rig.taken, [])
})

test('a stop waits for the delivery in hand and lets its reply out', async () => {
  const rig = await new Rig().open('socket')
  let release: () => void = () => undefined
  rig.deliver = () => new Promise((resolve) => (release = resolve))
  using client = new Client(rig.server.place)
  using idle = new Client(rig.server.place)
  await idle.lines(1)
  await client.greet()
  rig.facts.put(factsOf('t'))
  client.send('MAIL FROM:<a@b.c> XTRANSACTION=t\r\nRCPT TO:<x@y.z>\r\nDATA\r\n.\r\n')
  await client.lines(3)
  while (rig.taken.length === 0) await new Promise((resume) => setImmediate(resume))
  const stopped = rig[Symbol.asyncDispose]()
  await idle.untilEnd()
  release()
  assert.equal(await client.untilEnd(), '250 2.6.0 Message kept\r\n')
  await stopped
})

test('30 MB with a dot on every line come out byte for byte', async () => {
  const message = Buffer.from('.Kinh gui\r\n'.repeat(3_000_000))
  await using rig = await new Rig().open('socket', { maxMessageBytes: message.length })
  using client = new Client(rig.server.place)
  await client.greet()
  rig.facts.put(factsOf('t'))
  client.send('MAIL FROM:<a@b.c> XTRANSACTION=t\r\nRCPT TO:<x@y.z>\r\nDATA\r\n')
  client.send(Buffer.from('..Kinh gui\r\n'.repeat(3_000_000)))
  client.send('.\r\n')
  assert.match((await client.lines(4))[3]!, /^250 /)
  assert.ok(message.equals(rig.taken[0]!.bytes))
})
