/**
 * P8 on a disk that is really full: a small tmpfs under the whole folder, under the bodies only, or under the store only.
 * What is refused has changed nothing, what was acknowledged is there, and when there is room again it works by itself.
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, open as openFile, rm, statfs } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { isMailError } from '../../src/core/errors.ts'
import { countersAreSums } from '../support/store-fixture.ts'
import { loadAccountsOf, systemClock } from '../support/store-crash-parent.ts'
import { Ledger } from '../support/store-ledger.ts'
import type { LoadAccount, LoadLine } from '../support/store-load.ts'
import { runLoad } from '../support/store-load.ts'
import type { OpenStore } from '../support/store-place.ts'
import { openEmbedded } from './stores.ts'

const smallMb = 16
const largeMb = 256

/** `small` is the disk that runs full, relative to the folder; `leftBytes` are left of it when the load begins; `large`, if any, does not run full. */
const disks = [
  { name: 'the whole disk is full', small: '', large: null, leftBytes: 2_500_000 },
  { name: 'only the disk of the bodies is full', small: 'bodies', large: null, leftBytes: 400_000 },
  { name: 'only the disk of the store is full', small: '', large: 'bodies', leftBytes: 2_500_000 },
] as const

const mounted: string[] = []

function mount(directory: string, megabytes: number): string | null {
  const done = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', directory], { encoding: 'utf8' })
  if (done.status !== 0) return `a tmpfs cannot be mounted here: ${done.error?.message ?? done.stderr.trim()}`
  mounted.push(directory)
  return null
}

/** Why the test cannot run here, or null. */
async function obstacle(): Promise<string | null> {
  if (process.getuid?.() !== 0) return 'not root, so no small disk can be mounted'
  const directory = await mkdtemp(join(tmpdir(), 'congvu-full-'))
  const failed = mount(directory, 1)
  unmountAll()
  await rm(directory, { recursive: true, force: true })
  return failed
}

function unmountAll(): void {
  for (const directory of mounted.splice(0).reverse()) assert.equal(spawnSync('umount', [directory]).status, 0, `umount ${directory}`)
}

/** Writes a file that leaves `left` bytes of its disk free; 0 fills it to the last page. */
async function fill(path: string, left: number): Promise<void> {
  await using file = await openFile(path, 'w')
  const chunk = Buffer.alloc(65_536, 'x')
  const { bavail, bsize } = await statfs(path)
  for (let toWrite = bavail * bsize - left; toWrite > 0; toWrite -= chunk.length) {
    try {
      await file.write(chunk, 0, Math.min(chunk.length, toWrite))
    } catch (error) {
      assert.ok(error instanceof Error && 'code' in error && error.code === 'ENOSPC')
      return
    }
  }
}

interface LoadCount {
  acknowledged: number
  refused: number
}

async function load(open: OpenStore, accounts: readonly LoadAccount[], ledger: Ledger, given: { seed: number; operationsPerClient: number }): Promise<LoadCount> {
  const count: LoadCount = { acknowledged: 0, refused: 0 }
  const tell = (line: LoadLine): void => {
    if ('end' in line) count.acknowledged++
    if ('refused' in line) count.refused++
    ledger.hear(line)
  }
  const codeOf = (error: unknown): string | null => (isMailError(error, 'storage-full') ? error.code : null)
  await runLoad({ open, clock: systemClock, accounts, ...given, clients: 6, tell, sizes: () => ({}), codeOf })
  return count
}

const why = await obstacle()

