/**
 * Checks what comes in and what goes out against the schemas of the routes, compiled when a route is first used. Texts are
 * made NFC on the way in; texts that are not well-formed, or hold a NUL, and values nested too deeply are refused for all
 * routes alike.
 */
import type { TObject, TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import { ApiError, type FieldFault } from './problems.ts'

type Compiled = ReturnType<typeof Compile>

const compiled = new WeakMap<TSchema, Compiled>()

function validatorOf(schema: TSchema): Compiled {
  const made = compiled.get(schema) ?? Compile(schema)
  compiled.set(schema, made)
  return made
}

const maxDepth = 20
const maxFaults = 20

/** NFC throughout. Refuses `request-invalid`. */
export function normalised(value: unknown, where: string, depth = 0): unknown {
  if (typeof value === 'string') {
    if (!value.isWellFormed() || value.includes('\0')) throw invalid([{ field: where, vi: 'có ký tự không hợp lệ', en: 'has a character that is not valid' }])
    return value.normalize('NFC')
  }
  if (value === null || typeof value !== 'object') return value
  if (depth >= maxDepth) throw invalid([{ field: where, vi: 'lồng quá sâu', en: 'is nested too deeply' }])
  if (Array.isArray(value)) return value.map((one, index) => normalised(one, `${where}[${index}]`, depth + 1))
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name.normalize('NFC'), normalised(one, `${where}.${name.slice(0, 50)}`, depth + 1)]))
}

/** Refuses `request-invalid`, naming each field. */
export function requireValid(schema: TSchema, value: unknown, where: string): void {
  const validator = validatorOf(schema)
  if (!validator.Check(value)) throw invalid(faultsOf(validator, value, where))
}

/** What of an answer is not as its schema says; null when all is. */
export function answerFault(schema: TSchema, value: unknown): string | null {
  const validator = validatorOf(schema)
  if (validator.Check(value)) return null
  return faultsOf(validator, value, 'answer').map(({ field, en }) => `${field} ${en}`).join('; ')
}

const invalid = (faults: readonly FieldFault[]): ApiError => new ApiError('request-invalid', { faults })

interface Fault {
  readonly keyword: string
  readonly instancePath: string
  readonly params: object
  readonly message: string
}

function faultsOf(validator: Compiled, value: unknown, where: string): readonly FieldFault[] {
  const faults: FieldFault[] = []
  for (const fault of validator.Errors(value) as Iterable<Fault>) {
    // Told by `additionalProperties` with its name.
    if (fault.keyword === 'boolean') continue
    for (const one of fieldFaults(fault, where)) if (!faults.some(({ field, en }) => field === one.field && en === one.en)) faults.push(one)
    if (faults.length >= maxFaults) break
  }
  return faults
}

function fieldFaults({ keyword, instancePath, params, message }: Fault, where: string): readonly FieldFault[] {
  const at = `${where}${instancePath.replace(/\//g, '.')}`
  const { requiredProperties, additionalProperties } = params as { readonly requiredProperties?: readonly string[]; readonly additionalProperties?: readonly string[] }
  if (requiredProperties !== undefined) return requiredProperties.map((name) => ({ field: `${at}.${name}`, vi: 'thiếu', en: 'is missing' }))
  if (additionalProperties !== undefined) return additionalProperties.map((name) => ({ field: `${at}.${name.slice(0, 50)}`, vi: 'không có trường này', en: 'is not a known field' }))
  return [{ field: at, vi: vietnamese[keyword] ?? 'không hợp lệ', en: message }]
}

const vietnamese: Readonly<Record<string, string>> = {
  type: 'sai kiểu dữ liệu',
  minimum: 'quá nhỏ',
  maximum: 'quá lớn',
  minLength: 'quá ngắn',
  maxLength: 'quá dài',
  minItems: 'quá ít mục',
  maxItems: 'quá nhiều mục',
  uniqueItems: 'có mục trùng nhau',
  pattern: 'sai khuôn dạng',
  format: 'sai khuôn dạng',
  enum: 'không phải giá trị được phép',
  const: 'không phải giá trị được phép',
}

/** Texts of a query string as the types that its schema names; what is no such value stays a text, and is refused as such. */
export function typedQuery(schema: TObject, given: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(given).map(([name, value]) => [name, typed(schema.properties[name], value)]))
}

function typed(schema: TSchema | undefined, value: unknown): unknown {
  const { type, items } = (schema ?? {}) as { readonly type?: string; readonly items?: TSchema }
  if (type === 'array') return (Array.isArray(value) ? value : [value]).map((one) => typed(items, one))
  if (typeof value !== 'string') return value
  if (type === 'integer' && /^-?[0-9]{1,15}$/.test(value)) return Number(value)
  if (type === 'boolean' && (value === 'true' || value === 'false')) return value === 'true'
  return value
}
