/** A place in a list that core gives as a key and an id, as the text of a cursor. */
import type { Position } from './route.ts'

interface KeyPosition {
  readonly key: string
  readonly id: string
}

/** Neither holds a space at its end; ids hold none at all. */
export const positionText = ({ key, id }: KeyPosition): string => `${key} ${id}`

export function keyPosition(position: Position): KeyPosition {
  const text = String(position)
  const space = text.lastIndexOf(' ')
  return { key: text.slice(0, space), id: text.slice(space + 1) }
}
