/**
 * `main.ts serve` as a process that is started, ended and killed again and again on one data folder: for tests of starts,
 * stops and crashes. Whatever is left of it is killed at the end, by its pid.
 */
import { spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { ask } from '../../src/cli/control-client.ts'
import type { ControlAnswer, ControlArgs, ControlCommand } from '../../src/protocols/control/messages.ts'
import { agency, cleanEnvironment, portsIn, serverEnvironment, type Person, type ServerPorts } from './running-server.ts'

const root = resolve(import.meta.dirname, '../..')
const startWithinMs = 60_000
const password = 'Thu-Nghiem#2027-xanh'
export const mailDomain = `${agency}.congvu.test`

export interface ServerEnd {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly output: string
  readonly log: string
}

export interface ServerProcess {
  readonly pid: number
  readonly ports: ServerPorts
  readonly ended: Promise<ServerEnd>
  /** Standard output and standard error so far. */
  output(): string
  log(): string
  /** Resolves with the first line of the log that fits, past or to come; rejects when the process ends before. */
  logged(pattern: RegExp): Promise<string>
  control<C extends ControlCommand>(command: C, args: ControlArgs<C>): Promise<ControlAnswer<C>>
  /** An account that may sign in at once, `<local>@so.congvu.test`. */
  person(local: string): Promise<Person>
  /** Of its Haraka. */
  ingressPid(): Promise<number>
  end(signal: NodeJS.Signals): Promise<ServerEnd>
}

export interface StartOptions {
  /** As in the environment: `{ CONGVU_LOG__LEVEL: 'trace' }`. */
  readonly settings?: Readonly<Record<string, string>>
  readonly outsidePort?: number
}

/** A data folder, and the processes that have run on it. */
export class ServerFolder implements AsyncDisposable {
  readonly folder: string
  /** May be a mount point: what lies in it is the server's. */
  readonly data: string
  #running = new Set<ReturnType<typeof launch>>()

  private constructor(folder: string) {
    this.folder = folder
    this.data = join(folder, 'data')
  }

  static async make(): Promise<ServerFolder> {
    const made = new ServerFolder(await mkdtemp(join(tmpdir(), 'congvu-serve-')))
    await writeFile(join(made.folder, 'congvu.toml'), '')
    return made
  }

  #launch(options: StartOptions): ReturnType<typeof launch> {
    const launched = launch({ ...serverEnvironment(this.data, join(this.folder, 'congvu.toml'), options), ...options.settings })
    this.#running.add(launched)
    void launched.ended.then(() => this.#running.delete(launched))
    return launched
  }

  /** Resolves when it has said where it listens. */
  async start(options: StartOptions = {}): Promise<ServerProcess> {
    const launched = this.#launch(options)
    const late = setTimeout(() => launched.child.kill('SIGKILL'), startWithinMs)
    try {
      await launched.heard('output', /Ctrl-C/)
    } finally {
      clearTimeout(late)
    }
    return running(launched, join(this.data, 'run', 'control.sock'))
  }

  /** For a start that must fail. */
  async refused(options: StartOptions = {}): Promise<ServerEnd> {
    const launched = this.#launch(options)
    const late = setTimeout(() => launched.child.kill('SIGKILL'), startWithinMs)
    const end = await launched.ended
    clearTimeout(late)
    return end
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const left = [...this.#running]
    for (const { child } of left) child.kill('SIGKILL')
    await Promise.all(left.map(({ ended }) => ended))
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5 })
  }
}

interface Waiter {
  readonly stream: 'output' | 'log'
  readonly pattern: RegExp
  readonly resolve: (line: string) => void
  readonly reject: (error: Error) => void
}

function launch(environment: Record<string, string>) {
  const child = spawn(process.execPath, ['src/main.ts', 'serve'], { cwd: root, env: { ...cleanEnvironment(), ...environment }, stdio: ['ignore', 'pipe', 'pipe'] })
  const text = { output: '', log: '' }
  const read = { output: 0, log: 0 }
  let waiters: Waiter[] = []
  const take = (stream: 'output' | 'log', chunk: string): void => {
    text[stream] += chunk
    const until = text[stream].lastIndexOf('\n') + 1
    const lines = text[stream].slice(read[stream], until).split('\n')
    read[stream] = until
    for (const waiter of waiters) {
      const found = waiter.stream === stream ? lines.find((line) => waiter.pattern.test(line)) : undefined
      if (found === undefined) continue
      waiters = waiters.filter((one) => one !== waiter)
      waiter.resolve(found)
    }
  }
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => take('output', chunk))
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => take('log', chunk))
  const ended = new Promise<ServerEnd>((resolveEnd) => {
    child.once('close', (code, signal) => {
      for (const { reject, pattern } of waiters) reject(new Error(`the server ended (${signal ?? code}) before ${pattern}:\n${text.output}\n${text.log.slice(-8_000)}`))
      resolveEnd({ code, signal, ...text })
    })
  })
  const heard = (stream: 'output' | 'log', pattern: RegExp): Promise<string> => {
    const known = text[stream].slice(0, read[stream]).split('\n').find((line) => pattern.test(line))
    if (known !== undefined) return Promise.resolve(known)
    if (child.exitCode !== null || child.signalCode !== null) return Promise.reject(new Error(`the server has ended: ${text.log.slice(-8_000)}`))
    return new Promise((resolveLine, reject) => waiters.push({ stream, pattern, resolve: resolveLine, reject }))
  }
  return { child, text, ended, heard }
}

function running({ child, text, ended, heard }: ReturnType<typeof launch>, socket: string): ServerProcess {
  const server: ServerProcess = {
    pid: child.pid!,
    ports: portsIn(text.output),
    ended,
    output: () => text.output,
    log: () => text.log,
    logged: (pattern) => heard('log', pattern),
    control: (command, args) => ask(socket, { command, args }),
    async person(local) {
      const agencies: string[] = []
      await ask(socket, { command: 'agency.list', args: {} }, ({ label }) => void agencies.push(label))
      if (!agencies.includes(agency)) await server.control('agency.create', { label: agency, name: 'Sở Thử nghiệm' })
      const address = `${local}@${mailDomain}`
      await server.control('account.create', { address, name: local, password, active: true })
      return { address, name: local, password }
    },
    async ingressPid() {
      const children = (await readFile(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8')).trim().split(' ')
      if (children.length !== 1 || children[0] === '') throw new Error(`children of the server: ${children.join(' ')}`)
      return Number(children[0])
    },
    async end(signal) {
      child.kill(signal)
      return await ended
    },
  }
  return server
}
