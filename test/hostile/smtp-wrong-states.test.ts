/** AUTH where it does not belong, noise where TLS or text should be: refused in order, and nothing of it reaches core. */
import assert from 'node:assert/strict'
import net from 'node:net'
import { after, before, beforeEach, describe, it } from 'node:test'
import tls from 'node:tls'
import type { Ingress } from '../../src/protocols/smtp/haraka/supervise.ts'
import { fakeCore, type FakeCore } from '../support/fake-core.ts'
import { dataOf, dial, plainCredentials } from '../support/smtp-dialogue.ts'

const text = dataOf(Buffer.from('Subject: x\r\n\r\nx\r\n'))
const right = plainCredentials('an@congvu.test', 'right')

describe('SMTP, wrong states', () => {
  let core: FakeCore
  let ingress: Ingress
  let pid: number
  before(async () => {
    core = await fakeCore()
    const { limits } = await core.settings()
    ingress = await core.start({ limits: { ...limits, maxErrors: 100 }, logLevel: 'debug' })
    pid = ingress.pid!
  })
  beforeEach(() => {
    core.asked.length = 0
    core.answers = {}
  })
  after(async () => {
    const same = ingress.pid
    await core[Symbol.asyncDispose]()
    assert.equal(same, pid, 'Haraka died on the way')
  })
  const asked = (question: string): number => core.asked.filter((one) => one.question === question).length

  it('AUTH before EHLO, after HELO, within a transaction and twice is 503', async () => {
    await using client = await dial(ingress.ports.submission!, { greet: false })
    await client.reply()
    assert.equal((await client.say(`AUTH PLAIN ${right}`)).code, 503)
    assert.equal((await client.say('HELO x.example')).code, 250)
    assert.equal((await client.say(`AUTH PLAIN ${right}`)).code, 503)
    assert.equal((await client.say('EHLO x.example')).code, 250)
    assert.equal(asked('authenticate'), 0)
    assert.equal((await client.say(`AUTH PLAIN ${right}`)).code, 235)
    assert.equal((await client.say(`AUTH PLAIN ${right}`)).code, 503)
    assert.equal((await client.say('MAIL FROM:<an@congvu.test>')).code, 250)
    assert.equal((await client.say('AUTH LOGIN')).code, 503)
    assert.equal(asked('authenticate'), 1)
  })

  it('AUTH on port 25 is 502, whatever follows it', async () => {
    await using client = await dial(ingress.ports.exchange!)
    for (const line of ['AUTH', 'AUTH PLAIN', `AUTH PLAIN ${right}`, `auth login ${'x'.repeat(5_000)}`, 'AUTH\tPLAIN']) assert.equal((await client.say(line)).code, 502, line.slice(0, 20))
    assert.equal(asked('authenticate'), 0)
  })

  it('mechanisms, responses and cancellations of every wrong form are answered, and never asked of core', async () => {
    await using client = await dial(ingress.ports.submission!)
    const one = async (line: string, ...responses: string[]): Promise<number> => {
      let { code } = await client.say(line)
      for (const response of responses) {
        assert.equal(code, 334, line)
        code = (await client.say(response)).code
      }
      return code
    }
    const base64 = (bytes: string): string => Buffer.from(bytes, 'latin1').toString('base64')
    assert.equal(await one('AUTH'), 504)
    assert.equal(await one('AUTH CRAM-MD5'), 504)
    assert.equal(await one(`AUTH PLAIN ${right} ${right}`), 501)
    for (const wrong of ['*', '=', 'not base64!', 'AAA', `${right}=`, base64('one'), base64('\0only'), base64('\0a\0b\0c'), base64('other\0an@congvu.test\0right'), base64('\0\0right'), 'A'.repeat(12_284)]) {
      assert.equal(await one('AUTH PLAIN', wrong), 501, wrong.slice(0, 20))
    }
    assert.equal(await one('AUTH LOGIN', base64('an@congvu.test'), '*'), 501)
    assert.equal(await one('AUTH LOGIN', 'no!'), 501)
    assert.equal(asked('authenticate'), 0)
    // A command in place of a response is a response, and no command.
    assert.equal(await one('AUTH PLAIN', 'MAIL FROM:<an@congvu.test>'), 501)
    assert.equal(await one(`AUTH PLAIN ${right}`), 235)
  })

  it('a response of AUTH longer than any is the end of the connection', async () => {
    await using client = await dial(ingress.ports.submission!)
    assert.equal((await client.say('AUTH PLAIN')).code, 334)
    client.write('A'.repeat(200_000))
    assert.ok([421, 521].includes((await client.reply()).code))
    await client.closed
  })

  it('commands pipelined behind AUTH wait for its answer', async () => {
    const verdict = Promise.withResolvers<{ refuse: { code: number; enhanced: string; text: string } }>()
    core.answers = { authenticate: () => verdict.promise }
    await using client = await dial(ingress.ports.submission!)
    client.write(`AUTH PLAIN ${right}\r\nMAIL FROM:<an@congvu.test>\r\n`)
    verdict.resolve({ refuse: { code: 535, enhanced: '5.7.8', text: 'no' } })
    assert.deepEqual([(await client.reply()).code, (await client.reply()).code], [535, 530])
  })

  it('five wrong passwords end the connection, and none of them is in the log, at its most talkative', async () => {
    await using client = await dial(ingress.ports.submission!)
    const secrets = Array.from({ length: 5 }, (_, n) => `Mat-Khau-${n}-sai`)
    for (const secret of secrets) {
      if ((await client.say('AUTH LOGIN')).code !== 334) assert.fail('no challenge')
      await client.say(Buffer.from('an@congvu.test').toString('base64'))
      assert.equal((await client.say(Buffer.from(secret).toString('base64'))).code, 535)
    }
    assert.equal((await client.reply()).code, 421)
    await client.closed
    const log = core.logLines.join('\n')
    for (const secret of secrets) assert.ok(!log.includes(secret) && !log.includes(Buffer.from(secret).toString('base64')))
  })

  it('noise and commands in place of the TLS handshake end the connection, others are served', async () => {
    for (const noise of [Buffer.from('MAIL FROM:<evil@x.example>\r\nRCPT TO:<b@congvu.test>\r\n'), Buffer.alloc(20_000, 0xff), Buffer.from([0x16, 3, 1, 0xff, 0xff, ...Buffer.alloc(100)]), Buffer.from('\0')]) {
      const client = await dial(ingress.ports.submission!)
      assert.equal((await client.say('STARTTLS')).code, 220)
      client.write(noise)
      // One byte may still become a handshake; its silence has a limit of its own.
      if (noise.length === 1) client.destroy()
      await client.closed
    }
    assert.equal(asked('recipient'), 0)
    await using honest = await dial(ingress.ports.submission!)
    await honest.startTls()
    await honest.say('EHLO x.example')
    assert.equal((await honest.say(`AUTH PLAIN ${right}`)).code, 235)
    assert.equal((await honest.send({ from: 'an@congvu.test', to: ['b@congvu.test'], data: text })).code, 250)
  })

  it('STARTTLS twice, with an argument, or on a port that is TLS already is refused', async () => {
    await using client = await dial(ingress.ports.submission!)
    assert.equal((await client.say('STARTTLS now')).code, 501)
    await client.startTls()
    await client.say('EHLO x.example')
    assert.equal((await client.say('STARTTLS')).code, 503)
    assert.equal((await client.say('NOOP')).code, 250)
    await using implicit = await dial(ingress.ports.submissions!, { implicitTls: true })
    assert.ok((await implicit.say('STARTTLS')).code >= 500)
    assert.equal((await implicit.say('NOOP')).code, 250)
  })

  it('who signed in before STARTTLS has to do it again (RFC 3207 §4.2)', async () => {
    await using client = await dial(ingress.ports.submission!)
    assert.equal((await client.say(`AUTH PLAIN ${right}`)).code, 235)
    await client.startTls()
    assert.ok((await client.say('MAIL FROM:<an@congvu.test>')).code >= 500)
    await client.say('EHLO x.example')
    assert.equal((await client.say('MAIL FROM:<an@congvu.test>')).code, 530)
  })

  it('a handshake that is cut off, and renegotiation without end, harm nobody else', async () => {
    const half = net.connect({ host: '127.0.0.1', port: ingress.ports.submissions! })
    half.write(Buffer.from([0x16, 3, 1, 1]))
    half.destroy()
    const old = tls.connect({ host: '127.0.0.1', port: ingress.ports.submissions!, rejectUnauthorized: false, maxVersion: 'TLSv1.1', minVersion: 'TLSv1', ciphers: 'ALL@SECLEVEL=0' })
    await new Promise<void>((resolve) => {
      old.on('error', () => old.destroy())
      old.once('close', () => resolve())
    })
    await using honest = await dial(ingress.ports.submissions!, { implicitTls: true })
    assert.equal((await honest.say('NOOP')).code, 250)
  })

  it('DATA without recipients, bodies without DATA, and commands without arguments are refused in order', async () => {
    await using client = await dial(ingress.ports.exchange!)
    for (const [line, code] of [['DATA', 503], ['RCPT TO:<b@congvu.test>', 503], ['MAIL', 501], ['MAIL FROM:', 250], ['DATA', 503], ['.', 500], ['Subject: x', 500], ['RCPT', 501], ['DATA x', 501], ['QUIT x', 501], ['RSET x', 501]] as const) {
      assert.equal((await client.say(line)).code, code, line)
    }
    await client.say('RSET')
    assert.equal((await client.send({ from: 'a@x.example', to: ['b@congvu.test'], data: text })).code, 250)
  })
})
