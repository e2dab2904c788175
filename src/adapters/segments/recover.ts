/**
 * What opening does to a folder after a crash: files that a compaction left half-made are removed, and what a torn write
 * left behind the last whole record of the last segment is cut off. A record that was synced is never cut: everything up to
 * the last record that checks stays, also what is damaged before it.
 */
import { mkdir, open, readdir, unlink } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { decodeBlocks } from './body-codec.ts'
import { syncDirectory } from './directory.ts'
import type { RecordHeader } from './record-format.ts'
import { decodeFileHeader, fileHeaderBytes, headBytes } from './record-format.ts'
import { isMailError } from '../../core/errors.ts'
import { readAt, segmentOfName, segmentPath } from './segment-file.ts'
import { walkRecords } from './walk.ts'

export const temporarySuffix = '.tmp'

/** The numbers of the segments that are there, ascending. */
export async function recoverDirectory(directory: string): Promise<number[]> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const segments: number[] = []
  for (const name of await readdir(directory)) {
    const segment = segmentOfName(name)
    if (segment !== null) segments.push(segment)
    else if (name.endsWith(`.seg${temporarySuffix}`)) await unlink(join(directory, name))
  }
  segments.sort((a, b) => a - b)
  const last = segments.at(-1)
  if (last !== undefined) await cutTail(directory, last)
  await syncDirectory(directory)
  return segments
}

async function cutTail(directory: string, segment: number): Promise<void> {
  const handle = await open(segmentPath(directory, segment), 'r+')
  try {
    const { size } = await handle.stat()
    const header = decodeFileHeader(await readAt(handle, 0, fileHeaderBytes))
    // A compacted file was whole and synced before it got its name.
    if (header?.kind === 'compacted') return
    const end = await endOfLastWhole(handle, segment, size)
    if (end === size) return
    await handle.truncate(end)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function endOfLastWhole(handle: FileHandle, segment: number, size: number): Promise<number> {
  const ends: { readonly at: number; readonly record: RecordHeader }[] = []
  for await (const found of walkRecords({ handle, segment, end: size, inPlace: true })) {
    if (found.kind === 'record') ends.push({ at: found.at, record: found.record })
  }
  for (let last = ends.pop(); last !== undefined; last = ends.pop()) {
    if (!last.record.live || (await isWhole(handle, last.at, last.record))) return last.at + last.record.totalBytes
  }
  return Math.min(size, fileHeaderBytes)
}

async function isWhole(handle: FileHandle, at: number, record: RecordHeader): Promise<boolean> {
  const stored = await readAt(handle, at + headBytes(record.blocks.length), record.storedBytes)
  try {
    await decodeBlocks(stored, record.blocks, 0, record.bodyBytes)
    return true
  } catch (error) {
    if (isMailError(error, 'unavailable')) return false
    throw error
  }
}
