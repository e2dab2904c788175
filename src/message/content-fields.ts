/**
 * What the Content- fields of a header say of the body below it: RFC 2045 §3, RFC 2183, RFC 3282, RFC 2557, RFC 1864.
 */
import { fieldValue } from './header.ts'
import { defaultContentType, parseContentType, parseDisposition, parseEncoding, parseLanguages, type ContentType } from './mime-header.ts'
import type { HeaderField, Part } from './types.ts'

type DescribedBy = 'contentId' | 'description' | 'encoding' | 'md5' | 'disposition' | 'language' | 'location'

export interface ContentFields {
  readonly content: ContentType
  readonly about: Pick<Part, DescribedBy>
}

/** What is known of a part that says nothing of itself. */
export const nothingSaid: Pick<Part, DescribedBy> = {
  contentId: null,
  description: null,
  encoding: '7bit',
  md5: null,
  disposition: null,
  language: [],
  location: null,
}

/** Reads the Content- fields; the first of each counts, and without Content-Type the body is of `defaultType`. */
export function readContentFields(bytes: Buffer, fields: readonly HeaderField[], defaultType: ContentType): ContentFields {
  let content: ContentType | null = null
  const about: { -readonly [Key in DescribedBy]: Part[Key] } = { ...nothingSaid }
  const seen = new Set<string>()
  for (const field of fields) {
    if (!field.name.startsWith('content-') || seen.has(field.name)) continue
    seen.add(field.name)
    const value = fieldValue(bytes, field)
    switch (field.name) {
      case 'content-type':
        // RFC 2045 §5.2: one that cannot be read is plain text, whatever the default here.
        content = parseContentType(value) ?? defaultContentType
        break
      case 'content-transfer-encoding':
        about.encoding = parseEncoding(value)
        break
      case 'content-disposition':
        about.disposition = parseDisposition(value)
        break
      case 'content-id':
        about.contentId = value
        break
      case 'content-description':
        about.description = value
        break
      case 'content-md5':
        about.md5 = value
        break
      case 'content-language':
        about.language = parseLanguages(value)
        break
      case 'content-location':
        about.location = value
        break
    }
  }
  return { content: content ?? defaultType, about }
}
