/**
 * Header and log injection by names: EHLO names, sender addresses, replies of other servers. They stand in our trace lines, in
 * the log, in the mail log and in bounces as text, and never as a line, a field or a colour.
 */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { scanHeader } from '../../src/message/header.ts'
import { outsideServer, type OutsideServer } from '../support/outside-server.ts'
import { startServer, type Person, type RunningServer } from '../support/running-server.ts'
import { dataOf, dial, plainCredentials } from '../support/smtp-dialogue.ts'
import { openInbox, type Inbox } from './message-inbox.ts'

const message = 'From: <a@x.example>\r\nSubject: x\r\n\r\nx\r\n'
const data = dataOf(Buffer.from(message))

describe('hostile names', () => {
  let server: RunningServer
  let outside: OutsideServer
  let person: Person
  let inbox: Inbox
  let filed = 0
  before(async () => {
    outside = await outsideServer()
    server = await startServer({ outsidePort: outside.port, settings: { CONGVU_LOG__LEVEL: 'debug' } })
    person = await server.person('an', 'Nguyễn Văn An')
    inbox = await openInbox(server.ports.imap, person)
  })
  after(async () => {
    inbox[Symbol.dispose]()
    await server.stop()
    await outside[Symbol.asyncDispose]()
  })

  /** The trace lines of the next message, which stand before the sender's first byte. */
  const traceOf = async (helo: string, sender: string): Promise<string> => {
    await using client = await dial(server.ports.smtp)
    assert.equal((await client.say(`EHLO ${helo}`)).code, 250, helo)
    assert.equal((await client.send({ from: sender, to: [person.address], data, mailParameters: ' SMTPUTF8' })).code, 250, sender)
    assert.equal(await inbox.count(), ++filed)
    const whole = await inbox.bytes(filed)
    assert.ok(whole.endsWith(message))
    return whole.slice(0, -message.length)
  }

  const cases = [
    ['x.example', '"a b"@x.example'],
    ['x.example', '"\\"script(\\\\)"@x.example'],
    ['(comment', 'a@x.example'],
    ['x);for', 'a@x.example'],
    ['máy-chủ.ví-dụ', 'nguyễn@ví-dụ.example'],
    ['x;Received:from', '"x;Received: from evil"@x.example'],
    ['"x', '"Bcc: evil@x.example"@x.example'],
    ['[127.0.0.1]', ''],
    ['x'.repeat(255), `${'s'.repeat(64)}@${'d.'.repeat(80)}example`],
    ['<x>\\', '"=?utf-8?Q?=0D=0ABcc:_x?="@x.example'],
  ] as const
  for (const [helo, sender] of cases) {
    it(`EHLO ${helo.slice(0, 30)} and MAIL FROM:<${sender.slice(0, 40)}> make three fields and no more`, async () => {
      const trace = await traceOf(helo, sender)
      const { fields } = scanHeader(Buffer.from(trace, 'latin1'))
      assert.deepEqual(fields.map(({ name }) => name), ['return-path', 'delivered-to', 'received'])
      assert.ok(!/[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\r(?!\n)|(?<!\r)\n/.test(trace), JSON.stringify(trace))
      assert.ok(trace.split('\r\n').every((line) => Buffer.byteLength(line) <= 998))
      assert.equal(trace.split('\r\n')[0], `Return-Path: <${Buffer.from(sender).toString('latin1')}>`)
      // What the client said stands before what we know, and looks like neither.
      assert.match(trace, /\r\nReceived: from [A-Za-z0-9.:_[\]?-]{1,255} \([^()]*\[127\.0\.0\.1\]\)\r\n\tby mail\.congvu\.test /)
    })
  }

  it('a reply of another server with line ends and colours stands in the bounce as text', async () => {
    outside.behave = (stage) => (stage === 'rcpt' ? '550 5.1.1 no\u2028Bcc: evil@x.example\x1b[31m\x9b\0\r[CRIT] forged <script>' : null)
    await using client = await dial(server.ports.submissions, { implicitTls: true })
    assert.equal((await client.say(`AUTH PLAIN ${plainCredentials(person.address, person.password)}`)).code, 235)
    const own = dataOf(Buffer.from(`From: <${person.address}>\r\nSubject: ra\r\n\r\nx\r\n`))
    assert.equal((await client.send({ from: person.address, to: ['b@out.example'], data: own })).code, 250)
    await inbox.until(++filed)
    const bounce = await inbox.bytes(filed)
    const { fields } = scanHeader(Buffer.from(bounce, 'latin1'))
    assert.ok(!fields.some(({ name }) => name === 'bcc'))
    const diagnostic = /\r\nDiagnostic-Code: ([^\r\n]*)\r\n/.exec(bounce)?.[1]
    assert.match(diagnostic ?? '', /^smtp; [\x20-\x7e]*$/)
  })

  it('the log at its most talkative is one JSON value a line, and nothing in it steers a terminal', async () => {
    const forging = ['NOOP \u2028[CRIT] forged', 'HELP \x1b[2J\x07', 'VRFY a\r[CRIT] forged', 'MAIL FROM:<"\\\x1b"@x.example>', 'EHLO \u009b31m\u2029forged']
    await using client = await dial(server.ports.smtp)
    for (const line of forging) await client.say(line)
    await client.say('QUIT')
    await client.closed
    const log = server.log().split('\n').slice(1).filter((line) => line !== '')
    assert.ok(log.length > 10)
    for (const line of log) {
      const entry = JSON.parse(line) as { msg?: string; level: number }
      assert.ok(!/[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]/.test(line), line)
      assert.ok(!/^(?:\[CRIT\] )?forged/.test(entry.msg ?? ''), line)
    }
  })
})
