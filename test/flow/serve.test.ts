/** `congvu serve` as an operator has it: starts, refused starts, stops, a killed Haraka, and what its log does not hold. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import net from 'node:net'
import { test } from 'node:test'
import { ImapClient } from '../support/imap-client.ts'
import { messagesOf, signedIn } from '../support/mail-reader.ts'
import type { Person } from '../support/running-server.ts'
import { ServerFolder, type ServerProcess } from '../support/server-process.ts'
import { dataOf, dial, plainCredentials, type Reply } from '../support/smtp-dialogue.ts'

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

function letter(id: string, to: string, bodyBytes = 100): Buffer {
  const head = `From: <khach@example.com>\r\nTo: <${to}>\r\nSubject: ${id}\r\nMessage-ID: <${id}@example.com>\r\n\r\n`
  return Buffer.concat([Buffer.from(head), Buffer.alloc(bodyBytes, `${'x'.repeat(76)}\r\n`), Buffer.from('\r\n')])
}

async function sendOne(server: ServerProcess, to: string, id: string): Promise<Reply> {
  await using client = await dial(server.ports.smtp)
  return await client.send({ from: 'khach@example.com', to: [to], data: dataOf(letter(id, to)) })
}

test('the first start says what listens where and shows the first password once; the next finds the data', async () => {
  await using folder = await ServerFolder.make()
  const first = await folder.start()
  const shown = first.output()
  for (const port of Object.values(first.ports)) assert.ok(shown.includes(`127.0.0.1:${port}`))
  const temporary = /quantri@congvu\.test\n\s+(\S+)\n/.exec(shown)?.[1]
  assert.ok(temporary !== undefined && temporary.length >= 12, shown)
  const person = await first.person('an')
  assert.equal((await sendOne(first, person.address, 'truoc')).code, 250)
  const end = await first.end('SIGTERM')
  assert.deepEqual([end.code, end.signal], [0, null])
  assert.equal(end.log.includes(temporary), false, 'the password is shown, and logged nowhere')

  const second = await folder.start()
  assert.doesNotMatch(second.output(), /quantri|Quản trị viên/)
  assert.deepEqual((await messagesOf(second.ports.imap, person)).map(({ messageId }) => messageId), ['truoc@example.com'])
  // The password that was shown opens the door to changing it, and to nothing else.
  await assert.rejects(signedIn(second.ports.imap, { address: 'quantri@congvu.test', password: temporary }))
  await second.control('account.change-password', { user: 'quantri@congvu.test', oldPassword: temporary, newPassword: 'Moi-Mat-Khau#2028' })
  assert.equal((await second.end('SIGINT')).code, 0)
})

test('a start that cannot be says why in a few lines, and ends with 1', async () => {
  await using folder = await ServerFolder.make()
  const running = await folder.start()
  const same = await folder.refused()
  assert.equal(same.code, 1)
  assert.match(same.log, /^dữ liệu đang được dùng \/ the data are in use: .*\n$/)

  await using other = await ServerFolder.make()
  for (const key of ['CONGVU_SMTP__PORT', 'CONGVU_SMTP__SUBMISSION_PORT', 'CONGVU_IMAP__PORT', 'CONGVU_HTTP__PORT']) {
    const taken = await other.refused({ settings: { [key]: String(running.ports.imap) } })
    assert.equal(taken.code, 1)
    assert.match(taken.log, new RegExp(`cổng đang bận / the port is in use: 127\\.0\\.0\\.1:${running.ports.imap}\n`), key)
    assert.doesNotMatch(taken.log, /\n\s+at /, 'no stack')
  }
  const wrong = await other.refused({ settings: { CONGVU_IMAP__PORT: 'mot', CONGVU_SMTP__PROT: '25', CONGVU_PROVINCE__DOMAIN: 'Gia Lai' } })
  assert.equal(wrong.code, 1)
  assert.match(wrong.log, /imap\.port = "mot": .*expected a whole number from 0 to 65535/)
  assert.match(wrong.log, /CONGVU_SMTP__PROT = "25": .*no such key/)
  assert.match(wrong.log, /province\.domain = "Gia Lai": /)
  // After all these, the one that runs still runs, and its folder opens for nobody else.
  assert.equal((await running.end('SIGTERM')).code, 0)
  assert.equal((await (await folder.start()).end('SIGTERM')).code, 0)
})

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`${signal}: every session gets its word, every answer is whole, and what was answered 250 is there`, async (t) => {
    await using folder = await ServerFolder.make()
    const server = await folder.start()
    const reader = await server.person('doc')
    const writers = await Promise.all(['an', 'binh', 'chi', 'dung'].map((name) => server.person(name)))
    const bigBytes = 16_000_000
    await using loading = await dial(server.ports.smtp)
    assert.equal((await loading.send({ from: 'khach@example.com', to: [reader.address], data: dataOf(letter('to', reader.address, bigBytes)) })).code, 250)

    const idle = await signedIn(server.ports.imap, reader)
    await idle.command('SELECT INBOX')
    idle.send('i IDLE\r\n')
    assert.match((await idle.line())!, /^\+/)
    await using quiet = await dial(server.ports.submission)
    const fetching = await signedIn(server.ports.imap, reader)
    await fetching.command('SELECT INBOX')
    fetching.stream.pause()
    fetching.send('f FETCH 1 BODY.PEEK[]\r\n')

    const kept: string[] = []
    const enough = Promise.withResolvers<void>()
    const sending = writers.flatMap((person) => [1, 2].map((lane) => sendUntilStopped(server, person, `${person.name}-${lane}`, (id) => void (kept.push(id) > 60 && enough.resolve()))))
    await enough.promise
    const startedAtMs = performance.now()
    const ended = server.end(signal)
    fetching.stream.resume()
    const [idleRest, fetched, quietReply, lastWords] = await Promise.all([idle.rest(), fetching.rest(), quiet.reply(), Promise.all(sending)])
    const end = await ended
    t.diagnostic(`${signal}: ended after ${Math.round(performance.now() - startedAtMs)} ms, ${kept.length} messages kept`)
    assert.deepEqual([end.code, end.signal], [0, null], end.log)
    assert.match(idleRest, /^(i OK[^\r\n]*\r\n)?\* BYE [^\r\n]*\r\n$|^\* BYE [^\r\n]*\r\n(i OK[^\r\n]*\r\n)?$/)
    assert.equal(quietReply.code, 421)
    const literal = Number(/\{(\d+)\}\r\n/.exec(fetched.slice(0, 200))?.[1])
    assert.ok(literal > bigBytes && fetched.length > literal, 'the body that was being read is whole')
    assert.match(fetched.slice(-300), /\)\r\nf OK [^\r\n]*\r\n(\* BYE [^\r\n]*\r\n)?$/)
    for (const words of lastWords) assert.match(words, /^(4\d\d .*|closed before a reply; unread: |closed)$/s)
    assert.doesNotMatch(end.log, /"level":[56]0/)

    const again = await folder.start()
    const found: string[] = []
    for (const person of writers) found.push(...(await messagesOf(again.ports.imap, person)).map(({ messageId }) => messageId))
    assert.deepEqual(kept.filter((id) => !found.includes(`${id}@example.com`)), [], 'answered 250 and not there')
    assert.equal(new Set(found).size, found.length, 'there twice')
    assert.equal((await again.end('SIGTERM')).code, 0)
  })
}

/** Sends one message after the other; the last words of the server. */
async function sendUntilStopped(server: ServerProcess, to: Person, lane: string, taken: (id: string) => void): Promise<string> {
  try {
    await using client = await dial(server.ports.smtp)
    for (let number = 1; ; number++) {
      const id = `${lane}-${number}`
      const reply = await client.send({ from: 'khach@example.com', to: [to.address], data: dataOf(letter(id, to.address, 20_000)) })
      if (reply.code !== 250) return `${reply.code} ${reply.text}`
      taken(id)
    }
  } catch (error) {
    if (error instanceof Error) return error.message
    throw error
  }
}

