/** Mail exchange through Haraka: what comes in on the exchange port reaches core byte for byte, with its facts. */
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { after, afterEach, before, describe, it } from 'node:test'
import type { Ingress } from '../../../src/protocols/smtp/haraka/supervise.ts'
import { fakeCore, type FakeCore } from '../../support/fake-core.ts'
import { dataOf, dial } from '../../support/smtp-dialogue.ts'

const hash = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

describe('Haraka, mail exchange', () => {
  let core: FakeCore
  let ingress: Ingress
  before(async () => {
    core = await fakeCore()
    ingress = await core.start({ maxRecipients: 5 })
  })
  afterEach(() => {
    core.answers = {}
    core.lmtpReply = () => '250 2.0.0 kept'
  })
  after(() => core[Symbol.asyncDispose]())

  const ok = { from: 'a@example.com', to: ['b@congvu.test'] }
  const text = dataOf(Buffer.from('Subject: x\r\n\r\nhello\r\n'))

  it('hands a message over with its facts, under one transaction id', async () => {
    await using client = await dial(ingress.ports.exchange!)
    const reply = await client.send({ from: 'a@example.com', to: ['b@congvu.test', 'c@congvu.test'], data: text })
    assert.equal(reply.code, 250)
    assert.match(reply.text, /^2\.0\.0 kept/)
    const message = core.messages.at(-1)!
    const facts = core.facts.at(-1)!
    assert.equal(message.sender, 'a@example.com')
    assert.deepEqual(message.recipients, ['b@congvu.test', 'c@congvu.test'])
    assert.equal(facts.transaction, message.transaction)
    assert.deepEqual(facts.recipients, message.recipients)
    assert.equal(facts.sender, 'a@example.com')
    assert.equal(facts.sizeBytes, message.bytes.length)
    assert.equal(facts.service, 'exchange')
    assert.equal(facts.account, null)
    assert.deepEqual({ ...facts.remote, port: 0 }, { ip: '127.0.0.1', port: 0, name: null, helo: 'client.example', tls: false, loopback: true })
    const questions = core.asked.filter(({ ask }) => (ask as { transaction?: string }).transaction === message.transaction)
    assert.deepEqual(questions.map(({ question }) => question), ['recipient', 'recipient', 'facts'])
  })

  const lines = (...each: string[]): Buffer => Buffer.from(each.map((line) => `${line}\r\n`).join(''), 'latin1')
  const samples: Record<string, Buffer> = {
    'an empty message': Buffer.alloc(0),
    'a header without a body': lines('Subject: only a header'),
    'a body without a header': lines('', 'body'),
    'a dot alone on a line': lines('Subject: x', '', '.', '..', '...', '. ', '.x', 'x.'),
    'a first line that starts with a dot': lines('.Subject: x', '', 'body'),
    'raw 8-bit headers': lines('Subject: C\xf4ng v\xe8n \xff\x80', 'From: "\xd0\xfe" <a@example.com>', '', '\xe1\xba\xbf'),
    'NUL bytes': lines('Subject: x\0y', '', 'a\0b', '\0'),
    'lines of 5,000 characters': lines('Subject: x', '', 'y'.repeat(5000), '.'.repeat(5000), `.${'z'.repeat(4999)}`),
    'a line of 200 KB': lines('Subject: x', '', 'q'.repeat(200 * 1024)),
    '2,000 header lines': lines(...Array.from({ length: 2000 }, (_, n) => `X-Line-${n}: ${n}`), '', 'body'),
    '200 Received lines': lines(...Array.from({ length: 200 }, (_, n) => `Received: from h${n} by h${n + 1}`), '', 'body'),
    'a header line that is none': lines('this is not a header', 'Subject: x', '', 'body'),
    'an Authentication-Results of its own': lines('Authentication-Results: mx.congvu.test; spf=pass', 'Subject: x', '', 'body'),
    '1,200 MIME parts': lines(
      'Content-Type: multipart/mixed; boundary=b',
      '',
      ...Array.from({ length: 1200 }, (_, n) => `--b\r\nContent-Type: text/plain\r\n\r\npart ${n}`),
      '--b--',
    ),
    'random bytes in base64 lines': lines('Subject: x', '', ...(randomBytes(300_000).toString('base64').match(/.{1,76}/g) ?? [])),
  }
  for (const [name, message] of Object.entries(samples)) {
    it(`keeps every byte of ${name}`, async () => {
      await using client = await dial(ingress.ports.exchange!)
      const reply = await client.send({ ...ok, data: dataOf(message) })
      assert.equal(reply.code, 250)
      assert.equal(hash(core.messages.at(-1)!.bytes), hash(message))
    })
  }

  it('keeps every byte of a message that comes in single bytes', async () => {
    await using client = await dial(ingress.ports.exchange!)
    const message = lines('Subject: x', '', '.dot', '..', 'end')
    for (const command of ['MAIL FROM:<a@example.com>', 'RCPT TO:<b@congvu.test>', 'DATA']) await client.say(command)
    for (const byte of dataOf(message)) {
      client.write(Buffer.from([byte]))
      await new Promise((resolve) => setImmediate(resolve))
    }
    assert.equal((await client.reply()).code, 250)
    assert.equal(hash(core.messages.at(-1)!.bytes), hash(message))
  })

  it('takes a message of 50 MB', async () => {
    await using client = await dial(ingress.ports.exchange!)
    const message = Buffer.alloc(50 * 1024 * 1024, `${'A'.repeat(76)}\r\n`)
    message.write('\r\n', message.length - 2)
    const reply = await client.send({ ...ok, data: Buffer.concat([message, Buffer.from('.\r\n')]) })
    assert.equal(reply.code, 250)
    assert.equal(hash(core.messages.at(-1)!.bytes), hash(message))
    core.messages.pop()
  })

  it('takes several messages on one connection, and commands pipelined behind a message (RFC 2920 §3.1)', async () => {
    await using client = await dial(ingress.ports.exchange!)
    const before = core.messages.length
    assert.equal((await client.send({ ...ok, data: text })).code, 250)
    const next = Buffer.concat([text, Buffer.from('MAIL FROM:<second@example.com>\r\nRCPT TO:<b@congvu.test>\r\nDATA\r\n')])
    assert.equal((await client.send({ ...ok, data: next })).code, 250)
    assert.equal((await client.reply()).code, 250)
    assert.equal((await client.reply()).code, 250)
    assert.equal((await client.reply()).code, 354)
    client.write(text)
    assert.equal((await client.reply()).code, 250)
    assert.equal(core.messages.length, before + 3)
    assert.equal(core.messages.at(-1)!.sender, 'second@example.com')
  })

  it('takes MAIL, RCPTs and DATA in one write', async () => {
    await using client = await dial(ingress.ports.exchange!)
    client.write('MAIL FROM:<a@example.com>\r\nRCPT TO:<b@congvu.test>\r\nRCPT TO:<c@congvu.test>\r\nDATA\r\n')
    for (const code of [250, 250, 250, 354]) assert.equal((await client.reply()).code, code)
    client.write(text)
    assert.equal((await client.reply()).code, 250)
  })

  it('takes the null sender, postmaster without a domain, and addresses in UTF-8', async () => {
    await using client = await dial(ingress.ports.exchange!)
    assert.equal((await client.send({ from: '', to: ['postmaster'], data: text })).code, 250)
    assert.equal(core.messages.at(-1)!.sender, '')
    assert.deepEqual(core.facts.at(-1)!.recipients, ['postmaster'])
    const reply = await client.send({ from: 'cán.bộ@ví-dụ.vn', to: ['b@congvu.test'], data: text, mailParameters: ' SMTPUTF8' })
    assert.equal(reply.code, 250)
    assert.equal(core.facts.at(-1)!.sender, 'cán.bộ@ví-dụ.vn')
    assert.equal(core.messages.at(-1)!.sender, 'cán.bộ@ví-dụ.vn')
  })

  it('gives core\'s reply to a recipient, with its own code', async () => {
    core.answers = {
      recipient: async ({ address }) => ({
        refuse: address.startsWith('full') ? { code: 552, enhanced: '5.2.2', text: 'Hộp thư đầy / mailbox full' } : null,
      }),
    }
    await using client = await dial(ingress.ports.exchange!)
    await client.say('MAIL FROM:<a@example.com>')
    const refused = await client.say('RCPT TO:<full@congvu.test>')
    assert.equal(refused.code, 552)
    assert.equal(refused.text, '5.2.2 Hộp thư đầy / mailbox full')
    assert.equal((await client.say('RCPT TO:<b@congvu.test>')).code, 250)
    await client.say('DATA')
    client.write(text)
    assert.equal((await client.reply()).code, 250)
    assert.deepEqual(core.messages.at(-1)!.recipients, ['b@congvu.test'])
  })

  it('refuses one recipient too many with 452 4.5.3, and more than the limit at SIZE and at DATA', async () => {
    await using client = await dial(ingress.ports.exchange!)
    const settings = await core.settings()
    const declared = await client.say(`MAIL FROM:<a@example.com> SIZE=${settings.maxMessageBytes + 1}`)
    assert.equal(declared.code, 552)
    assert.match(declared.text, /^5\.3\.4/)
    await client.say('MAIL FROM:<a@example.com>')
    for (let n = 0; n < 5; n++) assert.equal((await client.say(`RCPT TO:<r${n}@congvu.test>`)).code, 250)
    const refused = await client.say('RCPT TO:<r5@congvu.test>')
    assert.equal(refused.code, 452)
    assert.match(refused.text, /^4\.5\.3/)
    await client.say('RSET')
    const huge = Buffer.alloc(settings.maxMessageBytes + 100, `${'A'.repeat(76)}\r\n`)
    const reply = await client.send({ ...ok, data: Buffer.concat([huge, Buffer.from('\r\n.\r\n')]) })
    assert.equal(reply.code, 552)
    assert.match(reply.text, /^5\.3\.4/)
    assert.equal((await client.send({ ...ok, data: text })).code, 250)
  })

  it('gives core\'s refusal of a message, and 250 when one of several recipients was kept', async () => {
    await using client = await dial(ingress.ports.exchange!)
    core.lmtpReply = () => '554 5.4.6 Loop'
    const looped = await client.send({ ...ok, data: text })
    assert.deepEqual([looped.code, looped.text.slice(0, 10)], [554, '5.4.6 Loop'])
    core.lmtpReply = () => '452 4.3.1 Full disk'
    assert.equal((await client.send({ ...ok, data: text })).code, 452)
    core.lmtpReply = (_message, recipient) => (recipient.startsWith('b') ? '250 2.0.0 kept' : '550 5.1.1 late')
    assert.equal((await client.send({ ...ok, to: ['c@congvu.test', 'b@congvu.test'], data: text })).code, 250)
  })

  it('asks once more, under the same id, when core hangs up before its reply; then 451', async () => {
    await using client = await dial(ingress.ports.exchange!)
    let tries = 0
    core.lmtpReply = () => (++tries === 1 ? 'drop' : '250 2.0.0 kept')
    assert.equal((await client.send({ ...ok, data: text })).code, 250)
    assert.equal(tries, 2)
    assert.equal(core.messages.at(-1)!.transaction, core.messages.at(-2)!.transaction)
    core.lmtpReply = () => 'drop'
    assert.equal((await client.send({ ...ok, data: text })).code, 451)
    core.lmtpReply = () => '250 2.0.0 kept'
    assert.equal((await client.send({ ...ok, data: text })).code, 250)
  })

  it('answers 451 while the link is down or core cannot answer, and works again after', async () => {
    await using client = await dial(ingress.ports.exchange!)
    core.answers = { recipient: () => Promise.reject(new Error('a bug')) }
    assert.equal((await client.send({ ...ok, data: text })).code, 451)
    core.answers = {}
    await client.say('RSET')
    assert.equal((await client.send({ ...ok, data: text })).code, 250)
    await client.say('MAIL FROM:<a@example.com>')
    await client.say('RCPT TO:<b@congvu.test>')
    await client.say('DATA')
    await core.link[Symbol.asyncDispose]()
    // Until ingress has noticed: another client is refused.
    await using other = await dial(ingress.ports.exchange!)
    await other.say('MAIL FROM:<a@example.com>')
    let noticed = 250
    while (noticed === 250) noticed = (await other.say('RCPT TO:<b@congvu.test>')).code
    assert.ok(noticed === 451 || noticed === 452)
    client.write(text)
    assert.equal((await client.reply()).code, 451)
    const back = Promise.withResolvers<void>()
    core.answers = {
      hello: async () => {
        back.resolve()
        return { maxMessageBytes: 1 }
      },
    }
    await core.restartLink()
    await back.promise
    // The greeting's answer may still be under way to ingress: a question before it is 451, as any while the link is down.
    let code = 451
    while (code === 451) {
      await client.say('RSET')
      code = (await client.send({ ...ok, data: text })).code
    }
    assert.equal(code, 250)
  })

  it('every reply has its enhanced code but the greeting and that to EHLO (RFC 2034)', async () => {
    await using client = await dial(ingress.ports.exchange!, { greet: false })
    const codes = /^[245]\.\d+\.\d+ /
    assert.doesNotMatch((await client.reply()).text, codes)
    for (const hello of ['EHLO x.example', 'HELO x.example', 'EHLO x.example']) {
      for (const line of (await client.say(hello)).lines) assert.doesNotMatch(line, codes)
    }
    const said: string[] = []
    const dialogue = [
      'NOOP', 'HELP', 'VRFY an', 'RSET now', 'RCPT TO:<b@congvu.test>', 'DATA', 'XYZ', 'MAIL FROM:<a@', 'MAIL FROM:<a@example.com>', 'RCPT TO:<b@', 'RCPT TO:<b@congvu.test>', 'RSET', 'QUIT',
    ]
    for (const command of dialogue) {
      const { code, lines } = await client.say(command)
      for (const line of lines) assert.match(line, codes, `${command}: ${code} ${line}`)
      said.push(`${code} ${lines[0]!.split(' ')[0]}`)
    }
    assert.deepEqual(said, [
      '250 2.0.0', '250 2.0.0', '252 2.5.2', '501 5.5.4', '503 5.5.1', '503 5.5.1', '500 5.5.2', '501 5.1.7', '250 2.1.0', '501 5.1.3', '250 2.1.5', '250 2.0.0', '221 2.0.0',
    ])
  })

  it('refuses parameters that it does not offer, and goes on (RFC 5321 §4.1.1.11)', async () => {
    await using client = await dial(ingress.ports.exchange!)
    for (const [parameters, code] of [['FOO=bar', 555], ['SIZE=10 X', 555], ['BODY=BINARYMIME', 555], ['AUTH=<>', 555], ['SIZE=abc', 501]] as const) {
      const reply = await client.say(`MAIL FROM:<a@example.com> ${parameters}`)
      assert.deepEqual([reply.code, reply.text.slice(0, 5)], [code, '5.5.4'], parameters)
    }
    assert.equal((await client.say('RCPT TO:<b@congvu.test>')).code, 503)
    assert.equal((await client.say('MAIL FROM:<a@example.com> SIZE=10 BODY=8BITMIME SMTPUTF8')).code, 250)
    const asked = core.messages.length
    const recipient = await client.say('RCPT TO:<b@congvu.test> NOTIFY=NEVER')
    assert.deepEqual([recipient.code, recipient.text.slice(0, 5)], [555, '5.5.4'])
    assert.equal((await client.say('RCPT TO:<c@congvu.test>')).code, 250)
    await client.say('DATA')
    client.write(text)
    assert.equal((await client.reply()).code, 250)
    assert.deepEqual(core.messages.slice(asked).map(({ recipients }) => recipients), [['c@congvu.test']])
  })

  it('offers what it does, and no AUTH', async () => {
    await using client = await dial(ingress.ports.exchange!)
    const hello = await client.say('EHLO again.example')
    for (const extension of ['PIPELINING', '8BITMIME', 'SMTPUTF8', 'ENHANCEDSTATUSCODES', 'STARTTLS', `SIZE ${60 * 1024 * 1024}`]) {
      assert.ok(hello.lines.includes(extension), extension)
    }
    assert.ok(!hello.lines.some((line) => line.startsWith('AUTH')))
    assert.equal((await client.say('AUTH PLAIN AAAA')).code, 502)
  })
})
