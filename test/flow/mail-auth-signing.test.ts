/**
 * DKIM signatures of mail that leaves (RFC 6376, RFC 8463): from submission through the outbox and Haraka to another server,
 * where they are verified against the records that stand beside the keys.
 */
import assert from 'node:assert/strict'
import { readFile, stat } from 'node:fs/promises'
import dns from 'node:dns'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { authenticate } from 'mailauth'
import { composedApp, domain, hostname, password, type ComposedApp } from '../support/composed-app.ts'
import { dnsStub, type DnsStub } from '../support/dns-stub.ts'
import { outsideServer, type OutsideMessage, type OutsideServer } from '../support/outside-server.ts'
import { dataOf, dial, plainCredentials } from '../support/smtp-dialogue.ts'

/** The texts of a zone file, as `dkim-keys.ts` writes them. */
function recordsOf(zone: string): DnsStub['records'] {
  const lines = zone.trim().split('\n').map((line) => /^(\S+)\. IN TXT \( (.*) \)$/.exec(line)!)
  return Object.fromEntries(lines.map(([, name, texts]) => [`TXT ${name}`, [[...texts!.matchAll(/"([^"]*)"/g)].map(([, text]) => text).join('')]]))
}

async function submit(app: ComposedApp, message: string, to: readonly string[]): Promise<void> {
  await using client = await dial(app.app.listening.submissions!, { implicitTls: true, greet: false })
  await client.reply()
  await client.say('EHLO pc.example')
  assert.equal((await client.say(`AUTH PLAIN ${plainCredentials(`an@so.${domain}`, password)}`)).code, 235)
  const reply = await client.send({ from: `an@so.${domain}`, to, data: dataOf(Buffer.from(message)), mailParameters: ' BODY=8BITMIME' })
  assert.equal(reply.code, 250, reply.text)
}

describe('mail that leaves', () => {
  let stub: DnsStub
  let outside: OutsideServer
  let app: ComposedApp
  before(async () => {
    stub = await dnsStub()
    outside = await outsideServer()
    app = await composedApp({ settings: { OUTBOUND__ROUTES: `*=127.0.0.1:${outside.port}`, OUTBOUND__DKIM_SELECTOR: 'cv1', SMTP__PROXIES: '' } })
    await app.person('an')
  })
  after(async () => {
    for (const one of [app, outside, stub]) await one[Symbol.asyncDispose]()
  })

  const keyFolder = (of: ComposedApp, name: string): string => join(of.app.places.dkim, name)

  async function verified(message: OutsideMessage, of: ComposedApp, signedBy: string): Promise<Awaited<ReturnType<typeof authenticate>>> {
    stub.records = {
      ...recordsOf(await readFile(join(keyFolder(of, signedBy), 'cv1.dns.txt'), 'utf8')),
      [`TXT _dmarc.${domain}`]: ['v=DMARC1; p=reject'],
      [`TXT _dmarc.so.${domain}`]: ['v=DMARC1; p=reject'],
    }
    const resolver = new dns.promises.Resolver()
    resolver.setServers([stub.server])
    return await authenticate(message.bytes, {
      ip: '203.0.113.9',
      helo: hostname,
      sender: message.sender,
      resolver: async (name, type) => (await resolver.resolve(name, type)) as string[],
    })
  }

  const letter = (subject: string): string =>
    `From: Nguyễn Văn An <an@so.${domain}>\r\nTo: x@example.net\r\nSubject: ${subject}\r\nDate: Tue, 24 Nov 2026 08:00:00 +0700\r\nMessage-ID: <${subject}@so.${domain}>\r\n` +
    `MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nKính gửi anh chị,\r\n.\r\n..đính kèm  \r\n\r\n\r\n`

  it('carries two signatures of its domain, which hold, above our Received line', async () => {
    await submit(app, letter('one'), ['x@example.net'])
    const message = await outside.message(({ bytes }) => bytes.includes('Subject: one'))
    assert.match(message.bytes.toString('utf8'), /^DKIM-Signature: (?:.*\r\n[ \t])*.*\r\nDKIM-Signature: (?:.*\r\n[ \t])*.*\r\nReceived: /)
    const { dkim, dmarc } = await verified(message, app, `so.${domain}`)
    const found = dkim.results.map(({ signingDomain, selector, status }) => `${status.result} ${signingDomain} ${selector}`)
    assert.deepEqual(found.toSorted(), [`pass so.${domain} cv1`, `pass so.${domain} cv1-ed`])
    assert.ok(dmarc)
    assert.equal(dmarc.status.result, 'pass')
  })

  it('is signed as completed: fields that we add are covered, Bcc is gone', async () => {
    await submit(app, `Bcc: hidden@example.org\r\nSubject: two\r\n\r\nhello\r\n`, ['x@example.net', 'hidden@example.org'])
    const message = await outside.message(({ bytes }) => bytes.includes('Subject: two'))
    assert.ok(!message.bytes.includes('hidden@'))
    const { dkim } = await verified(message, app, `so.${domain}`)
    assert.deepEqual(dkim.results.map(({ status }) => status.result), ['pass', 'pass'])
    assert.match(message.bytes.toString('latin1'), /h=[^;]*Message-ID[^;]*From|h=[^;]*From[^;]*Message-ID/s)
  })

  it('an altered body fails', async () => {
    const message = await outside.message(({ bytes }) => bytes.includes('Subject: one'))
    const bytes = Buffer.from(message.bytes.toString('latin1').replace('\r\n\r\nK', '\r\n\r\nk'), 'latin1')
    const { dkim } = await verified({ ...message, bytes }, app, `so.${domain}`)
    assert.ok(dkim.results.every(({ status }) => status.result !== 'pass'))
  })

  it('the copies of our own people carry none', async () => {
    const to = await app.person('binh')
    await submit(app, letter('three'), [to.address, 'x@example.net'])
    const [own] = await app.letters(to, 'INBOX')
    assert.ok(!`${own!.prefix}${own!.body.toString()}`.includes('DKIM-Signature'))
    await outside.message(({ bytes }) => bytes.includes('Subject: three'))
  })

  it('keys are readable by the owner alone', async () => {
    const files = ['cv1.rsa.pem', 'cv1.ed25519.pem'].map((name) => join(keyFolder(app, `so.${domain}`), name))
    for (const file of files) assert.equal((await stat(file)).mode & 0o777, 0o600)
  })

  it('one key may sign for the whole province', async () => {
    await using other = await composedApp({
      settings: { OUTBOUND__ROUTES: `*=127.0.0.1:${outside.port}`, OUTBOUND__DKIM_SELECTOR: 'cv1', OUTBOUND__DKIM_DOMAIN: domain, SMTP__PROXIES: '' },
    })
    await other.person('an')
    await submit(other, letter('four'), ['x@example.net'])
    const { dkim, dmarc } = await verified(await outside.message(({ bytes }) => bytes.includes('Subject: four')), other, domain)
    assert.deepEqual(dkim.results.map(({ signingDomain, status }) => `${status.result} ${signingDomain}`), [`pass ${domain}`, `pass ${domain}`])
    assert.ok(dmarc)
    assert.equal(dmarc.status.result, 'pass')
  })
})
