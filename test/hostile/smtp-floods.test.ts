/** Too much, too often, too slowly: floods of recipients, guesses, silence, single bytes. Memory has a bound, others are served. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import net from 'node:net'
import { after, before, beforeEach, describe, it } from 'node:test'
import { memoryOf } from '../../bench/process-tree.ts'
import type { Ingress } from '../../src/protocols/smtp/haraka/supervise.ts'
import { fakeCore, type FakeCore } from '../support/fake-core.ts'
import { dataOf, dial, plainCredentials, type SmtpDialogue } from '../support/smtp-dialogue.ts'

const mebibyte = 1024 * 1024
const text = dataOf(Buffer.from('Subject: x\r\n\r\nx\r\n'))
const ok = { from: 'a@x.example', to: ['b@congvu.test'], data: text }
const idleTimeoutMs = 400
const noSuchUser = { refuse: { code: 550, enhanced: '5.1.1', text: 'No such address here' } }

describe('SMTP floods', () => {
  let core: FakeCore
  let ingress: Ingress
  let pid: number
  before(async () => {
    core = await fakeCore()
    const { limits } = await core.settings()
    ingress = await core.start({ limits: { ...limits, maxConnections: 1_100, maxErrors: 20, maxCommands: 2_500, idleTimeoutMs: 60_000 } })
    pid = ingress.pid!
  })
  beforeEach(() => {
    core.answers = {}
    core.asked.length = 0
  })
  after(async () => {
    const same = ingress.pid
    await core[Symbol.asyncDispose]()
    assert.equal(same, pid, 'Haraka died on the way')
  })

  /** What the work adds to Haraka's resident memory. */
  const grownBytes = async (work: () => Promise<void>, of: Ingress = ingress): Promise<number> => {
    const before = memoryOf([of.pid!]).rssKiB
    await work()
    return (memoryOf([of.pid!]).rssKiB - before) * 1024
  }
  const serves = async (on: Ingress = ingress): Promise<void> => {
    await using client = await dial(on.ports.exchange!)
    assert.equal((await client.send(ok)).code, 250)
  }

  it('2,000 recipients in one transaction: all above the limit are answered 452, the message goes to the first hundred', async () => {
    await using client = await dial(ingress.ports.exchange!)
    await client.say('MAIL FROM:<a@x.example>')
    const grown = await grownBytes(async () => {
      const codes = new Map<number, number>()
      for (let sent = 0; sent < 2_000; sent += 100) {
        client.write(Array.from({ length: 100 }, (_, n) => `RCPT TO:<b${sent + n}@congvu.test>\r\n`).join(''))
        for (let n = 0; n < 100; n++) {
          const { code } = await client.reply()
          codes.set(code, (codes.get(code) ?? 0) + 1)
        }
      }
      assert.deepEqual([...codes], [[250, 100], [452, 1_900]])
    })
    assert.ok(grown < 64 * mebibyte, `${grown} bytes`)
    assert.equal((await client.say('DATA')).code, 354)
    client.write(text)
    assert.equal((await client.reply()).code, 250)
    assert.equal(core.messages.at(-1)!.recipients.length, 100)
  })

  it('RCPT, RSET, MAIL and again, without ever a message, ends with 421', async () => {
    await using client = await dial(ingress.ports.exchange!)
    let last = 250
    for (let round = 0; round < 1_000 && last !== 421; round++) {
      client.write('MAIL FROM:<a@x.example>\r\nRCPT TO:<b@congvu.test>\r\nRSET\r\n')
      for (let n = 0; n < 3 && last !== 421; n++) last = (await client.reply()).code
    }
    assert.equal(last, 421)
    await client.closed
    await serves()
  })

  it('a dictionary attack is cut off after some wrong recipients, on every connection anew', async () => {
    core.answers = { recipient: async () => noSuchUser }
    for (let connection = 0; connection < 5; connection++) {
      await using client = await dial(ingress.ports.exchange!)
      await client.say('MAIL FROM:<a@x.example>')
      const codes: number[] = []
      for (let n = 0; n < 21; n++) {
        client.write(`RCPT TO:<ten${n}@congvu.test>\r\n`)
        codes.push((await client.reply()).code)
      }
      assert.ok(codes.every((code) => code === 550))
      assert.equal((await client.reply()).code, 421)
      await client.closed
    }
  })

  it('1,000 connections that say nothing hold little, and others are served beside them', async () => {
    const silent: net.Socket[] = []
    const grown = await grownBytes(async () => {
      for (let opened = 0; opened < 1_000; opened += 100) {
        const some = Array.from({ length: 100 }, () => net.connect({ host: '127.0.0.1', port: ingress.ports.exchange! }))
        silent.push(...some)
        // The greeting, after which each is a connection of Haraka's.
        await Promise.all(some.map((socket) => once(socket, 'data')))
      }
      await serves()
    })
    assert.ok(grown < 100 * mebibyte, `${grown} bytes`)
    await Promise.all(silent.map((socket) => (socket.destroy(), once(socket, 'close'))))
    await serves()
  })

  describe('with short limits', () => {
    let hasty: Ingress
    let hastyCore: FakeCore
    before(async () => {
      hastyCore = await fakeCore()
      const { limits } = await hastyCore.settings()
      hasty = await hastyCore.start({ limits: { ...limits, maxConnections: 60, exchangeConnectionsPerIp: 20, submissionConnectionsPerIp: 20, idleTimeoutMs } })
    })
    after(() => hastyCore[Symbol.asyncDispose]())

    /** One byte again and again, until the server has had enough. */
    const dripUntilClosed = async (client: SmtpDialogue, bytes: string): Promise<number> => {
      const answer = client.reply()
      let at = 0
      const drip = setInterval(() => client.write(bytes[at++ % bytes.length]!), idleTimeoutMs / 20)
      try {
        return (await answer).code
      } finally {
        clearInterval(drip)
      }
    }

    it('a command byte by byte for ever is answered 421, though the client is never silent for long', async () => {
      await using client = await dial(hasty.ports.exchange!)
      assert.equal(await dripUntilClosed(client, 'x'), 421)
      await client.closed
      await serves(hasty)
    })

    it('a message byte by byte for ever is answered 421', async () => {
      await using client = await dial(hasty.ports.exchange!)
      for (const command of ['MAIL FROM:<a@x.example>', 'RCPT TO:<b@congvu.test>', 'DATA']) await client.say(command)
      assert.equal(await dripUntilClosed(client, 'x\r\n'), 421)
      await client.closed
      assert.equal(hastyCore.messages.filter(({ bytes }) => bytes.includes('x\r\nx\r\n')).length, 0)
      await serves(hasty)
    })

    it('a response of AUTH byte by byte for ever is answered 421', async () => {
      await using client = await dial(hasty.ports.submission!)
      assert.equal((await client.say('AUTH PLAIN')).code, 334)
      assert.equal(await dripUntilClosed(client, 'A'), 421)
      await client.closed
    })

    it('a client that writes and never reads is cut off, and its replies are not kept for ever', async () => {
      const client = net.connect({ host: '127.0.0.1', port: hasty.ports.exchange! })
      client.pause()
      client.on('error', () => client.destroy())
      const flood = Buffer.from('NOOP\r\n'.repeat(10_000))
      const more = (): void => {
        while (!client.destroyed && client.write(flood)) continue
        if (!client.destroyed) client.once('drain', more)
      }
      const grown = await grownBytes(async () => {
        client.once('connect', more)
        await new Promise<void>((resolve) => void client.once('close', () => resolve()))
      }, hasty)
      assert.ok(grown < 64 * mebibyte, `${grown} bytes`)
      await serves(hasty)
    })

    it('what comes after QUIT is read by nobody, and the connection is closed although the client stays', async () => {
      const socket = net.connect({ host: '127.0.0.1', port: hasty.ports.exchange!, allowHalfOpen: true })
      let heard = ''
      socket.setEncoding('latin1').on('data', (chunk: string) => (heard += chunk))
      socket.on('error', () => socket.destroy())
      socket.write('EHLO x.example\r\n')
      socket.write('QUIT\r\nMAIL FROM:<evil@x.example>\r\nRCPT TO:<b@congvu.test>\r\nDATA\r\nx\r\n.\r\n')
      hastyCore.asked.length = 0
      const closed = new Promise<void>((resolve) => void socket.once('close', () => resolve()))
      const drip = setInterval(() => socket.write('NOOP garbage \xff\0\r\n'), idleTimeoutMs / 20)
      await closed
      clearInterval(drip)
      assert.ok(heard.endsWith('bye\r\n') && heard.includes('\r\n221 '), heard)
      assert.deepEqual(hastyCore.asked.filter(({ question }) => question === 'recipient'), [])
    })

    /** The server learns a little later than we that a socket is closed. */
    const dialWhenFree = async (port: number): Promise<SmtpDialogue> => {
      for (let attempt = 1; ; attempt++) {
        try {
          return await dial(port, { implicitTls: true })
        } catch (error) {
          if (attempt === 200) throw error
        }
      }
    }

    it('connections that never begin their TLS handshake take no place of others', async () => {
      const silent = Array.from({ length: 200 }, () => net.connect({ host: '127.0.0.1', port: hasty.ports.submissions! }))
      for (const socket of silent) socket.on('error', () => socket.destroy())
      let dropped = 0
      const enough = new Promise<void>((resolve) => {
        for (const socket of silent) socket.once('close', () => ++dropped === 90 && resolve())
      })
      // Those above the number of sockets that there may be at all: 60, and 50 to be told why.
      await enough
      await serves(hasty)
      await Promise.all(silent.map(async (socket) => {
        if (socket.closed) return
        socket.destroy()
        await once(socket, 'close')
      }))
      await using honest = await dialWhenFree(hasty.ports.submissions!)
      assert.equal((await honest.say(`AUTH PLAIN ${plainCredentials('a@x.example', 'right')}`)).code, 235)
    })
  })

  describe('of many networks', () => {
    let proxied: Ingress
    let proxiedCore: FakeCore
    const open: SmtpDialogue[] = []
    before(async () => {
      proxiedCore = await fakeCore()
      const { limits } = await proxiedCore.settings()
      proxied = await proxiedCore.start({ limits: { ...limits, maxErrors: 100, maxWrongRecipients: 12, exchangeConnectionsPerIp: 3 }, proxies: ['127.0.0.1'] })
      proxiedCore.answers = { recipient: async ({ address }) => (address.startsWith('b') ? { refuse: null } : noSuchUser) }
    })
    after(async () => {
      for (const client of open) client.destroy()
      await proxiedCore[Symbol.asyncDispose]()
    })

    const from = async (ip: string): Promise<SmtpDialogue> => {
      const client = await dial(proxied.ports.exchange!, { greet: false })
      open.push(client)
      client.write(`PROXY ${ip.includes(':') ? 'TCP6' : 'TCP4'} ${ip} ${ip.includes(':') ? '2001:db8::1' : '192.0.2.99'} 40000 25\r\n`)
      assert.equal((await client.reply()).code, 220)
      await client.say('EHLO x.example')
      await client.say('MAIL FROM:<a@x.example>')
      return client
    }
    const guess = async (client: SmtpDialogue, count: number): Promise<number[]> => {
      const codes: number[] = []
      for (let n = 0; n < count; n++) codes.push((await client.say(`RCPT TO:<ten${n}@congvu.test>`)).code)
      return codes
    }

    it('a dictionary attack spread over connections is answered 421 as a whole, other networks are not', async () => {
      for (let connection = 0; connection < 3; connection++) {
        const client = await from('203.0.114.7')
        await guess(client, connection < 2 ? 5 : 3)
        client.destroy()
      }
      const late = await from('203.0.114.7')
      assert.deepEqual(await guess(late, 1), [421])
      await late.closed
      assert.deepEqual(await guess(await from('203.0.114.8'), 1), [550])
    })

    it('an attacker with a whole /64 is one network', async () => {
      for (let n = 1; n <= 13; n++) {
        const client = await from(`2001:db8:1:2::${n.toString(16)}`)
        await guess(client, 1)
        client.destroy()
        await client.closed
      }
      assert.deepEqual(await guess(await from('2001:db8:1:2:ffff::9'), 1), [421])
      assert.deepEqual(await guess(await from('2001:db8:1:3::1'), 1), [550])
    })

    it('a list whose members have left is no attack: accepted messages make good', async () => {
      const client = await from('203.0.114.20')
      for (let round = 0; round < 3; round++) {
        assert.deepEqual(await guess(client, 10), Array.from({ length: 10 }, () => 550))
        for (let n = 0; n < 10; n++) assert.equal((await client.say(`RCPT TO:<b${n}@congvu.test>`)).code, 250)
        assert.equal((await client.say('DATA')).code, 354)
        client.write(text)
        assert.equal((await client.reply()).code, 250)
        await client.say('MAIL FROM:<a@x.example>')
      }
    })
  })
})
