/** The kernel's cache of files: dropped, everything is read from the disk again. It is the whole machine's. */
import { spawnSync } from 'node:child_process'
import { accessSync, constants, writeFileSync } from 'node:fs'

const switchFile = '/proc/sys/vm/drop_caches'

export function mayDropPageCache(): boolean {
  try {
    accessSync(switchFile, constants.W_OK)
    return true
  } catch {
    return false
  }
}

export function dropPageCache(): void {
  // Only clean pages can be dropped.
  spawnSync('sync')
  writeFileSync(switchFile, '3')
}
