// Runs the tests of each kind on the Node that runs this file, ending with one line of counts. Started by test.mjs.
import { spawn } from 'node:child_process'
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { whyUnreachable } from './test-mongo.mjs'

const root = resolve(import.meta.dirname, '..')

/**
 * Quick ones first; each kind is one run, so that a heavy kind does not disturb another. One with `store: 'mongo'` runs on a
 * MongoDB that all its files share, each test in a database of its own (test/support/chosen-store.ts).
 */
const kinds = [
  { name: 'unit', files: ['test/architecture.test.ts', 'test/unit/**/*.test.ts'], concurrency: 2 },
  { name: 'contract', files: ['test/contract/**/*.test.ts'], concurrency: 1 },
  { name: 'protocol', files: ['test/protocol/**/*.test.ts'], concurrency: 2 },
  { name: 'dialogues and delivery on MongoDB', files: ['test/protocol/imap/**/*.test.ts', 'test/flow/{delivery,delivery-held,delivery-submission,outbox,queue,bounce}.test.ts'], concurrency: 2, store: 'mongo' },
  { name: 'hostile', files: ['test/hostile/**/*.test.ts'], concurrency: 1 },
  { name: 'flow', files: ['test/flow/**/*.test.ts'], concurrency: 1 },
  { name: 'clients', files: ['test/clients/**/*.test.ts'], concurrency: 1 },
]

await main(process.argv.slice(2))

async function main(only) {
  const totals = { passed: 0, failed: 0, skipped: 0 }
  const runs = only.length > 0 ? [{ name: 'chosen', files: only, concurrency: 1 }] : kinds
  let broken = false
  for (const kind of runs) {
    const files = kind.files.flatMap((pattern) => globSync(pattern, { cwd: root })).sort()
    if (files.length === 0) continue
    console.log(`\n== ${kind.name}: ${files.length} files`)
    const environment = await environmentOf(kind)
    if (environment === null) totals.skipped += files.length
    else if (!(await run(kind, files, { totals, environment }))) broken = true
  }
  console.log(`\n${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`)
  if (broken || totals.failed > 0 || totals.passed === 0) process.exitCode = 1
}

/** Null: the kind is skipped, and why has been said. Throws when it may not be (CONGVU_TEST_MONGO_REQUIRED). */
async function environmentOf({ store }) {
  if (store !== 'mongo') return process.env
  const reason = whyUnreachable()
  if (reason !== null) {
    console.log(`skipped: ${reason}`)
    return null
  }
  // Typescript, and the driver with it: only where it is used.
  const { sharedMongoUrl } = await import('../test/support/mongo-server.ts')
  return { ...process.env, CONGVU_TEST_STORE: 'mongo', CONGVU_TEST_MONGO_URL: await sharedMongoUrl() }
}

async function run(kind, files, { totals, environment }) {
  const folder = mkdtempSync(join(tmpdir(), 'congvu-test-'))
  const counts = join(folder, 'counts.json')
  try {
    const args = ['--import', './scripts/fixed-seed.mjs', '--test', `--test-concurrency=${kind.concurrency}`, '--test-timeout=600000']
    args.push('--test-reporter=spec', '--test-reporter-destination=stdout', '--test-reporter=./scripts/count-reporter.mjs', `--test-reporter-destination=${counts}`)
    const child = spawn(process.execPath, [...args, ...files], { cwd: root, stdio: ['ignore', 'inherit', 'inherit'], env: environment })
    const code = await new Promise((resolve) => child.on('exit', (status) => resolve(status ?? 1)))
    const counted = JSON.parse(readFileSync(counts, 'utf8') || '{"passed":0,"failed":1,"skipped":0}')
    for (const key of Object.keys(totals)) totals[key] += counted[key]
    return code === 0
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
