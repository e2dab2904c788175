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
import readline from 'node:readline'
import { fileURLToPath } from 'node:url'
import { writeHome } from './home.ts'
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

/** Starts ingress; rejects when the first start fails. */
export async function startIngress(given: IngressSettings, events: IngressEvents): Promise<Ingress> {
  const settings: IngressSettings = { ...given, ports: await choosePorts(given) }
  let child: ChildProcess | null = null
  let listening = Promise.withResolvers<void>()
  let stopping = false
  let restarts = 0
  let delayMs = 0
  let timer: NodeJS.Timeout | null = null

  const run = async (): Promise<void> => {
    await writeHome(settings)
    await emptyQueue(settings.home)
    if (stopping) return
    const startedAtMs = performance.now()
    const started = startHaraka(settings.home, events)
    child = started.child
    started.child.once('exit', (code, signal) => {
      child = null
      if (stopping) return
      events.log('error', `Haraka ended (${signal ?? `code ${code}`}); it is started again`)
      listening.promise.catch(() => undefined)
      listening = Promise.withResolvers<void>()
      const healthy = performance.now() - startedAtMs >= healthyAfterMs
      delayMs = healthy ? 0 : Math.min(Math.max(delayMs * 2, firstDelayMs), lastDelayMs)
      timer = setTimeout(() => void again(), delayMs)
    })
    await started.listening
    listening.resolve()
  }

  const again = async (): Promise<void> => {
    restarts += 1
    events.onRestart?.(settings.node)
    await run().catch((error: unknown) => events.log('error', `Haraka did not start: ${String(error)}`))
  }

  const stop = async (): Promise<void> => {
    stopping = true
    if (timer !== null) clearTimeout(timer)
    if (child !== null) await endHaraka(child)
  }

  try {
    await run()
  } catch (error) {
    await stop()
    throw error
  }
  return {
    node: settings.node,
    ports: settings.ports,
    get pid() {
      return child?.pid ?? null
    },
    get restarts() {
      return restarts
    },
    listening: () => listening.promise,
    [Symbol.asyncDispose]: stop,
  }
}

function startHaraka(home: string, events: IngressEvents): { child: ChildProcess; listening: Promise<void> } {
  const child = fork(bootFile, [home], {
    cwd: home,
    execArgv: [],
    // Its own process group: Ctrl-C reaches core alone, which then stops Haraka in order.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: { PATH: process.env.PATH, HOME: process.env.HOME, TZ: process.env.TZ, NODE_ENV: 'production' },
  })
  const last: string[] = []
  for (const output of [child.stdout!, child.stderr!]) {
    readline.createInterface({ input: output }).on('line', (line) => {
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
    child.once('message', () => {
      clearTimeout(late)
      resolve()
    })
  })
  return { child, listening }
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

/** Port 0 means any free port; Haraka must know it beforehand, and keeps it over restarts. */
async function choosePorts({ ports, listenHost }: IngressSettings): Promise<ChosenPorts> {
  const choose = async (port: number | null): Promise<number | null> => {
    if (port !== 0) return port
    const server = net.createServer()
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(0, listenHost, resolve)
    })
    const address = server.address()
    await new Promise<void>((resolve) => server.close(() => resolve()))
    return typeof address === 'object' && address !== null ? address.port : null
  }
  return {
    exchange: await choose(ports.exchange),
    submission: await choose(ports.submission),
    submissions: await choose(ports.submissions),
  }
}
