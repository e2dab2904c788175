/**
 * Fonts that gave legacy Vietnamese encodings their letters: the text beneath looks like windows-1252, the font says
 * what it means (regulation 3-charsets §3.4, point 2).
 */
import { readsBetter } from './detect.ts'
import { decodeVietnamese } from './legacy.ts'
import type { VietnameseCharset } from './labels.ts'
import { windows1252Bytes } from './mojibake.ts'

export interface LegacyFont {
  readonly charset: VietnameseCharset
  /** Fonts whose name ends in H draw capitals with the codes of small letters (`.VnTimeH`). */
  readonly capitals: boolean
}

/** What a font name or list says, e.g. `.VnTimeH, Arial`; null for ordinary fonts. */
export function legacyFont(name: string): LegacyFont | null {
  const first = name.trim().replace(/^["']/, '').split(/[,"']/, 1)[0]!.trim()
  if (/^\.Vn[A-Za-z]/i.test(first)) return { charset: 'tcvn3', capitals: /[a-z]H$/.test(first) }
  if (/^VNI[-\s]/i.test(first)) return { charset: 'vni', capitals: false }
  return /^VPS[-\s]/i.test(first) ? { charset: 'vps', capitals: false } : null
}

/** Letters of Vietnamese that no legacy encoding shows as windows-1252. */
const vietnameseLetters = /[\u0102\u0103\u0110\u0111\u0128\u0129\u0168\u0169\u01a0\u01a1\u01af\u01b0\u1ea0-\u1ef9]/

/** Whether a document holds Vietnamese in Unicode, so that its legacy fonts may be left over from before it was converted. */
export function holdsVietnamese(text: string): boolean {
  return vietnameseLetters.test(text)
}

/**
 * The text of a run in such a font; text that already is Unicode Vietnamese stays as it is.
 * @param doubtful the document holds Unicode Vietnamese too: the run is mapped only when that makes more words of it
 */
export function decodeLegacyRun(text: string, font: LegacyFont, doubtful = false): string {
  const bytes = windows1252Bytes(text)
  const mapped = bytes === null ? text : decodeVietnamese(bytes, font.charset)
  const decoded = doubtful && !readsBetter(mapped, text) ? text : mapped
  return font.capitals && /^[\x00-\u024f\u1e00-\u1eff]*$/.test(decoded) ? decoded.toUpperCase() : decoded
}
