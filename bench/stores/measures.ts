/** What is measured on each store. Every measure takes servers of its own, on a fresh database of its place. */
import { EventEmitter, once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { bodyNeedle, plainMessage } from '../corpus.ts'
import { median, percentile } from '../figures.ts'
import { ImapClient } from '../imap-client.ts'
import { runLoad } from '../load.ts'
import { cpuMsOf } from '../process-tree.ts'
import { foreignPercent, snapshot } from '../quiet.ts'
import { SmtpClient, wireMessage } from '../smtp-client.ts'
import { addressOf, password, type Target } from '../target.ts'
import { bareLoop } from './bare-loop.ts'
import type { StoreFigures, StoreRowId } from './rows.ts'
import { mailboxUser, seeding, type Place } from './targets.ts'

export interface Bench {
  readonly figures: StoreFigures
  readonly tell: (text: string) => void
  readonly quick: boolean
}

export interface StoreMeasure {
  readonly name: string
  readonly what: string
  run(place: Place, bench: Bench): Promise<void>
}

const users = 100
const connections = 10
const toUser = (index: number): string => addressOf('u', index % users)

export const measures: readonly StoreMeasure[] = [
  { name: 'delivery', what: 'SMTP → durable in the mailbox, and its CPU', run: measureDelivery },
  { name: 'bare', what: "the driver's own speed with the same commands", run: measureBare },
  { name: 'login', what: 'signing in', run: measureLogin },
  { name: 'mailbox', what: 'a mail client at a mailbox of 10,000', run: measureMailbox },
  { name: 'wake', what: 'delivery on one node, IDLE on another', run: measureWake },
  { name: 'search', what: 'SEARCH TEXT in a mailbox of 50,000 (10,000 with --quick)', run: measureSearch },
]

class Taking {
  readonly #place: Place
  readonly #bench: Bench

  constructor(place: Place, bench: Bench) {
    this.#place = place
    this.#bench = bench
  }

  add(row: StoreRowId, value: number, foreign = 0): void {
    this.#bench.figures.add(this.#place.store, row, value, foreign)
    this.#bench.tell(`  ${this.#place.store}: ${row}: ${value.toFixed(value < 10 ? 2 : 0)}${foreign > 0 ? ` (foreign CPU ${foreign} %)` : ''}`)
  }

  /** With the share of CPU that other work took: the store's own servers are no other work, so they are not told apart here. */
  async measure(row: StoreRowId, target: Target, work: () => Promise<number>): Promise<void> {
    const before = snapshot(target.pids)
    const value = await work()
    this.add(row, value, this.#place.mongoUrl === null ? foreignPercent(before, target.pids) : 0)
  }
}

async function measureDelivery(place: Place, bench: Bench): Promise<void> {
  const taking = new Taking(place, bench)
  await using target = await place.start({ accounts: { u: users } })
  const send = async (messages: number, kib: number): Promise<number> =>
    messages / (await runLoad({ place: { port: target.smtp, lmtp: false }, connections, messages, sizeBytes: kib * 1024, recipient: toUser })).seconds
  await send(1_000, 5)
  const [small, large] = bench.quick ? [2_000, 300] : [6_000, 1_000]
  let [cpuMs, storeCpuMs] = [0, 0]
  await taking.measure('smtp-5k', target, async () => {
    const before = [cpuMsOf(target.pids), cpuMsOf(place.pids)] as const
    const rate = await send(small, 5)
    cpuMs = (cpuMsOf(target.pids) - before[0]) / small
    storeCpuMs = (cpuMsOf(place.pids) - before[1]) / small
    return rate
  })
  taking.add('smtp-cpu', cpuMs)
  if (place.pids.length > 0) taking.add('smtp-store-cpu', storeCpuMs)
  await taking.measure('smtp-100k', target, () => send(large, 100))
}

async function measureBare(place: Place, bench: Bench): Promise<void> {
  if (place.mongoUrl === null) return
  const taking = new Taking(place, bench)
  const deliveries = bench.quick ? 2_000 : 6_000
  await bareLoop(place.mongoUrl, 500, connections)
  taking.add('bare', await bareLoop(place.mongoUrl, deliveries, connections))
  taking.add('bare-alone', await bareLoop(place.mongoUrl, deliveries / 10, 1))
}

async function measureLogin(place: Place, bench: Bench): Promise<void> {
  const taking = new Taking(place, bench)
  await using target = await place.start({ accounts: { u: users } })
  const signIns = bench.quick ? 2_000 : 6_000
  await signInAll(target, users)
  await signInAll(target, 500)
  let cpuMs = 0
  await taking.measure('login', target, async () => {
    const before = cpuMsOf(target.pids)
    const started = performance.now()
    await signInAll(target, signIns)
    cpuMs = (cpuMsOf(target.pids) - before) / signIns
    return (1000 * signIns) / (performance.now() - started)
  })
  taking.add('login-cpu', cpuMs)
}

async function signInAll(target: Target, count: number): Promise<void> {
  let next = 0
  const lane = async (): Promise<void> => {
    for (let index = next++; index < count; index = next++) {
      const client = await ImapClient.signedIn({ port: target.imap }, toUser(index), password)
      await client.command('LOGOUT')
      client.close()
    }
  }
  await Promise.all(Array.from({ length: connections }, lane))
}

const mailboxMessages = 10_000
const envelopeItems = '(UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODYSTRUCTURE)'
const headerItems =
  '(UID RFC822.SIZE FLAGS BODY.PEEK[HEADER.FIELDS (From To Cc Bcc Subject Date Message-ID Priority X-Priority References Newsgroups In-Reply-To Content-Type Reply-To)])'

async function measureMailbox(place: Place, bench: Bench): Promise<void> {
  const taking = new Taking(place, bench)
  await using target = await place.start({ accounts: { s: 1 } }, seeding({ [mailboxUser]: mailboxMessages }))
  const client = await ImapClient.signedIn({ port: target.imap }, mailboxUser, password)
  const times = async (row: StoreRowId, count: number, text: string): Promise<void> => {
    const taken: number[] = []
    for (let time = 0; time < count; time++) taken.push((await client.command(text)).ms)
    taking.add(row, median(taken))
  }
  await times('select', 3, 'SELECT INBOX')
  await times('envelopes', 5, `UID FETCH 1:* ${envelopeItems}`)
  await times('headers', 5, `UID FETCH 1:* ${headerItems}`)
  await client.command('CREATE Luu')
  // The first of each compiles the code; the second is measured.
  for (const [first, count] of [[1, 200], [201, 1_000]] as const) {
    const range = `${first}:${first + count - 1}`
    await times('store', 1, `STORE ${range} +FLAGS (\\Seen)`)
    await times('copy', 1, `COPY ${range} Luu`)
    await times('move', 1, `MOVE ${range} Luu`)
    await client.command(`STORE ${range} +FLAGS.SILENT (\\Deleted)`)
    await times('expunge', 1, 'EXPUNGE')
  }
  client.close()
}

const wakes = 200
const wakeWarmUps = 20
const gapMs = 20
const heardWithinMs = 10_000

/** On the embedded store there is one node. */
async function measureWake(place: Place, bench: Bench): Promise<void> {
  const taking = new Taking(place, bench)
  await using first = await place.start({ accounts: { i: users } })
  await using second = place.mongoUrl === null ? null : await place.start({ accounts: {} })
  const bell = new EventEmitter()
  const sessions: ImapClient[] = []
  for (let user = 0; user < users; user++) {
    const session = await ImapClient.signedIn({ port: (second ?? first).imap }, addressOf('i', user), password)
    await session.command('SELECT INBOX')
    await session.idle((text) => void (text.includes(' EXISTS') && bell.emit(`exists ${user}`, performance.now())))
    sessions.push(session)
  }
  const client = await SmtpClient.connect({ port: first.lmtp, lmtp: true })
  const waits: number[] = []
  for (let count = 0; count < wakeWarmUps + wakes; count++) {
    const user = (count * 7) % users
    const heard = once(bell, `exists ${user}`, { signal: AbortSignal.timeout(heardWithinMs) })
    await client.send({ sender: 'load@example.com', recipient: addressOf('i', user) }, wireMessage(plainMessage(count, 3000)))
    const takenMs = performance.now()
    const [heardMs] = (await heard) as [number]
    if (count >= wakeWarmUps) waits.push(Math.max(0, heardMs - takenMs))
    await pause(gapMs)
  }
  taking.add('wake-p50', percentile(waits, 0.5))
  taking.add('wake-p95', percentile(waits, 0.95))
  client.close()
  for (const session of sessions) session.close()
}

const searches = 60
const commonWords = ['Cửu', 'bao cao', 'alice', 'thang', 'nghi quyet']

/** A search without the index reads all texts: of 10,000 messages in some 300 ms. */
const filledMs = 100
const maxFillMs = 240_000

async function measureSearch(place: Place, bench: Bench): Promise<void> {
  const taking = new Taking(place, bench)
  const messages = bench.quick ? 10_000 : 50_000
  await using target = await place.start({ accounts: { s: 1 } }, seeding({ [mailboxUser]: messages }))
  const client = await ImapClient.signedIn({ port: target.imap }, mailboxUser, password)
  await client.command('SELECT INBOX')
  const search = async (needle: string): Promise<number> => {
    const bytes = Buffer.from(needle)
    return (await client.command(Buffer.concat([Buffer.from(`UID SEARCH CHARSET UTF-8 TEXT {${bytes.length}+}\r\n`), bytes]))).ms
  }
  // The first one begins the index, which is filled beside the searches: warm is when it answers.
  for (const until = performance.now() + maxFillMs; performance.now() < until && (await search(bodyNeedle)) > filledMs; ) await pause(1_000)
  const p95 = async (needles: readonly string[]): Promise<number> => {
    for (const needle of needles) await search(needle)
    const taken: number[] = []
    for (let count = 0; count < searches; count++) taken.push(await search(needles[count % needles.length]!))
    return percentile(taken, 0.95)
  }
  taking.add('search-p95', await p95([bodyNeedle]))
  taking.add('search-common-p95', await p95(commonWords))
  client.close()
}
