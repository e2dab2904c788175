/**
 * Makes a fixture of test/flow/upgrade.test.ts from the running tree: `node scripts/make-upgrade-fixture.ts NAME COMMIT [FOLDER]`
 * writes NAME.tar.gz (a data folder) and NAME.json (what it must hold) into FOLDER, else test/fixtures/upgrade. Run it on
 * the tree of that commit, before the stored form changes; a fixture once made is never made again.
 */
import { spawnSync } from 'node:child_process'
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { createArgon2Passwords } from '../src/adapters/argon2/passwords.ts'
import { createLocalBus } from '../src/adapters/local/bus.ts'
import { createLocalCounters } from '../src/adapters/local/counters.ts'
import { createKeyedDigest } from '../src/adapters/local/keyed-digest.ts'
import { createSystemRandom } from '../src/adapters/local/random.ts'
import { openSegments } from '../src/adapters/segments/segments.ts'
import { openSqliteStore } from '../src/adapters/sqlite/store.ts'
import { loadConfig } from '../src/config/load.ts'
import { createMail } from '../src/core/create-mail.ts'
import { mailSettingsOf } from '../src/settings.ts'
import { domain, fill, phrase } from '../test/fixtures/upgrade/fill.ts'
import { inventory, type Inventory, type OpenData } from '../test/fixtures/upgrade/inventory.ts'

const maxPackedBytes = 300 * 1024

const [name, commit, folder = resolve(import.meta.dirname, '../test/fixtures/upgrade')] = process.argv.slice(2)
if (name === undefined || commit === undefined) throw new Error('usage: node scripts/make-upgrade-fixture.ts NAME COMMIT [FOLDER]')
await makeFixture({ fixture: name, commit, target: resolve(folder) })

async function makeFixture({ fixture, commit: madeBy, target }: { fixture: string; commit: string; target: string }): Promise<void> {
  const data = await mkdtemp(join(tmpdir(), 'congvu-upgrade-'))
  try {
    const clock = turnedClock()
    const transactions = await filled(data, clock)
    const holds = await described(data, clock, transactions)
    const schema = schemaOf(data)
    const packed = join(target, `${fixture}.tar.gz`)
    // Sorted and without the maker's names, so that the same content packs alike.
    run('tar', ['--sort=name', '--owner=0', '--group=0', '--numeric-owner', '--exclude=*.lock', '-czf', packed, '-C', data, 'store', 'segments'])
    const { size } = await stat(packed)
    if (size > maxPackedBytes) throw new Error(`${packed} has ${size} bytes, more than ${maxPackedBytes}`)
    await writeFile(join(target, `${fixture}.json`), `${JSON.stringify({ commit: madeBy, schema, madeAtMs: clock.nowMs(), transactions, phrase, holds }, null, 1)}\n`)
    console.log(`${packed}: ${size} bytes`)
  } finally {
    await rm(data, { recursive: true, force: true })
  }
}

/** Begins on 1 September 2026, 8 o'clock in Việt Nam. */
function turnedClock() {
  let nowMs = Date.UTC(2026, 8, 1, 1)
  return {
    nowMs: () => nowMs,
    turn: (ms: number) => void (nowMs += ms),
    sleep: async (_ms: number, signal?: AbortSignal) => signal?.aborted !== true,
  }
}

type FixtureClock = ReturnType<typeof turnedClock>

async function open(data: string, clock: FixtureClock): Promise<OpenData & AsyncDisposable> {
  await using opening = new AsyncDisposableStack()
  const blobs = opening.use(await openSegments({ directory: join(data, 'segments'), clock }))
  const store = opening.use(await openSqliteStore({ directory: join(data, 'store'), clock }))
  const opened = opening.move()
  return { store, blobs, [Symbol.asyncDispose]: () => opened.disposeAsync() }
}

async function filled(data: string, clock: FixtureClock): Promise<string[]> {
  await using opened = await open(data, clock)
  const onFault = (error: unknown): void => console.error(error)
  const config = loadConfig({ env: { CONGVU_PROVINCE__DOMAIN: domain } })
  await using system = createMail(
    {
      ...opened,
      clock,
      bus: createLocalBus({ onError: onFault }),
      random: createSystemRandom(),
      counters: createLocalCounters(clock),
      passwords: createArgon2Passwords(),
      digest: createKeyedDigest(),
      outbound: { hand: async () => ({ accepted: [], refused: [] }) },
    },
    mailSettingsOf(config, `mail.${domain}`),
    { onFault },
  )
  return await fill({ system, ...opened, clock })
}

async function described(data: string, clock: FixtureClock, transactions: readonly string[]): Promise<Inventory> {
  await using opened = await open(data, clock)
  return await inventory(opened, transactions)
}

/** Number of the last migration that made the file. */
function schemaOf(data: string): number {
  const db = new DatabaseSync(join(data, 'store', 'store.sqlite'))
  try {
    return Number(db.prepare('PRAGMA user_version').get()!['user_version'])
  } finally {
    db.close()
  }
}

function run(program: string, args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr}`)
  return stdout.trim()
}
