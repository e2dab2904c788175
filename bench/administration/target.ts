/** Core under test as a child on a store of its own: an embedded one, or a new replica set of one member on this machine. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { serverEnvironment, serverFlags } from '../../scripts/launch.mjs'
import { startReplicaSet } from '../../test/support/mongo-server.ts'
import { tree, type Variables } from '../server.ts'
import { mailDomain } from '../target.ts'
import type { StoreName } from './rows.ts'
import type { Answered, AnswerOf, Ask, OrderOf, StepName } from './steps.ts'

export interface CoreUnderTest extends AsyncDisposable {
  /** Core, and the database where it has one. */
  readonly pids: readonly number[]
  ask<S extends StepName>(step: S, order: OrderOf<S>): Promise<AnswerOf<S>>
  /** The most that it had resident so far. */
  peakBytes(): number
}

export interface TargetOptions {
  /** Data folders are made in here; its disk is what is measured. */
  readonly folder: string
  readonly profileFolder: string | null
}

export async function startCore(store: StoreName, { folder, profileFolder }: TargetOptions): Promise<CoreUnderTest> {
  await using opening = new AsyncDisposableStack()
  const data = await mkdtemp(join(folder, 'congvu-bench-'))
  opening.defer(() => rm(data, { recursive: true, force: true }))
  const set = store === 'embedded' ? null : await startReplicaSet(1)
  if (set !== null) opening.defer(() => set.stop())
  const settings: Variables = {
    CONGVU_SERVER__DATA_DIRECTORY: data,
    CONGVU_PROVINCE__DOMAIN: mailDomain,
    CONGVU_SECURITY__ALLOW_ACTIVE_ACCOUNTS: 'true',
    CONGVU_ADMIN__PORT: '0',
    CONGVU_ADMIN__TLS_PORT: '0',
    CONGVU_ADMIN__REQUESTS_PER_MINUTE: '1000000',
    ...(set !== null && { CONGVU_STORE__KIND: 'mongo', CONGVU_STORE__MONGO_URL: set.url, CONGVU_STORE__DATABASE: 'congvu_bench' }),
  }
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('CONGVU_')))
  const flags = profileFolder === null ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileFolder}`]
  const child = spawn(process.execPath, [...serverFlags, ...flags, join(import.meta.dirname, 'core.ts')], {
    cwd: tree,
    env: { ...serverEnvironment(inherited), ...settings },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  opening.defer(() => end(child))
  const open = opening.move()
  return {
    pids: [child.pid!, ...(set?.members.map(({ pid }) => pid) ?? [])],
    ask: (step, order) => ask(child, step, order),
    peakBytes: () => Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${child.pid}/status`, 'latin1'))?.[1]) * 1024,
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  }
}

async function ask<S extends StepName>(child: ChildProcess, step: S, order: OrderOf<S>): Promise<AnswerOf<S>> {
  const gone = new AbortController()
  const over = (): void => gone.abort(new Error(`core ended during ${step}`))
  child.once('exit', over)
  try {
    const answered = once(child, 'message', { signal: gone.signal })
    child.send({ step, order } satisfies Ask)
    const [answer] = (await answered) as [Answered]
    if (answer.kind === 'failed') throw new Error(`${step}: ${answer.error}`)
    return answer.answer as AnswerOf<S>
  } finally {
    child.off('exit', over)
  }
}

/** It ends with the channel, so that its files are closed and its profile is written. */
async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  if (child.connected) child.disconnect()
  await ended
}
