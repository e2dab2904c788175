/**
 * From the rows of an imported table to people who could get an account, or to what is wrong with each row (R-5.2; requirements
 * §1.4, §1.5c). Pure; nothing is guessed: what a person must look at says so.
 */
import { readName, type NameFlag, type NameReading, type PersonName } from '../../../vietnamese/names/parse-name.ts'
import { normaliseName } from '../../../vietnamese/names/parse-name.ts'
import { foldName, UnsupportedLetter } from '../../../vietnamese/names/fold-name.ts'
import type { Columns, Field } from './columns.ts'

export type RowFault =
  | 'name-empty'
  /** A cell that a spreadsheet would take for a formula. */
  | 'formula'
  /** Looks like an old encoding: `detail` is what it would be in Unicode. */
  | 'legacy-charset'
  | 'unsupported-letter'
  | 'needs-human'
  | 'control-character'
  | 'birth-date-invalid'
  | 'birth-date-unlikely'
  | 'text-too-long'
  | 'email-invalid'
  | 'phone-invalid'
  | 'quota-class-unknown'
  | 'agency-unknown'
  | 'agency-other'
  /** The name must be confirmed by the focal officer (D-20): `detail` lists the flags. */
  | 'to-be-confirmed'
  /** Its address collides, and the birth data that would tell the people apart are missing. */
  | 'birth-date-needed'
  /** All forms of Điều 4.2 are taken or equal: the Sở decides by hand (D-6). */
  | 'manual'
  | 'row-twice'

export interface RowPerson {
  readonly name: PersonName
  readonly birthDate: Temporal.PlainDate | null
  readonly homeTown: string | null
  readonly birthPlace: string | null
  readonly agency: string | null
  readonly unit: string | null
  readonly post: string | null
  readonly email: string | null
  readonly phone: string | null
  readonly quotaClass: string | null
}

export type ReadRow =
  | { readonly kind: 'person'; readonly row: number; readonly person: RowPerson; readonly flags: readonly NameFlag[] }
  | { readonly kind: 'fault'; readonly row: number; readonly written: string; readonly fault: RowFault; readonly detail: string | null }

export interface RowRules {
  readonly quotaClasses: ReadonlySet<string>
  readonly today: Temporal.PlainDate
  /** Names in an old encoding are taken as what they would be in Unicode: the officer has seen both. */
  readonly convertLegacy: boolean
  /** The officer has looked at the flagged names (D-20). */
  readonly confirmed: boolean
}

