/**
 * Runs Haraka as a child process: writes its home, starts it, waits until it listens, starts it again when it dies, ends it.
 *
 * Invariants: Haraka's queue is emptied before every start, because the outbox in core is the truth about outgoing mail and
 * `onRestart` makes core hand its rows over again; a Haraka whose core is gone ends by itself (the IPC channel).
 */
import { fork, type ChildProcess } from 'node:child_process'
import { mkdir, rm } from 'node:fs/promises'
import net from 'node:net'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { writeHome } from './home.ts'
import { eachLine } from './log-lines.ts'
import type { ChosenPorts, IngressSettings } from './settings.ts'

export type { ChosenPorts, IngressSettings } from './settings.ts'

export type IngressLogLevel = 'debug' | 'info' | 'warn' | 'error'

export interface IngressEvents {
  readonly log: (level: IngressLogLevel, text: string) => void
  /** Haraka died and will be started again: rows that were handed to this node are due again. */
  readonly onRestart?: (node: string) => void
}

export interface Ingress extends AsyncDisposable {
  readonly node: string
  readonly ports: ChosenPorts
  /** Of the Haraka that listens now; null between a death and the next start. */
  readonly pid: number | null
  /** Whether that Haraka is linked to a core now. */
  readonly linked: boolean
  readonly restarts: number
  /** Resolves when Haraka listens: at once when it does. */
  listening(): Promise<void>
}

const bootFile = fileURLToPath(new URL('boot.ts', import.meta.url))
const stopWithinMs = 4_000
const startWithinMs = 30_000
/** A Haraka that lived this long was healthy: the next start is not held back. */
const healthyAfterMs = 10_000
const firstDelayMs = 100
const lastDelayMs = 30_000
const probeTimeoutMs = 2_000

/** Starts ingress; rejects when the first start fails. */
export async function startIngress(given: IngressSettings, events: IngressEvents): Promise<Ingress> {
  const ports = await choosePorts(given)
  if (Object.values(ports).every((port) => port === null)) throw new Error('ingress: no port to listen on')
  const settings = { ...given, ports, checks: await reachableChecks(given, events) }
  const ingress = new SupervisedHaraka(settings, events)
  try {
    await ingress.start()
  } catch (error) {
    await ingress[Symbol.asyncDispose]()
    throw error
  }
  return ingress
}

class SupervisedHaraka implements Ingress {
  readonly #settings: IngressSettings
  readonly #events: IngressEvents
  #child: ChildProcess | null = null
  #listening = Promise.withResolvers<void>()
  #stopping = false
  #delayMs = 0
  #startedAtMs = 0
  #timer: NodeJS.Timeout | null = null
  linked = false
  restarts = 0

  constructor(settings: IngressSettings, events: IngressEvents) {
    this.#settings = settings
    this.#events = events
  }

  get node(): string {
    return this.#settings.node
  }

  get ports(): ChosenPorts {
    return this.#settings.ports
  }

  get pid(): number | null {
    return this.#child?.pid ?? null
  }

  listening(): Promise<void> {
    return this.#listening.promise
  }