test('Haraka killed with -9 is there again by itself, and takes mail', async (t) => {
  await using folder = await ServerFolder.make()
  const server = await folder.start()
  const person = await server.person('an')
  const killed = await server.ingressPid()
  const startedAtMs = performance.now()
  process.kill(killed, 'SIGKILL')
  await server.logged(/Haraka ended \(SIGKILL\)/)
  let reply: Reply | null = null
  while (reply === null) {
    reply = await sendOne(server, person.address, 'sau').catch(() => null)
    if (reply === null) await pause(20)
  }
  t.diagnostic(`mail was taken again after ${Math.round(performance.now() - startedAtMs)} ms`)
  assert.equal(reply.code, 250)
  assert.notEqual(await server.ingressPid(), killed)
  assert.equal((await server.end('SIGTERM')).code, 0)
})

test('no password is in the log, at the most talkative level', async () => {
  await using folder = await ServerFolder.make()
  const server = await folder.start({ settings: { CONGVU_LOG__LEVEL: 'trace' } })
  const person = await server.person('an')
  const { address } = person
  const secrets = [person.password, 'Sai-Mat-Khau#2027', 'Moi-Mat-Khau#2028', 'Dat-Lai-Mat-Khau#2029']
  await smtpSignIns(server, address, secrets[0]!)
  await imapSignIns(server, address, secrets[0]!)
  // One account for each protocol, so that nobody is slowed down yet.
  const guessed = (await Promise.all(['binh', 'chi'].map((name) => server.person(name)))).map((one) => one.address)
  await smtpSignIns(server, guessed[0]!, secrets[1]!)
  await imapSignIns(server, guessed[1]!, secrets[1]!)
  await assert.rejects(server.control('account.change-password', { user: address, oldPassword: secrets[1]!, newPassword: secrets[2]! }))
  await server.control('account.change-password', { user: address, oldPassword: secrets[0]!, newPassword: secrets[2]! })
  await server.control('account.password', { address, password: secrets[3]!, active: true })
  const end = await server.end('SIGTERM')
  const all = end.output + end.log
  assert.match(all, /"level":[12]0/, 'it was talkative')
  for (const secret of secrets) {
    const forms = [address, ...guessed].map((user) => base64(`\0${user}\0${secret}`))
    for (const form of [secret, base64(secret), ...forms]) {
      assert.equal(all.includes(form), false, `${form} is in the log: ${lineWith(all, form)}`)
    }
  }
})

