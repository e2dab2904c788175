/** What attackers and broken clients send to the IMAP server: it answers BAD, NO or BYE, and lives. RFC 9051, RFC 7888. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DeflateStream } from '../../src/protocols/shared/deflate-stream.ts'
import { ImapClient } from '../support/imap-client.ts'
import { openImapRig, password, type ImapRig } from '../support/imap-rig.ts'

const timeout = 60_000
const secret = Buffer.from(password, 'utf8').toString('latin1')

const states = ['before signing in', 'signed in', 'selected', 'compressed'] as const
type State = (typeof states)[number]

async function connected(rig: ImapRig, state: State): Promise<ImapClient> {
  const stream = rig.connect()
  const client = new ImapClient(stream)
  assert.match((await client.line())!, /^\* OK /)
  if (state === 'before signing in') return client
  assert.match((await client.command(`LOGIN an@so.congvu.test {${secret.length}+}\r\n${secret}`))!.at(-1)!, /^OK /)
  if (state === 'selected') assert.match((await client.command('SELECT INBOX'))!.at(-1)!, /^OK /)
  if (state !== 'compressed') return client
  assert.match((await client.command('COMPRESS DEFLATE'))!.at(-1)!, /^OK /)
  stream.removeAllListeners('data')
  return new ImapClient(new DeflateStream(stream, Buffer.alloc(0)))
}

async function alive(client: ImapClient): Promise<void> {
  assert.deepEqual(await client.command('CAPABILITY').then((lines) => lines?.at(-1)), 'OK CAPABILITY completed')
}

for (const state of states) {
  const signedIn = state !== 'before signing in'

  test(`${state}: a line over the limit is refused, the next command is understood`, { timeout }, async () => {
    await using rig = await openImapRig()
    const client = await connected(rig, state)
    client.send(`a1 LIST "" ${'x'.repeat(70_000)}\r\na2 NOOP\r\n`)
    assert.equal(await client.line(), 'a1 BAD [TOOBIG] Line too long')
    assert.equal(await client.line(), 'a2 OK NOOP completed')
    await alive(client)
  })

  test(`${state}: a line without an end is the end`, { timeout }, async () => {
    await using rig = await openImapRig()
    const client = await connected(rig, state)
    for (let sent = 0; sent < 40; sent++) client.send('x'.repeat(65_536))
    assert.equal(await client.line(), '* BYE [TOOBIG] Line too long')
    assert.equal(await client.line(), null)
  })

  for (const size of ['4294967296', '99999999999999999999']) {
    test(`${state}: a literal of ${size} bytes is refused without reading it`, { timeout }, async () => {
      await using rig = await openImapRig()
      const client = await connected(rig, state)
      client.send(`a1 APPEND INBOX {${size}}\r\n`)
      assert.match((await client.line())!, /^a1 (NO|BAD) \[TOOBIG\] Literal too large$/)
      client.send(`a2 LOGIN {${size}}\r\n`)
      assert.equal(await client.line(), 'a2 BAD [TOOBIG] Literal too large')
      await alive(client)
      client.send(`a3 APPEND INBOX {${size}+}\r\n`)
      assert.equal(await client.line(), '* BYE [TOOBIG] Literal too large')
      assert.equal(await client.line(), null)
    })
  }

  test(`${state}: a literal that comes without leave and is a little too large is passed over`, { timeout }, async () => {
    await using rig = await openImapRig({ limits: { maxMessageBytes: 10_000 } })
    const client = await connected(rig, state)
    client.send(`a1 APPEND INBOX {12000+}\r\n${'x\r\na2 LOGOUT\r\n'.padEnd(12_000, 'y')} {3+}\r\nabc\r\n`)
    assert.match((await client.line())!, /^a1 (NO|BAD) \[TOOBIG\] Literal too large$/)
    await alive(client)
  })

  test(`${state}: half a literal and a disconnect leaves nothing behind`, { timeout }, async () => {
    await using rig = await openImapRig()
    const client = await connected(rig, state)
    client.send('a1 APPEND INBOX {5000+}\r\nhalf of it')
    client.close()
    assert.match(await client.rest(), /^$|BAD/)
    const next = await connected(rig, state)
    await alive(next)
    assert.equal(rig.server.sessions, 1)
  })

  test(`${state}: parentheses 10,000 deep, chains of NOT and OR, and sets of 100,000 numbers are refused`, { timeout }, async () => {
    await using rig = await openImapRig({ limits: { maxWrongCommands: 100 } })
    const client = await connected(rig, state)
    if (signedIn) await client.command('SELECT INBOX')
    const sets = Array.from({ length: 9000 }, () => '1,9:*').join(',')
    const deep = [`SEARCH ${'('.repeat(10_000)}ALL${')'.repeat(10_000)}`, `SEARCH ${'NOT '.repeat(5000)}ALL`, `SEARCH ${'OR '.repeat(5000)}ALL`, `FETCH 1 ${'('.repeat(10_000)}`, `FETCH 1 BODY[${'1.'.repeat(5000)}1]`, `SEARCH ${'ALL '.repeat(5000)}ALL`, `UID FETCH 1 BINARY[${'1.'.repeat(5000)}1]`, `LIST ${'('.repeat(10_000)}`, `SELECT INBOX ${'('.repeat(10_000)}`, `SELECT INBOX (QRESYNC (1 1 ${sets} (${sets} ${sets})))`]
    for (const command of deep) assert.match((await client.command(command).then((lines) => lines?.at(-1) ?? '(closed)')), /^BAD /, command.slice(0, 20))
    client.send(`a1 SEARCH ${Array.from({ length: 100_000 }, (_, at) => at + 1).join(',')}\r\n`)
    assert.equal(await client.line(), 'a1 BAD [TOOBIG] Line too long')
    await alive(client)
  })

  test(`${state}: bare CR, bare LF, NUL and 8-bit bytes are no line ends and no commands`, { timeout }, async () => {
    await using rig = await openImapRig({ limits: { maxWrongCommands: 100 } })
    const client = await connected(rig, state)
    for (const junk of ['a1 NOOP\na2 NOOP', 'a1 NOOP\ra2 NOOP', 'a1\0NOOP', '\xff\xfe', 'a1 \xe1\xba\xad', '', ' ', 'a1', 'a1 ', '+ NOOP', '{', '{5}x', '* OK', 'a1 NOOP {5', 'a1 UID', 'a1 UID ', '"a1" NOOP', '(a1) NOOP']) {
      client.send(`${junk}\r\n`)
      assert.match((await client.line())!, /^(\*|\S+) BAD /, JSON.stringify(junk))
    }
    await alive(client)
  })

  test(`${state}: one byte at a time is as good as all at once`, { timeout }, async () => {
    await using rig = await openImapRig()
    const client = await connected(rig, state)
    for (const byte of 'a1 ID {0+}\r\n\r\na2 NOOP\r\n') {
      client.send(byte)
      await new Promise((resolve) => setImmediate(resolve))
    }
    assert.match((await client.line())!, /^a1 BAD /)
    assert.equal(await client.line(), 'a2 OK NOOP completed')
  })

  test(`${state}: 20,000 pipelined commands are answered in order`, { timeout }, async () => {
    await using rig = await openImapRig()
    const client = await connected(rig, state)
    const other = await connected(rig, state)
    client.send(Array.from({ length: 20_000 }, (_, at) => `p${at} NOOP\r\n`).join(''))
    await alive(other)
    for (let at = 0; at < 20_000; at++) assert.equal(await client.line(), `p${at} OK NOOP completed`)
  })
}

for (const state of states) {
  test(`${state}: a command whose literals never end is refused, and a literal that never comes holds nothing`, { timeout }, async () => {
    await using rig = await openImapRig()
    const client = await connected(rig, state)
    client.send(`a1 SEARCH TEXT${' {1000+}\r\n'.padEnd(1010, 'x').repeat(1000)}\r\na2 NOOP\r\n`)
    let line: string | null
    do line = await client.line()
    while (line !== null && !/^(a1 BAD|\* BYE) /.test(line))
    assert.match(line ?? '', /^(a1 BAD \[TOOBIG\] Literal too large|\* BYE \[TOOBIG\] Command too large)$/)
    const waiting = await connected(rig, state)
    waiting.send('a1 NOOP {4000}\r\n')
    assert.equal(await waiting.line(), '+ Ready for literal data')
    const other = await connected(rig, state)
    await alive(other)
    waiting.close()
  })
}

test('idle: whatever is not DONE ends it with BAD, and the next command is understood', { timeout }, async () => {
  await using rig = await openImapRig({ limits: { maxWrongCommands: 1000 } })
  const client = await connected(rig, 'selected')
  const junk = ['', 'NOOP', 'DONE ', '('.repeat(8000), 'x'.repeat(60_000), '\0\xff', `SEARCH ${Array.from({ length: 8000 }, (_, at) => at + 1).join(',')}`, 'a1 APPEND INBOX {99999999999+}', 'done\ndone']
  for (const text of junk) {
    client.send(`i1 IDLE\r\n${text}\r\ni2 NOOP\r\n`)
    assert.equal(await client.line(), '+ idling')
    assert.match((await client.line())!, /^i1 BAD /, text.slice(0, 20))
    assert.equal(await client.line(), 'i2 OK NOOP completed', text.slice(0, 20))
  }
  client.send('i3 IDLE\r\ndOnE\r\n')
  assert.equal(await client.line(), '+ idling')
  assert.equal(await client.line(), 'i3 OK IDLE completed')
})

test('one APPEND of very many or very much is refused as a whole', { timeout }, async () => {
  await using rig = await openImapRig({ limits: { maxMessageBytes: 100_000, maxAppendBytes: 250_000, maxWrongCommands: 1000 } })
  const client = await connected(rig, 'selected')
  client.send(`a1 APPEND INBOX${' {1+}\r\nx'.repeat(1010)}\r\n`)
  assert.equal(await client.line(), 'a1 NO [TOOBIG] Literal too large')
  client.send(`a2 APPEND INBOX${` {90000+}\r\n${'x'.repeat(90_000)}`.repeat(3)}\r\n`)
  assert.equal(await client.line(), 'a2 NO [TOOBIG] Literal too large')
  client.send(`a3 APPEND INBOX {50+}\r\n${'x'.repeat(50)} {120000}\r\n`)
  assert.equal(await client.line(), 'a3 NO [TOOBIG] Literal too large')
  client.send(`a4 APPEND INBOX${' {1+}\r\nx'.repeat(1000)}\r\n`)
  assert.equal(await client.line(), '* 1000 EXISTS')
  assert.equal(await client.line(), '* 0 RECENT')
  assert.match((await client.line())!, /^a4 OK \[APPENDUID \d+ 1:1000\]/)
})

test('LIST with patterns that match in very many ways lets others go first', { timeout }, async () => {
  await using rig = await openImapRig()
  for (let at = 0; at < 60; at++) await rig.mail.mailboxes.create(rig.account.an, `${'aB/'.repeat(60)}${at}`)
  const [client, other] = [await connected(rig, 'signed in'), await connected(rig, 'signed in')]
  const pattern = `"${'*a%'.repeat(900)}"`
  client.send(`a1 LIST "" (${Array.from({ length: 20 }, () => pattern).join(' ')})\r\n`)
  let listed = false
  const answer = client.until('a1').then((lines) => {
    listed = true
    return lines
  })
  for (let round = 0; round < 3; round++) await alive(other)
  assert.equal(listed, false)
  assert.equal((await answer)?.at(-1), 'OK LIST completed')
})

test('the first literal of an APPEND is its mailbox, and may not be as long as a message', { timeout }, async () => {
  await using rig = await openImapRig()
  const client = await connected(rig, 'signed in')
  client.send('a1 APPEND {40000000}\r\n')
  assert.equal(await client.line(), 'a1 BAD [TOOBIG] Literal too large')
  client.send('a2 APPEND {5}\r\n')
  assert.equal(await client.line(), '+ Ready for literal data')
  client.send('INBOX (\\Seen) {6}\r\n')
  assert.equal(await client.line(), '+ Ready for literal data')
  client.send('x: y\r\n\r\n')
  assert.match((await client.line())!, /^a2 OK \[APPENDUID \d+ 1\]/)
})

test('large literals beyond the budget of all sessions are refused for now, and the budget comes back', { timeout }, async () => {
  await using rig = await openImapRig({ limits: { literalBudgetBytes: 300_000 } })
  const [one, two] = [await connected(rig, 'signed in'), await connected(rig, 'signed in')]
  const message = `Subject: x\r\n\r\n${'y'.repeat(200_000)}`
  one.send(`a1 APPEND INBOX {${message.length}+}\r\n${message.slice(0, 150_000)}`)
  // What has come of it is charged as soon as the other session is refused.
  let refused: string | null
  do {
    two.send(`b1 APPEND INBOX {${message.length}}\r\n`)
    refused = await two.line()
    if (refused === '+ Ready for literal data') {
      two.send(`${message}\r\n`)
      refused = await two.line()
    }
  } while (!refused!.startsWith('b1 NO'))
  assert.equal(refused, 'b1 NO [LIMIT] Busy, try again later')
  one.send(`${message.slice(150_000)}\r\n`)
  assert.match((await one.line())!, /^a1 OK \[APPENDUID/)
  two.send(`b2 APPEND INBOX {${message.length}+}\r\n${message}\r\n`)
  assert.match((await two.line())!, /^b2 OK \[APPENDUID/)
})
