/** How the server's process is begun: the flags and the environment that keep its memory small reach it on every way. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join, resolve } from 'node:path'
import { test } from 'node:test'
import { serverEnvironment, serverFlags } from '../../../scripts/launch.mjs'

const root = resolve(import.meta.dirname, '../../..')
const program = join(root, 'bin/congvu.mjs')
const launch = join(root, 'scripts/launch.mjs')
/** Each process that begins tells of itself. */
const teller = 'data:text/javascript,process.stderr.write(`begun:${JSON.stringify([process.pid,process.execArgv,process.env.MALLOC_ARENA_MAX])}\\n`)'
/** Refused by `main.ts` before anything is opened. */
const refused = ['serve', '--role', 'none']

type Begun = readonly [pid: number, flags: readonly string[], arenas: string | null]

function runNode(args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  const env = { PATH: process.env['PATH'], NODE_OPTIONS: `--import=${teller}`, ...environment }
  const { status, stderr } = spawnSync(process.execPath, args, { env, encoding: 'utf8' })
  const begun = [...stderr.matchAll(/^begun:(.*)$/gm)].map((match) => JSON.parse(match[1]!) as Begun)
  return { status, stderr, begun }
}

test('congvu serve becomes the server: the same process, with its flags and environment', () => {
  const { status, stderr, begun } = runNode([program, ...refused])
  assert.deepEqual([status, begun.length], [2, 2], stderr)
  const [[firstPid, , firstArenas], [pid, flags, arenas]] = begun as unknown as [Begun, Begun]
  assert.equal(pid, firstPid)
  assert.deepEqual(flags, serverFlags)
  assert.deepEqual([firstArenas, arenas], [null, '1'])
})

test('an older Node runs the server as a child, whose exit code is its own', () => {
  const script = `import { runServer } from ${JSON.stringify(launch)}; runServer(process.execPath, ${JSON.stringify(refused)})`
  const { status, stderr, begun } = runNode(['--input-type=module', '--eval', script])
  assert.deepEqual([status, begun.length], [2, 2], stderr)
  const [[firstPid], [pid, flags, arenas]] = begun as unknown as [Begun, Begun]
  assert.notEqual(pid, firstPid)
  assert.deepEqual([flags, arenas], [serverFlags, '1'])
})

test('other commands stay in the process that was called', () => {
  const { status, begun } = runNode([program, 'no-such-command'])
  assert.deepEqual([status, begun.length], [2, 1])
})

test('what the environment names already stays', () => {
  const { MALLOC_ARENA_MAX, NODE_COMPILE_CACHE, OTHER, MALLOC_TRIM_THRESHOLD_ } = serverEnvironment({ MALLOC_ARENA_MAX: '8', NODE_COMPILE_CACHE: '/tmp/cache', OTHER: 'x' })
  assert.deepEqual([MALLOC_ARENA_MAX, NODE_COMPILE_CACHE, OTHER], ['8', '/tmp/cache', 'x'])
  assert.match(MALLOC_TRIM_THRESHOLD_!, /^\d+$/)
})
