/** What the clock drives (src/jobs). */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createLocalLocks } from '../../src/adapters/local/locks.ts'
import { MailError } from '../../src/core/errors.ts'
import { startScheduler, type Job } from '../../src/jobs/scheduler.ts'
import { RigClock } from '../support/delivery-rig.ts'

const settle = (): Promise<void> => new Promise((resume) => setImmediate(resume))

function rig(jobs: readonly Job[]) {
  const clock = new RigClock()
  const lines: string[] = []
  const log = {
    info: (detail: object) => lines.push(`done ${JSON.stringify(detail)}`),
    warn: (detail: object) => lines.push(`waits ${(detail as { job: string }).job}`),
    error: (detail: object) => lines.push(`failed ${(detail as { job: string }).job}`),
  }
  return { clock, lines, scheduler: startScheduler(jobs, { clock, log }) }
}

test('each job runs at its own pace, counted from the end of its last run', async () => {
  const runs: string[] = []
  const job = (name: string, everyMs: number, firstAfterMs?: number): Job => ({ name, everyMs, ...(firstAfterMs !== undefined && { firstAfterMs }), run: async () => (runs.push(name), null) })
  const { clock, scheduler } = rig([job('fast', 10), job('slow', 25), job('soon', 100, 0)])
  for (let i = 0; i < 6; i++) {
    clock.turn(i === 0 ? 0 : 10)
    await settle()
  }
  assert.deepEqual(runs, ['soon', 'fast', 'fast', 'slow', 'fast', 'fast', 'fast'])
  await scheduler[Symbol.asyncDispose]()
})

test('a job that fails is logged and tried again, a job that did something says what', async () => {
  let failing = true
  const { clock, lines, scheduler } = rig([
    { name: 'broom', everyMs: 10, run: async () => { if (failing) throw new Error('no disk'); return { removed: 3 } } },
  ])
  clock.turn(10)
  await settle()
  failing = false
  clock.turn(10)
  await settle()
  assert.deepEqual(lines, ['failed broom', 'done {"job":"broom","removed":3}'])
  await scheduler[Symbol.asyncDispose]()
})

test('a store that is away is a warning: the job waits for its next turn', async () => {
  const { clock, lines, scheduler } = rig([{ name: 'broom', everyMs: 10, run: () => Promise.reject(new MailError('unavailable')) }])
  clock.turn(10)
  await settle()
  assert.deepEqual(lines, ['waits broom'])
  await scheduler[Symbol.asyncDispose]()
})

test('a stop waits for the job at work, but not without end', async () => {
  let told: AbortSignal | null = null
  let finish: () => void = () => undefined
  const endless: Job = { name: 'endless', everyMs: 10, run: (signal) => { told = signal; return new Promise((resolve) => (finish = () => resolve(null))) } }
  const first = rig([endless])
  first.clock.turn(10)
  await settle()
  const stopped = first.scheduler[Symbol.asyncDispose]()
  assert.equal((told as AbortSignal | null)?.aborted, true)
  finish()
  await stopped

  const second = rig([endless])
  second.clock.turn(10)
  await settle()
  const late = second.scheduler[Symbol.asyncDispose]()
  second.clock.turn(2_000)
  await late
})

describe('jobs of several nodes', () => {
  /** Two nodes with one set of locks, on one clock. */
  function nodes(job: (node: string) => Omit<Job, 'name' | 'everyMs' | 'alone'>) {
    const clock = new RigClock()
    const locks = createLocalLocks(clock)
    const away = { now: false }
    const lines: string[] = []
    const log = { info: (detail: object, message: string) => lines.push(`${(detail as { job: string }).job}: ${message}`), warn: (_detail: object, message: string) => lines.push(message), error: (_detail: object, message: string) => lines.push(message) }
    const guarded = { take: (name: string) => (away.now ? Promise.reject(new Error('away')) : locks.take(name)) }
    const schedulers = ['one', 'two'].map((node) => startScheduler([{ name: 'broom', everyMs: 3_600_000, alone: true, ...job(node) }], { clock, log, locks: guarded }))
    return {
      lines,
      away,
      async turn(ms: number) {
        for (let left = ms; left > 0; left -= 60_000) {
          clock.turn(Math.min(left, 60_000))
          for (let i = 0; i < 5; i++) await settle()
        }
      },
      async [Symbol.asyncDispose]() {
        for (const scheduler of schedulers) await scheduler[Symbol.asyncDispose]()
      },
    }
  }

  test('one runs once in its time, whatever the number of nodes', async () => {
    const runs: string[] = []
    await using province = nodes((node) => ({ run: async () => (runs.push(node), null) }))
    await province.turn(10 * 3_600_000)
    assert.ok(runs.length >= 9 && runs.length <= 11, `${runs.length} runs`)
  })

  test('while it runs on one node it does not begin on another', async () => {
    let running = 0
    let most = 0
    const ends: (() => void)[] = []
    await using province = nodes(() => ({
      async run() {
        most = Math.max(most, ++running)
        await new Promise<void>((resolve) => ends.push(resolve))
        running--
        return null
      },
    }))
    await province.turn(3 * 3_600_000)
    assert.equal(ends.length, 1)
    ends[0]!()
    await province.turn(2 * 3_600_000)
    for (const end of ends) end()
    assert.equal(most, 1)
    assert.ok(ends.length > 1)
  })

  test('after a failure another node tries soon; without locks it waits', async () => {
    const runs: string[] = []
    await using province = nodes((node) => ({
      async run() {
        runs.push(node)
        if (runs.length < 3) throw new Error('no disk')
        return null
      },
    }))
    province.away.now = true
    await province.turn(2 * 3_600_000)
    assert.equal(runs.length, 0)
    assert.ok(province.lines.every((line) => line === 'broom: job waits: its lock is not to be had'))
    province.away.now = false
    await province.turn(30 * 60_000)
    assert.equal(runs.length, 3)
  })
})
