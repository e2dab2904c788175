/** Verdicts as facts: SPF, DKIM, DMARC, DNS lists, rspamd, clamd; and what is said of a service that is away or hangs. */
import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import http from 'node:http'
import net from 'node:net'
import { after, afterEach, before, describe, it } from 'node:test'
import { dkimSign } from 'mailauth/lib/dkim/sign.js'
import { reversedAddress } from '../../../src/protocols/smtp/haraka/plugins/dns-lists.ts'
import type { Ingress } from '../../../src/protocols/smtp/haraka/supervise.ts'
import { dnsStub, type DnsStub } from '../../support/dns-stub.ts'
import { fakeCore, type FakeCore } from '../../support/fake-core.ts'
import { dataOf, dial, plainCredentials, type SmtpDialogue } from '../../support/smtp-dialogue.ts'

const text = Buffer.from('From: An <an@example.com>\r\nSubject: x\r\nMessage-ID: <1@example.com>\r\n\r\n.dot\r\nhello\r\n')
const mail = { from: 'an@example.com', to: ['b@congvu.test'] }

describe('Haraka, DNS checks', () => {
  let core: FakeCore
  let ingress: Ingress
  let dns: DnsStub
  before(async () => {
    core = await fakeCore()
    dns = await dnsStub()
    const { checks } = await core.settings()
    ingress = await core.start({
      checks: { ...checks, spf: true, dkim: true, dmarc: true, dnsLists: ['bl.test', 'slow.test'], timeoutMs: 500 },
      dnsServers: [dns.server],
      proxies: ['127.0.0.1'],
    })
  })
  afterEach(() => {
    dns.records = {}
  })
  after(async () => {
    await core[Symbol.asyncDispose]()
    await dns[Symbol.asyncDispose]()
  })

  /** A client whose address is what the load balancer says. */
  async function from(ip: string): Promise<SmtpDialogue> {
    const client = await dial(ingress.ports.exchange!, { greet: false })
    client.write(`PROXY TCP4 ${ip} 192.0.2.99 40000 25\r\n`)
    assert.equal((await client.reply()).code, 220)
    await client.say('EHLO mail.example.com')
    return client
  }

  it('finds SPF, DKIM and DMARC to pass', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const key = publicKey.export({ type: 'spki', format: 'der' }).toString('base64')
    dns.records = {
      'TXT example.com': ['v=spf1 ip4:203.0.114.7 -all'],
      'TXT s1._domainkey.example.com': [`v=DKIM1; k=rsa; p=${key}`],
      'TXT _dmarc.example.com': ['v=DMARC1; p=reject'],
      'PTR 7.114.0.203.in-addr.arpa': ['mail.example.com'],
    }
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
    // What the function reads is `signatureData`; its type names the fields of one signature.
    const signing = { signatureData: [{ signingDomain: 'example.com', selector: 's1', privateKey: pem }] }
    const signed = await dkimSign(text, signing as unknown as Parameters<typeof dkimSign>[1])
    await using client = await from('203.0.114.7')
    const reply = await client.send({ ...mail, data: dataOf(Buffer.concat([Buffer.from(signed.signatures), text])) })
    assert.equal(reply.code, 250)
    const facts = core.facts.at(-1)!
    assert.deepEqual(facts.spf, { result: 'pass', domain: 'example.com' })
    assert.deepEqual(facts.dkim, [{ result: 'pass', domain: 'example.com', selector: 's1' }])
    assert.deepEqual(facts.dmarc, { result: 'pass', policy: 'reject', domain: 'example.com' })
    assert.deepEqual(facts.dnsLists, [])
    assert.deepEqual(facts.unanswered, [])
    assert.deepEqual([facts.remote.ip, facts.remote.name, facts.remote.loopback], ['203.0.114.7', 'mail.example.com', false])
  })

  it('believes the load balancer about who is on loopback: submission from outside needs TLS', async () => {
    const client = await dial(ingress.ports.submission!, { greet: false })
    client.write('PROXY TCP4 203.0.114.7 192.0.2.99 40000 587\r\n')
    assert.equal((await client.reply()).code, 220)
    const hello = await client.say('EHLO x.example')
    assert.ok(!hello.lines.some((line) => line.startsWith('AUTH')))
    assert.equal((await client.say(`AUTH PLAIN ${plainCredentials('an@example.com', 'right')}`)).code, 530)
    client.destroy()
    await client.closed
  })

  it('finds them to fail, and the client on a list, and takes the message all the same', async () => {
    dns.records = {
      'TXT example.com': ['v=spf1 ip4:203.0.114.7 -all'],
      'TXT _dmarc.example.com': ['v=DMARC1; p=quarantine'],
      'A 8.114.0.203.bl.test': ['127.0.0.2'],
    }
    await using client = await from('203.0.114.8')
    assert.equal((await client.send({ ...mail, data: dataOf(text) })).code, 250)
    const facts = core.facts.at(-1)!
    assert.equal(facts.spf?.result, 'fail')
    assert.deepEqual(facts.dkim, [])
    assert.deepEqual([facts.dmarc?.result, facts.dmarc?.policy], ['fail', 'quarantine'])
    assert.deepEqual(facts.dnsLists, ['bl.test'])
  })

  it('says which did not answer, and does not wait for ever', async () => {
    dns.records = { 'TXT example.com': 'hang', 'A 9.114.0.203.slow.test': 'hang', 'A 9.114.0.203.bl.test': ['127.255.255.254'] }
    await using client = await from('203.0.114.9')
    assert.equal((await client.send({ ...mail, data: dataOf(text) })).code, 250)
    const facts = core.facts.at(-1)!
    assert.ok(facts.spf === null || facts.spf.result === 'temperror')
    assert.deepEqual(facts.dnsLists, [])
    assert.ok(facts.unanswered.includes('slow.test') && facts.unanswered.includes('bl.test'))
  })

  it('reverses addresses as RFC 5782 does', () => {
    assert.equal(reversedAddress('192.0.2.99'), '99.2.0.192')
    assert.equal(
      reversedAddress('2001:db8:1:2:3:4:567:89ab'),
      'b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2',
    )
    assert.equal(reversedAddress('2001:db8::1'), `1.${'0.'.repeat(23)}8.b.d.0.1.0.0.2`)
  })
})

