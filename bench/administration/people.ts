/**
 * A province of invented people: as many as are asked for in 165 agencies, the same ones in every run. Family names are as
 * frequent as they are in Vietnam (two of five are called Nguyễn), so that names collide within an agency (Điều 4.2b, 4.2c) and a
 * search for a family name finds thousands.
 */
import type { AgencyImportRow } from '../../src/core/agency/agency-administration.ts'
import { fold } from '../../src/vietnamese/fold.ts'
import { Rng } from '../fuzz/rng.ts'

export const agencyCount = 165

const seed = 2026
/** Of a hundred people. */
const families: Readonly<Record<string, number>> = {
  Nguyễn: 38, Trần: 11, Lê: 9, Phạm: 7, Huỳnh: 5, Phan: 4, Võ: 4, Đặng: 3, Bùi: 3, Đỗ: 2, Hồ: 2, Ngô: 2, Dương: 2, Rơ: 1, Ksor: 2, Siu: 2, Rcom: 1, Nay: 1, Đinh: 1,
}
const family = Object.entries(families).flatMap(([name, share]) => Array<string>(share).fill(name))
const middle = 'Văn Thị Đức Minh Ngọc Thanh Hữu Quốc Xuân Thu Như Tiến Anh Hải Kim'.split(' ')
const given =
  'An Bình Cường Dũng Đạt Giang Hà Hải Hạnh Hiếu Hoa Hòa Hồng Hùng Hưng Hương Khánh Kiên Lan Linh Long Mai Minh Nam Nga Ngọc Nguyên Nhung Phong Phúc Phương Quang Quỳnh Sơn Tâm Thảo Thắng Thủy Trang Trung Tuấn Tùng Vân Việt Vinh Yến'.split(' ')
const units = ['Văn phòng', 'Phòng Kế hoạch - Tài chính', 'Phòng Chuyên môn', 'Thanh tra', '']
const posts = ['Chuyên viên', 'Chuyên viên chính', 'Phó Trưởng phòng', 'Trưởng phòng', 'Văn thư', 'Kế toán']
const places = ['Pleiku', 'Quy Nhơn', 'An Khê', 'Ayun Pa', 'Hoài Nhơn', 'Chư Sê', 'Đak Đoa', 'Tuy Phước', 'Bình Khê', 'Ia Grai']

const labelOf = (index: number): string => `cq${String(index + 1).padStart(3, '0')}`

export function agencyRows(): AgencyImportRow[] {
  return Array.from({ length: agencyCount }, (_, index) => ({ name: `Cơ quan số ${index + 1}`, label: labelOf(index), kind: 'other', code: null }))
}

/** A table as an agency hands it in: CSV, with the agency of each row, in no order. */
export function peopleTable(people: number): string {
  const rng = new Rng(seed)
  const two = (value: number): string => String(value).padStart(2, '0')
  const lines = ['STT,Họ và tên,Ngày sinh,Quê quán,Nơi sinh,Cơ quan,Đơn vị,Chức vụ,Điện thoại']
  for (let at = 0; at < people; at++) {
    const name = [rng.pick(family), rng.pick(middle), ...(rng.once(3) ? [rng.pick(middle)] : []), rng.pick(given)].join(' ')
    const born = `${two(rng.below(28) + 1)}/${two(rng.below(12) + 1)}/${1965 + rng.below(37)}`
    const phone = `09${String(rng.below(100_000_000)).padStart(8, '0')}`
    lines.push([at + 1, name, born, rng.pick(places), rng.pick(places), labelOf(at % agencyCount), rng.pick(units), rng.pick(posts), phone].join(','))
  }
  return `${lines.join('\n')}\n`
}

/** What people type into the search of the directory; `index` makes them differ. */
export const searches = {
  'word-accents': (rng: Rng) => rng.pick(rng.once(2) ? given : Object.keys(families)),
  'word-plain': (rng: Rng) => fold(rng.pick(rng.once(2) ? given : Object.keys(families))),
  'two-words': (rng: Rng) => `${rng.pick(family)} ${rng.pick(given)}`,
  prefix: (rng: Rng) => fold(rng.pick([...given, ...Object.keys(families)])).slice(0, 1 + rng.below(3)),
} satisfies Readonly<Record<string, (rng: Rng) => string>>

export type SearchKind = keyof typeof searches

export function searchTexts(kind: SearchKind, count: number): string[] {
  const rng = Rng.of(seed, kind, count)
  return Array.from({ length: count }, () => searches[kind](rng))
}
