/**
 * What is kept of the holder of an account beside the account itself (Điều 4.2, 4.3, 5.2, 10.5): the three fields of the name,
 * unit and post, the second channel, and, sealed, the birth data that a collision of addresses asked for (R-4.2c). It is also
 * the directory's entry: its keys answer the searches of danh bạ. Agency and unit mailboxes have one too.
 */
import type { AgencyId } from '../agency/agency.ts'
import { entryKind } from '../administration/entries.ts'
import { fold } from '../../vietnamese/fold.ts'
import { sortKey } from '../../vietnamese/sort-key.ts'
import type { Account } from './account.ts'

export interface NameFields {
  /** As it is written on the identity card: NFC. */
  readonly full: string
  readonly family: readonly string[]
  readonly middle: readonly string[]
  readonly given: readonly string[]
}

export interface SecondChannel {
  readonly email: string | null
  readonly phone: string | null
}

export interface Person {
  readonly agency: AgencyId
  readonly kind: Account['kind']
  /** Primary address. */
  readonly address: string
  readonly name: NameFields
  /** Sealed {@link Origin} (ports/secrets.ts), or null. */
  readonly origin: string | null
  /** Name of the unit, as the agency writes it. */
  readonly unit: string | null
  readonly post: string | null
  readonly contact: SecondChannel
  /** Not in the directory; the Sở alone decides it. */
  readonly hidden: boolean
  readonly quotaClass: string
  /** Own values of this mailbox; null: those of the class (Điều 7.3b). */
  readonly quotaBytes: number | null
  readonly maxAttachmentBytes: number | null
  /** The rule that gave the address: `4.2a`, `4.2b`, `4.2c`, `manual`, `4.1`. */
  readonly rule: string
  /** Id of the import that made it, for its undoing. */
  readonly import: string | null
  /** Revoked and purged ones are no longer listed. */
  readonly listed: boolean
}

/** Birth data, as far as they were needed. */
export interface OriginFields {
  /** `yyyy-mm-dd` */
  readonly birthDate: string | null
  readonly homeTown: string | null
  readonly birthPlace: string | null
}

const maxWords = 24

/** Folded words by which somebody is found: of name, local part, unit and post. */
export function directoryWords({ name, address, unit, post }: Pick<Person, 'name' | 'address' | 'unit' | 'post'>): readonly string[] {
  const text = [name.full, address.slice(0, address.lastIndexOf('@')), unit ?? '', post ?? ''].join(' ')
  const words = fold(text).split(/[^a-z0-9]+/).filter((word) => word !== '')
  return [...new Set(words)].slice(0, maxWords).map((word) => word.slice(0, 40))
}

/** Sorted by given name, then family, then middle names (requirements 2.2). */
export function nameOrder({ given, family, middle }: NameFields): string {
  return sortKey([given, family, middle].map((words) => words.join(' ')).join('\u0020\u0020')).slice(0, 200)
}

export const personKind = entryKind<Person>({
  name: 'person',
  keys: (person) => {
    const listed = person.listed && !person.hidden
    const order = nameOrder(person.name)
    return [
      `agency ${person.agency} ${order}`,
      ...(person.import === null ? [] : [`import ${person.import}`]),
      ...(listed ? [`listed ${person.agency} ${order}`, ...directoryWords(person).map((word) => `word ${word} ${order}`)] : []),
    ]
  },
})
