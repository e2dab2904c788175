/**
 * Nodes die with the load running: a core in the middle of 5,000 deliveries, an ingress for good with outgoing mail in its queue, and
 * Redis with all that it held (design §1, §2, §5.4).
 */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { MongoClient } from 'mongodb'
import { signedIn } from '../../support/mail-reader.ts'
import { answersAgain, runFault } from '../../support/nodes-fault-run.ts'
import { startProvince, withoutNodes, type Province } from '../../support/nodes.ts'
import { outsideServer, type OutsideServer } from '../../support/outside-server.ts'
import type { Person } from '../../support/running-server.ts'
import { dataOf, dial, plainCredentials } from '../../support/smtp-dialogue.ts'

const messages = 1_500
const deliveries = 5_000
const outgoing = 60
/** design §5.4: nothing is lost while Redis is away so long. */
const redisAwayMs = 30_000

describe('faults of nodes', { skip: withoutNodes, timeout: 400_000 }, () => {
  let outside: OutsideServer
  let province: Province

  before(async () => {
    outside = await outsideServer()
    province = await startProvince({ members: 3, outsidePort: outside.port, settings: { CONGVU_OUTBOUND__RETRY_SECONDS: Array(50).fill(1).join() } })
  })
  after(async () => {
    await province?.[Symbol.asyncDispose]()
    await outside?.[Symbol.asyncDispose]()
  })

  test(`a core is killed in the middle of ${deliveries} deliveries`, async (t) => {
    const asking = await province.person('hoi-loi')
    await runFault(t, province, {
      name: 'loi',
      messages: deliveries,
      seed: 11,
      afterShare: 0.5,
      lanes: { smtp: 5, lmtp: 3 },
      async fault() {
        const [left, killed] = [province.cores[0]!, province.cores[1]!]
        await killed.end('SIGKILL')
        const othersMs = await answersAgain({ cores: [left], ingresses: province.ingresses }, asking)
        await killed.start()
        return { 'the others answer after ms': othersMs, 'it answers after its start within ms': await answersAgain({ cores: [killed], ingresses: [] }, asking) }
      },
    })
  })

  test('an ingress is killed for good with outgoing mail in its queue: when its leases end, another sends it, once', async (t) => {
    const author = await province.person('tac-gia')
    const ids = Array.from({ length: outgoing }, (_, i) => `di-${i}`)
    await runFault(t, province, {
      name: 'cong',
      messages,
      seed: 12,
      async fault() {
        outside.behave = (stage) => (stage === 'mail' ? '451 4.3.0 later' : null)
        await Promise.all(province.ingresses.map((_, node) => submit(node, author, ids.filter((_id, i) => i % 2 === node))))
        await rowsOf('deferred', (count) => count >= outgoing)
        const [dead] = province.ingresses
        process.kill(await dead!.harakaPid(), 'SIGKILL')
        await dead!.end('SIGKILL')
        outside.behave = () => null
        const held = await endLeases(/^ingress-1/)
        // Whatever is submitted wakes who hands rows over.
        await submit(1, author, ['goi'])
        await Promise.all([...ids, 'goi'].map(sent))
        await rowsOf('open', (count) => count === 0)
        await dead!.start()
        await answersAgain({ cores: [], ingresses: [dead!] }, author)
        return { 'outgoing messages': outgoing, 'in the hands of the dead one': held, 'sent': outside.messages.length }
      },
    })
    assert.deepEqual(outside.messages.map(({ bytes }) => subjectOf(bytes)).toSorted(), [...ids, 'goi'].toSorted())
  })

  test(`Redis is killed, and comes back empty after ${redisAwayMs / 1_000} s`, async (t) => {
    const watcher = await province.person('canh')
    const idle = await Promise.all(province.cores.map((core) => idling(core.plainImap, watcher)))
    let count = 0
    const heardOfOneMore = async (): Promise<number> => {
      const startedMs = performance.now()
      await deliverTo(count % 2, watcher)
      count++
      await Promise.all(idle.map((client) => untilExists(client, count)))
      return Math.round(performance.now() - startedMs)
    }
    await runFault(t, province, {
      name: 'redis',
      messages: 3_000,
      seed: 13,
      async fault() {
        await province.redis.kill()
        const back = pause(redisAwayMs)
        const away = [await heardOfOneMore(), await heardOfOneMore()]
        await back
        away.push(await heardOfOneMore())
        await province.redis.start()
        await Promise.all(province.cores.map((core) => metric(core.http, /^congvu_redis_up 1$/m)))
        return { 'IDLE on both nodes heard without Redis after ms': away.join(' '), 'and with it after ms': await heardOfOneMore() }
      },
    })
    for (const client of idle) client.close()
  })

  const subjectOf = (bytes: Buffer): string => /^Subject: (.*)\r$/m.exec(bytes.toString('latin1'))?.[1] ?? ''
  const sent = (id: string) => outside.message(({ bytes }) => subjectOf(bytes) === id)

  async function submit(node: number, author: Person, ids: readonly string[]): Promise<void> {
    await using client = await dial(province.ingresses[node]!.submission)
    await client.startTls()
    await client.say('EHLO client.example')
    assert.equal((await client.say(`AUTH PLAIN ${plainCredentials(author.address, author.password)}`)).code, 235)
    for (const id of ids) {
      const data = dataOf(Buffer.from(`From: <${author.address}>\r\nTo: <b@${id}.example>\r\nSubject: ${id}\r\nMessage-ID: <${id}@so.congvu.test>\r\n\r\nx\r\n`))
      assert.equal((await client.send({ from: author.address, to: [`b@${id}.example`], data })).code, 250)
    }
  }

  async function deliverTo(node: number, person: Person): Promise<void> {
    await using client = await dial(province.ingresses[node]!.smtp)
    assert.equal((await client.send({ from: 'ai@example.com', to: [person.address], data: dataOf(Buffer.from('From: <ai@example.com>\r\nSubject: tin\r\n\r\nx\r\n')) })).code, 250)
  }

  async function rowsOf(states: 'deferred' | 'open', holds: (count: number) => boolean): Promise<void> {
    await until(async () => {
      const found: { readonly state: string; readonly lastReply: string | null }[] = []
      await province.cores[0]!.control('queue.list', { states: ['queued', 'handed', 'deferred'] }, (row) => void found.push(row))
      const count = found.filter(({ state }) => states === 'open' || state === states).length
      return holds(count) ? null : `${count} rows ${states}, ${JSON.stringify(found.slice(0, 2))}`
    })
  }

  /** As if the time of these leases had gone by. Answers how many rows were held. */
  async function endLeases(node: RegExp): Promise<number> {
    const client = new MongoClient(province.set.url)
    try {
      const now = Date.now()
      const outbox = client.db(province.database).collection('states')
      return (await outbox.updateMany({ node, state: { $in: ['handed', 'deferred'] } }, { $set: { leaseUntilMs: now, nextAtMs: now } })).modifiedCount
    } finally {
      await client.close()
    }
  }
})

async function idling(port: number, person: Person) {
  const client = await signedIn(port, person)
  await client.command('SELECT INBOX')
  client.send('i IDLE\r\n')
  assert.match((await client.line()) ?? '', /^\+/)
  return client
}

async function untilExists(client: Awaited<ReturnType<typeof idling>>, count: number): Promise<void> {
  for (let line = await client.line(); line !== `* ${count} EXISTS`; line = await client.line()) assert.notEqual(line, null, 'the server hung up')
}

async function metric(port: number, pattern: RegExp): Promise<void> {
  await until(async () => (pattern.test(await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()) ? null : String(pattern)))
}

/** Asks until the answer is null; what it says instead is what is missing. */
async function until(missing: () => Promise<string | null>): Promise<void> {
  const untilMs = performance.now() + 60_000
  for (let said = await missing(); said !== null; said = await missing()) {
    if (performance.now() > untilMs) throw new Error(`not in time: ${said}`)
    await pause(50)
  }
}
