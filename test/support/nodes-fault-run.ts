/**
 * A fault of a province under load: senders on every node, readers over IMAP on every core and of `changes.since` beside them. The
 * fault comes in the middle. Afterwards the store is compared with what was promised and shown:
 *
 *  - every message that was answered 250 is there; over LMTP exactly once, over SMTP at most once more for each try without an answer;
 *  - no UID was used twice or taken back, no change was told out of the order of MODSEQ;
 *  - what an account uses is the sum of its messages.
 */
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { systemClock } from '../../src/adapters/local/clock.ts'
import { ChangesReader } from './changes-reader.ts'
import { FaultReader, type ReaderDoor } from './fault-reader.ts'
import { compareWithBook, problemsOf, readInboxes, type Found } from './fault-tally.ts'
import { signedIn } from './mail-reader.ts'
import { openMongo } from './mongo-place.ts'
import type { CoreNode, IngressNode, Province } from './nodes.ts'
import { NodesLoad } from './nodes-load.ts'
import type { Person } from './running-server.ts'
import { dataOf, dial } from './smtp-dialogue.ts'

export interface FaultRun {
  /** Short, of letters: in addresses and ids. */
  readonly name: string
  readonly messages: number
  readonly seed: number
  /** Of the messages, when the fault comes. */
  readonly afterShare?: number
  readonly lanes?: { readonly smtp: number; readonly lmtp: number }
  /** Lines at level error or above that the fault causes in the log of a core. */
  readonly expectedErrors?: RegExp
  /** Answers what it measured, for the report. */
  readonly fault: (about: { readonly people: readonly Person[] }) => Promise<Readonly<Record<string, string | number | readonly number[]>>>
}

const peopleOfARun = ['an', 'binh', 'chi', 'dung']
const attemptWithinMs = 2_000
const probePauseMs = 100
/** Of what went wrong. */
const maxTold = 10

export async function runFault(t: TestContext, province: Province, run: FaultRun): Promise<void> {
  const people: Person[] = []
  for (const name of peopleOfARun) people.push(await province.person(`${name}-${run.name}`))
  await using open = await openMongo({ url: province.set.url, database: province.database, clock: systemClock, node: `kiem-${run.name}` })

  let ended = false
  const given = new AbortController()
  const readers = people.map((person, i) => new FaultReader(person, doorOfReaders(province.cores, i, { ended: () => ended, signal: given.signal }), { forgivesUnavailable: true }))
  const changes = await Promise.all(people.map(({ address }) => ChangesReader.of(open.store, address)))
  const moment = Promise.withResolvers<void>()
  const faultAt = Math.ceil(run.messages * (run.afterShare ?? 0.3))
  const lanes = run.lanes ?? { smtp: 3, lmtp: 1 }
  const load = new NodesLoad({ province, name: run.name, people, messages: run.messages, seed: run.seed, lanes, onAcknowledged: (count) => void (count >= faultAt && moment.resolve()) })
  const logsBefore = province.cores.map((core) => core.log())
  const errors = (): string[] => province.cores.flatMap((core, i) => linesSince(core.log(), logsBefore[i]!).filter((line) => /"level":[56]0/.test(line)))
  const startedAtMs = performance.now()
  // Those who ask for changes ask last: a reader over IMAP makes some.
  let looked = false
  const looking = Promise.all(readers.map((reader) => reader.run())).finally(() => (looked = true))
  const reading = Promise.all([looking, ...changes.map((reader) => reader.run(() => looked, given.signal))])
  const working = Promise.all([load.run().then(() => performance.now() - startedAtMs), moment.promise.then(() => run.fault({ people }))])
  let done: Awaited<typeof working>
  try {
    // A reader that fails ends the test at once, not after the load.
    done = await Promise.race([working, reading.then(() => working)])
  } catch (error) {
    given.abort()
    await reading.catch(() => undefined) // The first failure is the one that is told.
    throw new Error(`${String(error)}\n${errors().slice(0, maxTold).join('\n')}`, { cause: error })
  }
  ended = true
  await reading
  const [tookMs, measured] = done

  const found = await readInboxes(open, people)
  const tally = compareWithBook(load.book, found)
  for (const reader of readers) tally.problems.push(...problemsOf(reader, found.get(reader.person.address)!))
  for (const reader of changes) {
    reader.compare(found.get(reader.address)!)
    tally.problems.push(...reader.problems)
  }
  const sum = <T>(all: readonly T[], of: (one: T) => number): number => all.reduce((total, one) => total + of(one), 0)
  const shown = sum(readers, ({ known }) => known.size)
  t.diagnostic(
    [
      `${run.name}: ${Object.entries(measured).map(([what, value]) => `${what} ${String(value)}`).join(', ')}`,
      `${run.messages} messages in ${(tookMs / 1_000).toFixed(1)} s, tries ${load.tries}, refused for now ${load.refusedForNow}`,
      `copies owed ${tally.owed}, found ${tally.found}, lost ${tally.lost}, doubled over LMTP ${tally.doubled.lmtp}`,
      `SMTP tries without an answer ${tally.doubts}, copies doubled by them ${tally.doubled.smtp}`,
      `IMAP sessions ${sum(readers, ({ connections }) => connections)}, polls ${sum(readers, ({ polls }) => polls)}, UIDs shown ${shown}; changes polls ${sum(changes, ({ polls }) => polls)}, refused ${sum(changes, ({ refusals }) => refusals)}`,
    ].join('; '),
  )
  assert.deepEqual(tally.problems.slice(0, maxTold), [])
  assert.equal(tally.lost, 0)
  assert.equal(tally.doubled.lmtp, 0)
  assert.equal(shown, sum([...found.values()], (messages: readonly Found[]) => messages.length))
  assert.deepEqual(errors().filter((line) => run.expectedErrors?.test(line) !== true).slice(0, maxTold), [])
}

