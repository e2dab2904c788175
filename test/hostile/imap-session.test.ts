/** Sessions that are abused: injection before TLS, guessing, never reading, never speaking, taking every place. */
import assert from 'node:assert/strict'
import { connect as connectTcp } from 'node:net'
import { Writable, duplexPair } from 'node:stream'
import { connect as connectTls } from 'node:tls'
import { test } from 'node:test'
import { pino } from 'pino'
import { ImapClient } from '../support/imap-client.ts'
import { openImapRig, password, type ImapRig } from '../support/imap-rig.ts'
import { testTls } from '../support/imap-tls.ts'

const timeout = 60_000
const secret = Buffer.from(password, 'utf8').toString('latin1')

async function signedIn(rig: ImapRig, who = 'an'): Promise<ImapClient> {
  const client = new ImapClient(rig.connect())
  await client.line()
  assert.match((await client.command(`LOGIN ${who}@so.congvu.test {${secret.length}+}\r\n${secret}`))!.at(-1)!, /^OK /)
  return client
}

async function append(rig: ImapRig, messages: readonly string[]): Promise<void> {
  const inbox = await rig.mail.mailboxes.byName(rig.account.an, 'INBOX')
  await rig.mail.messages.append(rig.account.an, inbox!.id, messages.map((text) => ({ bytes: Buffer.from(text), flags: { bits: 0, keywords: [] }, receivedAtMs: null })))
}

// shows STARTTLS
test('what is pipelined after STARTTLS in clear is thrown away (CVE-2011-0411)', { timeout }, async () => {
  await using rig = await openImapRig({ tls: await testTls() })
  const port = await rig.server.listen({ host: '127.0.0.1', port: 0, implicitTls: false })
  const socket = connectTcp({ host: '127.0.0.1', port })
  const clear = new ImapClient(socket)
  assert.match((await clear.line())!, /STARTTLS/)
  clear.send(`a1 STARTTLS\r\na2 LOGIN an@so.congvu.test {${secret.length}+}\r\n${secret}\r\na3 NOOP\r\n`)
  assert.equal(await clear.line(), 'a1 OK Begin TLS negotiation now')
  socket.removeAllListeners('data')
  const secure = new ImapClient(connectTls({ socket, rejectUnauthorized: false }))
  assert.deepEqual(await secure.command('SELECT INBOX'), ['BAD SELECT is not allowed in this state'])
  const capability = await secure.command('CAPABILITY')
  assert.doesNotMatch(capability![0]!, /STARTTLS|LOGINDISABLED/)
  assert.deepEqual(await secure.command('STARTTLS'), ['BAD TLS is active or not offered'])
  secure.close()
})

test('STARTTLS that is followed by anything but a handshake ends the connection', { timeout }, async () => {
  await using rig = await openImapRig({ tls: await testTls() })
  const port = await rig.server.listen({ host: '127.0.0.1', port: 0, implicitTls: false })
  const client = new ImapClient(connectTcp({ host: '127.0.0.1', port }))
  await client.line()
  client.send('a1 STARTTLS\r\n')
  assert.equal(await client.line(), 'a1 OK Begin TLS negotiation now')
  client.send('a2 NOOP\r\na3 NOOP\r\n')
  await client.rest()
  client.close()
})

