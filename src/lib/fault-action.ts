/** What a test lets happen at a named fault point of an adapter: the process dies, or the disk runs full to its last byte. */
import { closeSync, openSync, writeSync } from 'node:fs'

const chunkBytes = 65_536

/** `undefined`: SIGKILL to this process; `fill=PATH`: a file at PATH grows until its disk is full. */
export function actAtFault(action: string | undefined): void {
  if (action === undefined) process.kill(process.pid, 'SIGKILL')
  else if (action.startsWith('fill=')) fillDisk(action.slice('fill='.length))
  else throw new Error(`no such fault action: ${action}`)
}

function fillDisk(path: string): void {
  const file = openSync(path, 'w')
  try {
    // Ever smaller pieces: not a byte is left.
    for (let bytes = chunkBytes; bytes >= 1; bytes = Math.floor(bytes / 2)) while (grows(file, bytes));
  } finally {
    closeSync(file)
  }
}

function grows(file: number, bytes: number): boolean {
  try {
    return writeSync(file, Buffer.alloc(bytes, 'x')) === bytes
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC') return false
    throw error
  }
}
