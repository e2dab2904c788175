/**
 * QRESYNC clients that lose their connection at any moment and come back with what they knew. Each keeps flags by UID and the
 * modseq that RFC 7162 §6 lets it keep; after coming back it must be as the store is, whatever was told or held back before.
 * Expunges are forgotten by the store now and then, so some answers are the full ones.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ImapClient } from '../../support/imap-client.ts'
import { openImapRig, password, type ImapRig } from '../../support/imap-rig.ts'

const secret = Buffer.from(password, 'utf8').toString('latin1')

function random(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

function* numbers(set: string): Generator<number> {
  for (const range of set.split(',')) {
    const [first, last] = range.split(':').map(Number) as [number, number?]
    for (let number = first; number <= (last ?? first); number++) yield number
  }
}

class ResyncingClient {
  readonly #rig: ImapRig
  #client: ImapClient | null = null
  #validity = 0
  /** What survives the connection. */
  modseq = 0
  readonly flags = new Map<number, string>()
  /** All UIDs up to here were asked for. */
  #askedUpTo = 0
  /** UIDs by sequence number, of this connection; 0 where not known. */
  #numbers: number[] = []

  constructor(rig: ImapRig) {
    this.#rig = rig
  }

  get count(): number {
    return this.#numbers.length
  }

  async connect(): Promise<void> {
    const client = new ImapClient(this.#rig.connect())
    await client.line()
    await client.command(`LOGIN an@so.congvu.test {${secret.length}+}\r\n${secret}`)
    await client.command('ENABLE QRESYNC')
    this.#client = client
    this.#numbers = []
    await this.command(this.modseq === 0 ? 'SELECT INBOX' : `SELECT INBOX (QRESYNC (${this.#validity} ${this.modseq}${this.flags.size === 0 ? '' : ' 1:100000'}))`)
    // Only what is new: of the rest SELECT must have told all.
    await this.command(`UID FETCH ${this.#askedUpTo + 1}:* (FLAGS)`)
    this.#askedUpTo = Math.max(this.#askedUpTo, ...this.#numbers)
  }

  cut(): void {
    this.#client?.close()
    this.#client = null
    this.#numbers = []
  }

  async command(text: string): Promise<void> {
    if (this.#client === null) await this.connect()
    const lines = await this.#client!.command(text)
    assert.ok(lines !== null, text)
    assert.match(lines.at(-1)!, /^(OK|NO \[EXPUNGEISSUED\])/, text)
    let seen = 0
    let told: number | null = null
    for (const line of lines) {
      const fetched = /^\* (\d+) FETCH \((?:UID (\d+) ?)?(?:FLAGS \(([^)]*)\) ?)?(?:MODSEQ \((\d+)\))?/.exec(line)
      if (fetched !== null) {
        this.#fetched(Number(fetched[1]), fetched[2], fetched[3])
        seen = Math.max(seen, Number(fetched[4] ?? 0))
      } else told = this.#take(line) ?? told
    }
    // RFC 7162 §6: the code counts even against higher modseqs that were seen.
    this.modseq = told ?? Math.max(this.modseq, seen)
  }

  #take(line: string): number | null {
    const exists = /^\* (\d+) EXISTS/.exec(line)
    if (exists !== null) while (this.#numbers.length < Number(exists[1])) this.#numbers.push(0)
    const earlier = /^\* VANISHED \(EARLIER\) (.*)$/.exec(line)
    if (earlier !== null) for (const uid of numbers(earlier[1]!)) this.flags.delete(uid)
    const vanished = /^\* VANISHED (\d.*)$/.exec(line)
    if (vanished !== null) {
      for (const uid of numbers(vanished[1]!)) {
        const at = this.#placeOf(uid)
        assert.notEqual(at, -1, `UID ${uid} vanished that was not known: ${this.#numbers.join()}`)
        this.#numbers.splice(at, 1)
        this.flags.delete(uid)
      }
    }
    assert.doesNotMatch(line, /EXPUNGE$/)
    const validity = /UIDVALIDITY (\d+)/.exec(line)
    if (validity !== null) this.#validity = Number(validity[1])
    const highest = /\[HIGHESTMODSEQ (\d+)\]/.exec(line)
    return highest === null ? null : Number(highest[1])
  }

  /** Where this UID is, or a message whose UID is not known yet and could be it. */
  #placeOf(uid: number): number {
    const at = this.#numbers.indexOf(uid)
    if (at !== -1) return at
    const after = this.#numbers.findIndex((number) => number > uid)
    const end = after === -1 ? this.#numbers.length : after
    return this.#numbers[end - 1] === 0 ? end - 1 : -1
  }

  #fetched(sequence: number, uid: string | undefined, flags: string | undefined): void {
    assert.ok(sequence >= 1 && sequence <= this.#numbers.length, `FETCH ${sequence} of ${this.#numbers.length}`)
    if (uid !== undefined) {
      const known = this.#numbers[sequence - 1]!
      assert.ok(known === 0 || known === Number(uid), `message ${sequence} is UID ${uid}, was ${known}`)
      this.#numbers[sequence - 1] = Number(uid)
    }
    if (flags !== undefined && uid !== undefined) this.flags.set(Number(uid), flags)
  }
}

function nextCommand(client: ResyncingClient, pick: (below: number) => number, step: number): string {
  const message = `Subject: ${step}\r\n\r\n${step}\r\n`
  const append = `APPEND INBOX {${message.length}+}\r\n${message}`
  if (client.count === 0) return pick(2) === 0 ? append : 'NOOP'
  const [a, b] = [1 + pick(client.count), 1 + pick(client.count)]
  const set = pick(3) === 0 ? `${a}` : `${a}:${b}`
  const commands = [
    append, append, 'NOOP', 'EXPUNGE', `MOVE ${a} Archive`,
    `STORE ${set} +FLAGS (\\Deleted)`, `STORE ${set} -FLAGS (\\Deleted $k${pick(3)})`, `STORE ${set} +FLAGS ($k${pick(3)})`,
    `STORE ${set} (UNCHANGEDSINCE ${client.modseq}) +FLAGS (\\Flagged)`, `FETCH ${set} (UID FLAGS)`, `FETCH ${a} (UID MODSEQ)`, `UID FETCH 1:* (FLAGS) (CHANGEDSINCE ${client.modseq} VANISHED)`,
    `SEARCH MODSEQ ${client.modseq}`,
  ]
  return commands[pick(commands.length)]!
}

// shows QRESYNC CONDSTORE
for (const seed of [1, 2, 3, 4]) {
  test(`clients that come back are as the store is (seed ${seed})`, { timeout: 60_000 }, async () => {
    await using rig = await openImapRig()
    const pick = random(seed)
    const clients = Array.from({ length: 3 }, () => new ResyncingClient(rig))
    for (const client of clients) await client.connect()
    for (let step = 0; step < 120; step++) {
      await Promise.all(clients.map((client) => client.command(nextCommand(client, pick, step))))
      if (pick(6) === 0) clients[pick(clients.length)]!.cut()
      if (pick(40) === 0) await rig.forgetExpunged()
    }
    const inbox = (await rig.mail.mailboxes.byName(rig.account.an, 'INBOX'))!
    const stored = new Map<number, string>()
    const reader = new ResyncingClient(rig)
    await reader.connect()
    for (const [uid, flags] of reader.flags) stored.set(uid, flags)
    assert.equal(stored.size, inbox.messages)
    for (const client of clients) {
      client.cut()
      await client.command('NOOP')
      assert.deepEqual([...client.flags].sort(([a], [b]) => a - b), [...stored])
    }
  })
}
