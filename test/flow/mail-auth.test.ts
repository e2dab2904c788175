/**
 * SPF (RFC 7208), DKIM (RFC 6376, RFC 8463) and DMARC (RFC 7489) of mail from outside, from a DNS of the test's own to the
 * Authentication-Results (RFC 8601) above the stored message.
 */
import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { after, before, beforeEach, describe, it } from 'node:test'
import { dkimSign } from 'mailauth/lib/dkim/sign.js'
import type { Account } from '../../src/core/account/account.ts'
import { composedApp, domain, hostname, type ComposedApp, type StoredLetter } from '../support/composed-app.ts'
import { dnsStub, type DnsStub } from '../support/dns-stub.ts'
import { dataOf, type Reply } from '../support/smtp-dialogue.ts'

const recipient = `b@so.${domain}`
const rightIp = '203.0.113.7'
const wrongIp = '203.0.113.66'

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const otherRsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const shortRsa = generateKeyPairSync('rsa', { modulusLength: 768 })
const ed25519 = generateKeyPairSync('ed25519')

const base64 = (pair: typeof rsa): string => pair.publicKey.export({ type: 'spki', format: 'der' }).toString('base64')
const rawEd25519 = ed25519.publicKey.export({ type: 'spki', format: 'der' }).subarray(-32).toString('base64')

let nextId = 1
const letter = (more = '', text = 'hello'): Buffer =>
  Buffer.from(`From: An <an@example.com>\r\nTo: ${recipient}\r\nSubject: letter ${nextId++}\r\nDate: Tue, 24 Nov 2026 08:00:00 +0700\r\nMessage-ID: <${nextId}@example.com>\r\n${more}\r\n${text}\r\n`)

async function signed(message: Buffer, selector = 's1', pair: { privateKey: typeof rsa.privateKey } = rsa): Promise<Buffer> {
  const privateKey = pair.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
  const signing = { signatureData: [{ signingDomain: 'example.com', selector, privateKey }] }
  const { signatures } = await dkimSign(message, signing as unknown as Parameters<typeof dkimSign>[1])
  assert.notEqual(signatures, '')
  return Buffer.concat([Buffer.from(signatures), message])
}

let dns: DnsStub
let app: ComposedApp
let lenient: ComposedApp
let people: { app: Account; lenient: Account }
before(async () => {
  dns = await dnsStub()
  const settings = { CHECKS__SPF: 'true', CHECKS__DKIM: 'true', CHECKS__DMARC: 'true', CHECKS__TIMEOUT_MS: '1000', OUTBOUND__DNS_SERVERS: dns.server }
  app = await composedApp({ settings })
  lenient = await composedApp({ settings: { ...settings, CHECKS__DMARC_REJECT: 'junk' } })
  people = { app: await app.person('b'), lenient: await lenient.person('b') }
})
after(async () => {
  for (const one of [app, lenient, dns]) await one[Symbol.asyncDispose]()
})
beforeEach(() => {
  dns.records = { 'PTR 7.113.0.203.in-addr.arpa': ['mail.example.com'] }
})

const wellPublished = (policy: string): DnsStub['records'] => ({
  'TXT example.com': ['v=spf1 ip4:203.0.113.7 -all'],
  'TXT s1._domainkey.example.com': [`v=DKIM1; k=rsa; p=${base64(rsa)}`],
  'TXT _dmarc.example.com': [`v=DMARC1; p=${policy}`],
})

async function send(to: ComposedApp, message: Buffer, { ip = rightIp, from = 'an@example.com' } = {}): Promise<Reply> {
  await using client = await to.client(ip)
  return await client.send({ from, to: [recipient], data: dataOf(message) })
}

async function last(of: ComposedApp, account: Account, mailbox: string): Promise<StoredLetter> {
  const found = (await of.letters(account, mailbox)).at(-1)
  assert.ok(found, `nothing in ${mailbox}`)
  return found
}

