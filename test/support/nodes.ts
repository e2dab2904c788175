/**
 * A province on loopback: any number of core and ingress nodes, each a process of its own with its own data folder, on one
 * replica set and one Redis. Nodes are started, ended, killed, halted and started again on the same ports. Everything that was
 * started is ended at the end, by its pid.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { ask } from '../../src/cli/control-client.ts'
import type { ControlAnswer, ControlArgs, ControlCommand } from '../../src/protocols/control/messages.ts'
import { freePort } from './daemon.ts'
import { freshDatabase, mongoUnreachable, startReplicaSet, type ReplicaSet } from './mongo-server.ts'
import { redisServer, withoutRedis, type RedisServer } from './redis-server.ts'
import { agency, cleanEnvironment, serverEnvironment, type Person } from './running-server.ts'

const root = resolve(import.meta.dirname, '../..')
const startWithinMs = 60_000
const password = 'Thu-Nghiem#2027-xanh'
/** Of a log, in a failure. */
const maxLogTail = 8_000

/** Why tests of several nodes are left out here, or false. */
export const withoutNodes: string | false = mongoUnreachable ?? withoutRedis

export interface ProvinceOptions {
  /** Of the replica set. */
  readonly members?: number
  readonly cores?: number
  readonly ingresses?: number
  /** Where all mail to the outside goes. */
  readonly outsidePort?: number
  /** Settings of all nodes, as in the environment: `{ CONGVU_LOG__LEVEL: 'debug' }`. */
  readonly settings?: Readonly<Record<string, string>>
  /** Instead of the set's own address: by a proxy of the test. */
  readonly mongoUrl?: (set: ReplicaSet) => string
  /** One of the test's own; it is stopped with the province. */
  readonly set?: ReplicaSet
}

export interface NodeEnd {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly log: string
}

/** A node that may be running or not. */
export interface NodeProcess {
  readonly name: string
  readonly pid: number
  /** By the words of the welcome. */
  port(label: string): number
  log(): string
  /** Resolves with the first line of the log of this run that fits, past or to come. */
  logged(pattern: RegExp): Promise<string>
  readonly ended: Promise<NodeEnd>
  end(signal: NodeJS.Signals): Promise<NodeEnd>
  start(): Promise<void>
}

export interface CoreNode extends NodeProcess {
  /** TLS. */
  readonly imap: number
  readonly plainImap: number
  /** Where ingress nodes come. */
  readonly ways: { readonly link: number; readonly lmtp: number }
  readonly http: number
  control<C extends ControlCommand>(command: C, args: ControlArgs<C>, onRow?: (row: never) => void): Promise<ControlAnswer<C>>
}

export interface IngressNode extends NodeProcess {
  readonly smtp: number
  readonly submission: number
  readonly http: number
  harakaPid(): Promise<number>
}

export interface Province extends AsyncDisposable {
  readonly set: ReplicaSet
  readonly redis: RedisServer
  readonly database: string
  /** Of link and LMTP. */
  readonly token: string
  readonly cores: readonly CoreNode[]
  readonly ingresses: readonly IngressNode[]
  /** `<local>@so.congvu.test`, which may sign in at once. */
  person(local: string): Promise<Person>
}

