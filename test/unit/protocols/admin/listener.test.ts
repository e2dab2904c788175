/** The administration's port: what answers is loaded once and on demand, a failure is told and tried again, bad clients harm nobody. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { it } from 'node:test'
import { listenAdmin, type Answering } from '../../../../src/protocols/admin/listener.ts'

const place = { host: '127.0.0.1', port: 0, tls: null }
const ok: Answering = (_request, response) => void response.end('ok')

/** Also after a reset. */
const closed = (socket: Socket): Promise<void> => new Promise((resolve) => void socket.once('close', () => resolve()))

/** All that is answered to these bytes until the connection ends. */
async function said(port: number, bytes: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  let text = ''
  socket.setEncoding('latin1').on('data', (chunk: string) => (text += chunk))
  socket.on('error', () => undefined)
  socket.write(bytes)
  await closed(socket)
  return text
}

it('loads what answers with the first request, once for all', async () => {
  let loads = 0
  let loaded: Promise<Answering> | null = null
  await using listener = await listenAdmin(place, () => (loaded ??= Promise.resolve((loads++, ok))))
  assert.equal(loads, 0)
  const answers = await Promise.all([1, 2, 3].map(async () => (await fetch(`http://127.0.0.1:${listener.port}/`)).text()))
  assert.deepEqual([answers, loads], [['ok', 'ok', 'ok'], 1])
})

it('is 503 while it cannot be loaded, and asks again', async () => {
  let asked = 0
  await using listener = await listenAdmin(place, async () => {
    if (++asked === 1) throw new Error('no')
    return ok
  })
  const first = await fetch(`http://127.0.0.1:${listener.port}/`)
  assert.deepEqual([first.status, first.headers.get('retry-after')], [503, '5'])
  assert.equal((await fetch(`http://127.0.0.1:${listener.port}/`)).status, 200)
})

it('refuses what is no HTTP and headers without end, and goes on', async () => {
  await using listener = await listenAdmin(place, async () => ok)
  assert.match(await said(listener.port, 'EHLO xau.example\r\n\r\n'), /^HTTP\/1\.1 400/)
  assert.match(await said(listener.port, `GET / HTTP/1.1\r\nHost: x\r\nX: ${'a'.repeat(20_000)}\r\n\r\n`), /^HTTP\/1\.1 431/)
  assert.match(await said(listener.port, 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'), /^HTTP\/1\.1 400/)
  assert.equal((await fetch(`http://127.0.0.1:${listener.port}/`)).status, 200)
})

it('ends with requests under way that nobody ends', async () => {
  const listener = await listenAdmin(place, async () => () => undefined)
  const socket = connect(listener.port, '127.0.0.1')
  socket.on('error', () => undefined)
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
  await once(socket, 'ready')
  const gone = closed(socket)
  await listener[Symbol.asyncDispose]()
  await gone
})
