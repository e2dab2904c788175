/**
 * Scanners that are absent, hang, answer with garbage or are started again under load: the setting decides whether mail is taken
 * or put off, nothing is lost, nothing ends, and the metrics say so.
 */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Account } from '../../src/core/account/account.ts'
import type { DeliveryFacts } from '../../src/core/mail.ts'
import type { StoredRecord } from '../../src/core/record/record.ts'
import { clamdMissing, startClamd, type Clamd } from '../support/clamd.ts'
import { composedApp, domain, type ComposedApp } from '../support/composed-app.ts'
import { dnsStub, type DnsStub } from '../support/dns-stub.ts'
import { rspamdMissing, startRspamd, type Rspamd } from '../support/rspamd.ts'
import { httpAnswer, scannerStub, type Answer, type ScannerStub } from '../support/scanner-stub.ts'
import { dataOf, type Reply } from '../support/smtp-dialogue.ts'

const recipient = `b@so.${domain}`

function letter(subject: string): Buffer {
  return Buffer.from(
    `From: An <an@example.com>\r\nTo: ${recipient}\r\nSubject: ${subject}\r\nDate: Tue, 24 Nov 2026 08:00:00 +0700\r\nMessage-ID: <${subject}@example.com>\r\n\r\nhello\r\n`,
  )
}

async function send(to: ComposedApp, subject: string): Promise<Reply> {
  await using client = await to.client()
  return await client.send({ from: 'an@example.com', to: [recipient], data: dataOf(letter(subject)) })
}

async function subjects(of: ComposedApp, account: Account): Promise<string[]> {
  const found = [...(await of.letters(account, 'INBOX')), ...(await of.letters(account, 'Junk'))]
  return found.map(({ body }) => /Subject: (.*)\r\n/.exec(body.toString())![1]!).sort()
}

const cleanMail = httpAnswer(JSON.stringify({ score: 1, required_score: 15, action: 'no action', symbols: {} }))

/** What no rspamd should say. */
const spamGarbage: Readonly<Record<string, Answer>> = {
  'no HTTP': 'rspamd? never heard of it\r\n\r\n',
  null: httpAnswer('null'),
  'a list': httpAnswer('[{"score": 99}]'),
  'a text': httpAnswer('"reject"'),
  'an empty object': httpAnswer('{}'),
  'an empty body': httpAnswer(''),
  'a score that is a text': httpAnswer('{"score":"99","required_score":15,"action":"reject"}'),
  'a score beyond all numbers': httpAnswer('{"score":1e999,"required_score":15,"action":"reject"}'),
  'symbols of null': httpAnswer('{"symbols":{"A":null},"action":"reject"}'),
  'an error': httpAnswer('{"error":"internal"}', '500 Internal Server Error'),
  'an HTML page': httpAnswer('<html>502 Bad Gateway</html>', '502 Bad Gateway'),
  'half an answer': httpAnswer('{"score":1,"requ', '200 OK', 5000),
  'an answer without end': 'endless',
  'a closed connection': 'hang-up',
  'an empty answer': '',
}

const virusGarbage: Readonly<Record<string, Answer>> = {
  'other words': 'good morning\0',
  'a virus without a name': 'stream:  FOUND\0',
  'bytes that are no text': Buffer.from([0xff, 0xfe, 0, 1, 2, 10, 0xc3]),
  'its own limit': 'INSTREAM size limit exceeded. ERROR\0',
  'an error of its own': "stream: Can't allocate memory ERROR\0",
  'an answer without end': 'endless',
  'a closed connection': 'hang-up',
  'an empty answer': '',
}

