/** Clients that mean harm: injection after STARTTLS, endless input, floods, half messages. The process lives and serves others. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Ingress } from '../../src/protocols/smtp/haraka/supervise.ts'
import { fakeCore, type FakeCore } from '../support/fake-core.ts'
import { dataOf, dial, plainCredentials } from '../support/smtp-dialogue.ts'

describe('SMTP, bad clients', () => {
  let core: FakeCore
  let ingress: Ingress
  let pid: number
  before(async () => {
    core = await fakeCore()
    const settings = await core.settings()
    ingress = await core.start({
      maxMessageBytes: 4 * 1024 * 1024,
      limits: { ...settings.limits, maxErrors: 5, maxCommands: 60, idleTimeoutMs: 1_000, maxHeldBytes: 6 * 1024 * 1024 },
    })
    pid = ingress.pid!
  })
  after(async () => {
    const same = ingress.pid
    await core[Symbol.asyncDispose]()
    assert.equal(same, pid, 'Haraka died on the way')
  })

  const text = dataOf(Buffer.from('Subject: x\r\n\r\nhello\r\n'))
  const ok = { from: 'a@example.com', to: ['b@congvu.test'], data: text }
  const serves = async (): Promise<void> => {
    await using client = await dial(ingress.ports.exchange!)
    assert.equal((await client.send(ok)).code, 250)
  }

  it('STARTTLS: plaintext pipelined behind it is thrown away', async () => {
    await using client = await dial(ingress.ports.submission!)
    core.asked.length = 0
    client.write('STARTTLS\r\nAUTH PLAIN ' + plainCredentials('evil@example.com', 'right') + '\r\nMAIL FROM:<evil@example.com>\r\n')
    assert.equal((await client.reply()).code, 220)
    client.destroy()
    await client.closed
    await using honest = await dial(ingress.ports.submission!)
    await honest.startTls()
    await honest.say('EHLO x.example')
    assert.equal((await honest.say('MAIL FROM:<a@example.com>')).code, 530)
    assert.deepEqual(core.asked, [])
  })

  it('a command line without an end is cut off', async () => {
    await using client = await dial(ingress.ports.exchange!)
    client.write('MAIL FROM:<'.padEnd(200_000, 'x'))
    assert.ok([500, 521, 421].includes((await client.reply()).code))
    await client.closed
    await serves()
  })

  it('input that does not wait for replies is bounded', async () => {
    await using client = await dial(ingress.ports.exchange!)
    const answer = Promise.withResolvers<{ refuse: null }>()
    core.answers = { recipient: () => answer.promise }
    await client.say('MAIL FROM:<a@example.com>')
    client.write('RCPT TO:<b@congvu.test>\r\n')
    for (let n = 0; n < 100; n++) client.write('RCPT TO:<b@congvu.test>\r\n'.repeat(400))
    assert.equal((await client.reply()).code, 421)
    await client.closed
    core.answers = {}
    answer.resolve({ refuse: null })
    await serves()
  })

  it('too many errors, and too many commands without a message, end the connection with 421', async () => {
    await using client = await dial(ingress.ports.exchange!)
    for (let n = 0; n < 5; n++) assert.equal((await client.say('NONSENSE')).code, 500)
    client.write('NONSENSE\r\n')
    assert.equal((await client.reply()).code, 500)
    assert.equal((await client.reply()).code, 421)
    await client.closed
    await using idler = await dial(ingress.ports.exchange!)
    let last = await idler.say('NOOP')
    for (let n = 0; n < 100 && last.code === 250; n++) last = await idler.say('NOOP')
    assert.equal(last.code, 421)
    await idler.closed
  })

  it('a connection too many from one address is answered 421, the others go on', async () => {
    await using own = await fakeCore()
    const { limits } = await own.settings()
    const proxied = await own.start({
      limits: { ...limits, exchangeConnectionsPerIp: 3, maxConnections: 5 },
      proxies: ['127.0.0.1'],
    })
    const from = async (ip: string) => {
      const client = await dial(proxied.ports.exchange!, { greet: false })
      client.write(`PROXY TCP4 ${ip} 192.0.2.99 40000 25\r\n`)
      return { client, greeting: await client.reply() }
    }
    const clients = []
    for (let n = 0; n < 3; n++) clients.push(await from('203.0.114.7'))
    const refused = await from('203.0.114.7')
    assert.deepEqual([refused.greeting.code, refused.greeting.text.slice(0, 5)], [421, '4.7.0'])
    await refused.client.closed
    for (const ip of ['203.0.114.8', '203.0.114.9']) clients.push(await from(ip))
    const full = await from('203.0.114.10')
    assert.deepEqual([full.greeting.code, full.greeting.text.slice(0, 5)], [421, '4.3.2'])
    await full.client.closed
    for (const { client, greeting } of clients) {
      assert.equal(greeting.code, 220)
      await client.say('EHLO x.example')
      assert.equal((await client.send(ok)).code, 250)
      client.destroy()
    }
  })

  it('a client that says nothing, also within a message, is closed with 421', async () => {
    await using silent = await dial(ingress.ports.exchange!)
    await using half = await dial(ingress.ports.exchange!)
    for (const command of ['MAIL FROM:<a@example.com>', 'RCPT TO:<b@congvu.test>', 'DATA']) await half.say(command)
    half.write('Subject: half\r\n\r\nno end')
    assert.equal((await silent.reply()).code, 421)
    assert.equal((await half.reply()).code, 421)
    await Promise.all([silent.closed, half.closed])
  })

  it('half a message and a disconnect leave nothing', async () => {
    const before = core.messages.length
    for (const upTo of ['Subject: x\r\n', 'Subject: x\r\n\r\nbody\r\n', 'Subject: x\r\n\r\nbody\r\n.', 'Subject: x\r\n\r\nbody\r\n.\r']) {
      const client = await dial(ingress.ports.exchange!)
      for (const command of ['MAIL FROM:<a@example.com>', 'RCPT TO:<b@congvu.test>', 'DATA']) await client.say(command)
      client.write(upTo)
      client.destroy()
      await client.closed
    }
    await serves()
    assert.equal(core.messages.length, before + 1)
  })

  it('more held bytes than there is room for: 452 4.3.1, and room again after', async () => {
    const big = Buffer.alloc(3 * 1024 * 1024, `${'A'.repeat(76)}\r\n`)
    const clients = []
    for (let n = 0; n < 3; n++) {
      const client = await dial(ingress.ports.exchange!)
      for (const command of ['MAIL FROM:<a@example.com>', 'RCPT TO:<b@congvu.test>', 'DATA']) await client.say(command)
      client.write(big)
      clients.push(client)
    }
    const codes = []
    for (const client of clients) {
      client.write('\r\n.\r\n')
      codes.push((await client.reply()).code)
    }
    assert.ok(codes.includes(452), `${codes.join()}`)
    assert.ok(codes.includes(250), `${codes.join()}`)
    for (const client of clients) await client[Symbol.asyncDispose]()
    await using client = await dial(ingress.ports.exchange!)
    assert.equal((await client.send({ ...ok, data: Buffer.concat([big, Buffer.from('\r\n.\r\n')]) })).code, 250)
    core.messages.length = 0
  })

  it('addresses with line ends or control characters never reach core or LMTP', async () => {
    await using client = await dial(ingress.ports.exchange!)
    core.asked.length = 0
    assert.ok((await client.say('MAIL FROM:<a\rRCPT TO:<x@y>@example.com>')).code >= 500)
    assert.equal((await client.say('MAIL FROM:<a@example.com>')).code, 250)
    for (const bad of ['<b\0@congvu.test>', '<"b\r"@congvu.test>', '<b@congvu.test\r>', '<b>@congvu.test>', '<>']) {
      assert.ok((await client.say(`RCPT TO:${bad}`)).code >= 500, JSON.stringify(bad))
    }
    assert.deepEqual(core.asked.filter(({ question }) => question === 'recipient'), [])
  })

  it('INTERNALCMD does not exist, not even for loopback', async () => {
    await using client = await dial(ingress.ports.exchange!)
    assert.equal((await client.say('INTERNALCMD performShutdown')).code, 500)
    await serves()
  })

  it('TLS spoken to a plain port, and noise, are answered and closed', async () => {
    const client = await dial(ingress.ports.exchange!, { greet: false })
    await client.reply()
    client.write(Buffer.concat([Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01]), Buffer.alloc(600, 0xff), Buffer.from('\r\n')]))
    await client.reply()
    client.destroy()
    await client.closed
    const plain = await dial(ingress.ports.submissions!, { greet: false })
    plain.write('EHLO x\r\n')
    await plain.closed
    await serves()
  })
})
