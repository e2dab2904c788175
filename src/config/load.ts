/**
 * Reads the configuration: defaults of the schema, then a TOML file, then the environment (CONGVU_SECTION__KEY).
 * A wrong key or value throws a ConfigError that names the key, the value and what was expected.
 */
import { readFileSync } from 'node:fs'
import { parse as parseToml } from 'smol-toml'
import { expected, takes, type KeySchema, type Sections } from './keys.ts'
import { configSchema, type Config } from './schema.ts'
import { defaultsFor, problemsTogether } from './together.ts'

export class ConfigError extends Error {
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(`cấu hình sai / wrong configuration:\n${problems.map((problem) => `  ${problem}`).join('\n')}`)
    this.name = 'ConfigError'
    this.problems = problems
  }
}

const sections: Sections = configSchema
/** Environment variables of the product that are not keys: where the file is, and what tests of the product use. */
const otherVariables = /^CONGVU_(CONFIG$|TEST_)/

export interface ConfigSource {
  /** A TOML file; must exist when given. */
  readonly file?: string | undefined
  readonly env?: Readonly<Record<string, string | undefined>>
}

export function loadConfig(source: ConfigSource = {}): Config {
  const problems: string[] = []
  const given: Record<string, Record<string, unknown>> = {}
  if (source.file !== undefined) readFile(source.file, given, problems)
  readEnvironment(source.env ?? {}, given, problems)
  const config: Record<string, Record<string, unknown>> = {}
  const special = defaultsFor(given)
  for (const [section, schema] of Object.entries(sections)) {
    const values: Record<string, unknown> = (config[section] = {})
    for (const [key, keySchema] of Object.entries(schema.keys)) {
      const value = given[section]?.[key] ?? special[section]?.[key] ?? structuredClone(keySchema.default)
      if (!takes(keySchema, value)) problems.push(`${section}.${key} = ${JSON.stringify(shown(key, value))}: cần / expected ${expected(keySchema)}`)
      values[key] = value
    }
  }
  if (problems.length === 0) problems.push(...problemsTogether(config as unknown as Config))
  if (problems.length > 0) throw new ConfigError(problems)
  return config as unknown as Config
}

function readFile(file: string, given: Record<string, Record<string, unknown>>, problems: string[]): void {
  let parsed: Record<string, unknown>
  try {
    parsed = parseToml(readFileSync(file, 'utf8'))
  } catch (error) {
    problems.push(`${file}: ${(error as Error).message}`)
    return
  }
  for (const [section, values] of Object.entries(parsed)) {
    if (values === null || typeof values !== 'object' || Array.isArray(values)) {
      problems.push(`${section} = ${JSON.stringify(values)}: cần / expected a section [${section}] of ${Object.keys(sections).join(', ')}`)
      continue
    }
    for (const [key, value] of Object.entries(values)) put(given, problems, { section, key, value, name: `${section}.${key}` })
  }
}

function readEnvironment(env: Readonly<Record<string, string | undefined>>, given: Record<string, Record<string, unknown>>, problems: string[]): void {
  for (const [variable, raw] of Object.entries(env)) {
    if (!variable.startsWith('CONGVU_') || otherVariables.test(variable) || raw === undefined) continue
    const [section = '', key = ''] = variable.slice('CONGVU_'.length).toLowerCase().split('__')
    const schema = sections[section]?.keys[key]
    put(given, problems, { section, key, value: schema === undefined ? raw : fromText(schema, raw), name: variable })
  }
}

function put(
  given: Record<string, Record<string, unknown>>,
  problems: string[],
  { section, key, value, name }: { section: string; key: string; value: unknown; name: string },
): void {
  const keys = sections[section]?.keys
  if (keys === undefined) problems.push(`${name} = ${JSON.stringify(value)}: không có mục này / no such section; expected one of ${Object.keys(sections).join(', ')}`)
  else if (!Object.hasOwn(keys, key)) problems.push(`${name} = ${JSON.stringify(value)}: không có khoá này / no such key; expected one of ${Object.keys(keys).join(', ')}`)
  else (given[section] ??= {})[key] = value
}

/** The environment has only text; what is not of the key's type stays text and is refused with the rest. */
function fromText(schema: KeySchema, raw: string): unknown {
  if (schema.type === 'boolean') return raw === 'true' ? true : raw === 'false' ? false : raw
  if (schema.type === 'integer' || schema.type === 'number') return raw.trim() !== '' && Number.isFinite(Number(raw)) ? Number(raw) : raw
  if (schema.type === 'array') return raw === '' ? [] : raw.split(',').map((item) => fromText(schema.items!, item.trim()))
  return raw
}

/** A URL may hold a password. */
function shown(key: string, value: unknown): unknown {
  return key.endsWith('url') && typeof value === 'string' ? value.replace(/:\/\/[^/]*@/, '://…@').replace(/^[^:/]*:[^/].*@/, '…@') : value
}

/** The schema as a commented TOML file with every default. */
export function defaultToml(): string {
  const lines = [
    '# Công Vụ: all settings with their defaults. Generated from src/config/schema.ts by `npm run docs`; do not edit here.',
    '# Copy what you change into config/congvu.toml (or name another file in CONGVU_CONFIG).',
    '# Each key can also be set from the environment: [imap] tls_port is CONGVU_IMAP__TLS_PORT.',
  ]
  for (const [section, schema] of Object.entries(sections)) {
    lines.push('', `# ${schema.description}`, `[${section}]`)
    for (const [key, keySchema] of Object.entries(schema.keys)) {
      lines.push(`# ${keySchema.description}`, `# (${expected(keySchema)})`, `${key} = ${JSON.stringify(keySchema.default)}`)
    }
  }
  return `${lines.join('\n')}\n`
}