describe('scanners that give no verdict', () => {
  let spam: ScannerStub
  let virus: ScannerStub
  let accepting: ComposedApp
  let deferring: ComposedApp
  let people: { accepting: Account; deferring: Account }
  let pids: readonly (number | null)[]
  before(async () => {
    spam = await scannerStub('HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n')
    virus = await scannerStub()
    const settings = { CHECKS__RSPAMD: `127.0.0.1:${spam.port}`, CHECKS__CLAMD: `127.0.0.1:${virus.port}`, CHECKS__TIMEOUT_MS: '400' }
    accepting = await composedApp({ settings: { ...settings, CHECKS__UNSCANNED: 'accept' } })
    deferring = await composedApp({ settings: { ...settings, CHECKS__UNSCANNED: 'defer' } })
    people = { accepting: await accepting.person('b'), deferring: await deferring.person('b') }
    pids = [accepting.app.ingress!.pid, deferring.app.ingress!.pid]
  })
  after(async () => {
    for (const one of [accepting, deferring, spam, virus]) await one[Symbol.asyncDispose]()
  })

  const unanswered = (app: ComposedApp, service: string): Promise<number> => app.counted('congvu_checks_unanswered_total', { service })

  /** One message to each; what is said of it must be true on either side. */
  async function expectSilence(name: string, services: readonly string[]): Promise<void> {
    const subject = name.replaceAll(' ', '-')
    const before = await Promise.all([accepting, deferring].flatMap((app) => services.map((service) => unanswered(app, service))))
    const [taken, putOff] = await Promise.all([send(accepting, subject), send(deferring, subject)])
    assert.equal(taken.code, 250)
    assert.deepEqual([putOff.code, putOff.text.slice(0, 5)], [451, '4.7.1'])
    assert.ok((await subjects(accepting, people.accepting)).includes(subject))
    assert.ok(!(await subjects(deferring, people.deferring)).includes(subject))
    const services_ = (record: StoredRecord): boolean => JSON.stringify(record.detail['unanswered']) === JSON.stringify(services)
    assert.ok((await deferring.mailLog((record) => record.action === 'mail.put-off' && services_(record))).length > 0)
    assert.ok((await accepting.mailLog((record) => record.action === 'mail.taken' && services_(record))).length > 0)
    // Ingress answers 451 and tells core of it at the same moment: the count may follow the reply.
    const expected = before.map((count) => count + 1)
    const counts = (): Promise<number[]> => Promise.all([accepting, deferring].flatMap((app) => services.map((service) => unanswered(app, service))))
    assert.deepEqual(await accepting.until(counts, (now) => now.every((count, index) => count >= expected[index]!)), expected)
  }

  it('absent', async () => {
    await Promise.all([spam.close(), virus.close()])
    await expectSilence('both-absent', ['rspamd', 'clamd'])
    await Promise.all([spam.listen(), virus.listen()])
  })

  it('hanging', async () => {
    spam.answer = 'silent'
    virus.answer = 'silent'
    await expectSilence('both-hanging', ['rspamd', 'clamd'])
  })

  for (const [name, answer] of Object.entries(spamGarbage)) {
    it(`rspamd answers with ${name}`, async () => {
      spam.answer = answer
      virus.answer = 'stream: OK\0'
      await expectSilence(`rspamd ${name}`, ['rspamd'])
    })
  }

  for (const [name, answer] of Object.entries(virusGarbage)) {
    it(`clamd answers with ${name}`, async () => {
      spam.answer = cleanMail
      virus.answer = answer
      await expectSilence(`clamd ${name}`, ['clamd'])
    })
  }

  it('a score without a requirement, and names of any length, are no reason for anything', async () => {
    spam.answer = httpAnswer(JSON.stringify({ score: 3, action: 'x'.repeat(100_000) }))
    virus.answer = 'stream: OK\0'
    for (const [app, account] of [[accepting, people.accepting], [deferring, people.deferring]] as const) {
      assert.equal((await send(app, 'no-requirement')).code, 250)
      assert.ok((await app.letters(account, 'INBOX')).some(({ body }) => body.includes('no-requirement')))
    }
    virus.answer = `stream: ${'x'.repeat(3_000_000)} FOUND\0`
    assert.equal((await send(accepting, 'long-name')).code, 554)
  })

  it('once they answer again, mail that was put off comes in', async () => {
    spam.answer = cleanMail
    virus.answer = 'stream: OK\0'
    assert.equal((await send(deferring, 'both-hanging')).code, 250)
    assert.ok((await subjects(deferring, people.deferring)).includes('both-hanging'))
  })

  it('ingress has lived through all of it', () => {
    assert.deepEqual([accepting.app.ingress!.pid, deferring.app.ingress!.pid], pids)
    assert.deepEqual([accepting.app.ingress!.restarts, deferring.app.ingress!.restarts], [0, 0])
  })
})

