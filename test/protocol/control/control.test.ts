import assert from 'node:assert/strict'
import { once } from 'node:events'
import { chmod, link, mkdir, mkdtemp, rename, rm, stat } from 'node:fs/promises'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { runCli } from '../../../src/cli/cli.ts'
import { RefusedError, ask } from '../../../src/cli/control-client.ts'
import type { Agency } from '../../../src/core/agency/agency.ts'
import { MailError } from '../../../src/core/errors.ts'
import type { Administration } from '../../../src/core/administration/administration.ts'
import type { Mail } from '../../../src/core/mail.ts'
import type { OutboxRow } from '../../../src/core/submission/outbox-row.ts'
import type { ControlLine } from '../../../src/protocols/control/messages.ts'
import { listenControl, type ControlServer } from '../../../src/protocols/control/server.ts'

const agency: Agency = { id: '1', label: 'skhcn', name: 'Sở Khoa học và Công nghệ', domains: ['skhcn.gialai.gov.vn'], createdAtMs: Date.UTC(2026, 4, 10) }

/** As much of Mail as the tests ask for. */
function fakeMail(parts: { readonly [K in keyof Mail]?: Partial<Mail[K]> }): Mail {
  return parts as unknown as Mail
}

let folder: string
let path: string
let server: ControlServer | null
let logged: unknown[]

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'congvu-control-'))
  path = join(folder, 'run', 'control.sock')
  server = null
  logged = []
})
afterEach(async () => {
  await server?.[Symbol.asyncDispose]()
  await rm(folder, { recursive: true })
})

async function listen(parts: Parameters<typeof fakeMail>[0] = {}, idleMs?: number): Promise<void> {
  const log = { warn: (fields: unknown) => void logged.push(fields), error: (fields: unknown) => void logged.push(fields) }
  server = await listenControl({ path, mail: fakeMail(parts), administration: {} as Administration, actor: 'operator', log, ...(idleMs === undefined ? {} : { idleMs }) })
}

/** Sends the text, ends the sending side, and reads all that comes. */
async function say(sent: string): Promise<readonly ControlLine[]> {
  const socket = connect({ path, allowHalfOpen: true })
  socket.end(sent)
  const lines = (await text(socket)).split('\n')
  assert.equal(lines.pop(), '')
  return lines.map((line) => JSON.parse(line) as ControlLine)
}

const codes = (lines: readonly ControlLine[]): readonly string[] => lines.map((line) => ('error' in line ? `${line.error.code} ${String(line.error.detail['field'])}` : Object.keys(line).join()))

describe('the socket', () => {
  it('is for the owner alone', async () => {
    await mkdir(join(folder, 'run'))
    await chmod(join(folder, 'run'), 0o755)
    await listen()
    assert.equal((await stat(path)).mode & 0o777, 0o600)
    assert.equal((await stat(join(folder, 'run'))).mode & 0o777, 0o700)
  })

  it('that a killed server left is replaced; that of a living one is not', async () => {
    await mkdir(join(folder, 'run'))
    const dead = createServer().listen(path)
    await once(dead, 'listening')
    await assert.rejects(listen(), /another server is running/)
    // Closing removes the file, which a killed process can't do: keep it under a second name.
    await link(path, `${path}.kept`)
    dead.close()
    await once(dead, 'close')
    await rename(`${path}.kept`, path)
    await listen()
    assert.deepEqual(codes(await say('{"command":"ping"}\n')), ['ok'])
  })

  it('with too long a name is refused with its name', async () => {
    path = join(folder, 'x'.repeat(100), 'control.sock')
    await assert.rejects(listen(), /107 bytes/)
  })

  it('is gone after the end, and open connections with it', async () => {
    await listen()
    const socket = connect(path)
    await once(socket, 'connect')
    await server?.[Symbol.asyncDispose]()
    server = null
    if (!socket.closed) await once(socket, 'close')
    await assert.rejects(stat(path), { code: 'ENOENT' })
  })

  it('closes a connection that says nothing', async () => {
    await listen({}, 20)
    const socket = connect(path)
    await once(socket, 'close')
  })
})