/** Of the trace lines: the results, one each line, unfolded. */
function resultsOf({ prefix }: StoredLetter): string[] {
  const field = /^Authentication-Results: (.*(?:\r\n[ \t].*)*)/m.exec(prefix)
  if (field === null) return []
  const [authority, ...results] = field[1]!.split(';').map((part) => part.trim())
  assert.equal(authority, hostname)
  return results
}

describe('verdicts in Authentication-Results', () => {
  interface Case {
    readonly what: string
    readonly records: () => DnsStub['records']
    readonly message: () => Promise<Buffer>
    readonly ip?: string
    readonly from?: string
    readonly results: readonly (string | RegExp)[]
    readonly mailbox?: string
  }
  const cases: readonly Case[] = [
    {
      what: 'all pass',
      records: () => wellPublished('reject'),
      message: () => signed(letter()),
      results: ['spf=pass smtp.mailfrom=example.com', 'dkim=pass header.d=example.com header.s=s1', 'dmarc=pass (p=reject) header.from=example.com'],
    },
    {
      what: 'nothing is published and nothing signed',
      records: () => ({}),
      message: async () => letter(),
      results: ['spf=none smtp.mailfrom=example.com', 'dkim=none', 'dmarc=none (p=none) header.from=example.com'],
    },
    {
      what: 'the address is not permitted, and the policy asks for nothing',
      records: () => wellPublished('none'),
      message: async () => letter(),
      ip: wrongIp,
      results: ['spf=fail smtp.mailfrom=example.com', 'dkim=none', 'dmarc=fail (p=none) header.from=example.com'],
    },
    {
      what: 'the address is doubted',
      records: () => ({ 'TXT example.com': ['v=spf1 ~all'] }),
      message: async () => letter(),
      results: ['spf=softfail smtp.mailfrom=example.com', 'dkim=none', 'dmarc=none (p=none) header.from=example.com'],
    },
    {
      what: 'a forwarder: SPF fails, the signature holds, DMARC passes',
      records: () => wellPublished('reject'),
      message: () => signed(letter()),
      ip: wrongIp,
      results: ['spf=fail smtp.mailfrom=example.com', 'dkim=pass header.d=example.com header.s=s1', 'dmarc=pass (p=reject) header.from=example.com'],
    },
    {
      what: 'an Ed25519 key (RFC 8463)',
      records: () => ({ ...wellPublished('none'), 'TXT s2._domainkey.example.com': [`v=DKIM1; k=ed25519; p=${rawEd25519}`] }),
      message: () => signed(letter(), 's2', ed25519),
      results: [/^spf=pass/, 'dkim=pass header.d=example.com header.s=s2', /^dmarc=pass/],
    },
    {
      what: 'the body was altered on its way',
      records: () => wellPublished('none'),
      message: async () => Buffer.from((await signed(letter('', 'ten million'))).toString('latin1').replace('ten', 'six'), 'latin1'),
      ip: wrongIp,
      results: [/^spf=fail/, 'dkim=fail header.d=example.com header.s=s1', /^dmarc=fail/],
    },
    {
      what: 'another key is published than the one that signed',
      records: () => ({ ...wellPublished('none'), 'TXT s1._domainkey.example.com': [`v=DKIM1; k=rsa; p=${base64(otherRsa)}`] }),
      message: () => signed(letter()),
      ip: wrongIp,
      results: [/^spf=fail/, 'dkim=fail header.d=example.com header.s=s1', /^dmarc=fail/],
    },
    {
      what: 'the published key is broken',
      records: () => ({ ...wellPublished('none'), 'TXT s1._domainkey.example.com': ['v=DKIM1; k=rsa; p=this+is/no=key'] }),
      message: () => signed(letter()),
      ip: wrongIp,
      results: [/^spf=fail/, 'dkim=neutral header.d=example.com header.s=s1', /^dmarc=fail/],
    },
    {
      what: 'the key was revoked',
      records: () => ({ ...wellPublished('none'), 'TXT s1._domainkey.example.com': ['v=DKIM1; p='] }),
      message: () => signed(letter()),
      ip: wrongIp,
      results: [/^spf=fail/, 'dkim=neutral header.d=example.com header.s=s1', /^dmarc=fail/],
    },
    {
      what: 'no key is published',
      records: () => {
        const { 'TXT s1._domainkey.example.com': _key, ...rest } = wellPublished('none')
        return rest
      },
      message: () => signed(letter()),
      ip: wrongIp,
      results: [/^spf=fail/, 'dkim=neutral header.d=example.com header.s=s1', /^dmarc=fail/],
    },
    {
      what: 'the key is too short to prove anything (RFC 8301)',
      records: () => ({ ...wellPublished('none'), 'TXT s3._domainkey.example.com': [`v=DKIM1; k=rsa; p=${base64(shortRsa)}`] }),
      message: () => signed(letter(), 's3', shortRsa),
      ip: wrongIp,
      results: [/^spf=fail/, 'dkim=neutral header.d=example.com header.s=s3', /^dmarc=fail/],
    },
    {
      what: 'the null sender is checked by its HELO (RFC 7208 §2.4)',
      records: () => ({ 'TXT mail.example.com': ['v=spf1 ip4:203.0.113.7 -all'] }),
      message: async () => letter(),
      from: '',
      results: ['spf=pass smtp.helo=mail.example.com', 'dkim=none', /^dmarc=none/],
    },
    {
      what: 'DMARC asks for quarantine, and gets it',
      records: () => wellPublished('quarantine'),
      message: async () => letter(),
      ip: wrongIp,
      results: [/^spf=fail/, 'dkim=none', 'dmarc=fail (p=quarantine) header.from=example.com'],
      mailbox: 'Junk',
    },
  ]
  for (const { what, records, message, ip = rightIp, from = 'an@example.com', results, mailbox = 'INBOX' } of cases) {
    it(what, async () => {
      dns.records = { ...dns.records, ...records() }
      const sent = await message()
      assert.equal((await send(app, sent, { ip, from })).code, 250)
      const stored = await last(app, people.app, mailbox)
      assert.ok(stored.body.equals(sent))
      const found = resultsOf(stored)
      assert.equal(found.length, results.length, found.join(' | '))
      for (const [index, expected] of results.entries()) {
        if (typeof expected === 'string') assert.equal(found[index], expected)
        else assert.match(found[index]!, expected)
      }
    })
  }

  it('stand above Received and below Delivered-To', async () => {
    const { prefix } = await last(app, people.app, 'INBOX')
    assert.match(prefix, /^Return-Path: .*\r\nDelivered-To: .*\r\nAuthentication-Results: (?:.*\r\n[ \t])*.*\r\nReceived: /)
  })
})