export async function startProvince(options: ProvinceOptions = {}): Promise<Province> {
  await using open = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'congvu-province-'))
  open.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }))
  const [set, redis] = await Promise.all([options.set ?? startReplicaSet(options.members ?? 1), redisServer()])
  open.defer(() => set.stop())
  open.use(redis)
  const database = freshDatabase()
  const tokenFile = join(folder, 'token')
  const token = randomBytes(32).toString('hex')
  await writeFile(tokenFile, token, { mode: 0o600 })
  await writeFile(join(folder, 'congvu.toml'), '')
  const corePlaces = await Promise.all(Array.from({ length: options.cores ?? 2 }, async () => [await freePort(), await freePort()] as const))
  const common = {
    ...options.settings,
    CONGVU_STORE__KIND: 'mongo',
    CONGVU_STORE__MONGO_URL: options.mongoUrl?.(set) ?? set.url,
    CONGVU_STORE__DATABASE: database,
    CONGVU_REDIS__URL: redis.url,
    CONGVU_LINK__TOKEN_FILE: tokenFile,
    CONGVU_SECURITY__ALLOW_ACTIVE_ACCOUNTS: 'true',
  }
  const environment = (name: string) => ({
    ...serverEnvironment(join(folder, name), join(folder, 'congvu.toml'), options.outsidePort === undefined ? {} : { outsidePort: options.outsidePort }),
    ...common,
    CONGVU_SERVER__NODE: name,
  })

  const cores: Core[] = []
  for (const [i, [port, lmtpPort]] of corePlaces.entries()) {
    const name = `core-${i + 1}`
    const ways = { CONGVU_LINK__PORT: String(port), CONGVU_LINK__LMTP_PORT: String(lmtpPort) }
    const core = new Core({ name, role: 'core', data: join(folder, name), environment: { ...environment(name), ...ways } }, { link: port, lmtp: lmtpPort })
    open.defer(() => core.kill())
    cores.push(core)
  }
  const ingresses: Ingress[] = []
  for (let i = 0; i < (options.ingresses ?? 2); i++) {
    const name = `ingress-${i + 1}`
    const link = { CONGVU_LINK__CORES: corePlaces.map(([port, lmtpPort]) => `127.0.0.1:${port}:${lmtpPort}`).join(), CONGVU_LINK__HANDOVER_PORT: String(await freePort()) }
    const ingress = new Ingress({ name, role: 'ingress', data: join(folder, name), environment: { ...environment(name), ...link } })
    open.defer(() => ingress.kill())
    ingresses.push(ingress)
  }
  // One makes the schema and the first administrator; the others find them.
  await cores[0]?.start()
  await Promise.all([...cores.slice(1), ...ingresses].map((node) => node.start()))
  await cores[0]?.control('agency.create', { label: agency, name: 'Sở Thử nghiệm' })
  const closing = open.move()
  return {
    set,
    redis,
    database,
    token,
    cores,
    ingresses,
    async person(local) {
      const address = `${local}@${agency}.congvu.test`
      await cores[0]!.control('account.create', { address, name: local, password, active: true })
      return { address, name: local, password }
    },
    [Symbol.asyncDispose]: () => closing.disposeAsync(),
  }
}

interface NodeSettings {
  readonly name: string
  readonly role: 'core' | 'ingress'
  readonly data: string
  readonly environment: Readonly<Record<string, string>>
}

class RestartableNode implements NodeProcess {
  protected readonly settings: NodeSettings
  #run: ReturnType<typeof launch> | null = null
  /** Kept over restarts, so that clients find it again. */
  #ports: Readonly<Record<string, string>> = {}
  readonly #labels = new Map<string, number>()

  constructor(settings: NodeSettings) {
    this.settings = settings
  }

  get name(): string {
    return this.settings.name
  }

  get pid(): number {
    return this.#present.child.pid!
  }

  get ended(): Promise<NodeEnd> {
    return this.#present.ended
  }

  get #present(): ReturnType<typeof launch> {
    if (this.#run === null) throw new Error(`${this.name} was not started`)
    return this.#run
  }

  log(): string {
    return this.#run?.text.log ?? ''
  }

  logged(pattern: RegExp): Promise<string> {
    return this.#present.heard('log', pattern)
  }

  port(label: string): number {
    // Kept over restarts, so that clients may ask for it while the node is down.
    const known = this.#labels.get(label)
    if (known !== undefined) return known
    const line = this.#present.text.output.split('\n').find((one) => one.trim().startsWith(label))
    const port = Number(/:(\d+)\s*$/.exec(line ?? '')?.[1])
    if (!(port > 0)) throw new Error(`no port of ${label} in:\n${this.#present.text.output}`)
    this.#labels.set(label, port)
    return port
  }

