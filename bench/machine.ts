/** The facts of the machine without which a figure says nothing. */
import { spawnSync } from 'node:child_process'
import { closeSync, fdatasyncSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { cpus, release, totalmem } from 'node:os'
import { join } from 'node:path'
import { median } from './figures.ts'

export interface MachineFacts {
  readonly cores: number
  readonly processor: string
  readonly memoryMiB: number
  readonly kernel: string
  readonly node: string
  /** File system and device of the folder that is measured in. */
  readonly disk: string
  /** Median time of 4 KiB written and synced: what one commit costs at least. */
  readonly syncMs: number
  readonly commit: string
}

export function machineFacts(folder: string, tree: string): MachineFacts {
  return {
    cores: cpus().length,
    processor: cpus()[0]?.model ?? 'unknown',
    memoryMiB: Math.round(totalmem() / 1024 ** 2),
    kernel: release(),
    node: process.version,
    disk: diskOf(folder),
    syncMs: syncMs(folder),
    commit: commitOf(tree),
  }
}

export function machineLines(facts: MachineFacts): string[] {
  const { cores, processor, memoryMiB, kernel, node, disk, syncMs: sync, commit } = facts
  return [`${cores} × ${processor}, ${memoryMiB} MiB, Linux ${kernel}, Node ${node}`, `${disk}, a write with fdatasync takes ${sync.toFixed(2)} ms · commit ${commit}`]
}

/** The mount whose path is the longest that the folder begins with. */
function diskOf(folder: string): string {
  const mounts = readFileSync('/proc/mounts', 'utf8').split('\n').map((line) => line.split(' '))
  const inside = mounts.filter(([, place]) => place === '/' || (place !== undefined && place !== '' && `${folder}/`.startsWith(`${place}/`)))
  const [device = 'unknown', , type = 'unknown'] = inside.toSorted((a, b) => b[1]!.length - a[1]!.length)[0] ?? []
  return `${type} on ${device}`
}

function syncMs(folder: string): number {
  const file = join(folder, 'sync-probe')
  const descriptor = openSync(file, 'w')
  const page = Buffer.alloc(4096, 1)
  const times = Array.from({ length: 50 }, () => {
    const started = performance.now()
    writeSync(descriptor, page)
    fdatasyncSync(descriptor)
    return performance.now() - started
  })
  closeSync(descriptor)
  rmSync(file)
  return median(times)
}

function commitOf(tree: string): string {
  const git = (...args: string[]): string => spawnSync('git', ['-C', tree, ...args], { encoding: 'utf8' }).stdout?.trim() ?? ''
  const commit = git('rev-parse', '--short', 'HEAD')
  if (commit === '') return 'unknown'
  return git('status', '--porcelain', '--', 'src') === '' ? commit : `${commit} with changes`
}
