/** Encoders of the old Vietnamese encodings, for demo mail as old programs still send it (regulation, charsets §3.2). */
import iconv from 'iconv-lite'

/** Lower-case text only: TCVN3 keeps capitals with tones in another font. */
export const toTcvn3 = (text: string): Buffer => iconv.encode(text.toLowerCase().normalize('NFC'), 'tcvn')

/** windows-1258 has the vowels precomposed and the tones as combining marks. */
export function toWindows1258(text: string): Buffer {
  const tones = /[\u0300\u0301\u0303\u0309\u0323]/gu
  const split = [...text.normalize('NFC')].map((letter) => {
    const parts = letter.normalize('NFD')
    const tone = parts.match(tones)?.[0] ?? ''
    return parts.replace(tones, '').normalize('NFC') + tone
  })
  return iconv.encode(split.join(''), 'windows-1258')
}

const toneBytes: Record<string, string> = { '\u0301': 'ù', '\u0300': 'ø', '\u0309': 'û', '\u0303': 'õ', '\u0323': 'ï' }
const circumflexTones: Record<string, string> = { '': 'â', '\u0301': 'á', '\u0300': 'à', '\u0309': 'å', '\u0303': 'ã', '\u0323': 'ä' }
const breveTones: Record<string, string> = { '': 'ê', '\u0301': 'é', '\u0300': 'è', '\u0309': 'ú', '\u0303': 'ü', '\u0323': 'ë' }
const iTones: Record<string, string> = { '\u0301': 'í', '\u0300': 'ì', '\u0309': 'æ', '\u0303': 'ó', '\u0323': 'ò' }

/** VNI-Windows: base letter and a mark byte, as they look in windows-1252. */
export function toVni(text: string): Buffer {
  const out = [...text.normalize('NFC')].map((letter) => {
    if (letter === 'đ') return 'ñ'
    if (letter === 'Đ') return 'Ñ'
    const parts = letter.normalize('NFD')
    const base = parts[0]!
    const tone = parts.match(/[\u0300\u0301\u0303\u0309\u0323]/u)?.[0] ?? ''
    if (parts.includes('\u0302')) return base + circumflexTones[tone]
    if (parts.includes('\u0306')) return base + breveTones[tone]
    const horn = parts.includes('\u031b')
    const stem = horn ? (base.toLowerCase() === 'o' ? 'ô' : 'ö') : base
    if (tone === '') return stem
    if (base.toLowerCase() === 'i') return iTones[tone] ?? stem
    if (base.toLowerCase() === 'y' && tone === '\u0323') return 'î'
    return stem + toneBytes[tone]
  })
  return Buffer.from(out.join(''), 'latin1')
}
