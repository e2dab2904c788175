/**
 * Address lists: RFC 5322 §3.4 with the obsolete forms of §4.4 and the broken ones of real mail. Input is an unfolded
 * latin1 value; names come out raw (RFC 2047 words not decoded). Never fails: what is not an address becomes one whose
 * mailbox is the text as it stands and whose host is empty.
 */
import { trimSpace } from './header.ts'
import { afterComment, quotedString } from './mime-header.ts'
import type { EnvelopeAddress } from './types.ts'

type Token =
  | { readonly kind: 'word'; readonly text: string; readonly quoted: boolean; readonly spaced: boolean }
  | { readonly kind: 'special'; readonly char: string }
  | { readonly kind: 'comment'; readonly text: string }

const groupEnd: EnvelopeAddress = { name: null, mailbox: null, host: null }

const atomEnd = /[\x00-\x20()<>,;:"@]/g

/** An encoded word is one word, although many programs leave commas and other specials inside. */
const encodedWord = /=\?[^\s?]+\?[bq]\?[^?]*\?=/iy

/** What a common address field looks like: `Name <local@host>` or `local@host`, alone. */
const simple = /^(?:"([^"\\]*)" ?|([^",;:<>@()\\]*))<([^\x00-\x20"(),:;<>@\\]+)@([^\x00-\x20"(),:;<>@\\]+)>$/
const bare = /^([^\x00-\x20"(),:;<>@\\]+)@([^\x00-\x20"(),:;<>@\\]+)$/

/**
 * The addresses of a field, groups marked as ENVELOPE marks them, at most `maxAddresses`.
 * @param value unfolded, latin1
 */
export function parseAddressList(value: string, maxAddresses: number): EnvelopeAddress[] {
  if (value === '' || maxAddresses <= 0) return []
  const plain = simple.exec(value)
  if (plain !== null && !/\s\s/.test(plain[2] ?? '')) {
    const name = plain[1] ?? trimSpace(plain[2]!)
    return [{ name: name === '' ? null : name, mailbox: plain[3]!, host: plain[4]! }]
  }
  const only = bare.exec(value)
  if (only !== null) return [{ name: null, mailbox: only[1]!, host: only[2]! }]
  return new AddressReader(value, maxAddresses).read()
}

class AddressReader {
  readonly #value: string
  readonly #max: number
  #at = 0
  #found: EnvelopeAddress[] = []
  #tokens: Token[] = []
  /** Whether one of the tokens is an `@` or a stray bracket. */
  #hasSpecial = false
  #inGroup = false

  constructor(value: string, max: number) {
    this.#value = value
    this.#max = max
  }

  read(): EnvelopeAddress[] {
    for (;;) {
      const token = this.#next()
      if (token === null || this.#found.length >= this.#max) break
      if (token.kind !== 'special') this.#tokens.push(token)
      else this.#special(token.char)
    }
    this.#finish()
    if (this.#inGroup) this.#found.push(groupEnd)
    return this.#found
  }

  #special(char: string): void {
    switch (char) {
      case ',':
        return this.#finish()
      case ';':
        this.#finish()
        if (this.#inGroup) this.#found.push(groupEnd)
        this.#inGroup = false
        return
      case ':':
        return this.#startGroup()
      case '<':
        return this.#angle()
      default:
        this.#tokens.push({ kind: 'special', char })
        this.#hasSpecial = true
    }
  }

  #startGroup(): void {
    // A colon inside a group or an address, or without a name, starts no group.
    if (this.#inGroup || this.#tokens.length === 0 || this.#hasSpecial) return
    const name = words(this.#tokens)
    if (name === '') return
    this.#tokens = []
    this.#inGroup = true
    this.#found.push({ name: null, mailbox: name, host: null })
  }

  /** `<…>`: takes all up to the closing bracket, without the route of RFC 822 (`<@a,@b:c@d>`). */
  #angle(): void {
    const inner: Token[] = []
    for (;;) {
      const token = this.#next()
      if (token === null) break
      if (token.kind === 'special' && token.char === '>') break
      if (token.kind === 'special' && token.char === ':' && isRoute(inner)) inner.length = 0
      else inner.push(token)
    }
    const name = words(this.#tokens)
    this.#tokens = []
    this.#hasSpecial = false
    const address = addressOf(inner)
    if (address.mailbox === '' && address.host === '' && name === '') return
    this.#found.push({ name: name === '' ? null : name, ...address })
  }

  #finish(): void {
    const tokens = this.#tokens
    this.#hasSpecial = false
    if (tokens.length === 0) return
    this.#tokens = []
    if (!tokens.some((token) => token.kind === 'special' && token.char === '@')) {
      const text = words(tokens)
      // "Name, <a@b>" leaves only comments behind, which are no address.
      if (tokens.some((token) => token.kind === 'word')) this.#found.push({ name: null, mailbox: text, host: '' })
      return
    }
    const comment = tokens.findLast((token) => token.kind === 'comment')
    const name = comment?.kind === 'comment' && comment.text !== '' ? comment.text : null
    this.#found.push({ name, ...addressOf(tokens) })
  }

  #next(): Token | null {
    const value = this.#value
    const from = this.#at
    while (this.#at < value.length && value.charCodeAt(this.#at) <= 0x20) this.#at++
    if (this.#at >= value.length) return null
    const spaced = this.#at > from
    const char = value[this.#at]!
    if (char === '"') {
      const read = quotedString(value, this.#at)
      this.#at = read.end
      return { kind: 'word', text: read.text, quoted: true, spaced }
    }
    if (char === '(') {
      const end = afterComment(value, this.#at)
      const text = value.slice(this.#at + 1, value[end - 1] === ')' ? end - 1 : end).replace(/\\(.)/g, '$1')
      this.#at = end
      return { kind: 'comment', text: trimSpace(text) }
    }
    if ('<>,;:@)'.includes(char)) {
      this.#at++
      return { kind: 'special', char }
    }
    encodedWord.lastIndex = this.#at
    const encoded = char === '=' ? encodedWord.exec(value) : null
    if (encoded !== null) {
      this.#at = encodedWord.lastIndex
      return { kind: 'word', text: encoded[0], quoted: false, spaced }
    }
    atomEnd.lastIndex = this.#at
    const stop = atomEnd.exec(value)?.index ?? value.length
    const text = value.slice(this.#at, stop)
    this.#at = stop
    return { kind: 'word', text, quoted: false, spaced }
  }
}

function isRoute(tokens: readonly Token[]): boolean {
  const first = tokens[0]
  return first?.kind === 'special' && first.char === '@'
}

/** A display name: the words with the white space that stood between them, as one space. */
function words(tokens: readonly Token[]): string {
  let text = ''
  for (const token of tokens) {
    if (token.kind === 'comment') continue
    if (token.kind === 'special') text += token.char
    else text += (token.spaced && text !== '' ? ' ' : '') + token.text
  }
  return text
}

/** local@host of tokens, split at the last `@`. */
function addressOf(tokens: readonly Token[]): { mailbox: string; host: string } {
  let at = -1
  for (const [index, token] of tokens.entries()) if (token.kind === 'special' && token.char === '@') at = index
  const join = (part: readonly Token[]): string =>
    part.map((token) => (token.kind === 'comment' ? '' : token.kind === 'special' ? token.char : token.text)).join('')
  if (at < 0) return { mailbox: join(tokens), host: '' }
  return { mailbox: join(tokens.slice(0, at)), host: join(tokens.slice(at + 1)) }
}
