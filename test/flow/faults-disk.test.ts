/**
 * The whole server on a disk that runs full (a small tmpfs under the data folder): senders are told to come back, readers
 * read on, /readyz says it, nothing that was acknowledged is lost, and it works again by itself when there is room.
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdir, open, rm, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { messagesOf } from '../support/mail-reader.ts'
import type { Person } from '../support/running-server.ts'
import { ServerFolder, type ServerProcess } from '../support/server-process.ts'
import { dataOf, dial, plainCredentials, type SmtpDialogue } from '../support/smtp-dialogue.ts'

const diskMb = 64
/** Left when the senders begin. */
const roomBytes = 3_000_000
const messageBytes = 100_000
const lanes = 4
const refusedEnough = 40

function mount(folder: string): string | null {
  if (process.getuid?.() !== 0) return 'not root, so no small disk can be mounted'
  const done = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${diskMb}m`, 'tmpfs', folder], { encoding: 'utf8' })
  return done.status === 0 ? null : `a tmpfs cannot be mounted here: ${done.error?.message ?? done.stderr.trim()}`
}

async function fill(path: string, leftBytes: number): Promise<void> {
  await using file = await open(path, 'w')
  const chunk = Buffer.alloc(65_536, 'x')
  const { bavail, bsize } = await statfs(path)
  for (let toWrite = bavail * bsize - leftBytes; toWrite > 0; toWrite -= chunk.length) {
    try {
      await file.write(chunk, 0, Math.min(chunk.length, toWrite))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
      return
    }
  }
}

interface Count {
  readonly kept: string[]
  readonly refused: Map<number, number>
  number: number
}

/** One message of its own; the code of its answer. */
async function send(client: SmtpDialogue, count: Count, { from, to }: { from: string; to: readonly string[] }): Promise<number> {
  const id = `thu-${++count.number}@example.com`
  const text = `From: <${from}>\r\nTo: <${to.join('>, <')}>\r\nSubject: ${id}\r\nMessage-ID: <${id}>\r\n\r\n${'y'.repeat(70)}${`${Math.random()}\r\n`.repeat(messageBytes / 20)}`
  const reply = await client.send({ from, to, data: dataOf(Buffer.from(text)) })
  if (reply.code === 250) count.kept.push(id)
  else count.refused.set(reply.code, (count.refused.get(reply.code) ?? 0) + 1)
  if (reply.code !== 250) await client.say('RSET')
  return reply.code
}

async function ready(server: ServerProcess): Promise<{ status: number; store: string }> {
  const answer = await fetch(`http://127.0.0.1:${server.ports.http}/readyz`)
  const body = (await answer.json()) as { checks: Record<string, string> }
  return { status: answer.status, store: body.checks['store'] ?? '' }
}

const sum = (counts: ReadonlyMap<number, number>): number => [...counts.values()].reduce((all, one) => all + one, 0)

async function untilRefused(server: ServerProcess, count: Count, person: Person, author: Person): Promise<void> {
  const lane = async (submits: boolean): Promise<void> => {
    await using client = await dial(submits ? server.ports.submission : server.ports.smtp)
    if (submits) assert.equal((await client.say(`AUTH PLAIN ${plainCredentials(author.address, author.password)}`)).code, 235)
    const envelope = submits ? { from: author.address, to: [person.address, author.address] } : { from: 'khach@example.com', to: [person.address] }
    while (sum(count.refused) < refusedEnough) await send(client, count, envelope)
  }
  await Promise.all(Array.from({ length: lanes }, (_, i) => lane(i === 0)))
}

test('a full disk: 4xx, nothing acknowledged lost, ready again by itself', async (t) => {
  await using folder = await ServerFolder.make()
  await mkdir(folder.data)
  const obstacle = mount(folder.data)
  if (obstacle !== null) return t.skip(obstacle)
  const count: Count = { kept: [], refused: new Map(), number: 0 }
  let server = await folder.start()
  try {
    const person = await server.person('an')
    const author = await server.person('binh')
    assert.deepEqual(await ready(server), { status: 200, store: 'ok' })
    const ballast = join(folder.data, 'ballast')
    await fill(ballast, roomBytes)
    await untilRefused(server, count, person, author)
    const full = count.kept.length
    assert.ok(full > 0, 'some messages still fitted')
    assert.deepEqual([...count.refused.keys()].filter((code) => code < 400 || code >= 500), [], 'only 4xx')
    await fill(`${ballast}-rest`, 0)
    assert.deepEqual(await ready(server), { status: 503, store: 'storage-full' })
    await allThere(server, person, count)

    await rm(ballast)
    await rm(`${ballast}-rest`)
    await using client = await dial(server.ports.smtp)
    const before = sum(count.refused)
    while ((await send(client, count, { from: 'khach@example.com', to: [person.address] })) !== 250) assert.ok(sum(count.refused) < before + 1000)
    assert.deepEqual(await ready(server), { status: 200, store: 'ok' })
    await allThere(server, person, count)
    assert.equal((await server.end('SIGTERM')).code, 0)
    server = await folder.start()
    await allThere(server, person, count)
    t.diagnostic(`kept ${count.kept.length}, refused ${JSON.stringify(Object.fromEntries(count.refused))}, refused after there was room again: ${sum(count.refused) - before}`)
    assert.equal((await server.end('SIGTERM')).code, 0)
  } finally {
    await server.end('SIGKILL')
    assert.equal(spawnSync('umount', ['-l', folder.data]).status, 0)
  }
})

async function allThere(server: ServerProcess, person: Person, count: Count): Promise<void> {
  const found = (await messagesOf(server.ports.imap, person)).map(({ messageId }) => messageId)
  assert.deepEqual(count.kept.filter((id) => !found.includes(id)), [])
  assert.equal(new Set(found).size, found.length)
}
