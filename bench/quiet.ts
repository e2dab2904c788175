/**
 * Other work on the machine spoils figures: how much there was of it while something was measured, and waiting until there is
 * little. "Foreign" is the CPU that neither the measured servers nor this process used, kernel threads among it.
 */
import { readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { cpuMsOf } from './process-tree.ts'

export interface Quiet {
  /** Shares in percent of all cores. Above it a measure is taken again where that is possible. */
  readonly maxForeignPercent: number
  /** Longest wait for the machine to calm down before each measure. 0: no wait. */
  readonly patienceMs: number
}

export interface Snapshot {
  readonly atMs: number
  readonly busyTicks: number
  readonly allTicks: number
  readonly ownMs: number
}

export function snapshot(servers: readonly number[]): Snapshot {
  const [user = 0, nice = 0, system = 0, idle = 0, wait = 0, irq = 0, softirq = 0, steal = 0] = readFileSync('/proc/stat', 'latin1')
    .split('\n', 1)[0]!
    .trim()
    .split(/\s+/)
    .slice(1)
    .map(Number)
  const own = process.cpuUsage()
  const busyTicks = user + nice + system + irq + softirq + steal
  return { atMs: performance.now(), busyTicks, allTicks: busyTicks + idle + wait, ownMs: (own.user + own.system) / 1000 + cpuMsOf(servers) }
}

/** Percent of all cores that something else used since `before`. */
export function foreignPercent(before: Snapshot, servers: readonly number[]): number {
  const now = snapshot(servers)
  const all = now.allTicks - before.allTicks
  // Too short to be told: a tick is 10 ms.
  if (all < 10) return 0
  const foreignTicks = now.busyTicks - before.busyTicks - (now.ownMs - before.ownMs) / 10
  return Math.max(0, Math.round((100 * foreignTicks) / all))
}

/** Resolves when the machine was idle for a second, or when patience ends. */
export async function waitForQuiet({ maxForeignPercent, patienceMs }: Quiet): Promise<void> {
  const until = performance.now() + patienceMs
  let calm = 0
  while (calm < 2 && performance.now() < until) {
    const before = snapshot([])
    await pause(500)
    calm = foreignPercent(before, []) <= maxForeignPercent ? calm + 1 : 0
  }
}
