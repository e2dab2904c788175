/**
 * Bytes of a message as text: by the declared charset where it can be believed, by detection where it is absent or
 * wrong (regulation 3-charsets §3.1-§3.4). The text is always NFC; the bytes in the store are never touched.
 */
import { isAscii } from 'node:buffer'
import iconv from 'iconv-lite'
import { detect, distrusts } from './detect.ts'
import { labelMeaning, type VietnameseCharset } from './labels.ts'
import { decodeUtf8, decodeVietnamese } from './legacy.ts'
import { repairMojibake } from './mojibake.ts'
import { mapBytes, windows1252 } from './single-byte.ts'
import { decodeViqr } from './viqr.ts'

export interface DecodedText {
  /** NFC. */
  readonly text: string
  /** Lower-case name of the charset the bytes were read in. */
  readonly charset: string
  /** True when that is not what the label says, so that a reader may be offered a choice ("bảng mã"). */
  readonly guessed: boolean
}

/** Damaged UTF-8 (cut in the middle of a letter, one wrong byte) is still UTF-8 when this share of it is sound. */
const soundShareOfDamagedUtf8 = 0.7

/**
 * Decodes `bytes` that are labelled `label` (the charset parameter; `null` when there is none). Never throws: unknown
 * labels are detected, bytes without a meaning become U+FFFD or the windows-1252 letter.
 */
export function decodeText(bytes: Uint8Array, label: string | null): DecodedText {
  const meaning = labelMeaning(label)
  switch (meaning.kind) {
    case 'viqr':
      return { text: decodeViqr(mapBytes(bytes, windows1252)), charset: 'viqr', guessed: false }
    case 'vietnamese':
      return decodeDeclared(bytes, meaning.charset)
    case 'other':
      return decodeOther(bytes, meaning.label) ?? decodeUnlabelled(bytes, true)
    case 'utf-8':
      return decodeUnlabelled(bytes, false)
    case 'unknown':
      return decodeUnlabelled(bytes, true)
  }
}

/** Names that iconv-lite takes for encodings of bytes as text, which are no charsets. */
const noCharsets = /^(?:base64|hex|binary)/

/** Charsets of the rest of the world, by iconv-lite or else by the WHATWG decoders (ISO-2022-JP); null when unknown. */
function decodeOther(bytes: Uint8Array, label: string): DecodedText | null {
  if (noCharsets.test(label)) return null
  try {
    const text = iconv.encodingExists(label)
      ? iconv.decode(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length), label)
      : new TextDecoder(label).decode(bytes)
    // UTF-16 and its kin may hold halves of surrogate pairs, which no text may.
    return { text: text.toWellFormed().normalize('NFC'), charset: label, guessed: false }
  } catch {
    return null // An unknown label, which TextDecoder reports by throwing.
  }
}

function decodeDeclared(bytes: Uint8Array, charset: VietnameseCharset): DecodedText {
  const text = decodeVietnamese(bytes, charset)
  const found = distrusts(bytes, charset)
  if (found === null) return { text, charset, guessed: false }
  if (found === 'utf-8') return { text: decodeUtf8(bytes) ?? text, charset: 'utf-8', guessed: true }
  return { text: decodeVietnamese(bytes, found), charset: found, guessed: true }
}

function decodeUnlabelled(bytes: Uint8Array, guessed: boolean): DecodedText {
  // Nothing to compose, to repair or to doubt.
  if (isAscii(bytes)) return { text: latin1(bytes), charset: 'us-ascii', guessed: false }
  const utf8 = decodeUtf8(bytes)
  if (utf8 !== null) {
    const found = guessed && mixesScripts(utf8) ? detect(bytes) : null
    if (found !== null) return { text: decodeVietnamese(bytes, found), charset: found, guessed: true }
    const repaired = repairMojibake(utf8)
    if (repaired !== null) return { text: repaired, charset: 'utf-8', guessed: true }
    return { text: utf8, charset: 'utf-8', guessed }
  }
  const damaged = damagedUtf8(bytes)
  if (damaged !== null) return { text: damaged, charset: 'utf-8', guessed }
  const found = detect(bytes)
  if (found !== null) return { text: decodeVietnamese(bytes, found), charset: found, guessed: true }
  return { text: mapBytes(bytes, windows1252).normalize('NFC'), charset: 'windows-1252', guessed: true }
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
}

/** A letter that is not Latin right beside one of ASCII: two legacy bytes that look like UTF-8 by accident. */
function mixesScripts(text: string): boolean {
  return /[a-z][\u0370-\u1cff]|[\u0370-\u1cff][a-z]/i.test(text)
}

/** Text that is UTF-8 but for a few wrong bytes, which become U+FFFD; null when it is something else. */
function damagedUtf8(bytes: Uint8Array): string | null {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8')
  let broken = 0
  let sound = 0
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (code === 0xfffd) broken++
    else if (code > 0x7f) sound++
  }
  return sound > 0 && sound >= (sound + broken) * soundShareOfDamagedUtf8 ? text.normalize('NFC') : null
}
