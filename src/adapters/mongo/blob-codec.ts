/** A body ↔ its bytes as they are stored: zstd level 1 where that saves an eighth, raw otherwise; checked by a CRC-32. */
import { promisify } from 'node:util'
import { constants, crc32, zstdCompress, zstdCompressSync, zstdDecompress, zstdDecompressSync } from 'node:zlib'
import { MailError } from '../../core/errors.ts'

const compressInPool = promisify(zstdCompress)
const decompressInPool = promisify(zstdDecompress)
const level1 = { params: { [constants.ZSTD_c_compressionLevel]: 1 } }

/** Below this a body is stored raw. */
const minCompressBytes = 512
/** Compression is kept when it leaves at most this part. */
const worthwhile = 0.88
/** Up to this, packing and unpacking is faster on the spot than handing it to the thread pool. */
const maxOnTheSpotBytes = 65_536

export interface PackedBody {
  readonly data: Uint8Array
  readonly compressed: boolean
  readonly crc: number
}

/** At once for a small body, by the thread pool for a large one. */
export function packBody(body: Uint8Array): PackedBody | Promise<PackedBody> {
  if (body.length < minCompressBytes) return smaller(body, null)
  if (body.length <= maxOnTheSpotBytes) return smaller(body, zstdCompressSync(body, level1))
  return compressInPool(body, level1).then((packed) => smaller(body, packed))
}

function smaller(body: Uint8Array, packed: Uint8Array | null): PackedBody {
  const compressed = packed !== null && packed.length <= body.length * worthwhile
  const data = compressed ? packed : body
  return { data, compressed, crc: crc32(data) }
}

/** Refuses `unavailable` when the bytes are not those that were stored. */
export async function unpackBody({ data, compressed, crc }: PackedBody, bodyBytes: number): Promise<Uint8Array> {
  if (crc32(data) !== crc) throw damagedBody('checksum')
  if (!compressed) {
    if (data.length !== bodyBytes) throw damagedBody('length')
    return data
  }
  const body = await decompressed(data, bodyBytes)
  if (body.length !== bodyBytes) throw damagedBody('length')
  return body
}

async function decompressed(data: Uint8Array, bodyBytes: number): Promise<Uint8Array> {
  const options = { maxOutputLength: bodyBytes, chunkSize: Math.max(1_024, bodyBytes) }
  try {
    return bodyBytes <= maxOnTheSpotBytes ? zstdDecompressSync(data, options) : await decompressInPool(data, options)
  } catch (error) {
    throw damagedBody(error instanceof Error ? error.message : 'compression')
  }
}

export function damagedBody(what: string): MailError {
  return new MailError('unavailable', 'damaged body', { damaged: what })
}
