/**
 * A daemon of the system (rspamd, clamd, Redis) as a test runs it: in the foreground, with its own folder and ports, ended
 * by its pid. It is ready when it answers, not when it was started.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import net from 'node:net'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'

const startWithinMs = 60_000
const stopWithinMs = 10_000
const pollMs = 30
/** Of its output, in a failure. */
const maxOutput = 8_000

export interface Daemon {
  readonly pid: number
  output(): string
  /** Resolves when it has ended. SIGKILL takes its workers too. */
  stop(signal?: NodeJS.Signals): Promise<void>
}

export interface DaemonStart {
  readonly program: string
  readonly args: readonly string[]
  /** Whether it answers; false or a throw means not yet. */
  readonly ready: () => Promise<boolean>
}

const folders = [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin', '/usr/local/sbin']

export function programPath(program: string): string | null {
  return folders.map((folder) => join(folder, program)).find((path) => existsSync(path)) ?? null
}

/** Why tests that need these programs are left out here; never in continuous integration, which installs them. */
export function withoutPrograms(...programs: readonly string[]): string | false {
  const missing = programs.filter((program) => programPath(program) === null)
  return missing.length === 0 || process.env['CI'] === 'true' ? false : `not installed: ${missing.join(', ')}`
}

export async function startDaemon({ program, args, ready }: DaemonStart): Promise<Daemon> {
  const path = programPath(program)
  if (path === null) throw new Error(`${program} is not installed`)
  // A group of its own, so that its workers end with it.
  const child = spawn(path, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (output = (output + text).slice(-maxOutput)))
  }
  const daemon = { pid: child.pid!, output: () => output, stop: (signal: NodeJS.Signals = 'SIGTERM') => end(child, signal) }
  try {
    await untilReady(child, ready)
    return daemon
  } catch (error) {
    await daemon.stop('SIGKILL')
    throw new Error(`${program}: ${String(error)}\n${output}`, { cause: error })
  }
}

async function untilReady(child: ChildProcess, ready: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + startWithinMs
  // A daemon that is not there yet refuses the connection.
  while (!(await ready().catch(() => false))) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error(`ended with ${child.exitCode ?? child.signalCode}`)
    if (performance.now() > end) throw new Error('does not answer')
    await pause(pollMs)
  }
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  const late = setTimeout(() => process.kill(-child.pid!, 'SIGKILL'), stopWithinMs)
  if (signal === 'SIGKILL') process.kill(-child.pid!, signal)
  else child.kill(signal)
  await exited
  clearTimeout(late)
}

/** One that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = net.createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as net.AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