describe('embedded: full disk', { skip: why ?? false }, () => {
  let directory = ''
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'congvu-full-'))
  })
  after(async () => {
    unmountAll()
    await rm(directory, { recursive: true, force: true })
  })

  for (const [i, disk] of disks.entries()) {
    test(`${disk.name}: writes are refused storage-full, nothing acknowledged is lost, and it works again by itself`, async (t) => {
      const folder = join(directory, `${i}`)
      await mkdir(join(folder, disk.small), { recursive: true })
      assert.equal(mount(join(folder, disk.small), smallMb), null)
      if (disk.large !== null) {
        await mkdir(join(folder, disk.large))
        assert.equal(mount(join(folder, disk.large), largeMb), null)
      }
      const ballast = join(folder, disk.small, 'ballast')
      const ledger = await fullAndRoomAgain({ folder, ballast, leftBytes: disk.leftBytes, diagnostic: (text) => t.diagnostic(text) })
      await using again = await openEmbedded(folder, systemClock)
      const result = await ledger.check(again)
      assert.deepEqual(result.problems, [], 'after it was opened again')
      assert.equal(result.lost, 0)
    })
  }

  for (const point of ['before-sync', 'after-sync', 'before-commit', 'after-commit', 'before-reply', 'after-reply']) {
    test(`the disk runs full ${point}: nothing acknowledged is lost, and it works again by itself`, async (t) => {
      const figures = { acknowledged: 0, refused: 0, lost: 0 }
      for (const passage of [12, 25]) {
        const folder = join(directory, `${point}-${passage}`)
        await mkdir(folder)
        assert.equal(mount(folder, smallMb), null)
        const ballast = join(folder, 'ballast')
        const ledger = await fullAt({ folder, ballast, faultPoint: `${point}:${passage}:fill=${ballast}`, figures })
        await using again = await openEmbedded(folder, systemClock)
        const result = await ledger.check(again)
        assert.deepEqual(result.problems, [], 'after it was opened again')
        figures.lost += result.lost
      }
      t.diagnostic(`${point}: acknowledged ${figures.acknowledged}, refused ${figures.refused}, lost ${figures.lost}`)
      assert.equal(figures.lost, 0)
    })
  }
})

interface FullAt {
  readonly folder: string
  readonly ballast: string
  readonly faultPoint: string
  readonly figures: { acknowledged: number; refused: number }
}

/** The fault fills the disk in the middle of a write; the load goes on against it, then gets room again. */
async function fullAt({ folder, ballast, faultPoint, figures }: FullAt): Promise<Ledger> {
  await using open = await openEmbedded(folder, systemClock, { faultPoint })
  const accounts = await loadAccountsOf(open, 4, 1_000_000_000)
  const ledger = new Ledger(accounts)
  const filling = await load(open, accounts, ledger, { seed: 4, operationsPerClient: 40 })
  assert.ok((await statfs(folder)).bavail < 64, 'the fault has filled the disk')
  assert.ok(filling.refused > 0, JSON.stringify(filling))
  for (const { account } of accounts) await countersAreSums(open.store, account)
  await rm(ballast)
  await open.store.ready()
  const roomy = await load(open, accounts, ledger, { seed: 5, operationsPerClient: 20 })
  assert.equal(roomy.refused, 0, 'with room it takes everything again')
  const result = await ledger.check(open)
  assert.deepEqual(result.problems, [])
  figures.acknowledged += ledger.acknowledged
  figures.refused += filling.refused
  return ledger
}

interface FullDisk {
  readonly folder: string
  readonly ballast: string
  readonly leftBytes: number
  readonly diagnostic: (text: string) => void
}

async function fullAndRoomAgain({ folder, ballast, leftBytes, diagnostic }: FullDisk): Promise<Ledger> {
  await using open = await openEmbedded(folder, systemClock)
  const accounts = await loadAccountsOf(open, 4, 1_000_000_000)
  const ledger = new Ledger(accounts)
  await fill(ballast, leftBytes)
  const filling = await load(open, accounts, ledger, { seed: 1, operationsPerClient: 150 })
  assert.ok(filling.acknowledged > 0 && filling.refused > 0, JSON.stringify(filling))
  await fill(`${ballast}-rest`, 0)
  const full = await load(open, accounts, ledger, { seed: 2, operationsPerClient: 5 })
  assert.ok(full.refused > 0, 'not a byte is left, and something is refused')
  // Reading goes on, and the refused writes have left no trace in any counter.
  for (const { account } of accounts) await countersAreSums(open.store, account)
  await rm(ballast)
  await rm(`${ballast}-rest`)
  await open.store.ready()
  const roomy = await load(open, accounts, ledger, { seed: 3, operationsPerClient: 20 })
  assert.equal(roomy.refused, 0, 'with room it takes everything again')
  const result = await ledger.check(open)
  diagnostic(`acknowledged ${ledger.acknowledged}, refused ${filling.refused + full.refused}, messages found ${result.messages}, lost ${result.lost}`)
  assert.deepEqual(result.problems, [])
  return ledger
}
