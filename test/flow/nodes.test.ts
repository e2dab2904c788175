/**
 * Two core and two ingress nodes on one replica set and one Redis: what happens on one node is known on the other, and either may
 * go away (design §1, §2).
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { after, before, describe, test } from 'node:test'
import tls from 'node:tls'
import type { OutboxState } from '../../src/protocols/control/messages.ts'
import { connectLink } from '../../src/protocols/smtp/link.ts'
import { ImapClient } from '../support/imap-client.ts'
import { startProvince, withoutNodes, type Province } from '../support/nodes.ts'
import { outsideServer, type OutsideServer } from '../support/outside-server.ts'
import type { Person } from '../support/running-server.ts'
import { dataOf, dial, plainCredentials } from '../support/smtp-dialogue.ts'

const domain = 'so.congvu.test'
/** More than any other test here sends. */
const sentAnHour = 20

async function imap(port: number, person?: Person): Promise<ImapClient> {
  const socket = tls.connect({ host: '127.0.0.1', port, rejectUnauthorized: false })
  await once(socket, 'secureConnect')
  const client = new ImapClient(socket)
  assert.match((await client.line()) ?? '', /^\* OK/)
  if (person !== undefined) assert.match((await client.command(`LOGIN ${person.address} "${person.password}"`))!.at(-1)!, /^OK/)
  return client
}

