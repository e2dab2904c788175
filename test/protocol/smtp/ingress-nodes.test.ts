/** Core and ingress nodes apart: who takes outgoing mail, what a port asks for, which core is asked. No Haraka runs here. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import net from 'node:net'
import { describe, test } from 'node:test'
import { connectCores, type Cores } from '../../../src/protocols/smtp/haraka/cores.ts'
import { HandoverLost } from '../../../src/protocols/smtp/handover.ts'
import { readFrames } from '../../../src/protocols/smtp/handover-frames.ts'
import { createIngressNodes } from '../../../src/protocols/smtp/ingress-nodes.ts'
import { LinkError, listenLink, type LinkAnswers, type LinkedNode } from '../../../src/protocols/smtp/link.ts'
import { listenLmtp } from '../../../src/protocols/smtp/lmtp.ts'
import { createFactsStore } from '../../../src/protocols/smtp/transaction-facts.ts'
import { until } from '../../contract/shared-nodes.ts'
import { freePort } from '../../support/daemon.ts'
import { dial } from '../../support/smtp-dialogue.ts'

const token = 'a token that both sides know'

/** An ingress node's end of the hand-over, which takes every row. */
async function taker(port = 0) {
  const got: string[] = []
  const sockets = new Set<net.Socket>()
  const server = net.createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => socket.destroy())
    readFrames(socket, {
      maxBodyBytes: () => 1_000_000,
      onFrame: async (frame) => {
        if ('token' in frame) return
        got.push(...frame.rows.map(({ id }) => id))
        socket.write(`${JSON.stringify({ id: frame.id, accepted: frame.rows.map(({ id }) => id), refused: [] })}\n`)
      },
    })
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return {
    got,
    port: (server.address() as net.AddressInfo).port,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close')
      server.close()
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}

function nodes() {
  const runs: string[] = []
  const taking: string[] = []
  const made = createIngressNodes({ token, onRun: (holder) => runs.push(holder), onTaking: (holder) => taking.push(holder) })
  return { made, runs, taking, [Symbol.dispose]: () => made[Symbol.dispose]() }
}

/** Its first run has the name of the node, for short. */
const linked = (name: string, port: number, holder = name): LinkedNode => ({ name, holder, takes: { host: '127.0.0.1', port } })
const batch = (id: string) => ({ sender: 'a@b.example', rows: [{ id, recipient: 'c@d.example' }], prefix: new Uint8Array(), body: Buffer.from('x') })

describe('ingress nodes of a core', () => {
  test('each in turn gets the rows that are leased to it; one that has not opened its port yet is waited for', async () => {
    using core = nodes()
    await using one = await taker()
    const port = await freePort()
    core.made.onNode('up', linked('one', one.port))
    core.made.onNode('up', linked('two', port))
    core.made.onNode('up', { name: 'beside', holder: 'beside', takes: null })
    await until(() => core.taking.join(), (taking) => taking === 'one')
    assert.deepEqual([core.made.next(), core.made.next()], ['one', 'one'])
    await using two = await taker(port)
    await until(() => core.taking.join(), (taking) => taking === 'one,two')
    const turns = new Set([core.made.next(), core.made.next()])
    assert.deepEqual(turns, new Set(['one', 'two']))
    assert.deepEqual(await core.made.hand('one', batch('r1')), { accepted: ['r1'], refused: [] })
    await core.made.hand('two', batch('r2'))
    assert.deepEqual([one.got, two.got], [['r1'], ['r2']])
    await assert.rejects(core.made.hand('three', batch('r3')), HandoverLost)
  })

  test('whenever a run of a node greets, what other runs of it hold is released, and it alone is in turn', async () => {
    using core = nodes()
    await using before = await taker()
    await using now = await taker()
    const earlier = linked('one', before.port, 'one#1')
    core.made.onNode('up', earlier)
    await until(() => core.made.next(), (holder) => holder === 'one#1')
    // The connection of the dead one is not known to be lost yet.
    core.made.onNode('up', linked('one', now.port, 'one#2'))
    await until(() => core.made.next(), (holder) => holder === 'one#2')
    await assert.rejects(core.made.hand('one#1', batch('r1')), HandoverLost)
    core.made.onNode('down', earlier)
    await core.made.hand('one#2', batch('r2'))
    assert.deepEqual([before.got, now.got], [[], ['r2']])
    assert.deepEqual(core.runs, ['one#1', 'one#2'])
  })

  test('one that is gone is not in turn, until it is linked again; a new link that comes before the old one is lost keeps it', async () => {
    using core = nodes()
    await using one = await taker()
    const first = linked('one', one.port)
    const second = linked('one', one.port)
    core.made.onNode('up', first)
    await until(() => core.made.next(), (name) => name === 'one')
    core.made.onNode('up', second)
    core.made.onNode('down', first)
    assert.equal(core.made.next(), 'one')
    core.made.onNode('down', second)
    assert.equal(core.made.next(), null)
    await assert.rejects(core.made.hand('one', batch('r')), HandoverLost)
    core.made.onNode('up', linked('one', one.port))
    await until(() => core.made.next(), (name) => name === 'one')
  })

  test('one that takes nothing although it is linked is out of turn until it does', async () => {
    using core = nodes()
    const port = await freePort()
    {
      await using _one = await taker(port)
      core.made.onNode('up', linked('one', port))
      await until(() => core.made.next(), (name) => name === 'one')
    }
    await assert.rejects(core.made.hand('one', batch('r')), HandoverLost)
    assert.equal(core.made.next(), null)
    await using again = await taker(port)
    await until(() => core.made.next(), (name) => name === 'one')
    await core.made.hand('one', batch('r'))
    assert.deepEqual(again.got, ['r'])
  })
})