describe('Haraka, scanners', () => {
  let core: FakeCore
  let ingress: Ingress
  let rspamd: http.Server
  let clamd: net.Server
  let spamAnswer: object | 'hang'
  let virusAnswer: string | 'hang'
  const scanned: { rspamd: Buffer[]; clamd: Buffer[] } = { rspamd: [], clamd: [] }
  before(async () => {
    core = await fakeCore()
    rspamd = http.createServer((request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        scanned.rspamd.push(Buffer.concat(chunks))
        if (spamAnswer !== 'hang') response.end(JSON.stringify(spamAnswer))
      })
    })
    clamd = net.createServer({ allowHalfOpen: true }, (socket) => serveClamd(socket, scanned.clamd, () => virusAnswer))
    for (const server of [rspamd, clamd]) {
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
    }
    const place = (server: net.Server) => ({ host: '127.0.0.1', port: (server.address() as net.AddressInfo).port })
    const { checks } = await core.settings()
    ingress = await core.start({
      checks: { ...checks, rspamd: place(rspamd), clamd: place(clamd), timeoutMs: 500, unscanned: 'accept' },
    })
  })
  after(async () => {
    await core[Symbol.asyncDispose]()
    rspamd.closeAllConnections()
    rspamd.close()
    clamd.close()
  })
  afterEach(() => {
    scanned.rspamd.length = 0
    scanned.clamd.length = 0
  })

  const ham = { score: 1.5, required_score: 15, action: 'no action', symbols: {} }

  it('gives both the message as it is, and their verdicts to core', async () => {
    spamAnswer = { score: 7.25, required_score: 15, action: 'add header', symbols: {}, milter: { add_headers: { 'X-Spam': 'Yes' } } }
    virusAnswer = 'stream: Eicar-Signature FOUND'
    await using client = await dial(ingress.ports.exchange!)
    const long = Buffer.concat([text, Buffer.from(`\xff\x00\r\n..\r\n.\r\n${'x'.repeat(200_000)}\r\n`, 'latin1')])
    assert.equal((await client.send({ ...mail, data: dataOf(long) })).code, 250)
    assert.ok(scanned.rspamd[0]!.equals(long))
    assert.ok(scanned.clamd[0]!.subarray(-long.length).equals(long))
    assert.ok(core.messages.at(-1)!.bytes.equals(long))
    const facts = core.facts.at(-1)!
    assert.deepEqual(facts.spam, { engine: 'rspamd', score: 7.25, required: 15, action: 'add header' })
    assert.deepEqual(facts.virus, { engine: 'clamd', found: 'Eicar-Signature' })
    assert.deepEqual(facts.unanswered, [])
  })

  it('scans what signed-in accounts send, too', async () => {
    spamAnswer = { ...ham, action: 'reject', score: 99 }
    virusAnswer = 'stream: OK'
    await using client = await dial(ingress.ports.submission!)
    await client.say(`AUTH PLAIN ${plainCredentials('an@so.congvu.test', 'right')}`)
    assert.equal((await client.send({ ...mail, data: dataOf(text) })).code, 250)
    const facts = core.facts.at(-1)!
    assert.equal(facts.spam?.action, 'reject')
    assert.deepEqual(facts.virus, { engine: 'clamd', found: null })
  })

  it('takes a message that no scanner answered for, and says so', async () => {
    spamAnswer = 'hang'
    virusAnswer = 'hang'
    await using client = await dial(ingress.ports.exchange!)
    assert.equal((await client.send({ ...mail, data: dataOf(text) })).code, 250)
    const facts = core.facts.at(-1)!
    assert.deepEqual([facts.spam, facts.virus], [null, null])
    assert.deepEqual([...facts.unanswered].toSorted(), ['clamd', 'rspamd'])
  })

  it('defers it where the setting says so, also when nobody listens', async () => {
    await using own = await fakeCore()
    const { checks } = await own.settings()
    const nobody = { host: '127.0.0.1', port: 1 }
    const deferring = await own.start({ checks: { ...checks, rspamd: nobody, clamd: nobody, unscanned: 'defer', timeoutMs: 500 } })
    await using client = await dial(deferring.ports.exchange!)
    const reply = await client.send({ ...mail, data: dataOf(text) })
    assert.deepEqual([reply.code, reply.text.slice(0, 5)], [451, '4.7.1'])
    assert.deepEqual(own.messages, [])
  })
})

function serveClamd(socket: net.Socket, scanned: Buffer[], answer: () => string): void {
  let got = Buffer.alloc(0)
  socket.on('error', () => socket.destroy())
  socket.on('data', (chunk) => {
    got = Buffer.concat([got, chunk as Buffer])
    const pieces: Buffer[] = []
    let at = 'zINSTREAM\0'.length
    while (at + 4 <= got.length) {
      const length = got.readUInt32BE(at)
      if (length === 0) {
        scanned.push(Buffer.concat(pieces))
        if (answer() !== 'hang') socket.end(`${answer()}\0`)
        return
      }
      pieces.push(got.subarray(at + 4, at + 4 + length))
      at += 4 + length
    }
  })
}
