/**
 * Bytes read in one given Vietnamese encoding, without any doubt about it (regulation 3-charsets §3.2).
 */
import type { VietnameseCharset } from './labels.ts'
import { mapBytes, tcvn3, viscii, vn1, vps, windows1258 } from './single-byte.ts'
import { decodeVni } from './vni.ts'

/** The text in NFC. Bytes without a meaning come out as their windows-1252 letter. */
export function decodeVietnamese(bytes: Uint8Array, charset: VietnameseCharset): string {
  switch (charset) {
    case 'vni':
      return decodeVni(bytes)
    case 'vps':
      return mapBytes(bytes, vps)
    case 'viscii':
      return mapBytes(bytes, viscii)
    case 'windows-1258':
      return mapBytes(bytes, windows1258).normalize('NFC')
    case 'tcvn3':
      return mapBytes(bytes, hasVn1Capitals(bytes) ? vn1 : tcvn3).normalize('NFC')
  }
}

/** VN1 has capital letters in C0 (01, 02, 04-06, 11-17), where no other text has anything. */
function hasVn1Capitals(bytes: Uint8Array): boolean {
  for (const byte of bytes) if (byte <= 0x17 && (byte >= 0x11 || (byte >= 0x01 && byte <= 0x06 && byte !== 0x03))) return true
  return false
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true })

/** The text (NFC) when the bytes are UTF-8 or ASCII throughout, else null. */
export function decodeUtf8(bytes: Uint8Array): string | null {
  try {
    return strictUtf8.decode(bytes).normalize('NFC')
  } catch {
    return null // A fatal decoder has no other way to say "not UTF-8".
  }
}