const formula = /^[=+@\t\r]|^-(?!\s|$)/
const maxText = 120
const emailForm = /^[^\s@<>"(),:;\\]{1,64}@[a-z0-9](?:[a-z0-9.-]{0,250}[a-z0-9])$/i
const phoneForm = /^\+?[0-9][0-9 .()-]{6,19}$/

/** Reads row after row; `row` counts as the spreadsheet does: the head is row 1. */
export function createRowReader(columns: Columns, rules: RowRules): (cells: readonly string[], row: number) => ReadRow {
  const seen = new Map<string, number>()
  return (cells, row) => {
    const read = readRow(cells, columns, rules, row)
    if (read.kind === 'fault') return read
    const { name, birthDate: birth, homeTown, birthPlace, agency, unit, phone, email } = read.person
    const key = JSON.stringify([name.full.toLocaleLowerCase('vi'), birth?.toString() ?? null, homeTown, birthPlace, agency, unit, phone, email])
    const first = seen.get(key)
    if (first !== undefined) return { kind: 'fault', row, written: name.full, fault: 'row-twice', detail: String(first) }
    seen.set(key, row)
    return read
  }
}

class Fault extends Error {
  readonly fault: RowFault
  readonly detail: string | null

  constructor(fault: RowFault, detail: string | null = null) {
    super(fault)
    this.fault = fault
    this.detail = detail
  }
}

function readRow(cells: readonly string[], { fields }: Columns, rules: RowRules, row: number): ReadRow {
  const cell = (field: Field): string => {
    const position = fields.get(field)
    return position === undefined ? '' : (cells[position] ?? '')
  }
  const written = (cell('full-name') || ['family', 'middle', 'given'].map((field) => cell(field as Field)).filter(Boolean).join(' ')).slice(0, maxText)
  try {
    for (const field of fields.keys()) requirePlain(cell(field), field)
    const name = fields.has('full-name') && cell('full-name') !== '' ? nameOf(cell('full-name'), rules) : nameOfFields(cell, rules)
    if (name.flags.length > 0 && needsConfirmation(name.flags) && !rules.confirmed) throw new Fault('to-be-confirmed', name.flags.join(' '))
    const person: RowPerson = {
      name,
      birthDate: birthDate(cell('birth-date'), rules.today),
      homeTown: place(cell('home-town')),
      birthPlace: place(cell('birth-place')),
      agency: optional(cell('agency'))?.toLowerCase() ?? null,
      unit: optional(cell('unit')),
      post: optional(cell('post')),
      email: matching(cell('email'), emailForm, 'email-invalid'),
      phone: matching(cell('phone'), phoneForm, 'phone-invalid'),
      quotaClass: quotaClass(cell('quota-class'), rules),
    }
    return { kind: 'person', row, person, flags: name.flags }
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    return { kind: 'fault', row, written, fault: error.fault, detail: error.detail }
  }
}

/** Flags that leave the split of the name in doubt; the others only tell how it was read. */
const needsConfirmation = (flags: readonly NameFlag[]): boolean => flags.includes('confirm') || flags.includes('single-token') || flags.includes('eth-for-d')

function requirePlain(text: string, field: Field): void {
  if (text.length > maxText) throw new Fault('text-too-long', field)
  // Numbers of telephones may begin with a plus sign.
  if (field !== 'phone' && formula.test(text)) throw new Fault('formula', field)
}

function nameOf(text: string, rules: RowRules): PersonName {
  const reading = readName(text)
  if (reading.kind !== 'legacy') return nameIn(reading)
  if (!rules.convertLegacy) throw new Fault('legacy-charset', reading.converted)
  return nameOf(reading.converted, { ...rules, convertLegacy: false })
}

function nameIn(reading: Exclude<NameReading, { kind: 'legacy' }>): PersonName {
  switch (reading.kind) {
    case 'name':
      return reading.name
    case 'empty':
      throw new Fault('name-empty')
    case 'refused':
      throw new Fault('control-character')
    case 'unsupported':
      throw new Fault('unsupported-letter', `${reading.codePoint} ${reading.word}`)
    case 'needs-human':
      throw new Fault('needs-human', reading.reason)
  }
}

/** The three fields win over what the reader would propose (D-20); each is checked by it all the same. */
function nameOfFields(cell: (field: Field) => string, rules: RowRules): PersonName {
  const [family, middle, given] = (['family', 'middle', 'given'] as const).map((field) => (cell(field) === '' ? null : nameOf(cell(field), rules)))
  if (given === null || given === undefined) throw new Fault('name-empty')
  const words = (name: PersonName | null | undefined): readonly string[] => (name === null || name === undefined ? [] : normaliseName(name.full).split(/[\s]+/))
  const full = [family, middle, given].flatMap(words).join(' ')
  try {
    ;[family, middle, given].flatMap(words).forEach(foldName)
  } catch (error) {
    if (error instanceof UnsupportedLetter) throw new Fault('unsupported-letter', `${error.codePoint} ${error.word}`)
    throw error
  }
  return { full, family: words(family), middle: words(middle), given: words(given), flags: [] }
}

const dayForm = /^(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})$/
const isoForm = /^(\d{4})-(\d{2})-(\d{2})$/
const youngest = 14
const oldest = 100

function birthDate(text: string, today: Temporal.PlainDate): Temporal.PlainDate | null {
  if (text === '') return null
  const local = dayForm.exec(text)
  const iso = isoForm.exec(text)
  const parts = local !== null ? { day: Number(local[1]), month: Number(local[2]), year: Number(local[3]) } : iso !== null ? { year: Number(iso[1]), month: Number(iso[2]), day: Number(iso[3]) } : null
  if (parts === null) throw new Fault('birth-date-invalid', text)
  let date: Temporal.PlainDate
  try {
    date = Temporal.PlainDate.from(parts, { overflow: 'reject' })
  } catch {
    // The only thing it can throw here: there is no such day.
    throw new Fault('birth-date-invalid', text)
  }
  const age = date.until(today, { largestUnit: 'year' }).years
  if (age < youngest || age > oldest) throw new Fault('birth-date-unlikely', text)
  return date
}

const optional = (text: string): string | null => (text === '' ? null : text.normalize('NFC').replace(/\s+/gu, ' '))

function place(text: string): string | null {
  const name = optional(text)
  if (name === null) return null
  try {
    for (const word of name.split(/[\s,.-]+/)) foldName(word)
    return name
  } catch (error) {
    if (error instanceof UnsupportedLetter) throw new Fault('unsupported-letter', `${error.codePoint} ${error.word}`)
    throw error
  }
}

function matching(text: string, form: RegExp, fault: RowFault): string | null {
  if (text === '') return null
  if (!form.test(text)) throw new Fault(fault, text)
  return text
}

function quotaClass(text: string, { quotaClasses }: RowRules): string | null {
  if (text === '') return null
  if (!quotaClasses.has(text)) throw new Fault('quota-class-unknown', text)
  return text
}