const base64 = (text: string): string => Buffer.from(text).toString('base64').replace(/=+$/, '')
const lineWith = (text: string, part: string): string => text.split('\n').find((line) => line.includes(part)) ?? ''

/** All ways to sign in, and some ways to do it wrong. */
async function smtpSignIns(server: ServerProcess, user: string, password: string): Promise<void> {
  const ways = [
    [`AUTH PLAIN ${plainCredentials(user, password)}`],
    ['AUTH PLAIN', plainCredentials(user, password)],
    ['AUTH LOGIN', Buffer.from(user).toString('base64'), Buffer.from(password).toString('base64')],
    [`AUTH LOGIN ${Buffer.from(user).toString('base64')}`, Buffer.from(password).toString('base64')],
    [`AUTH PLAIN ${user} ${password}`],
    [`AUTH XOAUTH2 ${plainCredentials(user, password)}`],
    [`AUTH ${password}`],
    [`auth\tplain ${plainCredentials(user, password)}`],
  ]
  for (const port of [server.ports.submission, server.ports.smtp]) {
    for (const lines of ways) {
      await using client = await dial(port)
      for (const line of lines) await client.say(line).catch(() => null)
    }
  }
  await using client = await dial(server.ports.submissions, { implicitTls: true })
  await client.say(`AUTH PLAIN ${plainCredentials(user, password)}`)
}

async function imapSignIns(server: ServerProcess, user: string, password: string): Promise<void> {
  const ways = [
    `a LOGIN "${user}" "${password}"\r\n`,
    `a LOGIN ${user} {${password.length}+}\r\n${password}\r\n`,
    `a LOGIN "${user}" "${password}" extra\r\n`,
    `a LOGIN "${user}" "${password}\r\n`,
    `a AUTHENTICATE PLAIN ${plainCredentials(user, password)}\r\n`,
    `a AUTHENTICATE PLAIN\r\n${plainCredentials(user, password)}\r\n`,
    `a AUTHENTICATE LOGIN ${plainCredentials(user, password)}\r\n`,
  ]
  for (const way of ways) {
    const socket = net.connect(server.ports.imap, '127.0.0.1')
    const client = new ImapClient(socket)
    await once(socket, 'connect')
    client.send(`${way}b NOOP\r\nc LOGOUT\r\n`)
    await client.rest()
  }
}

test('after five wrong passwords the source waits, and another source does not', async () => {
  await using folder = await ServerFolder.make()
  const server = await folder.start()
  const person = await server.person('an')
  const guess = async (): Promise<void> => {
    const socket = net.connect(server.ports.imap, '127.0.0.1')
    const client = new ImapClient(socket)
    await client.line()
    await client.command(`LOGIN "${person.address}" "Sai-Mat-Khau#2027"`)
    socket.destroy()
  }
  for (let i = 0; i < 5; i++) await guess()
  // One after the other, each later than the one before: 1, 2 and 4 seconds.
  let answered = 0
  const guessing = [1, 2, 3].map(() => guess().then(() => (answered += 1)))
  const owner = await signedIn(server.ports.imap, person, { localAddress: '127.0.0.2' })
  assert.ok(answered < 3, 'the owner is signed in from elsewhere while the guesser waits')
  owner.close()
  assert.equal((await server.end('SIGTERM')).code, 0)
  await Promise.all(guessing)
})