describe('a policy of reject', () => {
  it('refuses at the end of DATA, and the mail log says why', async () => {
    dns.records = { ...dns.records, ...wellPublished('reject') }
    const reply = await send(app, letter(), { ip: wrongIp })
    assert.deepEqual([reply.code, reply.text.slice(0, 5)], [550, '5.7.1'])
    const [logged] = await app.mailLog((record) => record.action === 'mail.refused')
    assert.equal(logged!.detail['reason'], 'dmarc fail, policy reject of example.com')
  })

  it('goes into Junk where the setting says so', async () => {
    dns.records = { ...dns.records, ...wellPublished('reject') }
    assert.equal((await send(lenient, letter(), { ip: wrongIp })).code, 250)
    assert.match(resultsOf(await last(lenient, people.lenient, 'Junk')).join(' '), /dmarc=fail \(p=reject\)/)
  })
})

describe('a DNS that does not answer', () => {
  for (const [what, answer] of [['hangs', 'hang'], ['fails', 'fail']] as const) {
    it(`${what}: the message is taken, nothing is condemned, and the metrics say so`, async () => {
      dns.records = { ...dns.records, ...wellPublished('reject'), 'TXT example.com': answer, 'TXT s1._domainkey.example.com': answer, 'TXT _dmarc.example.com': answer }
      const services = ['spf', 'dkim', 'dmarc']
      const count = (): Promise<number[]> => Promise.all(services.map((service) => app.counted('congvu_checks_unanswered_total', { service })))
      const before = await count()
      const message = await signed(letter())
      assert.equal((await send(app, message)).code, 250)
      assert.ok((await last(app, people.app, 'INBOX')).body.equals(message))
      assert.deepEqual(await count(), before.map((number) => number + 1))
    })
  }
})

