/** The pure parts of what limits clients and other servers: networks, pace, wrong recipients, replies, log lines. */
import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { PassThrough } from 'node:stream'
import { describe, it } from 'node:test'
import { clientNetwork } from '../../../../src/protocols/smtp/haraka/client-network.ts'
import { eachLine } from '../../../../src/protocols/smtp/haraka/log-lines.ts'
import { boundReplies } from '../../../../src/protocols/smtp/haraka/outside-replies.ts'
import { Pace } from '../../../../src/protocols/smtp/haraka/pace.ts'
import { pathAddress } from '../../../../src/protocols/smtp/haraka/paths.ts'
import type { HarakaAddress } from '../../../../src/protocols/smtp/haraka/haraka-types.ts'
import { WrongRecipients } from '../../../../src/protocols/smtp/haraka/wrong-recipients.ts'

const hourMs = 3_600_000

describe('the network of a client', () => {
  for (const [ip, network] of [
    ['203.0.114.7', '203.0.114.7'],
    ['::ffff:203.0.114.7', '203.0.114.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:0DB8:0001:2::', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::9', '2001:db8:1:2::/64'],
    ['2001:db8::9', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['1::', '1:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['no address', 'no address'],
  ] as const) {
    it(`of ${ip} is ${network}`, () => assert.equal(clientNetwork(ip), network))
  }
})

describe('pace', () => {
  it('a byte a second is in time until the grace is over', () => {
    const pace = new Pace(300_000)
    for (let second = 0; second <= 300; second++) assert.ok(pace.take(1, second * 1_000), `${second} s`)
    assert.equal(pace.take(1, 302_000), false)
  })

  it('a long message may take its time as long as it comes at 1 KiB a second', () => {
    const pace = new Pace(300_000)
    for (let second = 0; second < 50_000; second += 10) assert.ok(pace.take(10_240, second * 1_000))
  })

  it('the next line has a time of its own', () => {
    const pace = new Pace(1_000)
    assert.ok(pace.take(1, 0))
    pace.finish()
    assert.ok(pace.take(1, 50_000))
    assert.equal(pace.take(1, 52_000), false)
  })
})

describe('wrong recipients', () => {
  it('are counted by network for an hour', () => {
    const wrong = new WrongRecipients(2)
    for (let n = 0; n < 3; n++) wrong.add('a', 0)
    wrong.add('b', 0)
    assert.deepEqual([wrong.isOver('a', 1), wrong.isOver('b', 1), wrong.isOver('c', 1)], [true, false, false])
    assert.equal(wrong.isOver('a', hourMs), false)
    wrong.add('a', hourMs)
    assert.equal(wrong.isOver('a', hourMs), false)
  })

  it('are made good by accepted ones, but not kept in store', () => {
    const wrong = new WrongRecipients(2)
    wrong.forgive('a', 100)
    for (let n = 0; n < 3; n++) wrong.add('a', 0)
    assert.equal(wrong.isOver('a', 0), true)
    wrong.forgive('a', 1)
    assert.equal(wrong.isOver('a', 0), false)
  })

  it('of more networks than are kept, the oldest are forgotten', () => {
    const wrong = new WrongRecipients(0)
    for (let n = 0; n <= 10_000; n++) wrong.add(`n${n}`, 0)
    assert.deepEqual([wrong.isOver('n0', 0), wrong.isOver('n1', 0), wrong.isOver('n10000', 0)], [false, true, true])
  })
})

describe('replies of other servers', () => {
  class Socket extends EventEmitter {
    errors: string[] = []
    destroyed = false
    constructor() {
      super()
      this.on('error', (error: Error) => this.errors.push(error.message))
    }
    write(): boolean {
      return true
    }
    destroy(): void {
      this.destroyed = true
    }
  }

  it('are bounded for each command', () => {
    const socket = new Socket()
    boundReplies(socket, 1_000, () => 0)
    socket.emit('data', 'x'.repeat(60_000))
    socket.write()
    socket.emit('data', 'x'.repeat(60_000))
    assert.deepEqual([socket.errors, socket.destroyed], [[], false])
    socket.emit('data', 'x'.repeat(10_000))
    assert.deepEqual([socket.errors, socket.destroyed], [['too long a reply'], true])
  })

  it('may begin late, but then may not drip', () => {
    let nowMs = 0
    const socket = new Socket()
    boundReplies(socket, 1_000, () => nowMs)
    nowMs = 600_000
    socket.emit('data', '2')
    nowMs += 5_000
    socket.emit('data', '5')
    assert.deepEqual(socket.errors, [])
    nowMs += 1
    socket.emit('data', '0')
    assert.deepEqual(socket.errors, ['too slow a reply'])
  })
})

describe('log lines of another process', () => {
  it('end with LF and nothing else, in whatever pieces they come, and hold no controls', async () => {
    const output = new PassThrough()
    const lines: string[] = []
    eachLine(output, (line) => lines.push(line))
    for (const piece of ['one\ntw', 'o\rforged\u2028', 'forged\x1b[2J\n', 'tab\tkept\n', `${'x'.repeat(9_000)}\nlast`]) output.write(piece)
    output.end()
    await new Promise((resolve) => output.once('end', resolve))
    assert.deepEqual(lines, ['one', 'two?forged?forged?[2J', 'tab\tkept', 'x'.repeat(8_192), 'last'])
  })
})

describe('an envelope address', () => {
  const address = (path: string): HarakaAddress => ({ format: () => `<${path}>` }) as HarakaAddress
  it('is safe on a line of its own, or is none', () => {
    assert.equal(pathAddress(address('')), '')
    assert.equal(pathAddress(address('nguyễn@ví-dụ.example')), 'nguyễn@ví-dụ.example')
    for (const bad of ['a\rb@x', 'a\x9b@x', 'a\u2028@x', 'a\ufffd@x', 'a>@x', `${'a'.repeat(512)}@x`]) assert.equal(pathAddress(address(bad)), null, JSON.stringify(bad.slice(0, 10)))
  })
})
