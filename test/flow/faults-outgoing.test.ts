/**
 * Outgoing mail through the deaths of Haraka and of core: the outbox knows what is to be sent, and sends it once. What was at
 * its last reply when a process died may arrive twice, which no sender can rule out (RFC 1047), and the log says so.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { OutboxState, OutboxView } from '../../src/protocols/control/messages.ts'
import { ask } from '../../src/cli/control-client.ts'
import { join } from 'node:path'
import { heldOutside } from '../support/held-outside.ts'
import { outsideServer } from '../support/outside-server.ts'
import type { Person } from '../support/running-server.ts'
import { ServerFolder, type ServerProcess } from '../support/server-process.ts'
import { dataOf, dial, plainCredentials } from '../support/smtp-dialogue.ts'

async function submit(server: ServerProcess, author: Person, ids: readonly string[]): Promise<void> {
  await using client = await dial(server.ports.submission)
  assert.equal((await client.say(`AUTH PLAIN ${plainCredentials(author.address, author.password)}`)).code, 235)
  for (const id of ids) {
    const text = `From: <${author.address}>\r\nTo: <b@${id}.example>\r\nSubject: ${id}\r\nDate: Mon, 2 Nov 2026 08:00:00 +0700\r\nMessage-ID: <${id}>\r\n\r\nx\r\n`
    assert.equal((await client.send({ from: author.address, to: [`b@${id}.example`], data: dataOf(Buffer.from(text)) })).code, 250)
  }
}

async function rows(folder: ServerFolder, states: OutboxState[]): Promise<OutboxView[]> {
  const found: OutboxView[] = []
  await ask(join(folder.data, 'run', 'control.sock'), { command: 'queue.list', args: { states } }, (row) => void found.push(row))
  return found
}

/** The outbox tells nobody when a row changes: it is asked until it says what is expected, or the test runs out of time. */
async function untilRows(folder: ServerFolder, states: OutboxState[], count: number): Promise<void> {
  while ((await rows(folder, states)).length !== count) await new Promise((resolve) => setTimeout(resolve, 20))
}

const idsOf = (word: string, count: number): string[] => Array.from({ length: count }, (_, i) => `${word}-${i}`)
const idIn = (bytes: Buffer): string => /^Message-ID: <(.*)>\r$/m.exec(bytes.toString('latin1'))?.[1] ?? ''

test('Haraka is killed with -9 with mail in its queue: each message is sent once after the restart', { timeout: 120_000 }, async (t) => {
  await using outside = await outsideServer()
  await using folder = await ServerFolder.make()
  const server = await folder.start({ outsidePort: outside.port })
  const author = await server.person('an')
  outside.behave = (stage) => (stage === 'mail' ? '451 4.3.0 later' : null)
  const ids = idsOf('hang-doi', 20)
  await submit(server, author, ids)
  await untilRows(folder, ['deferred'], ids.length)
  outside.behave = () => null
  const killedAtMs = performance.now()
  process.kill(await server.ingressPid(), 'SIGKILL')
  await Promise.all(ids.map((id) => outside.message(({ bytes }) => idIn(bytes) === id)))
  t.diagnostic(`all ${ids.length} were sent ${Math.round(performance.now() - killedAtMs)} ms after the kill`)
  await server.logged(/outgoing mail of the lost ingress is sent again; .* may arrive twice/)
  await untilRows(folder, ['delivered'], ids.length)
  await submit(server, author, ['hang-rao'])
  await outside.message(({ bytes }) => idIn(bytes) === 'hang-rao')
  assert.deepEqual(outside.messages.map(({ bytes }) => idIn(bytes)).toSorted(), [...ids, 'hang-rao'].toSorted())
  assert.equal((await server.end('SIGTERM')).code, 0)
})

for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
  test(`core ends by ${signal} while messages are on their way: none is lost, none that had not been sent whole arrives twice`, { timeout: 120_000 }, async () => {
    await using outside = await heldOutside()
    await using folder = await ServerFolder.make()
    const server = await folder.start({ outsidePort: outside.port })
    const author = await server.person('an')
    outside.hold('data')
    const ids = idsOf('tren-duong', 5)
    await submit(server, author, ids)
    await outside.waiting(ids.length)
    await server.end(signal)
    // Its Haraka does not go on without it.
    await outside.alone()
    outside.hold(null)
    assert.deepEqual(outside.had, [])
    const next = await folder.start({ outsidePort: outside.port })
    await Promise.all(ids.map((id) => outside.taken(id)))
    await untilRows(folder, ['delivered'], ids.length)
    await submit(next, author, ['hang-rao'])
    await outside.taken('hang-rao')
    assert.deepEqual(outside.had.toSorted(), [...ids, 'hang-rao'].toSorted())
    assert.equal((await next.end('SIGTERM')).code, 0)
  })
}

test('SIGTERM waits for last replies, and what was delivered meanwhile is not sent again', { timeout: 120_000 }, async () => {
  await using outside = await heldOutside()
  await using folder = await ServerFolder.make()
  const server = await folder.start({ outsidePort: outside.port })
  const author = await server.person('an')
  outside.hold('end')
  const ids = idsOf('cuoi', 5)
  await submit(server, author, ids)
  await outside.waiting(ids.length)
  const ended = server.end('SIGTERM')
  // No connection is taken any more: it is stopping.
  while (await dial(server.ports.submission).then((client) => (client.destroy(), true), () => false)) await new Promise((resolve) => setImmediate(resolve))
  outside.hold(null)
  assert.equal((await ended).code, 0)
  assert.deepEqual(outside.took.toSorted(), ids)
  const next = await folder.start({ outsidePort: outside.port })
  assert.equal((await rows(folder, ['delivered'])).length, ids.length)
  await submit(next, author, ['hang-rao'])
  await outside.taken('hang-rao')
  assert.deepEqual(outside.had.toSorted(), [...ids, 'hang-rao'].toSorted())
  assert.equal((await next.end('SIGTERM')).code, 0)
})

test('killed while a server had the whole message and had not answered: it may arrive twice, and the log says so', { timeout: 120_000 }, async (t) => {
  await using outside = await heldOutside()
  await using folder = await ServerFolder.make()
  const server = await folder.start({ outsidePort: outside.port })
  const author = await server.person('an')
  outside.hold('end')
  await submit(server, author, ['nghi-ngo'])
  await outside.waiting(1)
  process.kill(await server.ingressPid(), 'SIGKILL')
  await outside.alone()
  outside.hold(null)
  await outside.taken('nghi-ngo')
  await untilRows(folder, ['delivered'], 1)
  t.diagnostic(`the other server had it ${outside.had.length} times, and said yes ${outside.took.length} time`)
  assert.deepEqual([outside.had.length, outside.took.length], [2, 1])
  assert.match(await server.logged(/may arrive twice/), /"level":40.*"rows":1/)
  assert.equal((await server.end('SIGTERM')).code, 0)
})
