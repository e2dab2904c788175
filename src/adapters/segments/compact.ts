/**
 * Rewriting a segment without its dead records. The new file is written under another name, with an index from first
 * offsets to new ones at its end, synced, and renamed over the old one: at every moment either the old or the new file is
 * there whole, and ids stay what they are.
 */
import { open, rename, unlink } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { syncDirectory } from './directory.ts'
import type { FaultPoint } from './fault-point.ts'
import { encodeFileHeader, encodeIndex, fileHeaderBytes } from './record-format.ts'
import { temporarySuffix } from './recover.ts'
import { readAt, segmentPath } from './segment-file.ts'

export interface KeptRecord {
  readonly firstOffset: number
  /** In the present file. */
  readonly at: number
  readonly totalBytes: number
}

const copyChunkBytes = 1_048_576

/** `kept` in file order. Throws what the file system says, with everything as it was before. */
export async function compactSegment(options: {
  readonly directory: string
  readonly segment: number
  readonly source: FileHandle
  readonly kept: readonly KeptRecord[]
  readonly faultPoint: FaultPoint
}): Promise<void> {
  const path = segmentPath(options.directory, options.segment)
  const temporary = path + temporarySuffix
  const target = await open(temporary, 'w', 0o600)
  try {
    await writeCompacted(target, options)
    await target.close()
    options.faultPoint('before-rename')
    await rename(temporary, path)
    options.faultPoint('after-rename')
  } catch (error) {
    await target.close()
    await unlink(temporary)
    throw error
  }
  await syncDirectory(options.directory)
}

async function writeCompacted(
  target: FileHandle,
  { segment, source, kept }: { readonly segment: number; readonly source: FileHandle; readonly kept: readonly KeptRecord[] },
): Promise<void> {
  let end = fileHeaderBytes
  const entries: { firstOffset: number; offset: number }[] = []
  for (const run of runs(kept)) {
    for (const record of run) entries.push({ firstOffset: record.firstOffset, offset: end + record.at - run[0]!.at })
    const bytes = run.reduce((sum, record) => sum + record.totalBytes, 0)
    for (let copied = 0; copied < bytes; copied += copyChunkBytes) {
      const chunk = await readAt(source, run[0]!.at + copied, Math.min(copyChunkBytes, bytes - copied))
      await writeFully(target, chunk, end + copied)
    }
    end += bytes
  }
  entries.sort((a, b) => a.firstOffset - b.firstOffset)
  await writeFully(target, encodeIndex(entries), end)
  await writeFully(target, encodeFileHeader({ segment, kind: 'compacted', entries: entries.length, indexOffset: end }), 0)
  await target.sync()
}

/** Records that lie directly behind each other, copied together. */
function runs(kept: readonly KeptRecord[]): KeptRecord[][] {
  const found: KeptRecord[][] = []
  for (const record of kept) {
    const run = found.at(-1)
    const last = run?.at(-1)
    if (run !== undefined && last !== undefined && last.at + last.totalBytes === record.at) run.push(record)
    else found.push([record])
  }
  return found
}

export async function writeFully(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  let written = 0
  while (written < bytes.length) {
    written += (await handle.write(bytes, written, bytes.length - written, position + written)).bytesWritten
  }
}
