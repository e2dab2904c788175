/**
 * SMTP smuggling: bytes that one server takes for the end of a message and another for part of it. Every published sequence
 * must leave one message, or a refusal of it as a whole; the commands behind it must never run.
 */
import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import type { Ingress } from '../../src/protocols/smtp/haraka/supervise.ts'
import { fakeCore, type FakeCore } from '../support/fake-core.ts'
import { dataOf, dial } from '../support/smtp-dialogue.ts'

const smuggled = 'MAIL FROM:<smuggled@example.com>\r\nRCPT TO:<victim@congvu.test>\r\nDATA\r\nSubject: smuggled\r\n\r\nx\r\n.\r\n'

/** False ends, as published: SEC Consult 2023, its follow-ups, and the permutations of CR, LF and dot around them. */
const falseEnds = [
  '\n.\n',
  '\r.\r',
  '\n.\r',
  '\r.\n',
  '\n.\r\n',
  '\r.\r\n',
  '\r\n.\n',
  '\r\n.\r',
  '\n\n.\n',
  '\r\r.\r',
  '\n\n.\r\n',
  '\r\r.\r\n',
  '\r\n\n.\n',
  '\r\n\r.\r',
  '\r\n.\r\r\n',
  '\r\n.\n\n',
  '\n\r.\r\n',
  '\n\r.\n\r',
  '\r\n\0.\r\n',
  '\r\n.\0\r\n',
  '\r\n. \r\n',
  '\r\n\u0085.\u0085',
  '\r\r\n.\r\r\n',
]

const shown = (bytes: string): string => JSON.stringify(bytes)

describe('SMTP smuggling', () => {
  let core: FakeCore
  let ingress: Ingress
  before(async () => {
    core = await fakeCore()
    ingress = await core.start()
  })
  beforeEach(() => {
    core.messages.length = 0
    core.asked.length = 0
  })
  after(() => core[Symbol.asyncDispose]())

  for (const end of new Set(falseEnds)) {
    for (const pieces of ['in one write', 'in single bytes']) {
      it(`${shown(end)} ${pieces} does not end a message`, async () => {
        await using client = await dial(ingress.ports.exchange!)
        for (const command of ['MAIL FROM:<a@example.com>', 'RCPT TO:<b@congvu.test>', 'DATA']) await client.say(command)
        const bytes = Buffer.from(`Subject: first\r\n\r\nfirst${end}${smuggled}`, 'latin1')
        if (pieces === 'in one write') client.write(bytes)
        else for (const byte of bytes) client.write(Buffer.from([byte]))
        const reply = await client.reply()
        assert.ok(reply.code === 250 || (reply.code === 550 && reply.text.startsWith('5.6.0')), `${reply.code} ${reply.text}`)
        // The message ends where the smuggled one seems to: nothing is left to be answered.
        assert.equal((await client.say('NOOP')).code, 250)
        assert.ok(core.messages.length === (reply.code === 250 ? 1 : 0))
        const senders = core.asked.filter(({ question }) => question === 'recipient').map(({ ask }) => (ask as { sender: string }).sender)
        assert.deepEqual(senders, ['a@example.com'])
        if (reply.code === 250) assert.ok(core.messages[0]!.bytes.includes('MAIL FROM:<smuggled@example.com>'))
        // The connection is in order.
        const next = await client.send({ from: 'a@example.com', to: ['b@congvu.test'], data: dataOf(Buffer.from('Subject: y\r\n\r\ny\r\n')) })
        assert.equal(next.code, 250)
      })
    }
  }

  it('a bare CR or LF anywhere refuses the message, once, with 550 5.6.0', async () => {
    await using client = await dial(ingress.ports.exchange!)
    for (const bad of ['a\nb', 'a\rb', '\nfirst', '\rfirst', 'last\r', 'last\n']) {
      const reply = await client.send({ from: 'a@example.com', to: ['b@congvu.test'], data: `Subject: x\r\n\r\n${bad}\r\n.\r\n` })
      assert.deepEqual([reply.code, reply.text.slice(0, 5)], [550, '5.6.0'], shown(bad))
    }
    assert.equal(core.messages.length, 0)
  })
})
