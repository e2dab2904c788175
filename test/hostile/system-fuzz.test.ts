/** A fixed sample of what `npm run bench fuzz` fires at every parser that somebody outside can feed, by the same code. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runInputs, type Crash } from '../../bench/fuzz/run.ts'
import { countOf, targets } from '../../bench/fuzz/targets.ts'

const inputs = 20_000
const seed = 20_261_124
/** Over what the process had before: inputs are thrown away, and so is what was made of them. */
const maxGrownBytes = 400 * 1024 * 1024

for (const target of targets) {
  const count = countOf(target, inputs)
  test(`${count.toLocaleString('en')} wrong inputs: ${target.what}`, { timeout: 120_000 }, async () => {
    const before = process.memoryUsage.rss()
    const { crashes, maxResidentBytes } = await runInputs({ target, seed, from: 0, count })
    assert.deepEqual(crashes.map(told), [])
    assert.ok(maxResidentBytes - before < maxGrownBytes, `grew by ${maxResidentBytes - before} bytes`)
  })
}

function told({ target, index, error, input }: Crash): string {
  const why = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return `${target} ${index}: ${why}\n${JSON.stringify(input.toString('latin1', 0, 1_000))}`
}