describe('LMTP on a port of its own', () => {
  async function lmtp() {
    const limits = { hostname: 'core.test', maxMessageBytes: 10_000, maxRecipients: 10, factsTimeoutMs: 100 }
    const log = { error: () => undefined, warn: () => undefined }
    return await listenLmtp({ mail: { delivery: {} as never }, facts: createFactsStore(), log, nowMs: () => 0, newTransaction: () => 'x', limits, place: { host: '127.0.0.1', port: 0 }, token })
  }
  const portOf = (server: Awaited<ReturnType<typeof lmtp>>): number => ('port' in server.place ? server.place.port : 0)

  test('greets whoever shows the token, who may name transactions then, and nobody else', async () => {
    await using server = await lmtp()
    await using known = await dial(portOf(server), { greet: false })
    known.write(`XTOKEN ${token}\r\nLHLO ingress\r\n`)
    assert.equal((await known.reply()).code, 220)
    assert.equal((await known.reply()).code, 250)
    assert.equal((await known.say('MAIL FROM:<a@b.example> XTRANSACTION=t1')).code, 250)
    // Checked by ingress already: core does not ask again.
    assert.equal((await known.say('RCPT TO:<c@d.example>')).code, 250)
    for (const line of [`XTOKEN ${token}x\r\n`, 'LHLO stranger\r\n', `xtoken ${token}\r\n`, `XTOKEN ${token} \r\n`, `${'x'.repeat(2_000)}`]) {
      const stranger = await dial(portOf(server), { greet: false })
      stranger.write(line)
      await assert.rejects(stranger.reply())
    }
  })

  test('the token may come in pieces', async () => {
    await using server = await lmtp()
    await using slow = await dial(portOf(server), { greet: false })
    for (const piece of [...`XTOKEN ${token}\r\n`, 'LHLO x\r\n']) {
      slow.write(piece)
      await new Promise((resolve) => setImmediate(resolve))
    }
    assert.equal((await slow.reply()).code, 220)
    assert.equal((await slow.reply()).code, 250)
  })

  test('an end does not wait for strangers', async () => {
    const server = await lmtp()
    const stranger = await dial(portOf(server), { greet: false })
    await server[Symbol.asyncDispose]()
    await stranger.closed
  })
})

