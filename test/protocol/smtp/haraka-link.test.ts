/** The link between ingress and core: greeting, questions in parallel, faults, limits, breaks. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import net from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import { readFrames } from '../../../src/protocols/smtp/handover-frames.ts'
import { connectLink, listenLink, type Link, type LinkAnswers, type LinkError, type LinkServer } from '../../../src/protocols/smtp/link.ts'

const remote = { ip: '192.0.2.1', port: 1, name: null, helo: null, tls: false, loopback: false }
const recipient = (address: string) => ({ transaction: 't', address, sender: '', account: null, remote, sizeBytes: null })

describe('the link', () => {
  let folder: string
  let server: LinkServer
  const faults: string[] = []
  const open: Link[] = []
  const answer: LinkAnswers = {
    hello: async () => ({ maxMessageBytes: 7 }),
    recipient: async ({ address }, { node }) => {
      if (address === 'bug') throw new Error('secret detail')
      if (address === 'silent') return new Promise<never>(() => undefined)
      if (address === 'slow') await new Promise((resolve) => setImmediate(resolve))
      return { refuse: { code: 550, enhanced: '5.1.1', text: `${address} at ${node} ộ` } }
    },
    authenticate: async () => ({ account: 'a', address: 'b' }),
    sender: async () => ({ refuse: null }),
    facts: async () => ({}),
    report: async () => ({}),
    wanted: async () => ({ cancelled: [] }),
  }
  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'congvu-link-'))
    server = await listenLink({
      place: { host: '127.0.0.1', port: 0 },
      token: 'right',
      answer,
      onFault: (question, error) => faults.push(`${question}: ${String(error)}`),
    })
  })
  after(async () => {
    for (const link of open) link.close()
    await server[Symbol.asyncDispose]()
    await rm(folder, { recursive: true })
  })

  async function up(node = 'n1'): Promise<Link> {
    const link = connectLink({ place: server.place, token: 'right', node })
    open.push(link)
    await new Promise<void>((resolve) => link.onUp(resolve))
    return link
  }
  const port = (): number => ('port' in server.place ? server.place.port : 0)

  it('greets, and answers questions in parallel, each its own', async () => {
    const link = await up()
    assert.equal(link.maxMessageBytes, 7)
    assert.deepEqual(server.nodes(), ['n1'])
    const asked = Array.from({ length: 500 }, (_, n) => (n % 3 === 0 ? 'slow' : `r${n}`))
    const answers = await Promise.all(asked.map((address) => link.ask('recipient', recipient(address))))
    answers.forEach(({ refuse }, n) => assert.equal(refuse!.text, `${asked[n]} at n1 ộ`))
  })

  it('answers a bug with a fault and without its detail; the log has it', async () => {
    const link = await up()
    await assert.rejects(link.ask('recipient', recipient('bug')), (error: LinkError) => error.reason === 'fault' && !error.message.includes('secret'))
    assert.ok(faults.includes('recipient: Error: secret detail'))
    assert.equal((await link.ask('recipient', recipient('after'))).refuse!.code, 550)
  })

  it('gives up a question after its time, and takes no late answer for another', async () => {
    const link = await up()
    await assert.rejects(link.ask('recipient', recipient('silent'), 1), (error: LinkError) => error.reason === 'timeout')
    assert.equal((await link.ask('recipient', recipient('after'))).refuse!.text, 'after at n1 ộ')
  })

  it('rejects what is pending when it breaks, at once when it is down, and comes back', async () => {
    const place = { path: path.join(folder, 'link.sock') }
    const first = await listenLink({ place, token: 'right', answer })
    const link = connectLink({ place, token: 'right', node: 'n2' })
    open.push(link)
    await new Promise<void>((resolve) => link.onUp(resolve))
    const pending = link.ask('recipient', recipient('silent'))
    pending.catch(() => undefined)
    await first[Symbol.asyncDispose]()
    await assert.rejects(pending, (error: LinkError) => error.reason === 'down')
    await assert.rejects(link.ask('recipient', recipient('x')), (error: LinkError) => error.reason === 'down')
    const second = await listenLink({ place, token: 'right', answer })
    await new Promise<void>((resolve) => link.onUp(resolve))
    assert.equal((await link.ask('recipient', recipient('x'))).refuse!.text, 'x at n2 ộ')
    await second[Symbol.asyncDispose]()
  })

  const strangers: Record<string, string> = {
    'a wrong token': '{"id":1,"question":"hello","ask":{"token":"wrong","node":"x","pid":1}}\n',
    'a token that is no text': '{"id":1,"question":"hello","ask":{"token":{"length":5},"node":"x","pid":1}}\n',
    'a question before the greeting': '{"id":1,"question":"recipient","ask":{}}\n',
    'what is not JSON': 'EHLO x\r\n',
    'a greeting without an ask': '{"id":1,"question":"hello","ask":null}\n',
    'a line without an end': 'x'.repeat(10_000),
  }
  for (const [name, bytes] of Object.entries(strangers)) {
    it(`closes on ${name}`, async () => {
      const socket = net.connect(port(), '127.0.0.1')
      let got = ''
      socket.on('data', (chunk) => (got += String(chunk)))
      socket.on('error', () => undefined)
      socket.write(bytes)
      await once(socket, 'close')
      assert.equal(got, '')
    })
  }

  it('answers an unknown question with a fault', async () => {
    const socket = net.connect(port(), '127.0.0.1')
    socket.setEncoding('utf8')
    socket.write('{"id":1,"question":"hello","ask":{"token":"right","node":"x","pid":1}}\n{"id":2,"question":"constructor","ask":{}}\n')
    let got = ''
    for await (const chunk of socket) {
      got += String(chunk)
      if (got.split('\n').length > 2) break
    }
    assert.match(got, /"id":2,"fault":"unknown question"/)
  })
})

describe('hand-over frames', () => {
  async function feed(...writes: (string | Buffer)[]): Promise<{ frames: [object, string][]; closed: boolean }> {
    const frames: [object, string][] = []
    const done = Promise.withResolvers<boolean>()
    const server = net.createServer((socket) => {
      socket.on('error', () => undefined)
      socket.on('close', () => done.resolve(true))
      readFrames(socket, {
        maxBodyBytes: () => 100,
        onFrame: async (frame, body) => {
          frames.push([frame, body.toString()])
          if ('token' in frame) done.resolve(false)
        },
      })
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const client = net.connect((server.address() as net.AddressInfo).port, '127.0.0.1')
    client.setNoDelay(true)
    client.on('error', () => undefined)
    for (const bytes of writes) {
      client.write(bytes)
      await new Promise((resolve) => setImmediate(resolve))
    }
    const closed = await done.promise
    client.destroy()
    server.close()
    return { frames, closed }
  }

  it('are read whole, however they are cut', async () => {
    const wire = '{"id":1,"sender":"","rows":[],"bytes":5}\n{"a}\n{"id":2,"retry":true,"bytes":0}\n{"token":"end","bytes":0}\n'
    const whole = await feed(wire)
    const single = await feed(...wire.split(''))
    for (const { frames, closed } of [whole, single]) {
      assert.equal(closed, false)
      assert.deepEqual(frames.map(([, body]) => body), ['{"a}\n', '', ''])
    }
  })

  for (const bad of ['nonsense\n', '{"bytes":-1}\n', '{"bytes":1e99}\n', '{"bytes":101}\n', '[]\n', '\n']) {
    it(`close the connection on ${JSON.stringify(bad)}`, async () => {
      assert.deepEqual(await feed(bad), { frames: [], closed: true })
    })
  }
})
