/**
 * The written document that Điều 5.3, 6.3a, 8.3đ and 10.4 ask for: number, date, file. The number is what a Vietnamese
 * document carries (NĐ 30/2020: `15/SKHCN-VP`, `45/2026/QĐ-UBND`; of the Party: `15-CV/TU`); its letters are not judged.
 */
import { refused, type Basis, type Refused } from '../account/lifecycle/basis.ts'
import { isDay, type Day } from '../account/lifecycle/civil-day.ts'
import { monthsLater } from '../account/lifecycle/terms.ts'

export interface OfficialDocument {
  readonly number: string
  /** The day that stands on it. */
  readonly date: Day
  readonly file: DocumentFile
}

export interface DocumentFile {
  readonly name: string
  /** Hex SHA-256 of the bytes. */
  readonly sha256: string
  readonly sizeBytes: number
}

export interface DocumentPolicy {
  readonly maxAgeMonths: number
  readonly maxFileBytes: number
}

const maxNumberLength = 60
const maxFileNameLength = 255
const numberForm = /^\d[\p{L}\p{N}.&()-]*(?:\/[\p{L}\p{N}][\p{L}\p{N}.&()-]*)+$/u
const sha256Form = /^[0-9a-f]{64}$/

/** Without "Số", without spaces around the strokes, NFC; what is compared and kept. */
export function documentNumber(written: string): string {
  return written
    .normalize('NFC')
    .trim()
    .replace(/^số\s*:?\s*/iu, '')
    .replace(/[–—]/g, '-')
    .replace(/\s*([/-])\s*/g, '$1')
}

/** Of a number as {@link documentNumber} gives it. */
export const isDocumentNumber = (number: string): boolean => number.length <= maxNumberLength && numberForm.test(number)

/** The refusal of a document that is missing or wrong (`detail.fault` names what), or null. `receivedOn` is today. */
export function checkDocument(
  document: OfficialDocument | null,
  { receivedOn, policy, basis }: { readonly receivedOn: Day; readonly policy: DocumentPolicy; readonly basis: Basis },
): Refused | null {
  if (document === null || document.number.trim() === '') return refused('document-missing', basis)
  const fault = documentFault(document, receivedOn, policy)
  return fault === null ? null : refused('document-invalid', basis, { fault })
}

export type DocumentFault = 'number' | 'date' | 'date-in-future' | 'date-too-old' | 'file-name' | 'file-hash' | 'file-size'

function documentFault({ number, date, file }: OfficialDocument, receivedOn: Day, policy: DocumentPolicy): DocumentFault | null {
  if (number.length > maxNumberLength || !numberForm.test(documentNumber(number))) return 'number'
  if (!isDay(date)) return 'date'
  if (date > receivedOn) return 'date-in-future'
  if (monthsLater(date, policy.maxAgeMonths) < receivedOn) return 'date-too-old'
  if (file.name.trim() === '' || file.name.length > maxFileNameLength || /[\p{Cc}/\\]/u.test(file.name)) return 'file-name'
  if (!sha256Form.test(file.sha256)) return 'file-hash'
  if (!Number.isSafeInteger(file.sizeBytes) || file.sizeBytes <= 0 || file.sizeBytes > policy.maxFileBytes) return 'file-size'
  return null
}
