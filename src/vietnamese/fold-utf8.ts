/**
 * Folded text as UTF-8, white space as single spaces, in one pass: what `fold` and a replacement of white space make, without
 * the strings in between, which cost more than the work itself when a text is long.
 */
import { dropped, foldTable, slow } from './fold.ts'

/** Room that each UTF-16 unit of a text may need in the target. */
export const maxFoldedBytes = 3

const space = 0x20
/** Of the table here: no unit of UTF-16 that a letter folds to. */
const nothing = 0xfffe

/** As fold's, but white space is a space, and what is dropped does not look like ASCII. */
const table = foldTable.map((unit) => {
  if (unit === dropped) return nothing
  return unit >= 0x09 && unit <= 0x0d ? space : unit
})
/** 1 for the space, of the codes of ASCII: the loop counts instead of asking, because no branch predictor foresees a space. */
const isSpace = new Uint8Array(0x80)
isSpace[space] = 1

/**
 * Writes the folded text to `target` from `at` on, every run of white space as one space; returns where it ends, or -1 when a
 * character needs `fold` itself (what was written then means nothing). `target` has room for {@link maxFoldedBytes} a unit.
 */
export function writeFolded(text: string, target: Uint8Array, at: number): number {
  const { length } = text
  const known = table.length
  let end = at
  let spaceBefore = 0
  for (let index = 0; index < length; index++) {
    const code = text.charCodeAt(index)
    const unit = code < known ? table[code]! : slow
    if (unit < 0x80) {
      const spaceHere = isSpace[unit]!
      target[end] = unit
      end += 1 - (spaceHere & spaceBefore)
      spaceBefore = spaceHere
    } else if (unit === slow) {
      return -1
    } else if (unit !== nothing) {
      end = writeLetter(unit, target, end)
      spaceBefore = 0
    }
  }
  return end
}

/** Of two or three bytes of UTF-8. */
function writeLetter(unit: number, target: Uint8Array, at: number): number {
  let end = at
  if (unit < 0x800) target[end++] = 0xc0 | (unit >> 6)
  else {
    target[end++] = 0xe0 | (unit >> 12)
    target[end++] = 0x80 | ((unit >> 6) & 0x3f)
  }
  target[end++] = 0x80 | (unit & 0x3f)
  return end
}
