/** Pieces of schemas that resources share. Instants are RFC 3339 in UTC, days YYYY-MM-DD (Vietnam's), sizes bytes. */
import Type, { type TSchema } from 'typebox'

/** Refuses what it does not know. */
export const object = <P extends Record<string, TSchema>>(properties: P, description?: string) =>
  Type.Object(properties, { additionalProperties: false, ...(description !== undefined && { description }) })

/** Ids are made by us; what comes in as one is a short text without control characters. */
export const id = Type.String({ minLength: 1, maxLength: 100, pattern: '^[A-Za-z0-9._:-]+$', description: 'Id' })
export const byId = object({ id })

/** A text of one line. */
export const line = (maxLength: number, description?: string) =>
  Type.String({ minLength: 1, maxLength, pattern: '^[^\\u0000-\\u001f\\u007f-\\u009f]*$', ...(description !== undefined && { description }) })

/** Text of several lines. */
export const text = (maxLength: number, description?: string) =>
  Type.String({ maxLength, pattern: '^[^\\u0000-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f-\\u009f]*$', ...(description !== undefined && { description }) })

export const day = Type.String({ format: 'date', pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}$', description: 'YYYY-MM-DD, giờ Việt Nam / in Vietnam' })
export const instant = Type.String({ format: 'date-time', description: 'RFC 3339, UTC' })
export const address = Type.String({ minLength: 3, maxLength: 320, pattern: '^[^\\u0000-\\u0020\\u007f-\\u009f]+$', description: 'Địa chỉ thư / e-mail address' })

export const nullable = <S extends TSchema>(schema: S) => Type.Union([schema, Type.Null()])

export const oneOf = <const V extends readonly string[]>(values: V, description?: string) =>
  Type.Unsafe<V[number]>({ type: 'string', enum: [...values], ...(description !== undefined && { description }) })

export const role = oneOf(['individual', 'agency-administrator', 'operator', 'super-administrator', 'inspector'])
export const accountState = oneOf(['issued', 'active', 'locked', 'restore-pending', 'must-change', 'revoked', 'purged'])
export const accountKind = oneOf(['person', 'agency', 'unit', 'service'])
export const lockClause = oneOf(['6.2a', '6.2b', '6.2c', '6.2d', 'manual'])

export const instantOf = (ms: number): string => new Date(ms).toISOString()
export const instantOrNull = (ms: number | null): string | null => (ms === null ? null : instantOf(ms))
