/**
 * A replica set of three whose members can be killed, halted, cut off and started again. Clients and members know each other by
 * the doors alone (mongo-proxy.ts), so that a shut or stalled door is a network that is cut: nobody reaches the member any more.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { MongoClient, type Document } from 'mongodb'
import { findMongod } from '../../scripts/test-mongo.mjs'
import { freePort } from './daemon.ts'
import { doorTo, type Door } from './mongo-proxy.ts'
import { mongoUnreachable, replicaSetSettings, type ReplicaSet } from './mongo-server.ts'

const setName = 'tinh'
const cacheGb = '0.25'
const answerWithinMs = 1_000
const readyWithinMs = 60_000
const pollMs = 50

/** One mongod; it may be running or not. */
export class MemberProcess {
  readonly door: Door
  /** Its own, behind the door. */
  readonly port: number
  readonly #folder: string
  #child: ChildProcess | null = null
  #halted = false

  constructor(port: number, door: Door, folder: string) {
    this.port = port
    this.door = door
    this.#folder = folder
  }

  get pid(): number {
    return this.#child?.pid ?? 0
  }

  get answers(): boolean {
    return this.#child !== null && !this.#halted
  }

  /** Resolves when it answers; the set may still be without a primary. */
  async start(): Promise<void> {
    await mkdir(this.#folder, { recursive: true })
    const args = ['--replSet', setName, '--port', String(this.port), '--bind_ip', '127.0.0.1', '--nounixsocket', '--dbpath', this.#folder]
    const tuning = ['--wiredTigerCacheSizeGB', cacheGb, '--oplogSize', '256', '--quiet', '--logpath', join(this.#folder, 'log'), '--logappend']
    const child = spawn(findMongod()!, [...args, ...tuning], { stdio: 'ignore' })
    this.#child = child
    await until(() => this.ask({ ping: 1 }), () => true)
  }

  /** Past its door. Null when it does not answer. */
  async ask(command: Document): Promise<Document | null> {
    if (!this.answers) return null
    const client = new MongoClient(`mongodb://127.0.0.1:${this.port}/?directConnection=true`, {
      serverSelectionTimeoutMS: answerWithinMs,
      connectTimeoutMS: answerWithinMs,
      socketTimeoutMS: readyWithinMs,
    })
    try {
      return await client.db('admin').command(command)
    } catch {
      return null
    } finally {
      await client.close()
    }
  }

  /** SIGKILL: what its journal has is what it has. */
  async kill(): Promise<void> {
    const child = this.#child
    this.#child = null
    this.#halted = false
    if (child === null || child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  }

  /** Whatever happens to this process. */
  killAtOnce(): void {
    this.#child?.kill('SIGKILL')
  }

  halt(): void {
    this.#child!.kill('SIGSTOP')
    this.#halted = true
  }

  goOn(): void {
    this.#child!.kill('SIGCONT')
    this.#halted = false
  }
}

export interface FragileSet extends ReplicaSet {
  readonly members: readonly MemberProcess[]
  /** Waits for one that a majority has elected. */
  primary(): Promise<MemberProcess>
  /** Waits until all members are primary or secondary. */
  healed(): Promise<void>
}

export async function startFragileSet(): Promise<FragileSet> {
  if (mongoUnreachable !== null) throw new Error(mongoUnreachable)
  await using open = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'congvu-set-'))
  open.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }))
  const members: MemberProcess[] = []
  const killAll = (): void => members.forEach((member) => member.killAtOnce())
  process.once('exit', killAll)
  open.defer(() => void process.off('exit', killAll))
  for (let i = 0; i < 3; i++) {
    const port = await freePort()
    const door = open.use(await doorTo(`mongodb://127.0.0.1:${port}`))
    const member = new MemberProcess(port, door, join(folder, String(i)))
    open.defer(() => member.kill())
    members.push(member)
  }
  await Promise.all(members.map((member) => member.start()))
  const hosts = members.map(({ door }) => `127.0.0.1:${door.port}`)
  const config = { _id: setName, members: hosts.map((host, _id) => ({ _id, host })), settings: replicaSetSettings }
  const answer = await members[0]!.ask({ replSetInitiate: config })
  if (answer?.['ok'] !== 1) throw new Error(`the set was not made: ${JSON.stringify(answer)}`)
  const closing = open.move()
  const set: FragileSet = {
    url: `mongodb://${hosts.join()}/?replicaSet=${setName}`,
    members,
    primary: () => until(() => primaryOf(members), () => true),
    healed: async () => void (await until(() => Promise.all(members.map(stateOf)), (states) => states.includes('PRIMARY') && states.every((state) => state === 'PRIMARY' || state === 'SECONDARY'))),
    stop: () => closing.disposeAsync(),
  }
  await set.healed()
  return set
}

/** A member may believe it, and yet be deposed: the one of the latest election is. */
async function primaryOf(members: readonly MemberProcess[]): Promise<MemberProcess | null> {
  const hellos = await Promise.all(members.map((member) => member.ask({ hello: 1 })))
  const latest = Math.max(...hellos.map(electionOf))
  const found = hellos.findIndex((hello) => hello?.['isWritablePrimary'] === true && electionOf(hello) === latest)
  return members[found] ?? null
}

function electionOf(hello: Document | null): number {
  return hello?.['isWritablePrimary'] === true ? Number.parseInt(String(hello['electionId']).slice(8), 16) : -1
}

async function stateOf(member: MemberProcess): Promise<string> {
  const status = await member.ask({ replSetGetStatus: 1 })
  return String((status?.['members'] as Document[] | undefined)?.find(({ self }) => self === true)?.['stateStr'] ?? 'DOWN')
}

async function until<T>(asked: () => Promise<T | null>, holds: (answer: T) => boolean): Promise<T> {
  const endMs = performance.now() + readyWithinMs
  for (;;) {
    const answer = await asked()
    if (answer !== null && holds(answer)) return answer
    if (performance.now() > endMs) throw new Error(`the replica set is not there: ${JSON.stringify(answer)}`)
    await pause(pollMs)
  }
}