describe('cores of an ingress node', () => {
  async function core(name: string, answers: Partial<LinkAnswers> = {}, port = 0) {
    const asked: string[] = []
    const up: LinkedNode[] = []
    const answer = new Proxy({} as LinkAnswers, {
      has: () => true,
      getOwnPropertyDescriptor: () => ({ configurable: true, enumerable: true, value: true }),
      get: (_target, question: string) => (ask: never, link: never) => {
        asked.push(question)
        return (answers[question as keyof LinkAnswers] as ((ask: never, link: never) => Promise<unknown>) | undefined)?.(ask, link) ?? Promise.resolve(question === 'hello' ? { maxMessageBytes: 7 } : { refuse: null, name })
      },
    })
    const server = await listenLink({ place: { host: '127.0.0.1', port }, token, answer, onNode: (event, node) => event === 'up' && up.push(node) })
    return { asked, up, place: server.place, port: 'port' in server.place ? server.place.port : 0, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() }
  }

  function connect(ports: readonly number[]): Cores & { readonly changes: boolean[] } & Disposable {
    const changes: boolean[] = []
    const places = ports.map((port) => ({ link: { host: '127.0.0.1', port }, lmtp: { host: '127.0.0.1', port: 1 } }))
    const cores = connectCores({
      settings: {
        node: 'ingress-1',
        hostname: 'x',
        link: { place: places[0]!.link, token },
        otherCores: places.slice(1),
        lmtp: { place: places[0]!.lmtp, maxConnections: 1, replyTimeoutMs: 100 },
        handover: { host: '127.0.0.1', port: 2_528 },
      },
      onLinked: (isLinked) => changes.push(isLinked),
    })
    return Object.assign(cores, { changes, [Symbol.dispose]: () => cores.link.close() })
  }

  const question = { account: 'a', sender: 'a@b.example', sizeBytes: null }

  test('each core is told where mail is taken and by which run; questions go to one of them', async () => {
    await using one = await core('one')
    await using two = await core('two')
    using cores = connect([one.port, two.port])
    await until(() => cores.present().length, (count) => count === 2)
    assert.match(one.up[0]!.holder, /^ingress-1#.{36}$/)
    assert.deepEqual(one.up[0], { name: 'ingress-1', holder: one.up[0]!.holder, takes: { host: '127.0.0.1', port: 2_528 } })
    assert.deepEqual(two.up[0], one.up[0])
    for (let i = 0; i < 5; i++) await cores.link.ask('sender', question)
    assert.deepEqual([one.asked.length, two.asked.length].toSorted(), [1, 6])
    assert.equal(cores.link.maxMessageBytes, 7)
    assert.deepEqual(cores.changes, [true])
  })

  test('when the core that was asked is gone, another answers; when all are, the link is down', async () => {
    const died = Promise.withResolvers<void>()
    // Whichever is asked first dies with the question in its hands.
    const ends: (() => Promise<void>)[] = []
    let first = true
    const dying = { sender: async () => (first ? ((first = false), died.resolve(), new Promise<never>(() => undefined)) : { refuse: null }) }
    const made = [await core('one', dying), await core('two', dying)]
    for (const one of made) ends.push(async () => await one[Symbol.asyncDispose]())
    using cores = connect(made.map(({ port }) => port))
    await until(() => cores.present().length, (count) => count === 2)
    const asking = cores.link.ask('sender', question)
    await died.promise
    const asked = made.findIndex((one) => one.asked.includes('sender'))
    await ends[asked]!()
    assert.deepEqual(await asking, { refuse: null })
    assert.equal(cores.present().length, 1)
    await ends[1 - asked]!()
    await until(() => cores.link.connected, (isConnected) => !isConnected)
    await assert.rejects(cores.link.ask('sender', question), (error: unknown) => error instanceof LinkError && error.reason === 'down')
    assert.deepEqual(cores.changes, [true, false])
  })

  test('a core that lets a question run out of time is asked last for a while', async () => {
    const hanging = { sender: () => new Promise<never>(() => undefined) }
    await using one = await core('one', hanging)
    await using two = await core('two', hanging)
    using cores = connect([one.port, two.port])
    await until(() => cores.present().length, (count) => count === 2)
    const [first, second] = cores.present()
    await assert.rejects(cores.link.ask('sender', question, 1), (error: unknown) => error instanceof LinkError && error.reason === 'timeout')
    assert.deepEqual(cores.present(), [second, first])
  })
})
