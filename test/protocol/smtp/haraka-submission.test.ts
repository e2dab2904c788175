/** Submission through Haraka: AUTH, when it is offered, and what a signed-in account may do (RFC 6409, RFC 4954, RFC 3207). */
import assert from 'node:assert/strict'
import { after, afterEach, before, describe, it } from 'node:test'
import type { Ingress } from '../../../src/protocols/smtp/haraka/supervise.ts'
import { fakeCore, type FakeCore } from '../../support/fake-core.ts'
import { dataOf, dial, plainCredentials, type SmtpDialogue } from '../../support/smtp-dialogue.ts'

describe('Haraka, submission', () => {
  let core: FakeCore
  let ingress: Ingress
  before(async () => {
    core = await fakeCore()
    ingress = await core.start({ logLevel: 'debug' })
  })
  afterEach(() => {
    core.answers = {}
  })
  after(() => core[Symbol.asyncDispose]())

  const text = dataOf(Buffer.from('Subject: x\r\n\r\nhello\r\n'))
  const mail = { from: 'an@so.congvu.test', to: ['b@congvu.test'], data: text }
  const right = plainCredentials('an@so.congvu.test', 'right')

  async function sendsAs(client: SmtpDialogue): Promise<void> {
    assert.equal((await client.send(mail)).code, 250)
    const facts = core.facts.at(-1)!
    assert.equal(facts.service, 'submission')
    assert.equal(facts.account, 'account-of-an@so.congvu.test')
  }

  it('signs in with PLAIN and LOGIN, with and without an initial response', async () => {
    const port = ingress.ports.submission!
    {
      await using client = await dial(port)
      assert.equal((await client.say(`AUTH PLAIN ${right}`)).code, 235)
      await sendsAs(client)
    }
    {
      await using client = await dial(port)
      const challenge = await client.say('auth plain')
      assert.deepEqual([challenge.code, challenge.text.trim()], [334, ''])
      assert.equal((await client.say(right)).code, 235)
      await sendsAs(client)
    }
    {
      await using client = await dial(port)
      assert.equal((await client.say('AUTH LOGIN')).text, 'VXNlcm5hbWU6')
      assert.equal((await client.say(Buffer.from('an@so.congvu.test').toString('base64'))).text, 'UGFzc3dvcmQ6')
      assert.equal((await client.say(Buffer.from('right').toString('base64'))).code, 235)
      await sendsAs(client)
    }
    {
      await using client = await dial(port)
      assert.equal((await client.say(`AUTH LOGIN ${Buffer.from('an@so.congvu.test').toString('base64')}`)).code, 334)
      assert.equal((await client.say(Buffer.from('right').toString('base64'))).code, 235)
      await sendsAs(client)
    }
  })

  it('signs in over STARTTLS and over implicit TLS', async () => {
    {
      await using client = await dial(ingress.ports.submission!)
      await client.startTls()
      const hello = await client.say('EHLO again.example')
      assert.ok(hello.lines.includes('AUTH PLAIN LOGIN'))
      assert.ok(!hello.lines.includes('STARTTLS'))
      assert.equal((await client.say(`AUTH PLAIN ${right}`)).code, 235)
      await sendsAs(client)
      assert.equal(core.facts.at(-1)!.remote.tls, true)
    }
    {
      await using client = await dial(ingress.ports.submissions!, { implicitTls: true })
      assert.equal((await client.say(`AUTH PLAIN ${right}`)).code, 235)
      await sendsAs(client)
      assert.equal(core.facts.at(-1)!.remote.tls, true)
    }
  })

  it('forgets who signed in when TLS starts', async () => {
    await using client = await dial(ingress.ports.submission!)
    assert.equal((await client.say(`AUTH PLAIN ${right}`)).code, 235)
    await client.startTls()
    await client.say('EHLO again.example')
    assert.equal((await client.say('MAIL FROM:<an@so.congvu.test>')).code, 530)
    assert.equal((await client.say(`AUTH PLAIN ${right}`)).code, 235)
    await sendsAs(client)
  })

  it('wants AUTH before MAIL, and answers bad AUTH with the codes of RFC 4954', async () => {
    await using client = await dial(ingress.ports.submission!)
    const early = await client.say('MAIL FROM:<an@so.congvu.test>')
    assert.deepEqual([early.code, early.text.slice(0, 5)], [530, '5.7.0'])
    assert.equal((await client.say('AUTH CRAM-MD5')).code, 504)
    assert.equal((await client.say('AUTH PLAIN not*base64')).code, 501)
    assert.equal((await client.say(`AUTH PLAIN ${Buffer.from('one part').toString('base64')}`)).code, 501)
    assert.equal((await client.say('AUTH LOGIN')).code, 334)
    assert.equal((await client.say('*')).code, 501)
    assert.equal((await client.say('NOOP')).code, 250)
    const other = Buffer.from('somebody@else\0an@so.congvu.test\0right').toString('base64')
    assert.equal((await client.say(`AUTH PLAIN ${other}`)).code, 501)
    assert.equal((await client.say(`AUTH PLAIN ${right}`)).code, 235)
    assert.equal((await client.say(`AUTH PLAIN ${right}`)).code, 503)
  })

  it('gives core\'s refusal of a password, and closes after five', async () => {
    await using client = await dial(ingress.ports.submission!)
    for (let n = 1; n <= 5; n++) {
      const refused = await client.say(`AUTH PLAIN ${plainCredentials('an@so.congvu.test', 'wrong')}`)
      assert.deepEqual([refused.code, refused.text.slice(0, 5)], [535, '5.7.8'])
    }
    assert.equal((await client.reply()).code, 421)
    await client.closed
  })

  it('asks core whether the account may send as the address', async () => {
    core.answers = {
      sender: async ({ account, sender }) => ({
        refuse:
          account === 'account-of-an@so.congvu.test' && sender === 'an@so.congvu.test'
            ? null
            : { code: 553, enhanced: '5.7.1', text: 'Not yours' },
      }),
    }
    await using client = await dial(ingress.ports.submission!)
    await client.say(`AUTH PLAIN ${right}`)
    const refused = await client.say('MAIL FROM:<other@so.congvu.test>')
    assert.deepEqual([refused.code, refused.text], [553, '5.7.1 Not yours'])
    await sendsAs(client)
  })

  it('answers 454 when core cannot check, and stays usable', async () => {
    core.answers = { authenticate: () => Promise.reject(new Error('a bug')) }
    await using client = await dial(ingress.ports.submission!)
    assert.equal((await client.say(`AUTH PLAIN ${right}`)).code, 454)
    core.answers = {}
    assert.equal((await client.say(`AUTH PLAIN ${right}`)).code, 235)
  })

  it('never writes what a client signs in with to the log, even at the level debug', () => {
    const log = core.logLines.join('\n')
    assert.ok(log.includes('mail'), 'the log is on')
    for (const secret of [right, 'right', Buffer.from('right').toString('base64'), plainCredentials('an@so.congvu.test', 'wrong')]) {
      assert.ok(!log.includes(secret), 'a secret is in the log')
    }
  })
})
