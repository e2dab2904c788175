/**
 * The bytes of a segment file: a file header, then records. All numbers little-endian, every record begins at a multiple
 * of 8 bytes.
 *
 *   file    magic "CVSG" u32 · version u16 · kind u16 · segment u32 · entries u32 · index offset f64 · zero u32 · CRC-32 u32
 *   record  magic "CVBD" or "CVXX" u32 · CRC-32 u32 · segment u32 · blocks u32 · offset f64 · put at ms f64 ·
 *           body bytes u32 · stored bytes u32 · per block { stored bytes u32, top bit: zstd · CRC-32 of them u32 } · blocks
 *   index   only in a compacted file, at its end: per record, ascending { first offset / 8 u32 · offset here / 8 u32 } · CRC-32
 *
 * A body is cut into blocks of {@link blockBytes}, each compressed and checked by itself, so that a range of a large body is
 * read, checked and unpacked without the rest. The record's CRC covers its header from the segment on and the block table,
 * not the magic: marking a record dead is one write of four bytes. A record names its own place, so a header that lies where
 * it does not belong is never taken for the one that was asked for.
 */
import { crc32 } from 'node:zlib'

export const fileHeaderBytes = 32
export const recordHeaderBytes = 40
export const blockEntryBytes = 8
/** Body bytes of a block: large enough that compression pays, small enough to read for a few KB of range. */
export const blockBytes = 131_072
/** What the u32 fields can say. */
export const maxBodyBytes = 0xffff_ffff

const fileMagic = 0x47_53_56_43
export const liveMagic = 0x44_42_56_43
export const deadMagic = 0x58_58_56_43
const version = 1
const zstdBit = 0x8000_0000

export interface FileHeader {
  readonly segment: number
  /** `log`: as it was written. `compacted`: rewritten without dead records, with an index. */
  readonly kind: 'log' | 'compacted'
  readonly entries: number
  readonly indexOffset: number
}

export interface Block {
  readonly storedBytes: number
  readonly compressed: boolean
  readonly crc: number
}

export interface RecordHeader {
  readonly live: boolean
  readonly segment: number
  /** In the segment's first file; with `segment` the blob's id. */
  readonly offset: number
  readonly putAtMs: number
  readonly bodyBytes: number
  readonly storedBytes: number
  readonly blocks: readonly Block[]
  /** Header, table, blocks and padding. */
  readonly totalBytes: number
}

export function encodeFileHeader(header: FileHeader): Buffer {
  const bytes = Buffer.alloc(fileHeaderBytes)
  bytes.writeUInt32LE(fileMagic, 0)
  bytes.writeUInt16LE(version, 4)
  bytes.writeUInt16LE(header.kind === 'log' ? 0 : 1, 6)
  bytes.writeUInt32LE(header.segment, 8)
  bytes.writeUInt32LE(header.entries, 12)
  bytes.writeDoubleLE(header.indexOffset, 16)
  bytes.writeUInt32LE(crc32(bytes.subarray(0, 28)), 28)
  return bytes
}

/** Null when these bytes are not a whole file header of this version. */
export function decodeFileHeader(bytes: Buffer): FileHeader | null {
  if (bytes.length < fileHeaderBytes || bytes.readUInt32LE(0) !== fileMagic || bytes.readUInt16LE(4) !== version) return null
  if (bytes.readUInt32LE(28) !== crc32(bytes.subarray(0, 28))) return null
  return {
    segment: bytes.readUInt32LE(8),
    kind: bytes.readUInt16LE(6) === 0 ? 'log' : 'compacted',
    entries: bytes.readUInt32LE(12),
    indexOffset: bytes.readDoubleLE(16),
  }
}

/** Header and block table together. */
export function headBytes(blocks: number): number {
  return recordHeaderBytes + blocks * blockEntryBytes
}

export function totalBytes(blocks: number, storedBytes: number): number {
  return Math.ceil((headBytes(blocks) + storedBytes) / 8) * 8
}

