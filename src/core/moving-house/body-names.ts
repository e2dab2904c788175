/** Which bodies a row names, and the row with their names in another store. Pure. */
import type { BlobId } from '../mailbox/mailbox.ts'
import type { CopiedBody, Part, RegistryRow, Rows, WrittenRows } from '../ports/store-copy.ts'

type Known = ReadonlyMap<BlobId, CopiedBody>

export interface NamedBody {
  readonly id: BlobId
  /** About. */
  readonly bytes: number
}

/** Of a body that nobody tells the length of. */
const unknownBytes = 1024 * 1024

export function bodiesOf<P extends Part>(part: P, row: Rows[P]): readonly NamedBody[] {
  if (part === 'registry') return (row as RegistryRow).bodies.map((id) => ({ id, bytes: unknownBytes }))
  if (!('body' in row)) return []
  return [{ id: row.body, bytes: 'bodyBytes' in row ? row.bodyBytes : row.sizeBytes }]
}

/** In their order, so many at a time as have about `maxBytes` together; a larger one alone. */
export function* together<T>(bodies: readonly T[], bytesOf: (body: T) => number, maxBytes: number): Generator<readonly T[]> {
  let some: T[] = []
  let bytes = 0
  for (const body of bodies) {
    if (some.length > 0 && bytes + bytesOf(body) > maxBytes) {
      yield some
      some = []
      bytes = 0
    }
    some.push(body)
    bytes += bytesOf(body)
  }
  if (some.length > 0) yield some
}

/** `known` holds all that {@link bodiesOf} the row names. */
export function withNames<P extends Part>(part: P, row: Rows[P], known: Known): Rows[P] {
  if (part === 'registry') return registryWithNames(row as RegistryRow, known) as Rows[P]
  return 'body' in row ? { ...row, body: named(row.body, known).body } : row
}

/** For a target: a message with what joins it to its thread. */
export function toWrite<P extends Part>(part: P, row: Rows[P], known: Known): WrittenRows[P] {
  const renamed = withNames(part, row, known)
  if (part !== 'messages') return renamed as WrittenRows[P]
  const { messageId, references, baseSubject } = named((row as Rows['messages']).body, known)
  return { ...renamed, words: { messageId, references, baseSubject } } as WrittenRows[P]
}

function named(from: BlobId, known: Known): CopiedBody {
  const body = known.get(from)
  if (body === undefined) throw new Error(`body ${from} was not copied`)
  return body
}

/** A document names its bodies in its list and, as whole texts, within its value. */
function registryWithNames(row: RegistryRow, known: Known): RegistryRow {
  if (row.bodies.length === 0) return row
  const names = new Map(row.bodies.map((from) => [from, named(from, known).body]))
  const renamed = (_: string, value: unknown): unknown => (typeof value === 'string' ? (names.get(value) ?? value) : value)
  return { ...row, value: JSON.stringify(JSON.parse(row.value), renamed), bodies: [...names.values()].sort() }
}
