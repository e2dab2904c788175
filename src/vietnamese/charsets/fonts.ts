/**
 * Fonts that gave legacy Vietnamese encodings their letters: the text beneath looks like windows-1252, the font says
 * what it means (regulation 3-charsets §3.4, point 2).
 */
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

/** The text of a run in such a font; text that already is Unicode Vietnamese stays as it is. */
export function decodeLegacyRun(text: string, font: LegacyFont): string {
  const bytes = windows1252Bytes(text)
  const decoded = bytes === null ? text : decodeVietnamese(bytes, font.charset)
  return font.capitals && /^[\x00-\u024f\u1e00-\u1eff]*$/.test(decoded) ? decoded.toUpperCase() : decoded
}
