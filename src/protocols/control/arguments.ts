/** Reads the arguments of a request, which may be anything; refuses `argument-invalid` and names the field. */
import { MailError } from '../../core/errors.ts'

/** Longest text of any argument, in UTF-16 units. */
const maxTextLength = 1_000

export class Arguments {
  readonly #values: Readonly<Record<string, unknown>>
  readonly #asked = new Set<string>()

  constructor(values: unknown) {
    if (values !== undefined && (values === null || typeof values !== 'object' || Array.isArray(values))) throw invalid('args', 'an object')
    this.#values = (values ?? {}) as Record<string, unknown>
  }

  text(field: string): string {
    return this.optionalText(field) ?? fail(field, 'a text')
  }

  optionalText(field: string): string | undefined {
    const value = this.#take(field)
    if (value === undefined) return undefined
    if (typeof value !== 'string' || value.length > maxTextLength) throw invalid(field, `a text of at most ${maxTextLength} characters`)
    return value
  }

  flag(field: string): boolean {
    const value = this.#take(field) ?? false
    if (typeof value !== 'boolean') throw invalid(field, 'true or false')
    return value
  }

  optionalCount(field: string): number | undefined {
    const value = this.#take(field)
    if (value === undefined) return undefined
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) throw invalid(field, 'a whole number from 0 on')
    return value
  }

  optionalChoice<T extends string>(field: string, choices: readonly T[]): T | undefined {
    const value = this.#take(field)
    return value === undefined ? undefined : choice(field, value, choices)
  }

  optionalChoices<T extends string>(field: string, choices: readonly T[]): readonly T[] | undefined {
    const value = this.#take(field)
    if (value === undefined) return undefined
    if (!Array.isArray(value) || value.length > choices.length) throw invalid(field, `a list of ${choices.join(', ')}`)
    return value.map((one) => choice(field, one, choices))
  }

  /** Bytes in base64. */
  bytes(field: string, maxBytes: number): Uint8Array {
    const value = this.#take(field)
    if (typeof value !== 'string' || !/^[A-Za-z0-9+/]*={0,2}$/.test(value)) throw invalid(field, 'bytes in base64')
    if (value.length > Math.ceil(maxBytes / 3) * 4) throw invalid(field, `at most ${maxBytes} bytes`)
    return Buffer.from(value, 'base64')
  }

  /** A list of records whose values are texts. */
  rows(field: string, maxRows: number): readonly Readonly<Record<string, string>>[] {
    const value = this.#take(field)
    const isRow = (row: unknown): row is Record<string, string> =>
      row !== null && typeof row === 'object' && !Array.isArray(row) && Object.values(row).every((cell) => typeof cell === 'string' && cell.length <= maxTextLength)
    if (!Array.isArray(value) || value.length > maxRows || !value.every(isRow)) throw invalid(field, `a list of at most ${maxRows} rows of texts`)
    return value
  }

  /** Refuses arguments that nobody asked for: a misspelt one must not be passed over. */
  end(): void {
    const unknown = Object.keys(this.#values).find((field) => !this.#asked.has(field))
    if (unknown !== undefined) throw invalid(unknown.slice(0, 100), 'no such argument')
  }

  #take(field: string): unknown {
    this.#asked.add(field)
    return Object.hasOwn(this.#values, field) ? this.#values[field] : undefined
  }
}

function choice<T extends string>(field: string, value: unknown, choices: readonly T[]): T {
  return choices.find((one) => one === value) ?? fail(field, `one of ${choices.join(', ')}`)
}

function fail(field: string, expected: string): never {
  throw invalid(field, expected)
}

function invalid(field: string, expected: string): MailError {
  return new MailError('argument-invalid', `${field}: expected ${expected}`, { field, expected })
}
