/** CPU time and memory of processes with all that they started, as Linux tells them in /proc (proc(5)). */
import { readdirSync, readFileSync } from 'node:fs'

/** `sysconf(_SC_CLK_TCK)`: 100 on every Linux that Node runs on. */
const ticksPerSecond = 100

export interface Memory {
  /** Resident: pages that processes share count in each of them. */
  readonly rssKiB: number
  /** What the processes wrote, a page that they share counted once; without programs and libraries, which others may share too. */
  readonly ownKiB: number
  readonly processes: readonly ProcessMemory[]
}

export interface ProcessMemory {
  readonly pid: number
  readonly name: string
  readonly rssKiB: number
}

/** Milliseconds of CPU that the tree has used, ended children that were waited for among it. */
export function cpuMsOf(roots: readonly number[]): number {
  let ticks = 0
  for (const pid of treeOf(roots)) {
    const fields = statOf(pid)
    // utime, stime, cutime, cstime: fields 14 to 17, counted from 1 with pid and name before.
    if (fields !== null) for (const at of [11, 12, 13, 14]) ticks += Number(fields[at])
  }
  return (ticks / ticksPerSecond) * 1000
}

export function memoryOf(roots: readonly number[]): Memory {
  const processes: ProcessMemory[] = []
  let [rssKiB, ownKiB] = [0, 0]
  for (const pid of treeOf(roots)) {
    const [rollup, name] = [readOrNull(`/proc/${pid}/smaps_rollup`), readOrNull(`/proc/${pid}/comm`)]
    if (rollup === null || name === null) continue
    const rss = kibOf(rollup, 'Rss')
    rssKiB += rss
    ownKiB += kibOf(rollup, 'Pss_Anon') + kibOf(rollup, 'Pss_Shmem')
    processes.push({ pid, name: name.trim(), rssKiB: rss })
  }
  return { rssKiB, ownKiB, processes }
}

export function treeOf(roots: readonly number[]): number[] {
  const children = new Map<number, number[]>()
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue
    const parent = Number(statOf(Number(entry))?.[1])
    if (!Number.isNaN(parent)) children.set(parent, [...(children.get(parent) ?? []), Number(entry)])
  }
  const tree: number[] = []
  const waiting = [...roots]
  for (let pid = waiting.pop(); pid !== undefined; pid = waiting.pop()) {
    tree.push(pid)
    waiting.push(...(children.get(pid) ?? []))
  }
  return tree
}

/** The fields after the name, which may have spaces: [0] is the state. Null when the process is gone. */
function statOf(pid: number): readonly string[] | null {
  const stat = readOrNull(`/proc/${pid}/stat`)
  return stat === null ? null : stat.slice(stat.lastIndexOf(')') + 2).split(' ')
}

function kibOf(rollup: string, field: string): number {
  return Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(rollup)?.[1] ?? 0)
}

/** Processes end while they are looked at. */
function readOrNull(file: string): string | null {
  try {
    return readFileSync(file, 'latin1')
  } catch {
    return null
  }
}