describe('thousands of signatures', () => {
  it('cost a few look-ups, and the message is stored as it came', async () => {
    const signature = /^DKIM-Signature: .*(?:\r\n[ \t].*)*\r\n/m.exec((await signed(letter())).toString('latin1'))![0]
    const many = Array.from({ length: 3000 }, (_, i) => signature.replace('s=s1', `s=x${i}`)).join('')
    const message = Buffer.concat([Buffer.from(many, 'latin1'), letter()])
    dns.asked.length = 0
    assert.equal((await send(app, message)).code, 250)
    assert.ok(dns.asked.filter((question) => question.includes('_domainkey')).length <= 32)
    assert.ok((await last(app, people.app, 'INBOX')).body.equals(message))
  })
})

describe('Authentication-Results that came with the message (RFC 8601 §5)', () => {
  const forged = [
    `Authentication-Results: ${hostname}; dmarc=pass header.from=bank.example\r\n`,
    `authentication-results:${hostname.toUpperCase()};spf=pass smtp.mailfrom=bank.example\r\n`,
    `AUTHENTICATION-RESULTS: (a comment (nested)) \r\n\t"${hostname}" 1;\r\n\tdkim=pass header.d=bank.example\r\n`,
    `Authentication-Results :  ${hostname}.; spf=pass\r\n`,
    `Authentication-Results:\r\n ${hostname}\r\n ; spf=pass\r\n`,
    `Authentication-Results: ${hostname}/1; none\r\n`,
  ]
  const others = [
    'Authentication-Results: mx.example.com; spf=pass smtp.mailfrom=example.com\r\n',
    `Authentication-Results: not-${hostname}; spf=pass\r\n`,
    `Authentication-Results: ${hostname}.example; spf=pass\r\n`,
    `Authentication-Results: (${hostname}) mx.example.com; spf=pass\r\n`,
    `X-Authentication-Results: ${hostname}; spf=pass\r\n`,
    `ARC-Authentication-Results: i=1; ${hostname}; spf=pass\r\n`,
    `Subject-Note: Authentication-Results: ${hostname}\r\n`,
  ]

  it('lose those that claim to be ours; every other byte stays', async () => {
    const body = `\r\nAuthentication-Results: ${hostname}; spf=pass\r\n\r\nnội dung \xff\r\n`
    const woven = others.flatMap((other, i) => [forged[i] ?? '', other]).join('')
    const frame = (fields: string): Buffer => Buffer.from(`${fields}From: An <an@example.com>\r\nSubject: thư\r\n${body}`, 'latin1')
    assert.equal((await send(app, frame(`${forged[0]}${woven}`))).code, 250)
    const stored = await last(app, people.app, 'INBOX')
    assert.equal(stored.body.toString('latin1'), frame(others.join('')).toString('latin1'))
    assert.equal(stored.prefix.match(/^Authentication-Results:/gm)?.length, 1)
  })

  it('lose them also where they are all of the header', async () => {
    assert.equal((await send(app, Buffer.from(`${forged.join('')}\r\nhello\r\n`))).code, 250)
    assert.equal((await last(app, people.app, 'INBOX')).body.toString(), '\r\nhello\r\n')
  })

  it('a signature over the rest still holds', async () => {
    dns.records = { ...dns.records, ...wellPublished('reject') }
    const message = await signed(letter())
    assert.equal((await send(app, Buffer.concat([Buffer.from(forged.join('')), message]))).code, 250)
    const stored = await last(app, people.app, 'INBOX')
    assert.ok(stored.body.equals(message))
    assert.match(resultsOf(stored).join(' '), /dkim=pass .* dmarc=pass/)
  })
})