test('guessing passwords ends the session after some tries, and the log never holds one', { timeout }, async () => {
  const lines: string[] = []
  const log = pino({ level: 'trace' }, new Writable({ write: (chunk: Buffer, _encoding, done) => (lines.push(chunk.toString()), done()) }))
  await using rig = await openImapRig({ log, limits: { maxFailedSignIns: 4 } })
  const client = new ImapClient(rig.connect())
  await client.line()
  const plain = Buffer.from('\0an@so.congvu.test\0guess-secret-2').toString('base64')
  assert.match((await client.command('LOGIN an@so.congvu.test guess-secret-1'))!.at(-1)!, /^NO \[AUTHENTICATIONFAILED\]/)
  assert.match((await client.command(`AUTHENTICATE PLAIN ${plain}`))!.at(-1)!, /^NO \[AUTHENTICATIONFAILED\]/)
  assert.match((await client.command('LOGIN an@so.congvu.test {14+}\r\nguess-secret-3'))!.at(-1)!, /^NO \[AUTHENTICATIONFAILED\]/)
  client.send('a4 AUTHENTICATE PLAIN\r\n')
  assert.equal(await client.line(), '+ ')
  client.send(`${plain}\r\n`)
  assert.match((await client.line())!, /^a4 NO \[AUTHENTICATIONFAILED\]/)
  assert.equal(await client.line(), '* BYE Too many failed sign-ins')
  assert.equal(await client.line(), null)
  const logged = lines.join('')
  assert.match(logged, /LOGIN \*\*\*/)
  for (const word of ['guess-secret', plain]) assert.equal(logged.includes(word), false, word)
})

test('a client that never reads its answer is dropped, and nobody else waits for it', { timeout }, async () => {
  await using rig = await openImapRig({ limits: { writeTimeoutMs: 100 } })
  await append(rig, [`Subject: x\r\n\r\n${'y'.repeat(1_000_000)}`])
  const [stream, theirs] = duplexPair()
  const over = rig.server.serve(theirs, { remoteIp: '127.0.0.1', secure: true, startTls: false })
  stream.write(Buffer.from(`a1 LOGIN an@so.congvu.test {${secret.length}+}\r\n${secret}\r\na2 SELECT INBOX\r\n${'a3 FETCH 1 BODY.PEEK[]\r\n'.repeat(50)}`, 'latin1'))
  const other = await signedIn(rig)
  assert.match((await other.command('SELECT INBOX'))!.at(-1)!, /^OK /)
  await over
  assert.equal(rig.server.sessions, 1)
})

test('forty clients that never read hold a bounded answer each, and nobody else waits', { timeout }, async () => {
  await using rig = await openImapRig({ limits: { writeTimeoutMs: 3_600_000, drainMs: 50 } })
  await append(rig, [`Subject: x\r\n\r\n${'y'.repeat(1_000_000)}`])
  const before = process.memoryUsage()
  const deaf = Array.from({ length: 40 }, () => {
    const stream = rig.connect()
    stream.pause()
    stream.write(Buffer.from(`a1 LOGIN an@so.congvu.test {${secret.length}+}\r\n${secret}\r\na2 SELECT INBOX\r\n${'a3 FETCH 1 BODY.PEEK[]\r\n'.repeat(100)}`, 'latin1'))
    return stream
  })
  const other = await signedIn(rig)
  assert.match((await other.command('SELECT INBOX'))!.at(-1)!, /^OK /)
  for (let round = 0; round < 20; round++) assert.equal((await other.command('FETCH 1 BODY.PEEK[]'))!.at(-1), 'OK FETCH completed')
  const after = process.memoryUsage()
  // Two messages each would be 80 MB; all that they asked for is 4 GB.
  assert.ok(after.heapUsed + after.external - before.heapUsed - before.external < 200_000_000)
  for (const stream of deaf) stream.destroy()
})

test('an IDLE that never reads holds a bounded answer, however much happens', { timeout }, async () => {
  await using rig = await openImapRig({ limits: { writeTimeoutMs: 3_600_000 } })
  await append(rig, Array.from({ length: 2000 }, (_, at) => `Subject: ${at}\r\n\r\nx\r\n`))
  const [stream, theirs] = duplexPair()
  void rig.server.serve(theirs, { remoteIp: '127.0.0.1', secure: true, startTls: false })
  const deaf = new ImapClient(stream)
  await deaf.command(`LOGIN an@so.congvu.test {${secret.length}+}\r\n${secret}`)
  await deaf.command('SELECT INBOX')
  deaf.send('a1 IDLE\r\n')
  assert.equal(await deaf.line(), '+ idling')
  stream.pause()
  const busy = await signedIn(rig)
  await busy.command('SELECT INBOX')
  for (let round = 0; round < 60; round++) assert.match((await busy.command(`STORE 1:* ${round % 2 === 0 ? '+' : '-'}FLAGS.SILENT (\\Flagged $aKeywordThatMakesTheAnswerLong)`))!.at(-1)!, /^OK /)
  assert.ok(theirs.writableLength < 2_000_000, `${theirs.writableLength} bytes wait for a client that does not read`)
  stream.resume()
  deaf.send('DONE\r\n')
  assert.equal((await deaf.until('a1'))?.at(-1), 'OK IDLE completed')
})

