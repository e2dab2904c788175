/** The jobs of the full-text indexes. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fullTextJobs } from '../../../src/jobs/full-text.ts'

test('kept up silently every few minutes, looked after once a day with a line about it', async () => {
  let upkeep = { kept: 0, removed: 0 }
  const kept: AbortSignal[] = []
  const jobs = fullTextJobs({ keepUp: async (signal) => kept.push(signal!), upkeep: async () => upkeep })
  assert.deepEqual(jobs.map(({ name, everyMs }) => [name, everyMs]), [['full-text-keep-up', 300_000], ['full-text-upkeep', 86_400_000]])
  const { signal } = new AbortController()
  assert.equal(await jobs[0]!.run(signal), null)
  assert.deepEqual(kept, [signal])
  assert.equal(await jobs[1]!.run(signal), null)
  upkeep = { kept: 3, removed: 1 }
  assert.deepEqual(await jobs[1]!.run(signal), { kept: 3, removed: 1 })
})
