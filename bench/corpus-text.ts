/**
 * What the corpus is made of: a seeded generator of numbers, words, people, and the encodings of RFC 2045 and RFC 2047.
 * Figures are compared over years, so nothing here may change once a figure was taken: test/unit/bench has the hashes.
 */

/** Numbers from 0 to below 1, the same for the same seed (mulberry32). */
export type Draw = () => number

export function drawFrom(seed: number): Draw {
  let state = (seed * 2654435761 + 97) >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

/** Below 2^31. */
export const drawBelow = (draw: Draw, limit: number): number => Math.trunc(draw() * limit)

export const pick = <T>(draw: Draw, from: readonly T[]): T => from[drawBelow(draw, from.length)]!

export const vietnamese: readonly string[] = (
  'hợp đồng thanh toán báo cáo tháng khách hàng dự án kế hoạch cuộc họp ngày mai xin gửi kèm tệp đính kèm kính gửi anh chị ' +
  'phòng kinh doanh Hà Nội Thành phố Hồ Chí Minh Đà Nẵng cảm ơn trân trọng vui lòng xác nhận số lượng đơn hàng giao hàng vận ' +
  'chuyển hóa đơn thuế giá trị gia tăng trường đại học nghiên cứu nước sông Cửu Long đường sắt xây dựng nhà máy điện thoại'
).split(' ')

export const english: readonly string[] = (
  'the quarterly report invoice meeting schedule project server deploy please find attached budget review customer order ' +
  'shipping tomorrow regards thanks confirm update release migration database backup network storage account password reset ' +
  'policy team office travel lunch contract signature draft final version comment question answer'
).split(' ')

export interface Person {
  readonly name: string
  readonly local: string
}

const person = (name: string, local: string): Person => ({ name, local })

export const people: readonly Person[] = [
  person('Nguyễn Văn An', 'an.nguyen'),
  person('Trần Thị Bình', 'binh.tran'),
  person('Lê Hoàng Cường', 'cuong.le'),
  person('Phạm Đức Duy', 'duy.pham'),
  person('Alice Johnson', 'alice'),
  person('Bob Smith', 'bob.smith'),
  person('Võ Thị Sáu', 'sau.vo'),
  person('Đặng Quốc Khánh', 'khanh.dang'),
  person('Carol Díaz', 'carol'),
  person('Hồ Ngọc Hà', 'ha.ho'),
  person('GitHub', 'notifications'),
  person('Build Bot', 'ci'),
]

export const senderDomains: readonly string[] = ['example.com', 'example.net', 'congty.example.vn', 'lists.example.org', 'bank.example']

/** Lines of words, CRLF, at least `bytes` long. */
export function wordLines(draw: Draw, words: readonly string[], bytes: number): string {
  const lines: string[] = []
  let [line, written] = ['', 0]
  while (written < bytes) {
    const word = pick(draw, words)
    if (line.length + word.length > 70) {
      lines.push(line)
      written += Buffer.byteLength(line) + 2
      line = word
    } else line = line ? `${line} ${word}` : word
  }
  lines.push(line)
  return `${lines.join('\r\n')}\r\n`
}

/** `count` bytes, four of each drawn number, least significant first. */
export function drawnBytes(draw: Draw, count: number): Buffer {
  const bytes = Buffer.alloc(count)
  for (let at = 0; at < count; at += 4) {
    const number = Math.trunc(draw() * 4294967296)
    for (let k = 0; k < 4 && at + k < count; k++) bytes[at + k] = number >>> (8 * k)
  }
  return bytes
}

/** RFC 2047: as it is when ASCII, else words of 14 characters, folded. */
export function encodedWord(text: string): string {
  if (/^[\x20-\x7e]*$/.test(text)) return text
  return [...text.match(/.{1,14}/gu)!].map(utf8Word).join('\r\n ')
}

export const utf8Word = (text: string): string => `=?UTF-8?B?${Buffer.from(text).toString('base64')}?=`

/** RFC 2045 §6.8: lines of 76 characters. */
export const base64Lines = (bytes: Buffer): string => bytes.toString('base64').replace(/(.{76})/g, '$1\r\n')

/** RFC 2045 §6.7, of text with CRLF lines. */
export function quotedPrintable(text: string): string {
  return text.split('\r\n').map(quotedLine).join('\r\n')
}

function quotedLine(line: string): string {
  let [out, column] = ['', 0]
  for (const byte of Buffer.from(line)) {
    const plain = byte !== 61 && byte >= 32 && byte <= 126
    const piece = plain ? String.fromCharCode(byte) : `=${byte.toString(16).toUpperCase().padStart(2, '0')}`
    if (column + piece.length > 74) {
      out += '=\r\n'
      column = 0
    }
    out += piece
    column += piece.length
  }
  return out
}