/** Writes header and block table of a live record to the start of `bytes`, which has room for {@link headBytes}. */
export function writeRecordHead(
  bytes: Buffer,
  record: Pick<RecordHeader, 'segment' | 'offset' | 'putAtMs' | 'bodyBytes' | 'storedBytes' | 'blocks'>,
): void {
  const head = headBytes(record.blocks.length)
  bytes.writeUInt32LE(liveMagic, 0)
  bytes.writeUInt32LE(record.segment, 8)
  bytes.writeUInt32LE(record.blocks.length, 12)
  bytes.writeDoubleLE(record.offset, 16)
  bytes.writeDoubleLE(record.putAtMs, 24)
  bytes.writeUInt32LE(record.bodyBytes, 32)
  bytes.writeUInt32LE(record.storedBytes, 36)
  let at = recordHeaderBytes
  for (const block of record.blocks) {
    bytes.writeUInt32LE(block.compressed ? (block.storedBytes | zstdBit) >>> 0 : block.storedBytes, at)
    bytes.writeUInt32LE(block.crc, at + 4)
    at += blockEntryBytes
  }
  bytes.writeUInt32LE(crc32(bytes.subarray(8, head)), 4)
}

/**
 * How many bytes header and table of the record take that may begin at `at`, without checking them: null when no record
 * begins there. `bytes` must hold {@link recordHeaderBytes} from `at` on.
 */
export function headBytesAt(bytes: Buffer, at: number): number | null {
  const magic = bytes.readUInt32LE(at)
  if (magic !== liveMagic && magic !== deadMagic) return null
  const blocks = bytes.readUInt32LE(at + 12)
  return blocks === Math.ceil(bytes.readUInt32LE(at + 32) / blockBytes) ? headBytes(blocks) : null
}

/** The record that begins at `at`, or null when header and table do not lie there whole and undamaged. */
export function decodeRecordHead(bytes: Buffer, at: number): RecordHeader | null {
  if (at + recordHeaderBytes > bytes.length) return null
  const head = headBytesAt(bytes, at)
  if (head === null || at + head > bytes.length) return null
  if (bytes.readUInt32LE(at + 4) !== crc32(bytes.subarray(at + 8, at + head))) return null
  const blocks: Block[] = []
  for (let entry = at + recordHeaderBytes; entry < at + head; entry += blockEntryBytes) {
    const stored = bytes.readUInt32LE(entry)
    blocks.push({ storedBytes: stored & 0x7fff_ffff, compressed: stored >= zstdBit, crc: bytes.readUInt32LE(entry + 4) })
  }
  const storedBytes = bytes.readUInt32LE(at + 36)
  return {
    live: bytes.readUInt32LE(at) === liveMagic,
    segment: bytes.readUInt32LE(at + 8),
    offset: bytes.readDoubleLE(at + 16),
    putAtMs: bytes.readDoubleLE(at + 24),
    bodyBytes: bytes.readUInt32LE(at + 32),
    storedBytes,
    blocks,
    totalBytes: totalBytes(blocks.length, storedBytes),
  }
}

/** Where the records of a compacted file lie. */
export class SegmentIndex {
  readonly #pairs: Uint32Array

  constructor(pairs: Uint32Array) {
    this.#pairs = pairs
  }

  /** Offset in this file of the record that was first written at `offset`, or null when it is not here any more. */
  locate(offset: number): number | null {
    const wanted = offset / 8
    let low = 0
    let high = this.#pairs.length / 2 - 1
    while (low <= high) {
      const middle = (low + high) >> 1
      const found = this.#pairs[middle * 2]!
      if (found === wanted) return this.#pairs[middle * 2 + 1]! * 8
      if (found < wanted) low = middle + 1
      else high = middle - 1
    }
    return null
  }
}

export function encodeIndex(entries: readonly { readonly firstOffset: number; readonly offset: number }[]): Buffer {
  const bytes = Buffer.alloc(entries.length * 8 + 4)
  entries.forEach((entry, i) => {
    bytes.writeUInt32LE(entry.firstOffset / 8, i * 8)
    bytes.writeUInt32LE(entry.offset / 8, i * 8 + 4)
  })
  bytes.writeUInt32LE(crc32(bytes.subarray(0, -4)), bytes.length - 4)
  return bytes
}

/** Null when the index is damaged. */
export function decodeIndex(bytes: Buffer): SegmentIndex | null {
  if (bytes.length < 4 || bytes.readUInt32LE(bytes.length - 4) !== crc32(bytes.subarray(0, -4))) return null
  const pairs = new Uint32Array((bytes.length - 4) / 4)
  for (let i = 0; i < pairs.length; i++) pairs[i] = bytes.readUInt32LE(i * 4)
  return new SegmentIndex(pairs)
}
