/** Ours under test: the server of this tree as a child, on free loopback ports and a data folder that goes with it. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { serverEnvironment, serverFlags } from '../scripts/launch.mjs'
import { loadConfig } from '../src/config/load.ts'
import type { Config } from '../src/config/schema.ts'
import { makeAccounts } from './accounts.ts'
import { freePorts, loopback } from './loopback.ts'
import { treeOf } from './process-tree.ts'
import { mailDomain, type Target, type TargetNeeds } from './target.ts'

export const tree = resolve(import.meta.dirname, '..')
export const ours = 'congvu'

export interface ServerOptions {
  /** The data folder is made in here; its disk is what is measured. */
  readonly folder: string
  /** Where the processes and threads leave a CPU profile when they end, or null. */
  readonly profileFolder: string | null
  /** Settings beside those that every server under test has. */
  readonly settings?: Variables
  /** Done before it starts, when its accounts are there. */
  readonly prepare?: (config: Config) => Promise<void>
}

const startWithinMs = 60_000
const stopWithinMs = 20_000

export type Variables = Readonly<Record<string, string>>

export async function startServer(needs: TargetNeeds, { folder, profileFolder, settings: given, prepare }: ServerOptions): Promise<Target> {
  const data = await mkdtemp(join(folder, 'congvu-bench-'))
  const [smtp = 0, submission = 0, submissions = 0, imap = 0, imaps = 0, http = 0, https = 0, lmtp = 0] = await freePorts(8)
  const settings: Variables = {
    CONGVU_SERVER__DATA_DIRECTORY: data,
    CONGVU_SERVER__HOSTNAME: `mx.${mailDomain}`,
    CONGVU_PROVINCE__DOMAIN: mailDomain,
    CONGVU_SECURITY__ALLOW_ACTIVE_ACCOUNTS: 'true',
    CONGVU_SMTP__HOST: loopback,
    CONGVU_SMTP__PORT: String(smtp),
    CONGVU_SMTP__SUBMISSION_PORT: String(submission),
    CONGVU_SMTP__SUBMISSIONS_PORT: String(submissions),
    CONGVU_IMAP__HOST: loopback,
    CONGVU_IMAP__PORT: String(imap),
    CONGVU_IMAP__TLS_PORT: String(imaps),
    CONGVU_HTTP__PORT: String(http),
    CONGVU_HTTP__TLS_PORT: String(https),
    CONGVU_ADMIN__PORT: '0',
    CONGVU_ADMIN__TLS_PORT: '0',
    CONGVU_LMTP__ENABLED: 'true',
    CONGVU_LMTP__PORT: String(lmtp),
    CONGVU_LOG__LEVEL: 'warn',
    ...given,
  }
  try {
    const config = loadConfig({ env: settings })
    if (Object.keys(needs.accounts).length > 0) await makeAccounts(config, needs)
    await prepare?.(config)
    const logFile = join(data, 'bench.log')
    const child = await spawnServer(settings, { profileFolder, logFile, http })
    return {
      name: ours,
      smtp,
      lmtp,
      imap,
      imaps,
      pids: [child.pid!],
      maxSessions: 5_000,
      // The reply to a message follows its commit.
      countFiled: () => Promise.resolve({ filed: () => Promise.resolve() }),
      async [Symbol.asyncDispose]() {
        await stop(child)
        await rm(data, { recursive: true, force: true })
      },
    }
  } catch (error) {
    await rm(data, { recursive: true, force: true })
    throw error
  }
}

interface Spawned {
  readonly profileFolder: string | null
  readonly logFile: string
  readonly http: number
}

/** Resolves when everything listens; rejects with the server's own words when it does not start. */
async function spawnServer(settings: Variables, { profileFolder, logFile, http }: Spawned): Promise<ChildProcess> {
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('CONGVU_')))
  const flags = profileFolder === null ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileFolder}`]
  const log = openSync(logFile, 'w')
  const child = spawn(process.execPath, [...serverFlags, ...flags, 'src/main.ts', 'serve'], { cwd: tree, env: { ...serverEnvironment(inherited), ...settings }, stdio: ['ignore', log, log] })
  closeSync(log)
  const until = performance.now() + startWithinMs
  while (!(await isReady(http))) {
    if (child.exitCode !== null || performance.now() > until) {
      await stop(child)
      throw new Error(`the server did not start:\n${readFileSync(logFile, 'utf8').slice(-4000)}`)
    }
    await pause(100)
  }
  return child
}

async function isReady(port: number): Promise<boolean> {
  try {
    return (await fetch(`http://${loopback}:${port}/readyz`)).ok
  } catch {
    return false
  }
}

/** By its pid; what is left of its children after that as well. */
async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return
  const family = treeOf([child.pid])
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  if ((await Promise.race([ended, pause(stopWithinMs, 'late', { ref: false })])) !== 'late') return
  for (const pid of family) killIfThere(pid)
  await ended
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