async function until<T>(asked: () => Promise<T>, holds: (answer: T) => boolean): Promise<T> {
  const endMs = performance.now() + 30_000
  for (;;) {
    const answer = await asked()
    if (holds(answer)) return answer
    if (performance.now() > endMs) throw new Error(`not in time; last: ${JSON.stringify(answer)}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

const letter = (from: string, to: string, subject: string, body = 'x'): Buffer =>
  dataOf(Buffer.from(`From: <${from}>\r\nTo: <${to}>\r\nSubject: ${subject}\r\nDate: Mon, 2 Nov 2026 08:00:00 +0700\r\nMessage-ID: <${subject}@test>\r\n\r\n${body}\r\n`))

describe('several nodes', { skip: withoutNodes, timeout: 240_000 }, () => {
  let province: Province
  let outside: OutsideServer

  before(async () => {
    outside = await outsideServer()
    province = await startProvince({ outsidePort: outside.port, settings: { CONGVU_OUTBOUND__RETRY_SECONDS: '1,1,1,1,1,1,1,1,1,1', CONGVU_SUBMISSION__MAX_MESSAGES_PER_HOUR: String(sentAnHour) } })
  })
  after(async () => {
    await province?.[Symbol.asyncDispose]()
    await outside?.[Symbol.asyncDispose]()
  })

  async function deliver(ingress: number, to: string, subject: string, body?: string): Promise<void> {
    await using client = await dial(province.ingresses[ingress]!.smtp)
    const reply = await client.send({ from: 'ai@ngoai.example', to: [to], data: letter('ai@ngoai.example', to, subject, body) })
    assert.equal(reply.code, 250, reply.text)
  }

  /** Resolves with the EXISTS lines of an IDLE. */
  async function untilExists(client: ImapClient, count: number): Promise<void> {
    for (let line = await client.line(); line !== `* ${count} EXISTS`; line = await client.line()) assert.notEqual(line, null, 'the server hung up')
  }

  async function idling(core: number, person: Person): Promise<ImapClient> {
    const client = await imap(province.cores[core]!.imap, person)
    await client.command('SELECT INBOX')
    client.send('i IDLE\r\n')
    assert.match((await client.line()) ?? '', /^\+/)
    return client
  }

  test('a message through either ingress wakes IDLE on both cores', async () => {
    const an = await province.person('an')
    const clients = [await idling(0, an), await idling(1, an)]
    for (const [i, ingress] of [0, 1, 0, 1].entries()) {
      await deliver(ingress, an.address, `thu-${i}`)
      await Promise.all(clients.map((client) => untilExists(client, i + 1)))
    }
    for (const client of clients) client.close()
  })

  test('a flag and an expunge of one node are seen on the other', async () => {
    const binh = await province.person('binh')
    await deliver(0, binh.address, 'mot')
    await deliver(1, binh.address, 'hai')
    const other = await idling(1, binh)
    const one = await imap(province.cores[0]!.imap, binh)
    await one.command('SELECT INBOX')
    await one.command('STORE 1 +FLAGS (\\Flagged)')
    for (let line = await other.line(); !/^\* 1 FETCH .*\\Flagged/.test(line ?? ''); line = await other.line()) assert.notEqual(line, null)
    await one.command('STORE 2 +FLAGS.SILENT (\\Deleted)')
    await one.command('EXPUNGE')
    for (let line = await other.line(); line !== '* 2 EXPUNGE'; line = await other.line()) assert.notEqual(line, null)
    one.close()
    other.close()
  })

  test('a lock ends the sessions on both nodes and refuses sign-ins on both', async () => {
    const chi = await province.person('chi')
    const clients = [await idling(0, chi), await idling(1, chi)]
    await province.cores[0]!.control('account.lock', { address: chi.address, reason: 'Nghi mất quyền' })
    await Promise.all(clients.map((client) => client.rest()))
    for (const core of province.cores) {
      const client = await imap(core.imap)
      assert.match((await client.command(`LOGIN ${chi.address} "${chi.password}"`))!.at(-1)!, /^NO/)
      client.close()
    }
  })

  test('failed sign-ins are counted over both nodes', async () => {
    const dung = await province.person('dung')
    for (const core of [0, 1, 1, 0]) {
      const client = await imap(province.cores[core]!.imap)
      assert.match((await client.command(`LOGIN ${dung.address} wrong`))!.at(-1)!, /^NO/)
      client.close()
    }
    const keys = (await province.redis.command('KEYS', 'congvu:counter:sign-in failures*')) as string[]
    const counts = await Promise.all(keys.map(async (key) => Number(await province.redis.command('GET', key))))
    assert.ok(counts.includes(4), counts.join())
  })

  test('what an account sends in an hour is counted over all nodes', async () => {
    const hai = await province.person('hai')
    await submit(0, hai, Array.from({ length: sentAnHour / 2 }, (_, i) => `gio-a-${i}`))
    await submit(1, hai, Array.from({ length: sentAnHour / 2 }, (_, i) => `gio-b-${i}`))
    for (const { ways } of province.cores) {
      const link = connectLink({ place: { host: '127.0.0.1', port: ways.link }, token: province.token, node: 'hoi' })
      await new Promise<void>((resolve) => link.onUp(resolve))
      const remote = { ip: '192.0.2.7', port: 40_000, name: null, helo: 'x', tls: true, loopback: false }
      const signedIn = await link.ask('authenticate', { user: hai.address, password: hai.password, remote, mechanism: 'PLAIN' })
      assert.ok('account' in signedIn)
      const { refuse } = await link.ask('sender', { account: signedIn.account, sender: hai.address, sizeBytes: null })
      assert.equal(refuse?.code, 451)
      link.close()
    }
  })

  test('search for text is answered on either node, the text of a message that the other took included', async () => {
    const giang = await province.person('giang')
    for (let i = 0; i < 70; i++) await deliver(i % 2, giang.address, `so-${i}`, i === 42 ? 'quyết định bổ nhiệm' : 'nội dung khác')
    for (const core of province.cores) {
      const client = await imap(core.imap, giang)
      await client.command('SELECT INBOX')
      const word = Buffer.from('bổ nhiệm')
      client.send(`s SEARCH CHARSET UTF-8 TEXT {${word.length}+}\r\n${word.toString('latin1')}\r\n`)
      const lines = await client.until('s')
      assert.match(lines!.join('\n'), /^\* SEARCH 43$/m)
      client.close()
    }
  })

  async function submit(ingress: number, author: Person, ids: readonly string[]): Promise<void> {
    await using client = await dial(province.ingresses[ingress]!.submission)
    await client.startTls()
    await client.say('EHLO client.example')
    assert.equal((await client.say(`AUTH PLAIN ${plainCredentials(author.address, author.password)}`)).code, 235)
    for (const id of ids) assert.equal((await client.send({ from: author.address, to: [`b@${id}.example`], data: letter(author.address, `b@${id}.example`, id) })).code, 250)
  }

  const subjectOf = (bytes: Buffer): string => /^Subject: (.*)\r$/m.exec(bytes.toString('latin1'))?.[1] ?? ''
  const sent = (id: string) => outside.message(({ bytes }) => subjectOf(bytes) === id)

  async function rows(states: OutboxState[]): Promise<number> {
    let count = 0
    await province.cores[0]!.control('queue.list', { states }, () => count++)
    return count
  }

  test('mail to the outside leaves by the ingress nodes in turn, whichever took it', async () => {
    const hoa = await province.person('hoa')
    const ids = Array.from({ length: 12 }, (_, i) => `di-${i}`)
    await submit(0, hoa, ids.slice(0, 6))
    await submit(1, hoa, ids.slice(6))
    await Promise.all(ids.map(sent))
    await until(() => rows(['queued', 'handed', 'deferred']), (count) => count === 0)
    assert.equal(outside.messages.filter(({ bytes }) => ids.includes(subjectOf(bytes))).length, ids.length)
  })

  test('a core that is killed: ingress asks the other one, and nothing that was answered 250 is missing', async () => {
    const khanh = await province.person('khanh')
    const taken: string[] = []
    let killed: Promise<unknown> = Promise.resolve()
    const load = async (ingress: number): Promise<void> => {
      await using client = await dial(province.ingresses[ingress]!.smtp)
      for (let i = 0; i < 60; i++) {
        const subject = `chet-${ingress}-${i}`
        if (ingress === 0 && i === 20) killed = province.cores[1]!.end('SIGKILL')
        const reply = await client.send({ from: 'ai@ngoai.example', to: [khanh.address], data: letter('ai@ngoai.example', khanh.address, subject) })
        if (reply.code === 250) taken.push(subject)
      }
    }
    await Promise.all([load(0), load(1)])
    await killed
    assert.equal(taken.length, 120, 'another core took what the dead one had in its hands')
    const client = await imap(province.cores[0]!.imap, khanh)
    await client.command('SELECT INBOX')
    const fetched = (await client.command('FETCH 1:* (BODY.PEEK[HEADER.FIELDS (SUBJECT)])'))!.join('\n')
    const found = [...fetched.matchAll(/^Subject: (chet-\d-\d+)$/gm)].map((match) => match[1]!)
    assert.deepEqual(found.toSorted(), taken.toSorted())
    client.close()
    await province.cores[1]!.start()
    const again = await imap(province.cores[1]!.imap, khanh)
    assert.ok((await again.command('SELECT INBOX'))!.includes(`* ${taken.length} EXISTS`))
    again.close()
  })

  test('an ingress node that is killed again and again with mail in its queue: its rows leave by another or by itself, each once', async () => {
    const lan = await province.person('lan')
    outside.behave = (stage) => (stage === 'mail' ? '451 4.3.0 later' : null)
    const ids = Array.from({ length: 10 }, (_, i) => `ket-${i}`)
    await submit(0, lan, ids)
    await until(() => rows(['deferred']), (count) => count === ids.length)
    // Each start greets both cores, at which either gives back what the node was handed before; nothing that it has been handed since.
    for (let starts = 0; starts < 3; starts++) {
      process.kill(await province.ingresses[0]!.harakaPid(), 'SIGKILL')
      await province.ingresses[0]!.end('SIGKILL')
      if (starts === 2) outside.behave = () => null
      await province.ingresses[0]!.start()
    }
    await Promise.all(ids.map(sent))
    await until(() => rows(['deferred', 'handed', 'queued']), (count) => count === 0)
    assert.deepEqual(outside.messages.map(({ bytes }) => subjectOf(bytes)).filter((id) => id.startsWith('ket-')).toSorted(), ids.toSorted())
  })

  test('Redis that is killed and comes back empty: sessions hear of mail all the while', async () => {
    const minh = await province.person('minh')
    const clients = [await idling(0, minh), await idling(1, minh)]
    await province.redis.kill()
    await Promise.all(province.cores.map((core) => core.logged(/Redis is away/)))
    await deliver(0, minh.address, 'khong-redis')
    await Promise.all(clients.map((client) => untilExists(client, 1)))
    await province.redis.start()
    await Promise.all(province.cores.map((core) => until(async () => await (await fetch(`http://127.0.0.1:${core.http}/metrics`)).text(), (text) => /^congvu_redis_up 1$/m.test(text))))
    await deliver(1, minh.address, 'co-redis')
    await Promise.all(clients.map((client) => untilExists(client, 2)))
    for (const client of clients) client.close()
  })

  test('every node is ready, an ingress node without a core is not, and all end in order', async () => {
    const ready = async (node: { readonly http: number }): Promise<number> => (await fetch(`http://127.0.0.1:${node.http}/readyz`)).status
    for (const node of [...province.cores, ...province.ingresses]) await until(() => ready(node), (status) => status === 200)
    for (const core of province.cores) assert.equal((await core.end('SIGTERM')).code, 0)
    for (const ingress of province.ingresses) {
      await until(() => ready(ingress), (status) => status === 503)
      await using client = await dial(ingress.smtp)
      assert.equal((await client.say('MAIL FROM:<ai@ngoai.example>')).code, 250)
      assert.equal(Math.floor((await client.say(`RCPT TO:<an@${domain}>`)).code / 100), 4)
    }
    for (const ingress of province.ingresses) assert.equal((await ingress.end('SIGTERM')).code, 0)
  })
})
