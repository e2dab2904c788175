/**
 * Running another project's mail program as a person does: in a home folder of its own, with a time limit, its whole output in
 * the failure. A program that is missing skips the test with the package's name; in continuous integration it fails.
 */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, constants } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'

const usualTimeoutMs = 60_000
/** Of a program's output, in a failure: its beginning and its end. */
const maxShown = 6_000

/** Full path of a program; null when it is not installed. */
export function findProgram(name: string): string | null {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(folder, name)
    try {
      accessSync(path, constants.X_OK)
      return path
    } catch {
      // Not in this folder.
    }
  }
  return null
}

/** For the `skip` of a test: false, or what is missing. `programs` maps each program to its Debian package. */
export function missing(programs: Readonly<Record<string, string>>): string | false {
  const absent = Object.entries(programs).filter(([program]) => findProgram(program) === null)
  if (absent.length === 0) return false
  const reason = `not installed: ${absent.map(([program, debianPackage]) => `${program} (apt-get install ${debianPackage})`).join(', ')}`
  if (process.env['CI'] === 'true') throw new Error(reason)
  return reason
}

export interface Finished {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  readonly input?: string | Buffer
  readonly env?: Readonly<Record<string, string>>
  readonly timeoutMs?: number
  /** Exit codes that are right; 0 alone when nothing is said. */
  readonly codes?: readonly number[]
}

/** A home folder with the files that a program reads, removed at the end. */
export interface Home extends AsyncDisposable {
  readonly folder: string
  path(name: string): string
  write(name: string, content: string | Buffer): Promise<string>
  run(program: string, args: readonly string[], options?: RunOptions): Promise<Finished>
  /** One that stays; it ends with its group when disposed of. */
  start(program: string, args: readonly string[], options?: Pick<RunOptions, 'env'>): Started
}

export interface Started extends AsyncDisposable {
  readonly pid: number
  readonly ended: Promise<void>
  /** Waits until it has said this, in all that it has said so far. */
  output(expected: RegExp, timeoutMs?: number): Promise<void>
  said(): string
}

export async function openHome(files: Readonly<Record<string, string>> = {}): Promise<Home> {
  const folder = await mkdtemp(join(tmpdir(), 'congvu-home-'))
  const home: Home = {
    folder,
    path: (name) => join(folder, name),
    async write(name, content) {
      const path = join(folder, name)
      await mkdir(dirname(path), { recursive: true })
      // fetchmail, getmail and msmtp refuse a file with a password that others may read.
      await writeFile(path, content, { mode: 0o600 })
      return path
    },
    run: (program, args, options = {}) => run(program, args, folder, options),
    start: (program, args, options = {}) => start(program, args, { cwd: folder, env: homeEnvironment(folder, options.env) }),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true, maxRetries: 5 }),
  }
  for (const [name, content] of Object.entries(files)) await home.write(name, content)
  return home
}

/** What every program sees: its own home, UTF-8, no setting of the person who runs the tests. */
export function homeEnvironment(folder: string, more: Readonly<Record<string, string>> = {}): Record<string, string> {
  return {
    PATH: process.env['PATH'] ?? '',
    HOME: folder,
    XDG_CONFIG_HOME: join(folder, '.config'),
    XDG_CACHE_HOME: join(folder, '.cache'),
    XDG_DATA_HOME: join(folder, '.local/share'),
    TMPDIR: folder,
    LANG: 'C.UTF-8',
    TZ: 'Asia/Ho_Chi_Minh',
    TERM: 'xterm',
    USER: 'tester',
    ...more,
  }
}

async function run(program: string, args: readonly string[], folder: string, options: RunOptions): Promise<Finished> {
  const timeoutMs = options.timeoutMs ?? usualTimeoutMs
  // A group of its own, so that what a shell or a terminal started ends with it.
  const child = spawn(program, args, { cwd: folder, env: homeEnvironment(folder, options.env), stdio: ['pipe', 'pipe', 'pipe'], detached: true })
  const output = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text))
  // It may end without reading all of its input.
  child.stdin.on('error', () => undefined).end(options.input ?? '')
  let late = false
  const timer = setTimeout(() => {
    late = true
    endGroup(child.pid!)
  }, timeoutMs)
  try {
    const [code, signal] = (await once(child, 'close')) as [number | null, string | null]
    const what = `${program} ${args.join(' ')}`
    if (late) throw new Error(`${what}: not done after ${timeoutMs} ms\n${shown(output)}`)
    const codes = options.codes ?? [0]
    assert.ok(code !== null && codes.includes(code), `${what}: ended with ${code ?? signal}, expected ${codes.join(' or ')}\n${shown(output)}`)
    return { code, ...output }
  } finally {
    clearTimeout(timer)
  }
}

function start(program: string, args: readonly string[], place: { readonly cwd: string; readonly env: Record<string, string> }): Started {
  const child = spawn(program, args, { ...place, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
  const output = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text))
  const ended = once(child, 'close').then(() => undefined)
  const what = `${program} ${args.join(' ')}`
  return {
    pid: child.pid!,
    ended,
    said: () => shown(output),
    async output(expected, timeoutMs = usualTimeoutMs) {
      const signal = AbortSignal.timeout(timeoutMs)
      const over = ended.then(() => Promise.reject(new Error('it ended')))
      while (!expected.test(`${output.stdout}\n${output.stderr}`)) {
        await Promise.race([once(child.stdout, 'data', { signal }), once(child.stderr, 'data', { signal }), over]).catch((error: Error) => {
          throw new Error(`${what}: ${String(expected)} not said: ${error.message}\n${shown(output)}`)
        })
      }
    },
    async [Symbol.asyncDispose]() {
      endGroup(child.pid!)
      await ended
    },
  }
}

function endGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

function shown({ stdout, stderr }: { readonly stdout: string; readonly stderr: string }): string {
  return `--- stdout\n${cut(stdout)}\n--- stderr\n${cut(stderr)}`
}

function cut(text: string): string {
  return text.length <= 2 * maxShown ? text : `${text.slice(0, maxShown)}\n[… ${text.length - 2 * maxShown} more …]\n${text.slice(-maxShown)}`
}

/** The text must be in what a program said; the failure shows all of it. */
export function says(finished: Finished, expected: RegExp | string): void {
  const all = `${finished.stdout}\n${finished.stderr}`
  const found = typeof expected === 'string' ? all.includes(expected) : expected.test(all)
  assert.ok(found, `expected ${String(expected)} in\n${shown(finished)}`)
}