test('who does not sign in in time is let go, and so is who says nothing', { timeout }, async () => {
  await using rig = await openImapRig({ limits: { signInTimeoutMs: 100, idleTimeoutMs: 200 } })
  const mute = new ImapClient(rig.connect())
  await mute.line()
  assert.equal(await mute.line(), '* BYE No sign-in for too long')
  assert.equal(await mute.line(), null)
  const idle = await signedIn(rig)
  assert.equal(await idle.line(), '* BYE Idle for too long')
  assert.equal(await idle.line(), null)
  const half = await signedIn(rig)
  half.send('a1 APPEND INBOX {100}\r\n')
  assert.equal(await half.line(), '+ Ready for literal data')
  assert.equal(await half.line(), '* BYE Idle for too long')
  const waiting = await signedIn(rig)
  waiting.send('a1 IDLE\r\n')
  assert.equal(await waiting.line(), '+ idling')
  assert.equal(await waiting.line(), '* BYE Idle for too long')
  assert.equal(await waiting.line(), null)
})

test('connections are limited in all, and sessions by account', { timeout }, async () => {
  await using rig = await openImapRig({ limits: { maxConnections: 3, maxSessionsPerAccount: 2 } })
  const port = await rig.server.listen({ host: '127.0.0.1', port: 0, implicitTls: false })
  const clients: ImapClient[] = []
  const connect = async (): Promise<string> => {
    const client = new ImapClient(connectTcp({ host: '127.0.0.1', port }))
    clients.push(client)
    return (await client.line())!
  }
  for (let at = 0; at < 3; at++) assert.match(await connect(), /^\* OK /)
  assert.equal(await connect(), '* BYE [LIMIT] Too many connections')
  const login = `LOGIN an@so.congvu.test {${secret.length}+}\r\n${secret}`
  assert.match((await clients[0]!.command(login))!.at(-1)!, /^OK /)
  assert.match((await clients[1]!.command(login))!.at(-1)!, /^OK /)
  assert.match((await clients[2]!.command(login))!.at(-1)!, /^NO \[LIMIT\]/)
  await clients[0]!.command('LOGOUT')
  assert.equal(await clients[0]!.line(), null)
  assert.match((await clients[2]!.command(login))!.at(-1)!, /^OK /)
  for (const client of clients) client.close()
})

const revalidations = [
  ['by the bell', { revalidateAfterBellMs: 5 }],
  ['by the round, should the bell be lost', { revalidateEveryMs: 20, revalidateAfterBellMs: 3_600_000 }],
] as const

for (const [how, limits] of revalidations) {
  test(`a changed password ends the sessions of the old one ${how}`, { timeout }, async () => {
    await using rig = await openImapRig({ limits })
    const [working, idle, other] = [await signedIn(rig), await signedIn(rig), await signedIn(rig, 'binh')]
    idle.send('a1 IDLE\r\n')
    assert.equal(await idle.line(), '+ idling')
    await rig.mail.accounts.setPassword('an@so.congvu.test', 'Mat-khau-moi-2026!', { active: true }, 'test')
    for (const client of [working, idle]) {
      assert.match((await client.line())!, /^\* BYE Signed out/)
      assert.equal(await client.line(), null)
    }
    assert.deepEqual(await other.command('NOOP'), ['OK NOOP completed'])
  })
}

