/**
 * What one key of a configuration file takes: type, default, limits and words about it in one value, from which the types of
 * the program, the check of what is given, and the generated file with its comments all come (design §5.12). Pure; nothing
 * is compiled or registered, because every process keeps in memory what it loads to read its settings.
 */

/** Words about a key: for people, and for the regulation's numbers where they come from. */
export interface Words {
  readonly description: string
  readonly clause?: string
  readonly decisions?: string
}

/** A key as data. Numbers: `minimum` to `maximum`. Texts: at most `maxLength` characters that match `pattern`. */
export interface KeySchema extends Partial<Words> {
  readonly type: 'integer' | 'number' | 'boolean' | 'string' | 'enum' | 'array'
  readonly default?: unknown
  readonly minimum?: number
  readonly maximum?: number
  readonly maxLength?: number
  readonly pattern?: string
  /** Of `enum`. */
  readonly values?: readonly string[]
  /** Of `array`: its elements, and how many there may be. */
  readonly items?: KeySchema
  readonly minItems?: number
  readonly maxItems?: number
}

/** A key whose values are of the type T. */
export interface Key<T> extends KeySchema {
  readonly default: T
}

export interface Section<K extends Readonly<Record<string, Key<unknown>>> = Readonly<Record<string, Key<unknown>>>> {
  readonly description: string
  readonly keys: K
}

export type Sections = Readonly<Record<string, Section>>

/** The type of a section's values. */
export type ValuesOf<S extends Section> = { -readonly [K in keyof S['keys']]: S['keys'][K] extends Key<infer T> ? T : never }

/** The type of a whole file's values. */
export type FileOf<F extends Sections> = { -readonly [S in keyof F]: ValuesOf<F[S]> }

type Range = readonly [minimum: number, maximum: number]

export const integer = (value: number, [minimum, maximum]: Range, words: Words): Key<number> => ({ type: 'integer', default: value, minimum, maximum, ...words })

export const real = (value: number, [minimum, maximum]: Range, words: Words): Key<number> => ({ type: 'number', default: value, minimum, maximum, ...words })

export const boolean = (value: boolean, words: Words): Key<boolean> => ({ type: 'boolean', default: value, ...words })

export const string = (value: string, limits: { readonly maxLength: number; readonly pattern?: string }, words: Words): Key<string> => ({ type: 'string', default: value, ...limits, ...words })

export const oneOf = <const T extends string>(values: readonly T[], value: NoInfer<T>, words: Words): Key<T> => ({ type: 'enum', values, default: value, ...words })

export const integers = (value: number[], [minimum, maximum]: Range, items: { readonly minItems: number; readonly maxItems: number }, words: Words): Key<number[]> => ({
  type: 'array',
  items: { type: 'integer', minimum, maximum },
  default: value,
  ...items,
  ...words,
})

export const strings = (value: string[], { maxItems, maxLength }: { readonly maxItems: number; readonly maxLength: number }, words: Words): Key<string[]> => ({
  type: 'array',
  items: { type: 'string', maxLength },
  default: value,
  minItems: 0,
  maxItems,
  ...words,
})

export const section = <const K extends Readonly<Record<string, Key<unknown>>>>(description: string, keys: K): Section<K> => ({ description, keys })

/** Whether the value is what the key takes. */
export function takes(key: KeySchema, value: unknown): boolean {
  switch (key.type) {
    case 'integer':
      return Number.isInteger(value) && inRange(key, value as number)
    case 'number':
      return Number.isFinite(value) && inRange(key, value as number)
    case 'boolean':
      return typeof value === 'boolean'
    case 'string':
      return typeof value === 'string' && [...value].length <= key.maxLength! && (key.pattern === undefined || new RegExp(key.pattern, 'u').test(value))
    case 'enum':
      return key.values!.includes(value as string)
    case 'array':
      return Array.isArray(value) && value.length >= key.minItems! && value.length <= key.maxItems! && value.every((one) => takes(key.items!, one))
  }
}

const inRange = ({ minimum, maximum }: KeySchema, value: number): boolean => value >= minimum! && value <= maximum!

/** What a key takes, in words. */
export function expected(key: KeySchema): string {
  switch (key.type) {
    case 'integer':
      return `a whole number from ${key.minimum} to ${key.maximum}`
    case 'number':
      return `a number from ${key.minimum} to ${key.maximum}`
    case 'boolean':
      return 'true or false'
    case 'array':
      return `a list of ${key.items!.type === 'integer' ? 'whole numbers' : 'texts'}`
    case 'enum':
      return key.values!.map((one) => JSON.stringify(one)).join(' | ')
    case 'string':
      return key.pattern === undefined ? 'a text' : `a text that matches ${key.pattern}`
  }
}