describe('requests', () => {
  const bad: readonly (readonly [string, string])[] = [
    ['', 'argument-invalid request'],
    ['nonsense', 'argument-invalid request'],
    ['[]', 'argument-invalid command'],
    ['null', 'argument-invalid command'],
    ['{"command":5}', 'argument-invalid command'],
    ['{"command":"nonsense"}', 'argument-invalid command'],
    ['{"command":"toString"}', 'argument-invalid command'],
    ['{"command":"__proto__"}', 'argument-invalid command'],
    ['{"command":"ping","args":5}', 'argument-invalid args'],
    ['{"command":"ping","args":{"x":1}}', 'argument-invalid x'],
    ['{"command":"account.lock","args":{}}', 'argument-invalid address'],
    ['{"command":"account.lock","args":{"address":5}}', 'argument-invalid address'],
    ['{"command":"account.lock","args":{"address":"a@b","clause":"9"}}', 'argument-invalid clause'],
    ['{"command":"account.create","args":{"address":"a@b","active":"yes"}}', 'argument-invalid active'],
    ['{"command":"account.create","args":{"address":"a@b","quotaBytes":1.5}}', 'argument-invalid quotaBytes'],
    [`{"command":"account.create","args":{"address":"${'x'.repeat(2_000)}"}}`, 'argument-invalid address'],
    ['{"command":"queue.list","args":{"states":["queued","x"]}}', 'argument-invalid states'],
    ['{"command":"queue.list","args":{"states":"queued"}}', 'argument-invalid states'],
  ]
  for (const [line, expected] of bad) {
    it(`${line.slice(0, 60) || '(empty line)'}: ${expected}, and the connection goes on`, async () => {
      await listen()
      assert.deepEqual(codes(await say(`${line}\n{"command":"ping"}\n`)), [expected, 'ok'])
      assert.deepEqual(logged, [])
    })
  }

  it('a line without end closes the connection', async () => {
    await listen()
    const socket = connect(path)
    socket.on('error', () => socket.destroy())
    socket.write('x'.repeat(70_000))
    await once(socket, 'close')
    assert.deepEqual(codes(await say('{"command":"ping"}\n')), ['ok'])
  })

  it('are answered in order, also when they come in pieces', async () => {
    await listen({ agencies: { list: async function* list() { yield agency } } })
    const socket = connect({ path, allowHalfOpen: true })
    const answer = text(socket)
    for (const byte of Buffer.from('{"command":"agency.list"}\r\n{"command":"ping"}\n{"command":"nonsense"}\n')) {
      if (!socket.write(Buffer.of(byte))) await once(socket, 'drain')
    }
    socket.end()
    const lines = (await answer).trim().split('\n').map((line) => JSON.parse(line) as ControlLine)
    assert.deepEqual(codes(lines), ['item', 'ok', 'ok', 'argument-invalid command'])
    assert.deepEqual(lines[0], { item: { label: 'skhcn', name: agency.name, domains: agency.domains, createdAt: '2026-05-10T00:00:00Z' } })
  })

  it('a refusal comes with its text, Vietnamese and English, and its facts', async () => {
    await listen({ agencies: { create: () => Promise.reject(new MailError('agency-taken', 'x', { label: 'skhcn' })) } })
    const refused = ask(path, { command: 'agency.create', args: { label: 'skhcn', name: 'Sở' } })
    await assert.rejects(refused, (error) => {
      assert.ok(error instanceof RefusedError)
      const { code, message_vi: vi, message_en: en, detail } = error.failure
      assert.deepEqual([code, detail], ['agency-taken', { label: 'skhcn' }])
      assert.match(vi, /đã được dùng/)
      assert.match(en, /already in use/)
      return true
    })
  })

  it('a fault is logged, and answered without detail', async () => {
    await listen({ agencies: { create: () => Promise.reject(new TypeError('secret inner thing')) } })
    const lines = await say('{"command":"agency.create","args":{"label":"a","name":"b"}}\n')
    assert.deepEqual(codes(lines), ['internal undefined'])
    assert.ok(!JSON.stringify(lines).includes('secret'))
    assert.equal(logged.length, 1)
  })

  it('the password reaches core and no log, and the hash no answer', async () => {
    const seen: unknown[] = []
    const account = { address: 'a@b', passwordHash: 'the-hash', createdAtMs: 0 }
    await listen({
      accounts: {
        create: async (request, actor) => {
          seen.push([request, actor])
          return { account, temporaryPassword: null } as unknown as Awaited<ReturnType<Mail['accounts']['create']>>
        },
      },
    })
    const lines = await say('{"command":"account.create","args":{"address":"a@b","password":"the-secret","freeForm":true}}\n')
    assert.deepEqual(seen, [[{ address: 'a@b', password: 'the-secret', active: false, freeForm: true }, 'operator']])
    assert.deepEqual(codes(lines), ['ok'])
    assert.doesNotMatch(JSON.stringify([lines, logged]), /the-hash|the-secret/)
  })
})

