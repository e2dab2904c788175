/**
 * The readable text of HTML, for search and preview: no tags, scripts, styles or comments; block elements break lines;
 * character references decoded. One pass, no tree, never fails. What comes out is text, never to be shown as HTML.
 *
 * Runs in a legacy font (`.VnTime` → TCVN3, `VNI-Times` → VNI, `VPS Times` → VPS) hold letters of that encoding that
 * look like windows-1252: they are mapped back (regulation 3-charsets §3.4, the strongest sign).
 */
import { decodeLegacyRun, holdsVietnamese, legacyFont, type LegacyFont } from '../vietnamese/charsets/fonts.ts'
import { decodeEntities } from './html-entities.ts'

const breaking = new Set(
  'address article aside blockquote body br center dd div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 header hr html li main nav ol p pre section table tbody tfoot thead title tr ul'.split(' '),
)
/** Elements that keep their neighbours apart without a line break. */
const spacing = new Set(['td', 'th', 'option', 'img'])
/** Elements whose content is no text of the page. */
const hidden = new Set(['script', 'style', 'noscript', 'template', 'svg', 'xml', 'object', 'iframe', 'textarea', 'select'])
const hiddenAsText = new Set(['script', 'style'])
/** Elements that carry a font and end with their end tag. */
const fontCarriers = new Set(['font', 'span', 'p', 'div', 'td', 'b', 'i', 'u', 'strong', 'em', 'li', 'h1', 'h2', 'h3', 'h4', 'a', 'body'])

/** Deeper nesting of fonts is not followed. */
const maxFontDepth = 200

/**
 * The text of an HTML document or fragment (not composed: the caller normalises).
 * @param followsFonts false when the charset of the bytes was found to be a legacy one, so that nothing is mapped twice
 */
export function htmlText(html: string, followsFonts = true): string {
  return new HtmlReader(html, followsFonts).read()
}

class HtmlReader {
  readonly #html: string
  /** Only a document that names such a font pays for following them. */
  readonly #followsFonts: boolean
  readonly #doubtsFonts: boolean
  readonly #fonts: { readonly tag: string; readonly font: LegacyFont | null }[] = []
  readonly #neverClosed = new Set<string>()
  #text = ''

  constructor(html: string, followsFonts: boolean) {
    this.#html = html
    this.#followsFonts = followsFonts && /\.Vn[A-Z]|VNI[-\s]|VPS[-\s]/i.test(html)
    this.#doubtsFonts = this.#followsFonts && holdsVietnamese(html)
  }

  read(): string {
    const html = this.#html
    let at = 0
    while (at < html.length) {
      const open = html.indexOf('<', at)
      if (open < 0) break
      if (open > at) this.#add(html.slice(at, open))
      at = this.#markup(open)
    }
    if (at < html.length) this.#add(html.slice(at))
    return this.#text.replace(/[ \t\r\f\v]+/g, ' ').replace(/ ?\n[\n ]*/g, '\n').trim()
  }

  /** Handles the markup at `open` and gives the offset after it. */
  #markup(open: number): number {
    const html = this.#html
    const next = html.charCodeAt(open + 1)
    if (next === 0x21 || next === 0x3f) return this.#afterDeclaration(open)
    const closing = next === 0x2f
    const nameStart = closing ? open + 2 : open + 1
    if (!isLetter(html.charCodeAt(nameStart))) {
      // A bare "<" is text.
      this.#add('<')
      return open + 1
    }
    let nameEnd = nameStart
    while (nameEnd < html.length && nameEnd - nameStart < 20 && isNameChar(html.charCodeAt(nameEnd))) nameEnd++
    const name = html.slice(nameStart, nameEnd).toLowerCase()
    const end = tagEnd(html, nameEnd)
    if (breaking.has(name)) this.#text += '\n'
    else if (spacing.has(name)) this.#text += ' '
    if (this.#followsFonts && fontCarriers.has(name)) this.#font(name, closing, html.slice(nameEnd, end))
    if (!closing && hidden.has(name) && html[end - 2] !== '/') return this.#afterHidden(name, end)
    return end
  }

  #afterDeclaration(open: number): number {
    const html = this.#html
    const comment = html.startsWith('<!--', open)
    const end = comment ? html.indexOf('-->', open + 4) : html.indexOf('>', open + 2)
    return end < 0 ? html.length : end + (comment ? 3 : 1)
  }

  /** Content of a hidden element: up to its end tag; if there is none, only scripts and styles swallow the rest. */
  #afterHidden(name: string, from: number): number {
    // Looked for once in vain, an end tag is not looked for again: the rest is the same.
    const pattern = this.#neverClosed.has(name) ? null : new RegExp(`</${name}[^a-z]`, 'gi')
    if (pattern !== null) pattern.lastIndex = from
    const match = pattern?.exec(this.#html) ?? null
    if (match === null) this.#neverClosed.add(name)
    if (match === null) return hiddenAsText.has(name) ? this.#html.length : from
    return tagEnd(this.#html, match.index + 2)
  }

  #font(tag: string, closing: boolean, attributes: string): void {
    if (closing) {
      const index = this.#fonts.findLastIndex((entry) => entry.tag === tag)
      if (index >= 0) this.#fonts.length = index
      return
    }
    if (this.#fonts.length >= maxFontDepth) return
    const named = /(?:font-family\s*:|face\s*=)\s*(?:&quot;|["'])?\s*([^;"'&>]+)/i.exec(attributes)
    const inherited = this.#fonts.at(-1)?.font ?? null
    this.#fonts.push({ tag, font: named === null ? inherited : legacyFont(named[1]!) })
  }

  #add(raw: string): void {
    // White space of the source is one space; only elements break lines.
    const text = decodeEntities(raw.includes('\n') ? raw.replaceAll('\n', ' ') : raw)
    const font = this.#fonts.at(-1)?.font ?? null
    this.#text += font === null ? text : decodeLegacyRun(text, font, this.#doubtsFonts)
  }
}

/** The offset after the `>` of a tag; quoted attributes may hold one. A tag that is never closed ends at its `<` or the end. */
function tagEnd(html: string, from: number): number {
  const plain = html.indexOf('>', from)
  if (plain < 0) return html.length
  const quote = html.slice(from, plain).search(/["']/)
  if (quote < 0) return plain + 1
  let at = from + quote
  while (at < html.length) {
    const char = html[at]!
    if (char === '>') return at + 1
    if (char === '"' || char === "'") {
      const end = html.indexOf(char, at + 1)
      // An unclosed quote: take the first ">" after all.
      if (end < 0) return plain + 1
      at = end
    }
    at++
  }
  return html.length
}

function isLetter(code: number): boolean {
  const lower = code | 0x20
  return lower >= 0x61 && lower <= 0x7a
}

function isNameChar(code: number): boolean {
  return isLetter(code) || (code >= 0x30 && code <= 0x39)
}
