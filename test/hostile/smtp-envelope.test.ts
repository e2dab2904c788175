/** What clients put into EHLO, MAIL and RCPT: bytes of no language, names without end, parameters that nobody offered. */
import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import type { Ingress } from '../../src/protocols/smtp/haraka/supervise.ts'
import { fakeCore, type FakeCore } from '../support/fake-core.ts'
import { dataOf, dial, type SmtpDialogue } from '../support/smtp-dialogue.ts'

/** Of a command, or of its parameters. */
const syntaxErrors = new Set([500, 501])

const text = dataOf(Buffer.from('Subject: x\r\n\r\nx\r\n'))

describe('SMTP, hostile envelopes', () => {
  let core: FakeCore
  let ingress: Ingress
  let pid: number
  before(async () => {
    core = await fakeCore()
    ingress = await core.start()
    pid = ingress.pid!
  })
  beforeEach(() => {
    core.messages.length = 0
    core.asked.length = 0
    core.facts.length = 0
  })
  after(async () => {
    const same = ingress.pid
    await core[Symbol.asyncDispose]()
    assert.equal(same, pid, 'Haraka died on the way')
  })

  const askedAddresses = (): string[] => core.asked.flatMap(({ question, ask }) => (question === 'recipient' ? [(ask as { address: string }).address] : []))
  /** Bytes as they are; the dialogue's own strings would go out as UTF-8. */
  const sayBytes = (client: SmtpDialogue, line: string): ReturnType<SmtpDialogue['reply']> => {
    client.write(Buffer.from(`${line}\r\n`, 'latin1'))
    return client.reply()
  }

  it('an address of 8 bits without SMTPUTF8 is refused with 553 5.6.7, with it the same bytes reach core', async () => {
    await using client = await dial(ingress.ports.exchange!)
    const refused = await client.say('MAIL FROM:<nguyễn@x.example>')
    assert.deepEqual([refused.code, refused.text.slice(0, 5)], [553, '5.6.7'])
    assert.equal((await client.say('MAIL FROM:<a@x.example>')).code, 250)
    const rcpt = await client.say('RCPT TO:<nguyễn@congvu.test>')
    assert.deepEqual([rcpt.code, rcpt.text.slice(0, 5)], [553, '5.6.7'])
    assert.deepEqual(askedAddresses(), [])
    await client.say('RSET')
    const sent = await client.send({ from: 'nguyễn@đ.example', to: ['hội@congvu.test'], data: text, mailParameters: ' SMTPUTF8' })
    assert.equal(sent.code, 250)
    assert.deepEqual([core.messages[0]!.sender, core.messages[0]!.recipients], ['nguyễn@đ.example', ['hội@congvu.test']])
  })

  it('an envelope whose 8-bit bytes are not UTF-8 is refused, with SMTPUTF8 too', async () => {
    await using client = await dial(ingress.ports.exchange!)
    for (const bytes of ['\xff', '\xe1\xbb', '\xc0\xaf', '\xed\xa0\x80', 'B\xb8o']) {
      assert.equal((await sayBytes(client, `MAIL FROM:<a${bytes}@x.example> SMTPUTF8`)).code, 501, JSON.stringify(bytes))
    }
    await client.say('MAIL FROM:<a@x.example> SMTPUTF8')
    assert.equal((await sayBytes(client, 'RCPT TO:<b\xff@congvu.test>')).code, 501)
    assert.deepEqual(askedAddresses(), [])
  })

  for (const bad of ['\0', '\x1b[31m', '\x7f', '\t', '\r', '\x08', '\u0085', '\u009b', '\u2028', '\u2029', '\ufffd']) {
    it(`the control ${JSON.stringify(bad)} in an address is refused, in quotes too`, async () => {
      await using client = await dial(ingress.ports.exchange!)
      for (const address of [`a${bad}@x.example`, `"a${bad}"@x.example`]) {
        assert.ok(syntaxErrors.has((await client.say(`MAIL FROM:<${address}> SMTPUTF8`)).code), JSON.stringify(address))
      }
      await client.say('MAIL FROM:<a@x.example> SMTPUTF8')
      for (const address of [`b${bad}@congvu.test`, `"b${bad}"@congvu.test`]) {
        assert.ok(syntaxErrors.has((await client.say(`RCPT TO:<${address}>`)).code), JSON.stringify(address))
      }
      assert.deepEqual(askedAddresses(), [])
    })
  }

  it('addresses of 600 bytes and of 10 KB are refused, and nothing of them goes to core', async () => {
    await using client = await dial(ingress.ports.exchange!)
    for (const [long, code] of [[`${'a'.repeat(600)}@x.example`, 501], [`${'a'.repeat(10_000)}@x.example`, 500], [`a@${'b.'.repeat(5_000)}example`, 500], [`"${'\\"'.repeat(5_000)}"@x.example`, 500]] as const) {
      assert.equal((await client.say(`MAIL FROM:<${long}>`)).code, code)
    }
    await client.say('MAIL FROM:<a@x.example>')
    assert.equal((await client.say(`RCPT TO:<${'b'.repeat(600)}@congvu.test>`)).code, 501)
    assert.equal((await client.say(`RCPT TO:<${'b'.repeat(10_000)}@congvu.test>`)).code, 500)
    assert.deepEqual(askedAddresses(), [])
  })

  it('names of EHLO: without end, with controls and with line ends are refused; of 8 bits they are only a name', async () => {
    await using client = await dial(ingress.ports.exchange!)
    for (const [name, code] of [['x'.repeat(256), 501], ['x'.repeat(1_900), 501], ['x'.repeat(3_000), 500], ['x'.repeat(12_000), 500], ['a\x1b[2J', 501], ['a\rX-Injected: 1', 500], ['a\0b', 501], ['', 501]] as const) {
      assert.equal((await client.say(`EHLO ${name}`)).code, code, JSON.stringify(name.slice(0, 20)))
    }
    assert.equal((await client.say('EHLO máy-chủ.example')).code, 250)
    assert.equal((await client.send({ from: 'a@x.example', to: ['b@congvu.test'], data: text })).code, 250)
    assert.equal(core.facts[0]!.remote.helo, 'máy-chủ.example')
  })

  it('parameters that nobody offered, twice, without end or of another protocol change nothing for core', async () => {
    await using client = await dial(ingress.ports.exchange!)
    const parameters = [
      'XTRANSACTION=evil', 'SIZE=-1', 'SIZE=abc', 'SIZE=0x10', 'SIZE=1 SIZE=2', 'SIZE=99999999999999999999999', 'BODY=BINARYMIME', 'BODY=', 'RET=FULL ENVID=x+3Dy', 'AUTH=<>', '__proto__=1', 'constructor=x', 'HOLDFOR=9', 'A=B=C', `X=${'y'.repeat(900)}`,
    ]
    for (const parameter of parameters) {
      const reply = await client.send({ from: 'a@x.example', to: ['b@congvu.test'], data: text, mailParameters: ` ${parameter}` })
      assert.ok([250, 501, 552, 555].includes(reply.code), `${parameter}: ${reply.code} ${reply.text}`)
      await client.say('RSET')
    }
    const known = new Set(core.facts.map(({ transaction }) => transaction))
    assert.ok(core.messages.length > 0)
    for (const { transaction, sender, recipients } of core.messages) {
      assert.match(transaction, /^[0-9a-f-]{36}$/)
      assert.ok(known.has(transaction))
      assert.deepEqual([sender, recipients], ['a@x.example', ['b@congvu.test']])
    }
  })

  it('more parameters than fit into a command are refused before they are read one by one', async () => {
    await using client = await dial(ingress.ports.exchange!)
    for (let n = 0; n < 10; n++) assert.equal((await client.say(`MAIL FROM:<a@x.example>${' a'.repeat(5_000)}`)).code, 500)
    assert.equal((await client.send({ from: 'a@x.example', to: ['b@congvu.test'], data: text })).code, 250)
  })
})