  async start(): Promise<void> {
    await writeHome(this.#settings)
    await emptyQueue(this.#settings.home)
    if (this.#stopping) return
    this.#startedAtMs = performance.now()
    const { child, listening } = startHaraka(this.#settings.home, this.#events)
    this.#child = child
    let listened = false
    child.on('message', (message) => {
      if (isEvent(message, 'congvu.link')) this.linked = message.linked === true
    })
    child.once('exit', (code, signal) => {
      this.#child = null
      this.linked = false
      if (!listened || this.#stopping) return // start() rejects by itself.
      this.#events.log('error', `Haraka ended (${signal ?? `code ${code}`}); it is started again`)
      this.#listening = Promise.withResolvers<void>()
      this.#startLater()
    })
    await listening
    listened = true
    this.#listening.resolve()
  }

  #startLater(): void {
    if (this.#stopping) return
    const healthy = performance.now() - this.#startedAtMs >= healthyAfterMs
    this.#delayMs = healthy ? 0 : Math.min(Math.max(this.#delayMs * 2, firstDelayMs), lastDelayMs)
    this.#timer = setTimeout(() => void this.#startAgain(), this.#delayMs)
  }

  async #startAgain(): Promise<void> {
    this.restarts += 1
    this.#events.onRestart?.(this.#settings.node)
    try {
      await this.start()
    } catch (error) {
      this.#events.log('error', `Haraka did not start: ${String(error)}`)
      this.#startLater()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping = true
    if (this.#timer !== null) clearTimeout(this.#timer)
    if (this.#child !== null) await endHaraka(this.#child)
  }
}

/**
 * karma without its Redis would keep Haraka from starting: it is left out then. The scanners need no such care, they are
 * asked message by message.
 */
async function reachableChecks({ checks }: IngressSettings, events: IngressEvents): Promise<IngressSettings['checks']> {
  if (checks.karma === null) return checks
  const socket = net.connect({ ...checks.karma, timeout: probeTimeoutMs })
  const reachable = await new Promise<boolean>((resolve) => {
    socket.once('connect', () => resolve(true))
    socket.once('timeout', () => resolve(false))
    socket.once('error', () => resolve(false))
  })
  socket.destroy()
  if (reachable) return checks
  events.log('warn', `karma is off: no Redis at ${checks.karma.host}:${checks.karma.port}`)
  return { ...checks, karma: null }
}

/** MiB of each half of V8's young generation: of a message ingress keeps little, and not for long. Core has more (scripts/launch.mjs). */
const harakaFlags = ['--max-semi-space-size=2']
/** Haraka gets no more of this process's environment, which may hold secrets. */
const handedOn = ['PATH', 'HOME', 'TZ', 'NODE_COMPILE_CACHE', 'MALLOC_ARENA_MAX', 'MALLOC_MMAP_THRESHOLD_', 'MALLOC_TRIM_THRESHOLD_']

function startHaraka(home: string, events: IngressEvents): { child: ChildProcess; listening: Promise<void> } {
  const child = fork(bootFile, [home], {
    cwd: home,
    execArgv: harakaFlags,
    // Its own process group: Ctrl-C reaches core alone, which then stops Haraka in order.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: { ...Object.fromEntries(handedOn.map((name) => [name, process.env[name]])), NODE_ENV: 'production' },
  })
  const last: string[] = []
  for (const output of [child.stdout!, child.stderr!]) {
    eachLine(output, (line) => {
      last.push(line)
      if (last.length > 20) last.shift()
      const [level, text] = readLogLine(line)
      events.log(level, text)
    })
  }
  const listening = new Promise<void>((resolve, reject) => {
    const fail = (why: string): void => reject(new Error(`${why}:\n${last.join('\n')}`))
    const late = setTimeout(() => {
      child.kill('SIGKILL')
      fail('Haraka does not listen')
    }, startWithinMs)
    child.once('exit', () => {
      clearTimeout(late)
      fail('Haraka ended')
    })
    child.on('message', (message) => {
      if (!isEvent(message, 'congvu.listening')) return
      clearTimeout(late)
      resolve()
    })
  })
  return { child, listening }
}

/** What the child says over its channel. */
function isEvent(message: unknown, event: string): message is { readonly event: string; readonly linked?: unknown } {
  return typeof message === 'object' && message !== null && 'event' in message && message.event === event
}

const levels: Readonly<Record<string, IngressLogLevel>> = {
  DEBUG: 'debug',
  INFO: 'info',
  NOTICE: 'info',
  WARN: 'warn',
  ERROR: 'error',
  CRIT: 'error',
  ALERT: 'error',
  EMERG: 'error',
}

function readLogLine(line: string): [IngressLogLevel, string] {
  const match = /^\[([A-Z]+)\] (.*)$/.exec(line)
  return match === null ? ['info', line] : [levels[match[1]!] ?? 'info', match[2]!]
}

async function endHaraka(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  child.kill('SIGTERM')
  const late = setTimeout(() => child.kill('SIGKILL'), stopWithinMs)
  await ended
  clearTimeout(late)
}

async function emptyQueue(home: string): Promise<void> {
  const queue = path.join(home, 'queue')
  await rm(queue, { recursive: true, force: true })
  await mkdir(queue, { recursive: true, mode: 0o700 })
}

/**
 * Port 0 means any free port; Haraka must know it beforehand, and keeps it over restarts. A port that is taken or forbidden is
 * found here, because of Haraka it would be known from a stack in its log only.
 */
async function choosePorts({ ports, listenHost }: IngressSettings): Promise<ChosenPorts> {
  const choose = async (port: number | null): Promise<number | null> => {
    if (port === null) return null
    const server = net.createServer()
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(port, listenHost, resolve)
    })
    const address = server.address()
    await new Promise<void>((resolve) => server.close(() => resolve()))
    return typeof address === 'object' && address !== null ? address.port : port
  }
  return {
    exchange: await choose(ports.exchange),
    submission: await choose(ports.submission),
    submissions: await choose(ports.submissions),
  }
}
