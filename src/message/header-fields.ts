/**
 * Fields of a raw header for FETCH BODY[HEADER.FIELDS (…)] and [HEADER.FIELDS.NOT (…)]: RFC 9051 §6.4.5.1.
 */
import { asBuffer, fieldName, isBlankLine, isContinuation, lineEnd } from './header.ts'

const blankLine = Buffer.from('\r\n')

/**
 * The fields whose names are in `names` (or, with `not`, are not), byte for byte and in order, with the blank line that
 * ends a header. Lines that are no fields count as fields without a name: they come with `not` only.
 * @param header the header block, with or without its blank line
 * @param names lower case
 */
export function selectFields(header: Uint8Array, names: ReadonlySet<string>, not: boolean): Uint8Array {
  const bytes = asBuffer(header)
  const pieces: Buffer[] = []
  const end = bytes.length
  let at = 0
  let from = 0
  // A folded line without a field before it belongs to none.
  let chosen = not && isContinuation(bytes, 0)
  while (at < end && !isBlankLine(bytes, at, end)) {
    const next = lineEnd(bytes, at, end)
    if (!isContinuation(bytes, at)) {
      const named = fieldName(bytes, at, next)
      const wanted = named === null ? not : names.has(named.name) !== not
      if (wanted !== chosen) {
        if (chosen) pieces.push(bytes.subarray(from, at))
        from = at
        chosen = wanted
      }
    }
    at = next
  }
  if (chosen) pieces.push(bytes.subarray(from, at))
  pieces.push(at < end ? bytes.subarray(at, lineEnd(bytes, at, end)) : blankLine)
  return pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces)
}
