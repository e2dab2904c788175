/**
 * Fields of a raw header for FETCH BODY[HEADER.FIELDS (…)] and [HEADER.FIELDS.NOT (…)]: RFC 9051 §6.4.5.1.
 */
import { asBuffer, fieldName, isBlankLine, isContinuation, lineEnd } from './header.ts'

/** Whether a line from `at` to `next` is a field with one of the names. `text` is `bytes` as latin1. */
type Matches = (bytes: Buffer, text: string, at: number, next: number) => boolean

/**
 * The fields whose names are in `names` (or, with `not`, are not), byte for byte and in order, with the blank line that
 * ends a header. Lines that are no fields count as fields without a name: they come with `not` only.
 * @param header the header block, with or without its blank line
 * @param names lower case
 */
export function selectFields(header: Uint8Array, names: ReadonlySet<string>, not: boolean): Uint8Array {
  return fieldSelector(names, not)(header)
}

/** As {@link selectFields}, made ready for many headers. */
export function fieldSelector(names: ReadonlySet<string>, not: boolean): (header: Uint8Array) => Uint8Array {
  const matches = names.size <= maxPatternNames ? byPattern(names) : byName(names)
  return (header) => select(asBuffer(header), matches, not)
}

function select(bytes: Buffer, matches: Matches, not: boolean): Uint8Array {
  const end = bytes.length
  const text = bytes.toString('latin1')
  /** Where what is chosen begins and ends, in turn. */
  const cuts: number[] = []
  let at = 0
  let length = 0
  // A folded line without a field before it belongs to none.
  let chosen = not && isContinuation(bytes, 0)
  if (chosen) cuts.push(0)
  while (at < end && !isBlankLine(bytes, at, end)) {
    const found = text.indexOf('\n', at)
    const next = found === -1 ? end : found + 1
    if (!isContinuation(bytes, at) && matches(bytes, text, at, next) === not === chosen) {
      cuts.push(at)
      if (chosen) length += at - cuts[cuts.length - 2]!
      chosen = !chosen
    }
    at = next
  }
  if (chosen) {
    cuts.push(at)
    length += at - cuts[cuts.length - 2]!
  }
  return joined(bytes, cuts, length, at < end ? bytes.subarray(at, lineEnd(bytes, at, end)) : blankLine)
}

const blankLine = Buffer.from('\r\n')

function joined(bytes: Buffer, cuts: readonly number[], length: number, last: Uint8Array): Uint8Array {
  const selected = Buffer.allocUnsafe(length + last.length)
  let to = 0
  for (let cut = 0; cut < cuts.length; cut += 2) to += bytes.copy(selected, to, cuts[cut], cuts[cut + 1])
  selected.set(last, to)
  return selected
}

/** A pattern asks one name after the other. */
const maxPatternNames = 40
/** As {@link fieldName} has it. */
const maxNameBytes = 256

/** One pattern for all names, asked at the beginning of each line: no text is made of a name. */
function byPattern(names: ReadonlySet<string>): Matches {
  const possible = [...names].filter((name) => /^[!-9;-~]+$/.test(name))
  if (possible.length === 0) return () => false
  const pattern = new RegExp(`(?:${possible.map((name) => name.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&')).join('|')})[ \\t]*:`, 'iy')
  return (_bytes, text, at) => {
    pattern.lastIndex = at
    return pattern.test(text) && pattern.lastIndex - at <= maxNameBytes
  }
}

function byName(names: ReadonlySet<string>): Matches {
  return (bytes, _text, at, next) => {
    const named = fieldName(bytes, at, next)
    return named !== null && names.has(named.name)
  }
}