describe('lists', () => {
  /** So many that no socket buffers them all. */
  const many = 200_000

  function endless(told: { count: number; ended: boolean }): Partial<Mail['agencies']> {
    return {
      list: async function* list() {
        try {
          for (; told.count < many; told.count++) yield agency
        } finally {
          told.ended = true
        }
      },
    }
  }

  it('wait for a slow reader', async () => {
    const told = { count: 0, ended: false }
    await listen({ agencies: endless(told) })
    const socket: Socket = connect({ path, allowHalfOpen: true })
    socket.end('{"command":"agency.list"}\n')
    await once(socket, 'readable')
    const before = told.count
    assert.ok(before < many / 2, `${before} of ${many} were made for a reader that read none`)
    let lines = 0
    for await (const chunk of socket as AsyncIterable<Buffer>) lines += chunk.toString('latin1').split('\n').length - 1
    assert.equal(lines, many + 1)
  })

  it('end when the reader goes away, without a complaint', async () => {
    const told = { count: 0, ended: false }
    await listen({ agencies: endless(told) })
    const socket = connect(path)
    socket.write('{"command":"agency.list"}\n')
    await once(socket, 'readable')
    socket.destroy()
    while (!told.ended) await new Promise((resolve) => setImmediate(resolve))
    assert.ok(told.count < many)
    assert.deepEqual(logged, [])
  })

  it('reach the command line item by item', async () => {
    await listen({ agencies: { list: async function* list() { for (let n = 0; n < 1_000; n++) yield { ...agency, label: `a${n}` } } } })
    const labels: string[] = []
    await ask(path, { command: 'agency.list', args: {} }, async ({ label }) => void labels.push(label))
    assert.deepEqual([labels.length, labels[0], labels.at(-1)], [1_000, 'a0', 'a999'])
  })
})

describe('queue', () => {
  const row = (n: number): OutboxRow => ({
    id: `row${String(n).padStart(4, '0')}`,
    transaction: 't',
    sender: n === 0 ? '' : 'lan@skhcn.gialai.gov.vn',
    recipient: 'x@example.com',
    dueAtMs: Date.UTC(2026, 4, 10, 1),
    prefix: new Uint8Array(10),
    account: null,
    body: 'body',
    bodyBytes: 90,
    state: 'deferred',
    createdAtMs: Date.UTC(2026, 4, 10),
    attempts: 2,
    node: null,
    leaseUntilMs: null,
    lastReply: '450 4.2.0 later\u001b[31m',
    lastTryAtMs: null,
  })

  async function cli(...argv: string[]): Promise<readonly [number, string]> {
    const stdout = new PassThrough()
    const answer = text(stdout)
    const exitCode = await runCli(argv, { socketPath: path, stdin: Readable.from([]), stdout, stderr: new PassThrough(), env: {} })
    stdout.end()
    return [exitCode, await answer]
  }

  it('lists all pages, of the states that were asked for', async () => {
    const asked: unknown[] = []
    await listen({
      outbox: {
        list: async (query) => {
          asked.push([query.states, query.after])
          const from = query.after === undefined ? 0 : Number(query.after.slice(3)) + 1
          return Array.from({ length: Math.min(query.limit, 450 - from) }, (_, n) => row(from + n))
        },
      },
    })
    const [exitCode, out] = await cli('queue', 'list', '--state', 'queued,deferred')
    const lines = out.trim().split('\n')
    assert.deepEqual([exitCode, lines.length], [0, 450])
    assert.equal(lines[0], 'row0000\tdeferred\t2026-05-10T01:00:00Z\t2\t<>\tx@example.com\t450 4.2.0 later [31m')
    assert.deepEqual(asked, [[['queued', 'deferred'], undefined], [['queued', 'deferred'], 'row0199'], [['queued', 'deferred'], 'row0399']])
  })

  it('shows one, retries and cancels it, and says when there is none', async () => {
    const done: string[] = []
    await listen({
      outbox: {
        get: async (id) => (id === 'row0001' ? row(1) : null),
        retry: async (id) => void done.push(`retry ${id}`),
        cancel: async (id) => {
          done.push(`cancel ${id}`)
          throw new MailError('conflict')
        },
      },
    })
    const [exitCode, out] = await cli('queue', 'show', 'row0001', '--json')
    assert.deepEqual([exitCode, JSON.parse(out).sizeBytes, JSON.parse(out).sender], [0, 100, 'lan@skhcn.gialai.gov.vn'])
    assert.match((await cli('queue', 'show', 'row0001'))[1], /^id\trow0001\nstate\tdeferred\n/)
    assert.deepEqual(await cli('queue', 'show', 'row9'), [1, ''])
    assert.deepEqual(await cli('queue', 'retry', 'row0001'), [0, ''])
    assert.deepEqual(await cli('queue', 'retry', 'row0001', '--json'), [0, '{}\n'])
    assert.deepEqual(await cli('queue', 'cancel', 'row0001'), [1, ''])
    assert.deepEqual(done, ['retry row0001', 'retry row0001', 'cancel row0001'])
  })
})