describe('the real rspamd and clamd, killed and started again under load', { skip: rspamdMissing || clamdMissing }, () => {
  const messages = 160
  const connections = 4
  let dns: DnsStub
  let rspamd: Rspamd
  let clamd: Clamd
  let accepting: ComposedApp
  let deferring: ComposedApp
  before(async () => {
    dns = await dnsStub()
    ;[rspamd, clamd] = await Promise.all([startRspamd({ dnsServer: dns.server }), startClamd()])
    const settings = { CHECKS__RSPAMD: `127.0.0.1:${rspamd.port}`, CHECKS__CLAMD: `127.0.0.1:${clamd.port}`, CHECKS__TIMEOUT_MS: '5000' }
    accepting = await composedApp({ settings: { ...settings, CHECKS__UNSCANNED: 'accept' } })
    deferring = await composedApp({ settings: { ...settings, CHECKS__UNSCANNED: 'defer' } })
  })
  after(async () => {
    for (const one of [accepting, deferring, rspamd, clamd, dns]) await one[Symbol.asyncDispose]()
  })

  /** Sends all, each until it is taken. Answers how often one was put off. */
  async function sendAll(to: ComposedApp, onTaken: (count: number) => void): Promise<number> {
    const left = Array.from({ length: messages }, (_, i) => `letter-${String(i).padStart(3, '0')}`)
    let taken = 0
    let putOff = 0
    const lane = async (): Promise<void> => {
      await using client = await to.client()
      for (let subject = left.shift(); subject !== undefined; subject = left.shift()) {
        const { code, text } = await client.send({ from: 'an@example.com', to: [recipient], data: dataOf(letter(subject)) })
        if (code === 250) onTaken(++taken)
        else {
          assert.equal(code, 451, text)
          putOff++
          left.push(subject)
        }
      }
    }
    await Promise.all(Array.from({ length: connections }, lane))
    return putOff
  }

  /** Both are killed and come back, one after the other, at fixed points of the load; then the load goes on with both. */
  async function underLoad(to: ComposedApp, restart: () => Promise<void>): Promise<number> {
    const started = Promise.withResolvers<void>()
    const sending = sendAll(to, (count) => count === messages / 8 && started.resolve())
    await started.promise
    await restart()
    return await sending
  }

  async function killBoth(): Promise<void> {
    await rspamd.stop('SIGKILL')
    await clamd.stop('SIGKILL')
    await Promise.all([rspamd.start(), clamd.start()])
  }

  /** Of all messages, once the last of them is in the mail log. */
  const facts = async (of: ComposedApp): Promise<DeliveryFacts[]> => {
    const checked = await of.until(
      () => of.mailLog((record) => record.action === 'mail.taken'),
      (found) => found.length === messages,
    )
    return checked.map((record) => record.detail as unknown as DeliveryFacts)
  }

  it('put off: every message comes in once, and none unscanned', async () => {
    const account = await deferring.person('b')
    const putOff = await underLoad(deferring, killBoth)
    assert.ok(putOff > 0)
    const arrived = await subjects(deferring, account)
    assert.equal(arrived.length, messages)
    assert.equal(new Set(arrived).size, messages)
    const bare = (await facts(deferring)).filter(({ spam, virus }) => spam === null || virus === null)
    assert.deepEqual(bare, [])
    assert.equal(await deferring.counted('congvu_deliveries_total', { outcome: 'put-off' }), putOff)
    assert.equal(deferring.app.ingress!.restarts, 0)
  })

  it('accepted: every message comes in at its first try, and those that nobody scanned are counted', async () => {
    const account = await accepting.person('b')
    assert.equal(await underLoad(accepting, killBoth), 0)
    const arrived = await subjects(accepting, account)
    assert.equal(arrived.length, messages)
    assert.equal(new Set(arrived).size, messages)
    const unscanned = (await accepting.counted('congvu_checks_unanswered_total', { service: 'rspamd' })) + (await accepting.counted('congvu_checks_unanswered_total', { service: 'clamd' }))
    assert.ok(unscanned > 0)
    assert.equal(accepting.app.ingress!.restarts, 0)
  })
})
