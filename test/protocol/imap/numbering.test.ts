/**
 * Several sessions change one mailbox at the same time. Each keeps a naive client's list, moved only by EXISTS and EXPUNGE;
 * every FETCH must agree with it, no EXPUNGE may come during FETCH, STORE or SEARCH, and in the end all agree with the
 * store. RFC 9051 §5.5, §7.5.1.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ImapClient } from '../../support/imap-client.ts'
import { openImapRig, password, type ImapRig } from '../../support/imap-rig.ts'

const secret = Buffer.from(password, 'utf8').toString('latin1')
const noExpunge = /^(FETCH|STORE|SEARCH)/

function random(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

class NaiveClient {
  readonly #client: ImapClient
  /** UID by sequence number, 0 where it has not been asked yet. */
  readonly list: number[] = []

  constructor(client: ImapClient) {
    this.#client = client
  }

  async command(text: string): Promise<string> {
    const lines = await this.#client.command(text)
    assert.ok(lines !== null, 'the server hung up')
    for (const line of lines.slice(0, -1)) this.#take(line, text)
    return lines.at(-1)!
  }

  #take(line: string, command: string): void {
    const exists = /^\* (\d+) EXISTS$/.exec(line)
    const expunge = /^\* (\d+) EXPUNGE$/.exec(line)
    const fetch = /^\* (\d+) FETCH \((?:UID (\d+))?/.exec(line)
    if (exists !== null) {
      const count = Number(exists[1])
      assert.ok(count >= this.list.length, `EXISTS ${count} takes messages away`)
      while (this.list.length < count) this.list.push(0)
    } else if (expunge !== null) {
      assert.doesNotMatch(command, noExpunge)
      const sequence = Number(expunge[1])
      assert.ok(sequence >= 1 && sequence <= this.list.length, `EXPUNGE ${sequence} of ${this.list.length}`)
      this.list.splice(sequence - 1, 1)
    } else if (fetch !== null) {
      const sequence = Number(fetch[1])
      assert.ok(sequence >= 1 && sequence <= this.list.length, `FETCH ${sequence} of ${this.list.length}`)
      if (fetch[2] === undefined) return
      const known = this.list[sequence - 1]!
      if (known !== 0) assert.equal(Number(fetch[2]), known, `message ${sequence} changed its UID`)
      this.list[sequence - 1] = Number(fetch[2])
    }
  }
}

async function open(rig: ImapRig): Promise<NaiveClient> {
  const client = new ImapClient(rig.connect())
  await client.line()
  const naive = new NaiveClient(client)
  await naive.command(`LOGIN an@so.congvu.test {${secret.length}+}\r\n${secret}`)
  assert.match(await naive.command('SELECT INBOX'), /^OK/)
  return naive
}

function nextCommand(naive: NaiveClient, pick: (below: number) => number, step: number): string {
  const { length } = naive.list
  const message = `Subject: ${step}\r\n\r\n${step}\r\n`
  const first = length === 0 ? 1 : 1 + pick(length)
  const last = length === 0 ? 1 : 1 + pick(length)
  const set = pick(3) === 0 ? `${first}` : `${first}:${last}`
  const commands = [
    `APPEND INBOX {${message.length}+}\r\n${message}`,
    `APPEND INBOX {${message.length}+}\r\n${message}`,
    'NOOP',
    'EXPUNGE',
    'UID FETCH 1:* (FLAGS)',
    ...(length === 0 ? [] : [`FETCH ${set} (UID FLAGS)`, `FETCH ${set} (UID BODY.PEEK[TEXT])`, `STORE ${set} +FLAGS (\\Deleted)`, `STORE ${set} FLAGS.SILENT ($k${pick(3)})`, `SEARCH ${set} UNSEEN`, `MOVE ${first} Archive`, `COPY ${set} INBOX`]),
  ]
  return commands[pick(commands.length)]!
}

for (const seed of [1, 2, 3, 4]) {
  test(`four sessions at once never disagree about a sequence number (seed ${seed})`, { timeout: 60_000 }, async () => {
    await using rig = await openImapRig()
    const pick = random(seed)
    const sessions = await Promise.all([open(rig), open(rig), open(rig), open(rig)])
    for (let step = 0; step < 80; step++) {
      const replies = await Promise.all(sessions.map((session) => session.command(nextCommand(session, pick, step))))
      for (const reply of replies) assert.match(reply, /^(OK|NO \[EXPUNGEISSUED\])/)
    }
    const inbox = (await rig.mail.mailboxes.byName(rig.account.an, 'INBOX'))!
    const stored: number[] = []
    for await (const slice of rig.mail.messages.read(rig.account.an, inbox.id, 'all', { forms: false, text: false })) stored.push(...slice.map((one) => one.uid))
    for (const session of sessions) {
      await session.command('NOOP')
      await session.command('UID FETCH 1:* (UID)')
      assert.deepEqual(session.list, stored)
    }
  })
}
