/**
 * What tells a torn file from a good one. Indexes are written without a sync, so a machine that stops suddenly may leave any part of
 * a write behind; the death of the process alone leaves the system's cache, and SQLite's log, as they were.
 *
 * Before a file's first write a mark with the machine's present boot is made durable beside it; once the file is closed and durable
 * itself, the mark goes. A mark of another boot therefore means: the machine stopped in between, and nobody knows what reached the disk.
 */
import { randomUUID } from 'node:crypto'
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'

/** Names this run of the machine; where the system has no such name, one that no other process has. */
export function presentBoot(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  } catch {
    // Not Linux: then each process distrusts what another one did not close.
    return randomUUID()
  }
}

function markOf(file: string): string {
  return `${file}.mark`
}

/** Whether the file may have been written when the machine stopped. */
export function isTorn(file: string, boot: string): boolean {
  try {
    return readFileSync(markOf(file), 'utf8') !== boot
  } catch {
    // There is no mark: it was closed in order.
    return false
  }
}

export function isMarked(file: string): boolean {
  return existsSync(markOf(file))
}

export function mark(file: string, boot: string): void {
  const fd = openSync(markOf(file), 'w', 0o600)
  try {
    writeSync(fd, boot)
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
  sync(dirname(file))
}

/** The file must be closed: closing a second descriptor would take away SQLite's locks on it. */
export function unmark(file: string): void {
  sync(file)
  rmSync(markOf(file), { force: true })
}

export function forgetMark(file: string): void {
  rmSync(markOf(file), { force: true })
}

function sync(path: string): void {
  const fd = openSync(path, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}
