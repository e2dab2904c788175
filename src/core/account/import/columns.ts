/** Which column of an imported table is what (Điều 5.2; ): headers in Vietnamese or English, with or without accents. Pure. */
import { fold } from '../../../vietnamese/fold.ts'

export type Field =
  | 'full-name'
  | 'family'
  | 'middle'
  | 'given'
  | 'birth-date'
  | 'home-town'
  | 'birth-place'
  | 'agency'
  | 'unit'
  | 'post'
  | 'email'
  | 'phone'
  | 'quota-class'

const headers: Readonly<Record<Field, string>> = {
  'full-name': 'ho_ten ho_va_ten ho_ten_day_du full_name name',
  family: 'ho family family_name surname last_name',
  middle: 'chu_lot ten_lot ten_dem dem middle middle_name',
  given: 'ten given given_name first_name',
  'birth-date': 'ngay_sinh ngay_thang_nam_sinh birth_date date_of_birth dob',
  'home-town': 'que_quan home_town hometown',
  'birth-place': 'noi_sinh birth_place place_of_birth',
  agency: 'co_quan ky_hieu_co_quan agency agency_label',
  unit: 'don_vi phong phong_ban unit department',
  post: 'chuc_vu chuc_danh post position title',
  email: 'thu_lien_he email_lien_he thu_du_phong email contact_email',
  phone: 'dien_thoai so_dien_thoai phone mobile',
  'quota-class': 'hang_dung_luong quota_class',
}

const fieldOf: ReadonlyMap<string, Field> = new Map(
  (Object.entries(headers) as [Field, string][]).flatMap(([field, names]) => names.split(' ').map((name) => [name, field] as const)),
)
/** Columns that lists have and nobody needs. */
const passedOver: ReadonlySet<string> = new Set(['', 'stt', 'tt', 'so_tt', 'no', 'ghi_chu', 'note', 'notes'])

export interface Columns {
  /** Position of each field that there is. */
  readonly fields: ReadonlyMap<Field, number>
  /** Headers that mean nothing here, as they were written: told, not refused. */
  readonly unknown: readonly string[]
}

export type ColumnFault = { readonly kind: 'fault'; readonly reason: 'name-column-missing' | 'column-twice'; readonly column: string }

const plain = (header: string): string => fold(header).replace(/[^a-z0-9]+/g, '_').replace(/^_|_$/g, '')

/** The head of the table; a name is either one column or at least family and given name. */
export function readColumns(head: readonly string[]): Columns | ColumnFault {
  const fields = new Map<Field, number>()
  const unknown: string[] = []
  for (const [position, header] of head.entries()) {
    const name = plain(header)
    const field = fieldOf.get(name)
    if (field === undefined) {
      if (!passedOver.has(name)) unknown.push(header.slice(0, 60))
    } else if (fields.has(field)) return { kind: 'fault', reason: 'column-twice', column: header.slice(0, 60) }
    else fields.set(field, position)
  }
  if (!fields.has('full-name') && !(fields.has('family') && fields.has('given'))) return { kind: 'fault', reason: 'name-column-missing', column: 'ho_ten' }
  return { fields, unknown }
}
