/**
 * The real server as its users have it: `main.ts serve` in a process of its own, on free loopback ports and an empty data
 * folder, its accounts made over the private socket. Ended by its pid; what it logged is kept for failures, and a line of
 * level error or above in that log is a failure of its own.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { ask } from '../../src/cli/control-client.ts'
import type { ControlAnswer, ControlArgs, ControlCommand } from '../../src/protocols/control/messages.ts'

const root = resolve(import.meta.dirname, '../..')
const startWithinMs = 60_000
const stopWithinMs = 20_000
/** Of the log, in a failure. */
const maxLogTail = 8_000
/** pino's number of `error`. */
const errorLevel = 50

export interface ServerPorts {
  readonly smtp: number
  readonly submission: number
  readonly submissions: number
  readonly imap: number
  readonly imaps: number
  readonly http: number
}

/** An account as a person knows it: to sign in, `address` and `password`. */
export interface Person {
  readonly address: string
  readonly name: string
  readonly password: string
}

export interface RunningServer extends AsyncDisposable {
  readonly host: '127.0.0.1'
  readonly domain: string
  readonly ports: ServerPorts
  readonly pid: number
  readonly data: string
  /** The self-signed certificate, PEM: names mail.<domain>, localhost and 127.0.0.1. */
  readonly certificateFile: string
  /** A question over the private socket, as `congvu` asks it. */
  control<C extends ControlCommand>(command: C, args: ControlArgs<C>): Promise<ControlAnswer<C>>
  /** An account that may sign in at once; `local` becomes `<local>@<agency>.<domain>`. */
  person(local: string, name: string): Promise<Person>
  /** The end of its log. */
  log(): string
  /** Ends the process; rejects when it does not end, or has logged an error that `expectedErrors` does not match. */
  stop(): Promise<void>
}

export interface ServerOptions {
  /** Settings as in the environment: `{ CONGVU_IMAP__MAX_MAILBOXES: '20' }`. */
  readonly settings?: Readonly<Record<string, string>>
  /** Where all mail to the outside goes; without it, it finds nobody. */
  readonly outsidePort?: number
  /** Lines of the log at level error that the test provokes. */
  readonly expectedErrors?: RegExp
}

export const agency = 'so'
const domain = 'congvu.test'
/** No space and no quote, so that each program's own quoting is tested by its own test only. */
const password = 'Thu-Nghiem#2027-xanh'

const portLabels: Readonly<Record<keyof ServerPorts, string>> = {
  smtp: 'SMTP (mail exchange)',
  submission: 'Submission, STARTTLS',
  submissions: 'Submission, TLS',
  imap: 'IMAP, STARTTLS',
  imaps: 'IMAP, TLS',
  http: 'HTTP /healthz',
}

