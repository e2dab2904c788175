/** COMPRESS=DEFLATE (RFC 4978): every byte behind the reply, in both directions, also inside TLS; never twice; within bounds. */
import assert from 'node:assert/strict'
import { connect as connectTcp } from 'node:net'
import type { Duplex } from 'node:stream'
import { duplexPair } from 'node:stream'
import { connect as connectTls } from 'node:tls'
import { test } from 'node:test'
import { constants, deflateRawSync, inflateRawSync } from 'node:zlib'
import { DeflateStream } from '../../../src/protocols/shared/deflate-stream.ts'
import { ImapClient } from '../../support/imap-client.ts'
import { openImapRig, password, type ImapRig } from '../../support/imap-rig.ts'
import { testTls } from '../../support/imap-tls.ts'

const timeout = 60_000
const secret = Buffer.from(password, 'utf8').toString('latin1')
const login = `LOGIN an@so.congvu.test {${secret.length}+}\r\n${secret}`

/** Signs in and begins to compress; gives the client that speaks through the compression. */
async function compressed(stream: Duplex): Promise<ImapClient> {
  const clear = new ImapClient(stream)
  await clear.line()
  assert.match((await clear.command(login))!.at(-1)!, /^OK .*COMPRESS=DEFLATE/)
  assert.deepEqual(await clear.command('COMPRESS DEFLATE'), ['OK DEFLATE is active now'])
  stream.removeAllListeners('data')
  return new ImapClient(new DeflateStream(stream, Buffer.alloc(0)))
}

async function append(rig: ImapRig, messages: readonly Buffer[]): Promise<void> {
  const inbox = await rig.mail.mailboxes.byName(rig.account.an, 'INBOX')
  await rig.mail.messages.append(rig.account.an, inbox!.id, messages.map((bytes) => ({ bytes, flags: { bits: 0, keywords: [] }, receivedAtMs: null })))
}

// shows COMPRESS=DEFLATE
test('the bytes on the wire are raw DEFLATE behind the reply, flushed after each answer', { timeout }, async () => {
  await using rig = await openImapRig()
  const stream = rig.connect()
  const clear = new ImapClient(stream)
  await clear.line()
  await clear.command(login)
  assert.deepEqual(await clear.command('COMPRESS DEFLATE'), ['OK DEFLATE is active now'])
  stream.removeAllListeners('data')
  const received: Buffer[] = []
  const answered = new Promise<string>((resolve) => {
    stream.on('data', (chunk: Buffer) => {
      received.push(chunk)
      const text = inflateRawSync(Buffer.concat(received), { finishFlush: constants.Z_SYNC_FLUSH }).toString()
      if (text.endsWith('a2 OK NOOP completed\r\n')) resolve(text)
    })
  })
  stream.write(deflateRawSync('a1 CAPABILITY\r\na2 NOOP\r\n', { finishFlush: constants.Z_SYNC_FLUSH }))
  const text = await answered
  assert.match(text, /^\* CAPABILITY IMAP4rev1 .*\r\na1 OK CAPABILITY completed\r\na2 OK NOOP completed\r\n$/)
  assert.doesNotMatch(text, /COMPRESS=DEFLATE/)
  stream.end()
})

// shows COMPRESS=DEFLATE
test('commands, literals and large answers pass as they are, and a second time it is refused', { timeout }, async () => {
  await using rig = await openImapRig()
  const client = await compressed(rig.connect())
  assert.deepEqual(await client.command('COMPRESS DEFLATE'), ['NO [COMPRESSIONACTIVE] DEFLATE is active already'])
  const large = Buffer.concat([Buffer.from('Subject: large\r\n\r\n'), Buffer.from(Array.from({ length: 3_000_000 }, (_, at) => (at * 2654435761) >>> 24))])
  client.send(`a1 APPEND INBOX {${large.length}+}\r\n`)
  client.stream.write(large)
  client.send('\r\n')
  assert.match((await client.until('a1'))!.at(-1)!, /^OK \[APPENDUID \d+ 1\]/)
  await client.command('SELECT INBOX')
  const fetched = (await client.command('FETCH 1 BODY.PEEK[]'))!
  assert.equal(fetched.at(-1), 'OK FETCH completed')
  const bytes = Buffer.from(fetched.slice(1, -1).join('\r\n'), 'latin1')
  assert.ok(bytes.subarray(0, large.length).equals(large))
  client.send('i1 IDLE\r\n')
  assert.equal(await client.line(), '+ idling')
  await append(rig, [Buffer.from('Subject: new\r\n\r\n')])
  assert.equal(await client.line(), '* 2 EXISTS')
  assert.equal(await client.line(), '* 0 RECENT')
  client.send('DONE\r\n')
  assert.equal((await client.until('i1'))?.at(-1), 'OK IDLE completed')
  assert.deepEqual(await client.command('LOGOUT'), ['* BYE Goodbye', 'OK LOGOUT completed'])
  assert.equal(await client.line(), null)
})

