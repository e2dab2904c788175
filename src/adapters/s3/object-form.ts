/**
 * A body ↔ the bytes of its object: a head, then the body in blocks, each compressed where that pays and checked by a CRC-32, so
 * that a range can be read, and is checked (B2), without the rest.
 *
 * Head, little-endian: `CVB1`, bytes of the head (4), bytes of the body (8), bytes of a block (4), SHA-256 of the body (32); for each
 * block its stored bytes (4, top bit: compressed) and its CRC-32 as stored (4); at last the CRC-32 of the head before it (4).
 */
import { createHash } from 'node:crypto'
import { promisify } from 'node:util'
import { constants, crc32, zstdCompress, zstdCompressSync, zstdDecompress, zstdDecompressSync } from 'node:zlib'
import { MailError } from '../../core/errors.ts'

const compressInPool = promisify(zstdCompress)
const decompressInPool = promisify(zstdDecompress)
const level1 = { params: { [constants.ZSTD_c_compressionLevel]: 1 } }

const magic = 0x31425643
export const blockBytes = 262_144
const fixedBytes = 52
const bytesABlock = 8
const compressedBit = 0x80000000
/** Below this a block is stored raw. */
const minCompressBytes = 512
/** Compression is kept when it leaves at most this part. */
const worthwhile = 0.88
/** Up to this, it is faster on the spot than by the thread pool. */
const maxOnTheSpotBytes = 65_536
/** Of a head: that of a body of 1 GB has 32 KB. */
const maxHeadBytes = 1_048_576

export interface ObjectHead {
  readonly headBytes: number
  readonly bodyBytes: number
  readonly blockBytes: number
  readonly hash: Buffer
  readonly blocks: readonly StoredBlock[]
}

export interface StoredBlock {
  /** In the object. */
  readonly at: number
  readonly bytes: number
  readonly compressed: boolean
  readonly crc: number
}

export async function packObject(body: Uint8Array, hash: Buffer): Promise<Buffer> {
  const blocks: { readonly stored: Uint8Array; readonly compressed: boolean }[] = []
  for (let at = 0; at < body.length; at += blockBytes) blocks.push(await packBlock(body.subarray(at, at + blockBytes)))
  const headBytes = fixedBytes + bytesABlock * blocks.length + 4
  const head = Buffer.alloc(headBytes)
  head.writeUInt32LE(magic, 0)
  head.writeUInt32LE(headBytes, 4)
  head.writeBigUInt64LE(BigInt(body.length), 8)
  head.writeUInt32LE(blockBytes, 16)
  hash.copy(head, 20)
  for (const [i, { stored, compressed }] of blocks.entries()) {
    const at = fixedBytes + bytesABlock * i
    head.writeUInt32LE((stored.length | (compressed ? compressedBit : 0)) >>> 0, at)
    head.writeUInt32LE(crc32(stored), at + 4)
  }
  head.writeUInt32LE(crc32(head.subarray(0, headBytes - 4)), headBytes - 4)
  return Buffer.concat([head, ...blocks.map(({ stored }) => stored)])
}

async function packBlock(block: Uint8Array): Promise<{ stored: Uint8Array; compressed: boolean }> {
  if (block.length < minCompressBytes) return { stored: block, compressed: false }
  const packed = block.length <= maxOnTheSpotBytes ? zstdCompressSync(block, level1) : await compressInPool(block, level1)
  const compressed = packed.length <= block.length * worthwhile
  return { stored: compressed ? packed : block, compressed }
}

/** How long the head is, from its first 8 bytes; refuses `unavailable` when it is none. */
export function headLength(start: Buffer): number {
  if (start.length < 8 || start.readUInt32LE(0) !== magic) throw damaged('head')
  const bytes = start.readUInt32LE(4)
  if (bytes < fixedBytes + 4 || bytes > maxHeadBytes || (bytes - fixedBytes - 4) % bytesABlock !== 0) throw damaged('head')
  return bytes
}

/** `hash` is the one that the object's name tells: another one's bytes are not taken for it. */
export function readHead(head: Buffer, hash: Buffer): ObjectHead {
  const headBytes = headLength(head)
  if (head.length < headBytes || head.readUInt32LE(headBytes - 4) !== crc32(head.subarray(0, headBytes - 4))) throw damaged('head')
  const found = head.subarray(20, 52)
  if (!found.equals(hash)) throw damaged('name')
  const bodyBytes = Number(head.readBigUInt64LE(8))
  const blocks: StoredBlock[] = []
  let at = headBytes
  for (let entry = fixedBytes; entry < headBytes - 4; entry += bytesABlock) {
    const word = head.readUInt32LE(entry)
    const bytes = (word & ~compressedBit) >>> 0
    blocks.push({ at, bytes, compressed: word >= compressedBit, crc: head.readUInt32LE(entry + 4) })
    at += bytes
  }
  const perBlock = head.readUInt32LE(16)
  if (blocks.length !== Math.ceil(bodyBytes / perBlock)) throw damaged('head')
  return { headBytes, bodyBytes, blockBytes: perBlock, hash: Buffer.from(found), blocks }
}

/** Blocks that hold the range of the body; empty for an empty range. */
export function blocksOf(head: ObjectHead, start: number, end: number): readonly StoredBlock[] {
  return start >= end ? [] : head.blocks.slice(Math.floor(start / head.blockBytes), Math.ceil(end / head.blockBytes))
}

/** The range of the body, from `stored`: the object's bytes from the start of the first block that holds it. */
export async function unpackRange(head: ObjectHead, stored: Buffer, start: number, end: number): Promise<Buffer> {
  const blocks = blocksOf(head, start, end)
  if (blocks.length === 0) return Buffer.alloc(0)
  const first = Math.floor(start / head.blockBytes)
  const pieces: Uint8Array[] = []
  for (const [i, block] of blocks.entries()) {
    const at = block.at - blocks[0]!.at
    const length = Math.min(head.blockBytes, head.bodyBytes - (first + i) * head.blockBytes)
    pieces.push(await unpackBlock(block, stored.subarray(at, at + block.bytes), length))
  }
  const bytes = pieces.length === 1 ? Buffer.from(pieces[0]!.buffer, pieces[0]!.byteOffset, pieces[0]!.length) : Buffer.concat(pieces)
  return bytes.subarray(start - first * head.blockBytes, end - first * head.blockBytes)
}

async function unpackBlock(block: StoredBlock, stored: Buffer, length: number): Promise<Uint8Array> {
  if (stored.length !== block.bytes || crc32(stored) !== block.crc) throw damaged('checksum')
  if (!block.compressed) {
    if (stored.length !== length) throw damaged('length')
    return stored
  }
  const options = { maxOutputLength: Math.max(1, length) }
  const body = length <= maxOnTheSpotBytes ? zstdDecompressSync(stored, options) : await decompressInPool(stored, options)
  if (body.length !== length) throw damaged('length')
  return body
}

/** The whole body of a whole object. */
export async function unpackObject(object: Buffer, hash: Buffer): Promise<Buffer> {
  const head = readHead(object, hash)
  const body = await unpackRange(head, object.subarray(head.headBytes), 0, head.bodyBytes)
  if (!createHash('sha256').update(body).digest().equals(hash)) throw damaged('hash')
  return body
}

export function damaged(what: string): MailError {
  return new MailError('unavailable', 'damaged body', { damaged: what })
}