test('a server that stops lets a running answer finish and says BYE to the others', { timeout }, async () => {
  let release: () => void = () => {}
  const held = new Promise<void>((resolve) => (release = resolve))
  const rig = await openImapRig({
    wrap: (mail) => ({ ...mail, mailboxes: { ...mail.mailboxes, list: async (account) => (await held, mail.mailboxes.list(account)) } }),
  })
  const [working, idle, mute] = [await signedIn(rig), await signedIn(rig), new ImapClient(rig.connect())]
  await mute.line()
  idle.send('a1 IDLE\r\n')
  await idle.line()
  working.send('a1 LIST "" *\r\na2 NOOP\r\n')
  const listed = working.until('a1')
  // A turn of the event loop: the command is running now.
  await new Promise((resolve) => setImmediate(resolve))
  const stopped = rig[Symbol.asyncDispose]()
  for (const client of [idle, mute]) {
    assert.equal(await client.line(), '* BYE [UNAVAILABLE] Server is shutting down')
    assert.equal(await client.line(), null)
    client.close()
  }
  release()
  assert.equal((await listed)?.at(-1), 'OK LIST completed')
  assert.equal(await working.line(), '* BYE [UNAVAILABLE] Server is shutting down')
  assert.equal(await working.line(), null)
  working.close()
  await stopped
})

test('a fault of ours is told without detail, logged, and the session goes on', { timeout }, async () => {
  const lines: string[] = []
  const log = pino({ level: 'error' }, new Writable({ write: (chunk: Buffer, _encoding, done) => (lines.push(chunk.toString()), done()) }))
  await using rig = await openImapRig({ log, wrap: (mail) => ({ ...mail, mailboxes: { ...mail.mailboxes, list: () => Promise.reject(new TypeError('secret detail')) } }) })
  const client = await signedIn(rig)
  assert.deepEqual(await client.command('LIST "" *'), ['NO [SERVERBUG] Internal fault, it has been logged'])
  assert.deepEqual(await client.command('NOOP'), ['OK NOOP completed'])
  assert.match(lines.join(''), /secret detail/)
})

test('a body that cannot be read to its end takes the connection with it, never a wrong answer', { timeout }, async () => {
  await using rig = await openImapRig({
    wrap: (mail) => ({
      ...mail,
      messages: {
        ...mail.messages,
        bytes: async (message, range) => {
          if ((range?.start ?? 0) > 2_000_000) throw new Error('disk')
          return mail.messages.bytes(message, range)
        },
      },
    }),
  })
  await append(rig, [`Subject: x\r\n\r\n${'y'.repeat(8_000_000)}`, 'Subject: y\r\n\r\n'])
  const client = await signedIn(rig)
  await client.command('SELECT INBOX')
  client.send('a1 FETCH 1 BODY.PEEK[]\r\na2 FETCH 2 BODY.PEEK[]\r\n')
  assert.match((await client.line())!, /^\* 1 FETCH \(BODY\[\] \{8000014\}$/)
  const rest = await client.rest()
  assert.doesNotMatch(rest, /a1 OK|a2/)
  assert.ok(rest.length < 8_000_000)
})

test('the same when the second large section of an answer cannot be read at all', { timeout }, async () => {
  let reads = 0
  await using rig = await openImapRig({
    wrap: (mail) => ({
      ...mail,
      messages: {
        ...mail.messages,
        bytes: async (message, range) => {
          // Eight pieces of the first section, then none.
          if (++reads > 8) throw new Error('disk')
          return mail.messages.bytes(message, range)
        },
      },
    }),
  })
  await append(rig, [`Subject: x\r\n\r\n${'y'.repeat(8_000_000)}`])
  const client = await signedIn(rig)
  await client.command('SELECT INBOX')
  client.send('a1 FETCH 1 (BODY.PEEK[] BODY.PEEK[TEXT])\r\na2 NOOP\r\n')
  assert.doesNotMatch(await client.rest(), /a1 |a2 /)
  assert.equal(reads, 9)
})