export async function startServer(options: ServerOptions = {}): Promise<RunningServer> {
  const folder = await mkdtemp(join(tmpdir(), 'congvu-server-'))
  const data = join(folder, 'data')
  // An installation's own file in the work tree must not reach the test.
  const file = join(folder, 'congvu.toml')
  await writeFile(file, '')
  const child = spawn(process.execPath, ['src/main.ts', 'serve'], {
    cwd: root,
    env: { ...cleanEnvironment(), ...serverEnvironment(data, file, options), ...options.settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const log = keep(child)
  try {
    const ports = await listening(child, log)
    const socket = join(data, 'run', 'control.sock')
    await ask(socket, { command: 'agency.create', args: { label: agency, name: 'Sở Thử nghiệm' } })
    return running({ child, ports, folder, data, socket, log, expectedErrors: options.expectedErrors ?? null })
  } catch (error) {
    // Why it did not start matters more than how it ends.
    child.kill('SIGKILL')
    await rm(folder, { recursive: true, force: true })
    throw error
  }
}

interface Log {
  /** Standard output and error as they came. */
  readonly output: { text: string }
  readonly errors: { text: string }
}

function keep(child: ChildProcess): Log {
  const log = { output: { text: '' }, errors: { text: '' } }
  child.stdout!.setEncoding('utf8').on('data', (text: string) => (log.output.text += text))
  child.stderr!.setEncoding('utf8').on('data', (text: string) => (log.errors.text += text))
  return log
}

/** This process's own, without what would change the server. */
export function cleanEnvironment(): Record<string, string> {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('CONGVU_') && name !== 'NODE_OPTIONS' && name !== 'NODE_TEST_CONTEXT')) as Record<string, string>
}

/** Free ports on loopback, and nothing of this machine. */
export function serverEnvironment(data: string, file: string, options: Pick<ServerOptions, 'outsidePort'>): Record<string, string> {
  return {
    CONGVU_CONFIG: file,
    CONGVU_SERVER__DATA_DIRECTORY: data,
    CONGVU_SERVER__HOSTNAME: `mail.${domain}`,
    CONGVU_PROVINCE__DOMAIN: domain,
    CONGVU_SMTP__HOST: '127.0.0.1',
    CONGVU_SMTP__PORT: '0',
    CONGVU_SMTP__SUBMISSION_PORT: '0',
    CONGVU_SMTP__SUBMISSIONS_PORT: '0',
    CONGVU_IMAP__HOST: '127.0.0.1',
    CONGVU_IMAP__PORT: '0',
    CONGVU_IMAP__TLS_PORT: '0',
    CONGVU_HTTP__PORT: '0',
    CONGVU_HTTP__TLS_PORT: '0',
    CONGVU_ADMIN__PORT: '0',
    CONGVU_ADMIN__TLS_PORT: '0',
    // The discard port: nothing listens there.
    CONGVU_OUTBOUND__ROUTES: `*=127.0.0.1:${options.outsidePort ?? 9}`,
  }
}

/** The ports, once everything is there: the welcome is written last. */
async function listening(child: ChildProcess, log: Log): Promise<ServerPorts> {
  const signal = AbortSignal.timeout(startWithinMs)
  while (!/Ctrl-C/.test(log.output.text)) {
    const ended = Promise.race([once(child.stdout!, 'data', { signal }), once(child, 'exit', { signal }).then(([code]) => Promise.reject(new Error(`the server ended with ${String(code)} before it was ready`)))])
    await ended.catch((error: Error) => {
      throw new Error(`${error.message}\n${log.output.text}\n${tail(log)}`)
    })
  }
  return portsIn(log.output.text)
}

/** What the welcome says. */
export function portsIn(output: string): ServerPorts {
  const ports: Partial<Record<keyof ServerPorts, number>> = {}
  for (const [key, label] of Object.entries(portLabels) as [keyof ServerPorts, string][]) {
    const line = output.split('\n').find((one) => one.trim().startsWith(label))
    const port = Number(/:(\d+)\s*$/.exec(line ?? '')?.[1])
    if (!(port > 0)) throw new Error(`no port of ${label} in:\n${output}`)
    ports[key] = port
  }
  return ports as Record<keyof ServerPorts, number>
}

interface Started {
  readonly child: ChildProcess
  readonly ports: ServerPorts
  readonly folder: string
  readonly data: string
  readonly socket: string
  readonly log: Log
  readonly expectedErrors: RegExp | null
}

function running({ child, ports, folder, data, socket, log, expectedErrors }: Started): RunningServer {
  let stopped: Promise<void> | null = null
  const stop = async (): Promise<void> => {
    try {
      await end(child, log)
      const errors = errorLines(log).filter((line) => expectedErrors === null || !expectedErrors.test(line))
      if (errors.length > 0) throw new Error(`the server logged errors:\n${errors.slice(0, 10).join('\n')}`)
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  }
  const server: RunningServer = {
    host: '127.0.0.1',
    domain,
    ports,
    pid: child.pid!,
    data,
    certificateFile: join(data, 'tls', 'self-signed.crt'),
    control: (command, args) => ask(socket, { command, args }),
    async person(local, name) {
      const address = `${local}@${agency}.${domain}`
      await server.control('account.create', { address, name, password, active: true })
      return { address, name, password }
    },
    log: () => tail(log),
    stop: () => (stopped ??= stop()),
    [Symbol.asyncDispose]: () => server.stop(),
  }
  return server
}

function tail(log: Log): string {
  return log.errors.text.slice(-maxLogTail)
}

function errorLines(log: Log): string[] {
  return log.errors.text.split('\n').filter((line) => {
    if (line === '') return false
    try {
      return Number((JSON.parse(line) as { level?: number }).level) >= errorLevel
    } catch {
      // What is not a line of the log is a warning or a crash of Node itself.
      return true
    }
  })
}

async function end(child: ChildProcess, log: Log): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) {
    throw new Error(`the server had ended by itself: ${child.exitCode ?? child.signalCode}\n${tail(log)}`)
  }
  const exited = once(child, 'exit', { signal: AbortSignal.timeout(stopWithinMs) })
  child.kill('SIGTERM')
  try {
    const [code, signal] = (await exited) as [number | null, string | null]
    if (code !== 0) throw new Error(`the server ended with ${code ?? signal} after SIGTERM\n${tail(log)}`)
  } catch (error) {
    child.kill('SIGKILL')
    throw error
  }
}
