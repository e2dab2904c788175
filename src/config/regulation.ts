/**
 * Reads the regulation's numbers: the defaults of the schema (written out in `config/regulation.toml`), then the file that is
 * named. A wrong key, value or combination throws a ConfigError that names key, value, what was expected and the clause. The
 * result has the shape that the policies of core take.
 */
import { readFileSync } from 'node:fs'
import { parse as parseToml } from 'smol-toml'
import { expected, takes, type KeySchema, type Sections, type ValuesOf } from './keys.ts'
import { ConfigError } from './load.ts'
import { classNamePattern, defaultQuotaClasses, quotaClassSchema, regulationSchema, type RegulationFile } from './regulation-schema.ts'
import { regulationConflicts } from './regulation-rules.ts'

/** `effective_from` → `effectiveFrom`. */
type Camel<S extends string> = S extends `${infer Head}_${infer Tail}` ? `${Head}${Capitalize<Camel<Tail>>}` : S
type CamelKeys<T> = { readonly [K in keyof T as K extends string ? Camel<K> : never]: T[K] extends (infer E)[] ? readonly E[] : T[K] }

/** Sections and keys as in the file, in camel case. */
export type Regulation = { readonly [S in keyof RegulationFile as Camel<S>]: CamelKeys<RegulationFile[S]> } & {
  readonly quotaClasses: Readonly<Record<string, CamelKeys<ValuesOf<typeof quotaClassSchema>>>>
}

type Values = Record<string, unknown>

const sections: Sections = regulationSchema
const { description: classesDescription, keys: classKeys } = quotaClassSchema
const maxClasses = 50

/** Defaults alone without a file; a file that is named must be there. */
export function loadRegulation(file?: string): Regulation {
  const problems: string[] = []
  const given = file === undefined ? {} : readFile(file, problems)
  const { quota_classes: classesGiven, ...sectionsGiven } = given
  for (const section of Object.keys(sectionsGiven)) {
    if (!Object.hasOwn(sections, section)) problems.push(unknown(section, given[section], [...Object.keys(sections), 'quota_classes']))
  }
  const read: Record<string, Values> = {}
  for (const [section, { keys }] of Object.entries(sections)) {
    read[section] = readSection(section, keys, sectionsGiven[section] ?? {}, problems)
  }
  const classes = readClasses(classesGiven, problems)
  if (problems.length === 0) problems.push(...regulationConflicts(read as unknown as RegulationFile, classes))
  if (problems.length > 0) throw new ConfigError(problems)
  const named = Object.entries(read).map(([section, values]) => [camel(section), camelKeys(values)])
  const quotaClasses = Object.fromEntries(Object.entries(classes).map(([name, values]) => [name, camelKeys(values)]))
  return { ...Object.fromEntries(named), quotaClasses } as unknown as Regulation
}

function readFile(file: string, problems: string[]): Values {
  try {
    return parseToml(readFileSync(file, 'utf8'))
  } catch (error) {
    problems.push(`${file}: ${(error as Error).message}`)
    return {}
  }
}

const isTable = (value: unknown): value is Values => value !== null && typeof value === 'object' && !Array.isArray(value) && !(value instanceof Date)

function readSection(name: string, keys: Readonly<Record<string, KeySchema>>, given: unknown, problems: string[]): Values {
  if (!isTable(given)) {
    problems.push(`${name} = ${JSON.stringify(given)}: cần / expected a section [${name}]`)
    return {}
  }
  for (const key of Object.keys(given)) if (!Object.hasOwn(keys, key)) problems.push(unknown(`${name}.${key}`, given[key], Object.keys(keys)))
  const values: Values = {}
  for (const [key, schema] of Object.entries(keys)) {
    const value = Object.hasOwn(given, key) ? given[key] : structuredClone(schema.default)
    if (!takes(schema, value)) problems.push(`${name}.${key} = ${JSON.stringify(value)}: cần / expected ${expectedOf(schema)} (${sourceOf(schema)})`)
    values[key] = value
  }
  return values
}

/** The file's classes in place of the default ones: a province names all of its own. */
function readClasses(given: unknown, problems: string[]): Readonly<Record<string, Values>> {
  if (given === undefined) return defaultQuotaClasses
  if (!isTable(given) || Object.keys(given).length === 0 || Object.keys(given).length > maxClasses) {
    problems.push(`quota_classes: cần / expected 1 to ${maxClasses} sections [quota_classes.NAME]`)
    return {}
  }
  const classes: Record<string, Values> = {}
  for (const [name, values] of Object.entries(given)) {
    if (!new RegExp(classNamePattern).test(name)) problems.push(`quota_classes.${name}: cần / expected a name that matches ${classNamePattern}`)
    else classes[name] = readSection(`quota_classes.${name}`, classKeys, values, problems)
  }
  return classes
}

const unknown = (name: string, value: unknown, known: readonly string[]): string =>
  `${name} = ${JSON.stringify(value)}: không có khoá này / no such key; expected one of ${known.join(', ')}`

function expectedOf(schema: KeySchema): string {
  const { items } = schema
  return items?.type === 'integer' ? `a list of whole numbers from ${items.minimum} to ${items.maximum}` : expected(schema)
}

const sourceOf = ({ clause, decisions }: KeySchema): string => (decisions === undefined ? (clause ?? '') : `${clause}; ${decisions}`)

const camel = (name: string): string => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
const camelKeys = (values: Values): Values => Object.fromEntries(Object.entries(values).map(([key, value]) => [camel(key), value]))

/** The schema as a commented TOML file: every number with its clause, decision and limits. */
export function regulationToml(): string {
  const lines = [
    '# The numbers of the regulation (Quy chế thư điện tử công vụ tỉnh Gia Lai), each with its clause and the decision that reads it.',
    '# Generated from src/config/regulation-schema.ts; do not edit here. A province keeps what it changes in a file of its own, within',
    '# the limits that the regulation leaves; what is left out there keeps the value below.',
  ]
  for (const [section, { description, keys }] of Object.entries(sections)) {
    lines.push('', `# ${description}`, `[${section}]`)
    for (const [key, schema] of Object.entries(keys)) {
      lines.push(`# ${schema.description}`, `# ${sourceOf(schema)} (${expectedOf(schema)})`, `${key} = ${JSON.stringify(schema.default)}`)
    }
  }
  lines.push('', `# ${classesDescription} A file that names one names all.`)
  for (const [key, schema] of Object.entries(classKeys)) lines.push(`# ${key}: ${schema.description} ${sourceOf(schema)} (${expectedOf(schema)})`)
  for (const [name, values] of Object.entries(defaultQuotaClasses)) {
    lines.push(`[quota_classes.${name}]`, ...Object.entries(values).map(([key, value]) => `${key} = ${JSON.stringify(value)}`))
  }
  return `${lines.join('\n')}\n`
}
