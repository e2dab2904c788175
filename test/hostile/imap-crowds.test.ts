/** Very many sessions and very many wrong sign-ins: memory stays within bounds, and who idles is told in time. */
import assert from 'node:assert/strict'
import { Duplex } from 'node:stream'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { createArgon2Passwords } from '../../src/adapters/argon2/passwords.ts'
import { ImapClient } from '../support/imap-client.ts'
import { openImapRig, password, type ImapRig } from '../support/imap-rig.ts'

const timeout = 120_000
const secret = Buffer.from(password, 'utf8').toString('latin1')
const login = `LOGIN an@so.congvu.test {${secret.length}+}\r\n${secret}`

async function append(rig: ImapRig, count: number): Promise<void> {
  const inbox = await rig.mail.mailboxes.byName(rig.account.an, 'INBOX')
  const message = { bytes: Buffer.from('Subject: x\r\n\r\nx\r\n'), flags: { bits: 0, keywords: [] }, receivedAtMs: null }
  await rig.mail.messages.append(rig.account.an, inbox!.id, Array.from({ length: count }, () => message))
}

/** The server's end of a client that costs next to nothing: it only waits for words. */
class Silent extends Duplex {
  #waiting: { readonly words: string; readonly resolve: () => void } | null = null

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    if (this.#waiting !== null && chunk.toString('latin1').includes(this.#waiting.words)) {
      this.#waiting.resolve()
      this.#waiting = null
    }
    done()
  }

  say(text: string): void {
    this.push(Buffer.from(text, 'latin1'))
  }

  /** Resolves when they have come in one piece. To be asked before they can come. */
  hears(words: string): Promise<void> {
    return new Promise((resolve) => (this.#waiting = { words, resolve }))
  }
}

const where = { remoteIp: '127.0.0.1', secure: true, startTls: false }

setFlagsFromString('--expose-gc')
/** The bound must hold for what is alive, not for what is waste. */
const collect = runInNewContext('gc') as () => void

const crowd = 5000
const maxBytesPerSession = 40_000

for (const [state, commands] of [
  ['before signing in', ''],
  ['signed in', `s1 ${login}\r\n`],
  ['idle over a mailbox of 1,000', `s1 ${login}\r\ns2 SELECT INBOX\r\ns3 IDLE\r\n`],
] as const) {
  test(`${crowd} sessions ${state} take at most ${maxBytesPerSession} bytes each, and go as they came`, { timeout }, async () => {
    await using rig = await openImapRig({ limits: { maxSessionsPerAccount: crowd + 1 } })
    await append(rig, 1000)
    const last = commands.includes('s3') ? '+ idling' : commands.includes('s1') ? 's1 OK' : '* OK'
    const open = async (): Promise<Silent> => {
      const stream = new Silent()
      const ready = stream.hears(last)
      void rig.server.serve(stream, where)
      if (commands !== '') stream.say(commands)
      await ready
      return stream
    }
    // What the first one brings with it is not of the crowd.
    const first = await open()
    collect()
    const before = process.memoryUsage()
    const streams: Silent[] = []
    while (streams.length < crowd) streams.push(...(await Promise.all(Array.from({ length: 100 }, open))))
    collect()
    const after = process.memoryUsage()
    const each = (after.heapUsed + after.external - before.heapUsed - before.external) / crowd
    assert.ok(each < maxBytesPerSession, `${Math.round(each)} bytes a session`)
    assert.equal(rig.server.sessions, crowd + 1)
    if (commands.includes('s3')) {
      const told = Promise.all(streams.map((stream) => stream.hears('* 1001 EXISTS')))
      await append(rig, 1)
      await told
    }
    for (const stream of [first, ...streams]) stream.destroy()
    while (rig.server.sessions > 0) await new Promise((resolve) => setImmediate(resolve))
  })
}

test('while wrong passwords come without end, who idles is told before a few more of them are answered', { timeout }, async () => {
  await using rig = await openImapRig({ passwords: createArgon2Passwords(), limits: { maxFailedSignIns: 1_000_000, maxWrongCommands: 1_000_000 } })
  const idle = new ImapClient(rig.connect())
  await idle.line()
  assert.match((await idle.command(login))!.at(-1)!, /^OK /)
  await idle.command('SELECT INBOX')
  idle.send('i1 IDLE\r\n')
  assert.equal(await idle.line(), '+ idling')

  let answered = 0
  let storming = true
  const attackers = Array.from({ length: 50 }, async (_, number) => {
    const client = new ImapClient(rig.connect({ remoteIp: `192.0.2.${number}` }))
    await client.line()
    while (storming) {
      const reply = await client.command(`LOGIN user${number}@so.congvu.test wrong`)
      if (reply === null) break
      assert.match(reply.at(-1)!, /^NO \[(AUTHENTICATIONFAILED|LIMIT)\]/)
      answered++
    }
    client.close()
  })
  while (answered < 100) await new Promise((resolve) => setImmediate(resolve))
  for (let round = 1; round <= 20; round++) {
    await append(rig, 1)
    const atDelivery = answered
    assert.equal(await idle.line(), `* ${round} EXISTS`)
    assert.ok(answered - atDelivery <= 50, `${answered - atDelivery} sign-ins were answered before`)
    assert.equal(await idle.line(), '* 0 RECENT')
  }
  storming = false
  await Promise.all(attackers)
  idle.send('DONE\r\n')
  assert.equal((await idle.until('i1'))?.at(-1), 'OK IDLE completed')
})
