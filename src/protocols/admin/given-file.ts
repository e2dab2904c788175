/** A file within a JSON body: base64, with the hash that the records keep. */
import { createHash } from 'node:crypto'
import Type, { type Static } from 'typebox'
import { line, object } from './schemas.ts'

/** Of the file itself; base64 makes a third more. */
const maxFileBytes = 20 * 1024 * 1024
export const maxFileBodyBytes = 30 * 1024 * 1024

export const fileSchema = object({
  name: line(255),
  content: Type.String({ maxLength: Math.ceil(maxFileBytes / 3) * 4, pattern: '^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$', description: 'Base64' }),
})

export interface GivenFile {
  readonly name: string
  readonly sha256: string
  readonly sizeBytes: number
  readonly bytes: Uint8Array
}

export function givenFile({ name, content }: Static<typeof fileSchema>): GivenFile {
  const bytes = Buffer.from(content, 'base64')
  return { name, sha256: createHash('sha256').update(bytes).digest('hex'), sizeBytes: bytes.length, bytes }
}
