/** What the clock drives (src/jobs). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startScheduler, type Job } from '../../src/jobs/scheduler.ts'
import { RigClock } from '../support/delivery-rig.ts'

const settle = (): Promise<void> => new Promise((resume) => setImmediate(resume))

function rig(jobs: readonly Job[]) {
  const clock = new RigClock()
  const lines: string[] = []
  const log = {
    info: (detail: object) => lines.push(`done ${JSON.stringify(detail)}`),
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
