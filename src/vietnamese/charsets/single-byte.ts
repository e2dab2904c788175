/**
 * The 8-bit Vietnamese encodings with one byte a letter: TCVN3 (ABC), TCVN 5712-1 (VN1), VISCII (RFC 1456), VPS, and
 * windows-1252/1258 as tables (regulation 3-charsets §3.2). A table gives the UTF-16 unit of each byte; results that
 * hold combining marks are composed (NFC) by the decoders, so the caller always gets the precomposed form.
 */
import iconv from 'iconv-lite'

/** 256 UTF-16 code units. */
export type ByteTable = Uint16Array

function fromIconv(encoding: string): ByteTable {
  const table = new Uint16Array(256)
  for (let byte = 0; byte < 256; byte++) {
    const decoded = iconv.decode(Buffer.of(byte), encoding)
    table[byte] = decoded.length === 1 && decoded !== '\ufffd' ? decoded.charCodeAt(0) : byte
  }
  return table
}

export const windows1252: ByteTable = fromIconv('windows-1252')
/** Base letters and combining tone marks: compose the result. */
export const windows1258: ByteTable = fromIconv('windows-1258')
export const viscii: ByteTable = fromIconv('viscii')
/** TCVN 5712-1 whole: upper-case toned letters in C0 and C1 too. */
export const vn1: ByteTable = fromIconv('tcvn5712-1')

/** TCVN3 (fonts `.VnTime`): VN1 from A0 up; below that the punctuation of windows-1252 ("smart" quotes, dashes). */
export const tcvn3: ByteTable = (() => {
  const table = Uint16Array.from(windows1252)
  table.set(vn1.subarray(0xa0, 0xff), 0xa0)
  return table
})()

/**
 * VPS: small letters by the table of the regulation, capitals by the common fonts; a capital that shares the byte of
 * its small letter (Ạ and ạ, Ụ and ụ…) is read as the small one.
 */
export const vps: ByteTable = (() => {
  const table = Uint16Array.from(windows1252)
  const small: Readonly<Record<string, readonly number[]>> = {
    àảãáạ: [0xe0, 0xe4, 0xe3, 0xe1, 0xe5],
    ăắằẳẵặ: [0xe6, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5],
    âấầẩẫậ: [0xe2, 0xc3, 0xc0, 0xc4, 0xc5, 0xc6],
    đ: [0xc7],
    éèẻẽẹ: [0xe9, 0xe8, 0xc8, 0xeb, 0xcb],
    êếềểễệ: [0xea, 0x89, 0x8a, 0x8b, 0xcd, 0x8c],
    íìỉĩị: [0xed, 0xec, 0xcc, 0xef, 0xce],
    óòỏõọ: [0xf3, 0xf2, 0xd5, 0xf5, 0x86],
    ôốồổỗộ: [0xf4, 0xd3, 0xd2, 0xb0, 0x87, 0xb6],
    ơớờởỡợ: [0xd6, 0xa7, 0xa9, 0xaa, 0xab, 0xae],
    úùủũụ: [0xfa, 0xf9, 0xfb, 0xdb, 0xf8],
    ưứừửữự: [0xdc, 0xd9, 0xd8, 0xba, 0xbb, 0xbf],
    ýỳỷỹỵ: [0x9a, 0xff, 0x9b, 0xcf, 0x9c],
  }
  const capital: Readonly<Record<string, readonly number[]>> = {
    ÁÀẢÃ: [0xc1, 0x80, 0x81, 0x82],
    ÂẤẦẨ: [0xc2, 0x83, 0x84, 0x85],
    ĂẮẰẲẴ: [0x88, 0x8d, 0x8e, 0x8f, 0xf0],
    ÉÈẺẼ: [0xc9, 0xd7, 0xde, 0xfe],
    ÊẾỀỂỄ: [0xca, 0x90, 0x93, 0x94, 0x95],
    ÓÒỎÕ: [0xb9, 0xbc, 0xbd, 0xbe],
    ÔỐỒỔỖ: [0xd4, 0x96, 0x97, 0x98, 0x99],
    ƠỚỜỞỠ: [0xf7, 0x9d, 0x9e, 0x9f, 0xa6],
    ÚÙỦŨ: [0xda, 0xa8, 0xd1, 0xac],
    ƯỨỪỬ: [0xd0, 0xad, 0xaf, 0xb1],
    ÍÌỈĨ: [0xb4, 0xb5, 0xb7, 0xb8],
    ÝỲỶỸ: [0xdd, 0xb2, 0xfd, 0xb3],
    Đ: [0xf1],
  }
  for (const letters of [capital, small])
    for (const [row, bytes] of Object.entries(letters))
      for (const [index, byte] of bytes.entries()) table[byte] = row.charCodeAt(index)
  return table
})()

/** The bytes through the table; not composed. */
export function mapBytes(bytes: Uint8Array, table: ByteTable): string {
  const units = new Uint16Array(bytes.length)
  for (let index = 0; index < bytes.length; index++) units[index] = table[bytes[index]!]!
  return Buffer.from(units.buffer).toString('utf16le')
}