  async start(): Promise<void> {
    await mkdir(this.settings.data, { recursive: true })
    this.#run = launch(this.settings.role, { ...this.settings.environment, ...this.#ports })
    const late = setTimeout(() => this.#present.child.kill('SIGKILL'), startWithinMs)
    try {
      await this.#run.heard('output', /Ctrl-C/)
    } finally {
      clearTimeout(late)
    }
    this.#ports = this.portsToKeep()
  }

  async end(signal: NodeJS.Signals): Promise<NodeEnd> {
    this.#present.child.kill(signal)
    return await this.ended
  }

  async kill(): Promise<void> {
    if (this.#run === null) return
    this.#run.child.kill('SIGCONT')
    await this.end('SIGKILL')
  }

  protected portsToKeep(): Record<string, string> {
    return {}
  }
}

class Core extends RestartableNode implements CoreNode {
  readonly ways: CoreNode['ways']

  constructor(settings: NodeSettings, ways: CoreNode['ways']) {
    super(settings)
    this.ways = ways
  }

  get plainImap(): number {
    return this.port('IMAP, STARTTLS')
  }

  get imap(): number {
    return this.port('IMAP, TLS')
  }

  get http(): number {
    return this.port('HTTP /healthz')
  }

  control<C extends ControlCommand>(command: C, args: ControlArgs<C>, onRow?: (row: never) => void): Promise<ControlAnswer<C>> {
    return ask(join(this.settings.data, 'run', 'control.sock'), { command, args }, onRow as never)
  }

  protected override portsToKeep(): Record<string, string> {
    return { CONGVU_IMAP__PORT: String(this.plainImap), CONGVU_IMAP__TLS_PORT: String(this.imap), CONGVU_HTTP__PORT: String(this.http) }
  }
}

class Ingress extends RestartableNode implements IngressNode {
  get smtp(): number {
    return this.port('SMTP (mail exchange)')
  }

  get submission(): number {
    return this.port('Submission, STARTTLS')
  }

  get http(): number {
    return this.port('HTTP /healthz')
  }

  async harakaPid(): Promise<number> {
    const children = (await readFile(`/proc/${this.pid}/task/${this.pid}/children`, 'utf8')).trim().split(' ')
    if (children.length !== 1 || children[0] === '') throw new Error(`children of ${this.name}: ${children.join(' ')}`)
    return Number(children[0])
  }

  protected override portsToKeep(): Record<string, string> {
    return { CONGVU_SMTP__PORT: String(this.smtp), CONGVU_SMTP__SUBMISSION_PORT: String(this.submission), CONGVU_HTTP__PORT: String(this.http) }
  }
}

interface Waiter {
  readonly stream: 'output' | 'log'
  readonly pattern: RegExp
  readonly resolve: (line: string) => void
  readonly reject: (error: Error) => void
}

function launch(role: string, environment: Readonly<Record<string, string>>) {
  const child: ChildProcess = spawn(process.execPath, ['src/main.ts', 'serve', '--role', role], { cwd: root, env: { ...cleanEnvironment(), ...environment }, stdio: ['ignore', 'pipe', 'pipe'] })
  const text = { output: '', log: '' }
  let waiters: Waiter[] = []
  const take = (stream: 'output' | 'log', chunk: string): void => {
    text[stream] += chunk
    for (const waiter of waiters) {
      const found = waiter.stream === stream ? lineIn(text[stream], waiter.pattern) : undefined
      if (found === undefined) continue
      waiters = waiters.filter((one) => one !== waiter)
      waiter.resolve(found)
    }
  }
  child.stdout!.setEncoding('utf8').on('data', (chunk: string) => take('output', chunk))
  child.stderr!.setEncoding('utf8').on('data', (chunk: string) => take('log', chunk))
  const failure = (why: string): Error => new Error(`${why}:\n${text.output}\n${text.log.slice(-maxLogTail)}`)
  const ended = new Promise<NodeEnd>((resolveEnd) => {
    child.once('close', (code, signal) => {
      for (const { reject, pattern } of waiters) reject(failure(`the node ended (${signal ?? code}) before ${pattern}`))
      resolveEnd({ code, signal, log: text.log })
    })
  })
  const heard = (stream: 'output' | 'log', pattern: RegExp): Promise<string> => {
    const known = lineIn(text[stream], pattern)
    if (known !== undefined) return Promise.resolve(known)
    if (child.exitCode !== null || child.signalCode !== null) return Promise.reject(failure('the node has ended'))
    return new Promise((resolveLine, reject) => waiters.push({ stream, pattern, resolve: resolveLine, reject }))
  }
  return { child, text, ended, heard }
}

/** Whole lines only. */
function lineIn(text: string, pattern: RegExp): string | undefined {
  return text.slice(0, text.lastIndexOf('\n') + 1).split('\n').find((line) => pattern.test(line))
}
