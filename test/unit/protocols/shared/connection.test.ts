/** Byte-exact reading and bounded writing over an in-memory stream. */
import assert from 'node:assert/strict'
import { duplexPair, type Duplex } from 'node:stream'
import { test } from 'node:test'
import { createByteBudget } from '../../../../src/protocols/shared/byte-budget.ts'
import { Connection, ConnectionClosed } from '../../../../src/protocols/shared/connection.ts'
import { collectLiteral } from '../../../../src/protocols/shared/literal.ts'

const timeout = 20_000

function open(writeTimeoutMs = 60_000): { client: Duplex; connection: Connection } {
  const [client, server] = duplexPair()
  return { client, connection: new Connection(server, { writeTimeoutMs }) }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
const line = async (connection: Connection, max = 100): Promise<string | null> => {
  const got = await connection.readLine(max)
  return typeof got === 'object' && got !== null ? got.toString('latin1') : got
}

test('only CRLF ends a line, however the bytes are cut', { timeout }, async () => {
  const text = 'one\r\n\r\ntwo\nstill\rtwo\r\n\rthree\r\r\n'
  for (let size = 1; size <= text.length; size++) {
    const { client, connection } = open()
    for (let at = 0; at < text.length; at += size) client.write(text.slice(at, at + size))
    const lines: (string | null)[] = []
    for (let count = 0; count < 4; count++) lines.push(await line(connection))
    assert.deepEqual(lines, ['one', '', 'two\nstill\rtwo', '\rthree\r'])
    client.end('unfinished')
    assert.equal(await line(connection), null)
    connection.destroy()
  }
})

test('a line of exactly the limit is taken, one byte more is not', { timeout }, async () => {
  for (const [bytes, taken] of [[10, true], [11, false]] as const) {
    const { client, connection } = open()
    client.write(`${'x'.repeat(bytes)}\r\nnext\r\n`)
    assert.equal(await line(connection, 10), taken ? 'x'.repeat(10) : 'too-long')
    if (!taken) assert.equal(await connection.skipLine(1000), true)
    assert.equal(await line(connection, 10), 'next')
    connection.destroy()
  }
})

test('passing over a line finds a CRLF that is cut in two, and gives up at its limit', { timeout }, async () => {
  const { client, connection } = open()
  client.write('x'.repeat(50))
  assert.equal(await line(connection, 10), 'too-long')
  const skipped = connection.skipLine(1000)
  client.write('\r')
  await turn()
  client.write('\nnext\r\n')
  assert.equal(await skipped, true)
  assert.equal(await line(connection, 10), 'next')
  client.write('y'.repeat(500))
  assert.equal(await line(connection, 10), 'too-long')
  const hopeless = connection.skipLine(100)
  client.write('y'.repeat(500))
  assert.equal(await hopeless, false)
  connection.destroy()
})

test('literals are taken to the byte, and what follows them stays', { timeout }, async () => {
  const { client, connection } = open()
  client.write('abc')
  await turn()
  client.write('d\r\nxyz\r\n')
  const budget = createByteBudget(1000)
  const literal = await collectLiteral(connection, 6, budget)
  assert.ok(literal !== null && literal !== 'over-budget')
  assert.equal(literal.bytes.toString(), 'abcd\r\n')
  assert.equal(await line(connection), 'xyz')
  const empty = await collectLiteral(connection, 0, budget)
  assert.ok(empty !== null && empty !== 'over-budget')
  assert.equal(empty.bytes.length, 0)
  client.end('half')
  assert.equal(await collectLiteral(connection, 10, budget), null)
  connection.destroy()
})

test('a literal over the budget is passed over, and the budget is whole again', { timeout }, async () => {
  const { client, connection } = open()
  client.write(`${'z'.repeat(100_000)}after\r\n`)
  const budget = createByteBudget(70_000)
  assert.equal(await collectLiteral(connection, 100_000, budget), 'over-budget')
  assert.equal(budget.free, 70_000)
  assert.equal(await line(connection), 'after')
  connection.destroy()
})

test('a client that sends without end is made to wait', { timeout }, async () => {
  const { client, connection } = open()
  let sent = 0
  const more = (): void => {
    while (sent < 10_000_000) {
      sent += 16_384
      if (!client.write(Buffer.alloc(16_384, 'x'))) {
        client.once('drain', more)
        return
      }
    }
  }
  more()
  for (let turns = 0; turns < 100; turns++) await turn()
  assert.ok(sent < 1_000_000, `${sent} bytes were taken that nobody asked for`)
  connection.destroy()
})

test('what is written in one turn goes out together, in order', { timeout }, async () => {
  const { client, connection } = open()
  const chunks: string[] = []
  client.on('data', (chunk: Buffer) => chunks.push(chunk.toString()))
  connection.write('a')
  connection.write(Buffer.from('b'))
  connection.write('c')
  await connection.drain()
  await turn()
  assert.deepEqual(chunks, ['abc'])
  connection.destroy()
})

test('settling waits for a client that is slow, and ends when it is gone', { timeout }, async () => {
  const { client, connection } = open()
  connection.write(Buffer.alloc(3_000_000))
  let settled = false
  const settling = connection.settle().then(() => (settled = true))
  for (let turns = 0; turns < 20; turns++) await turn()
  assert.equal(settled, false)
  client.resume()
  await settling
  client.pause()
  connection.write(Buffer.alloc(3_000_000))
  const failing = connection.settle()
  connection.destroy()
  await assert.rejects(failing, ConnectionClosed)
  connection.write('nobody hears this')
  await assert.rejects(connection.settle(), ConnectionClosed)
  assert.equal(await line(connection), null)
})

test('a client that takes nothing is dropped', { timeout }, async () => {
  const { connection } = open(20)
  connection.write(Buffer.alloc(3_000_000))
  await assert.rejects(connection.settle(), ConnectionClosed)
  assert.equal(connection.closed, true)
  assert.equal(connection.signal.aborted, true)
})

test('ending sends what is left', { timeout }, async () => {
  const { client, connection } = open()
  let got = 0
  client.on('data', (chunk: Buffer) => (got += chunk.length))
  client.on('end', () => client.end())
  connection.write(Buffer.alloc(1_000_000))
  await connection.end()
  assert.equal(got, 1_000_000)
  assert.equal(connection.closed, true)
})