// shows COMPRESS=DEFLATE STARTTLS
for (const implicit of [false, true]) {
  test(`inside TLS (${implicit ? 'from the first byte' : 'STARTTLS'}) it is compressed before it is encrypted`, { timeout }, async () => {
    await using rig = await openImapRig({ tls: await testTls() })
    const port = await rig.server.listen({ host: '127.0.0.1', port: 0, implicitTls: implicit })
    const socket = connectTcp({ host: '127.0.0.1', port })
    if (!implicit) {
      const clear = new ImapClient(socket)
      await clear.line()
      assert.deepEqual(await clear.command('STARTTLS'), ['OK Begin TLS negotiation now'])
      socket.removeAllListeners('data')
    }
    const secure = connectTls({ socket, rejectUnauthorized: false })
    // After STARTTLS there is no second greeting: the client asks for one line.
    if (!implicit) secure.write('x NOOP\r\n')
    const client = await compressed(secure)
    assert.deepEqual(await client.command('NOOP'), ['OK NOOP completed'])
    assert.match((await client.command('LIST "" *'))!.at(-1)!, /^OK /)
    client.close()
  })
}

test('before signing in there is no compression', { timeout }, async () => {
  await using rig = await openImapRig()
  const client = new ImapClient(rig.connect())
  assert.doesNotMatch((await client.line())!, /COMPRESS/)
  assert.deepEqual(await client.command('COMPRESS DEFLATE'), ['BAD COMPRESS is not allowed in this state'])
  client.close()
})

test('a few bytes that stand for very many are read in bounded pieces', { timeout }, async () => {
  await using rig = await openImapRig()
  const stream = rig.connect()
  const client = await compressed(stream)
  const bomb = deflateRawSync(Buffer.alloc(200_000_000, 'x'), { finishFlush: constants.Z_SYNC_FLUSH })
  const before = process.memoryUsage.rss()
  let most = 0
  const watch = setInterval(() => (most = Math.max(most, process.memoryUsage.rss() - before)), 5)
  stream.write(bomb)
  assert.equal(await client.line(), '* BYE [TOOBIG] Line too long')
  clearInterval(watch)
  assert.ok(most < 60_000_000, `${most} bytes more`)
  const other = await compressed(rig.connect())
  assert.deepEqual(await other.command('NOOP'), ['OK NOOP completed'])
})

test('what is not DEFLATE ends the connection, and nobody else', { timeout }, async () => {
  await using rig = await openImapRig()
  for (const junk of ['a1 NOOP\r\n'.repeat(10), '\xff'.repeat(100), '\x03\x00 and then more', '\x03\x00']) {
    const stream = rig.connect()
    const client = await compressed(stream)
    stream.write(Buffer.from(junk, 'latin1'))
    stream.end()
    assert.doesNotMatch(await client.rest(), /SERVERBUG/)
  }
  const other = await compressed(rig.connect())
  assert.deepEqual(await other.command('NOOP'), ['OK NOOP completed'])
  assert.equal(rig.server.sessions, 1)
})

test('a client that takes nothing of its compressed answer is waited for within bounds, then dropped', { timeout }, async () => {
  await using rig = await openImapRig({ limits: { writeTimeoutMs: 200 } })
  const noise = Buffer.from(Array.from({ length: 4_000_000 }, (_, at) => (at * 2654435761) >>> 23))
  await append(rig, [Buffer.concat([Buffer.from('Subject: x\r\n\r\n'), noise])])
  const [stream, theirs] = duplexPair()
  const over = rig.server.serve(theirs, { remoteIp: '127.0.0.1', secure: true, startTls: false })
  const client = await compressed(stream)
  await client.command('SELECT INBOX')
  client.stream.removeAllListeners('data')
  client.stream.pause()
  stream.pause()
  client.send('a1 FETCH 1 BODY.PEEK[]\r\na2 FETCH 1 BODY.PEEK[]\r\n')
  await over
  assert.ok(theirs.writableLength < 300_000, `${theirs.writableLength} bytes wait`)
  assert.equal(rig.server.sessions, 0)
})
