/**
 * VNI-Windows: a base letter followed by a byte that carries circumflex, breve and tone together
 * (regulation 3-charsets §3.2): "Vieät Nam" is "Việt Nam". Bytes without a meaning are windows-1252.
 */
import { windows1252 } from './single-byte.ts'

/** Letters by their small base, keyed by the small form of the mark's byte. */
const afterLetter: Readonly<Record<string, Readonly<Record<number, string>>>> = {
  a: {
    0xf9: 'á', 0xf8: 'à', 0xfb: 'ả', 0xf5: 'ã', 0xef: 'ạ',
    0xe2: 'â', 0xe1: 'ấ', 0xe0: 'ầ', 0xe5: 'ẩ', 0xe3: 'ẫ', 0xe4: 'ậ',
    0xea: 'ă', 0xe9: 'ắ', 0xe8: 'ằ', 0xfa: 'ẳ', 0xfc: 'ẵ', 0xeb: 'ặ',
  },
  e: { 0xf9: 'é', 0xf8: 'è', 0xfb: 'ẻ', 0xf5: 'ẽ', 0xef: 'ẹ', 0xe2: 'ê', 0xe1: 'ế', 0xe0: 'ề', 0xe5: 'ể', 0xe3: 'ễ', 0xe4: 'ệ' },
  o: { 0xf9: 'ó', 0xf8: 'ò', 0xfb: 'ỏ', 0xf5: 'õ', 0xef: 'ọ', 0xe2: 'ô', 0xe1: 'ố', 0xe0: 'ồ', 0xe5: 'ổ', 0xe3: 'ỗ', 0xe4: 'ộ' },
  u: { 0xf9: 'ú', 0xf8: 'ù', 0xfb: 'ủ', 0xf5: 'ũ', 0xef: 'ụ' },
  y: { 0xf9: 'ý', 0xf8: 'ỳ', 0xfb: 'ỷ', 0xf5: 'ỹ' },
  ô: { 0xf9: 'ớ', 0xf8: 'ờ', 0xfb: 'ở', 0xf5: 'ỡ', 0xef: 'ợ' },
  ö: { 0xf9: 'ứ', 0xf8: 'ừ', 0xfb: 'ử', 0xf5: 'ữ', 0xef: 'ự' },
}

const alone: Readonly<Record<number, string>> = {
  0xf4: 'ơ', 0xf6: 'ư', 0xf1: 'đ', 0xed: 'í', 0xec: 'ì', 0xe6: 'ỉ', 0xf3: 'ĩ', 0xf2: 'ị', 0xee: 'ỵ',
}

/** The distance between the small and the capital form of a letter or mark, above 0xC0 as in ASCII. */
const capitalShift = 0x20

const pairs = new Map<number, number>()
for (const [base, marks] of Object.entries(afterLetter)) {
  const baseByte = base.charCodeAt(0)
  for (const [mark, letter] of Object.entries(marks)) {
    const small = letter.charCodeAt(0)
    const capital = letter.toUpperCase().charCodeAt(0)
    const markByte = Number(mark)
    pairs.set((baseByte << 8) | markByte, small)
    // People type the small mark after a capital and the other way round: the base decides.
    pairs.set((baseByte << 8) | (markByte - capitalShift), small)
    pairs.set(((baseByte - capitalShift) << 8) | markByte, capital)
    pairs.set(((baseByte - capitalShift) << 8) | (markByte - capitalShift), capital)
  }
}

const singles = Uint16Array.from(windows1252)
for (const [byte, letter] of Object.entries(alone)) {
  singles[Number(byte)] = letter.charCodeAt(0)
  singles[Number(byte) - capitalShift] = letter.toUpperCase().charCodeAt(0)
}

/** VNI bytes as text (NFC). */
export function decodeVni(bytes: Uint8Array): string {
  const units = new Uint16Array(bytes.length)
  let written = 0
  for (let index = 0; index < bytes.length; index++) {
    const byte = bytes[index]!
    const next = bytes[index + 1] ?? 0
    const pair = next >= 0xc0 ? pairs.get((byte << 8) | next) : undefined
    if (pair !== undefined) index++
    units[written++] = pair ?? singles[byte]!
  }
  return Buffer.from(units.buffer, 0, written * 2).toString('utf16le')
}