/** All of a log that begins anew with each start of its node. */
function linesSince(log: string, before: string): string[] {
  return (log.startsWith(before) ? log.slice(before.length) : log).split('\n')
}

/** Readers are spread over the cores; each goes to the next one when its own does not answer. */
function doorOfReaders(cores: readonly CoreNode[], first: number, run: { readonly ended: () => boolean; readonly signal: AbortSignal }): ReaderDoor {
  let turn = first
  return {
    get ended() {
      return run.ended()
    },
    async server() {
      run.signal.throwIfAborted()
      return { ports: { imap: cores[turn++ % cores.length]!.plainImap } }
    },
  }
}

/**
 * How many milliseconds it takes until each core has written and read for `person`, and each ingress has taken a message, in this
 * order, all asked for from now on. An attempt that hangs is given up and made anew, as a client would.
 */
export async function answersAgain({ cores, ingresses }: Pick<Province, 'cores' | 'ingresses'>, person: Person): Promise<number[]> {
  const sinceMs = performance.now()
  const timed = async (attempt: () => Promise<boolean>): Promise<number> => {
    await untilDone(attempt)
    return Math.round(performance.now() - sinceMs)
  }
  return await Promise.all([...cores.map((core) => timed(() => appended(core, person))), ...ingresses.map((ingress) => timed(() => taken(ingress, person)))])
}

async function untilDone(attempt: () => Promise<boolean>): Promise<void> {
  const untilMs = performance.now() + 60_000
  while (!(await Promise.race([attempt().catch(() => false), pause(attemptWithinMs, false, { ref: false })]))) {
    if (performance.now() > untilMs) throw new Error('the service does not come back')
    await pause(probePauseMs)
  }
}

async function appended(core: CoreNode, person: Person): Promise<boolean> {
  const client = await signedIn(core.plainImap, person)
  try {
    const text = 'Subject: co ai khong\r\n\r\nx\r\n'
    client.send(`a APPEND Drafts {${text.length}+}\r\n${text}\r\n`)
    const answer = (await client.until('a'))?.at(-1)
    return answer?.startsWith('OK') === true && (await client.command('SELECT INBOX'))?.at(-1)?.startsWith('OK') === true
  } finally {
    client.close()
  }
}

async function taken(ingress: IngressNode, person: Person): Promise<boolean> {
  await using client = await dial(ingress.smtp)
  const data = dataOf(Buffer.from(`From: <ai@example.com>\r\nSubject: co ai khong\r\nMessage-ID: <hoi-${Math.random()}@example.com>\r\n\r\nx\r\n`))
  return (await client.send({ from: 'ai@example.com', to: [person.address], data })).code === 250
}
