/** Three agencies and their people, with addresses as Điều 4.2 forms them. */
import type { DemoPerson } from './corpus.ts'

export interface DemoAgency {
  readonly label: string
  readonly name: string
  readonly people: readonly (readonly [localPart: string, name: string])[]
}

export const demoAgencies: readonly DemoAgency[] = [
  {
    label: 'skhcn',
    name: 'Sở Khoa học và Công nghệ',
    people: [
      ['skhcn', 'Sở Khoa học và Công nghệ'], ['quynhhtn', 'Hoàng Thị Như Quỳnh'], ['annv', 'Nguyễn Văn An'], ['binhtt', 'Trần Thị Bình'], ['cuonglh', 'Lê Hoàng Cường'],
      ['duypd', 'Phạm Đức Duy'], ['hanhdt', 'Đỗ Thị Hạnh'], ['khanhdq', 'Đặng Quốc Khánh'], ['sauvt', 'Võ Thị Sáu'], ['hahn', 'Hồ Ngọc Hà'], ['longnp', 'Nguyễn Phi Long'], ['ttcds', 'Trung tâm Chuyển đổi số'],
    ],
  },
  {
    label: 'pleiku',
    name: 'Phường Pleiku',
    people: [
      ['pleiku', 'Phường Pleiku'], ['vanhoa-xahoi', 'Phòng Văn hóa – Xã hội'], ['hyeorc', "Rơ Châm H'Yéo"], ['nhamk', 'Ksor Nham'], ['hbias', "Siu H'Bia"],
      ['thuyenk', 'Kpă Thuyên'], ['hyutrm', 'Rơ Mah Hyut'], ['hoant', 'Nguyễn Thị Hoa'], ['tienminhth', 'Trương Hoàng Tiến Minh'], ['tanminhth', 'Trần Huỳnh Tấn Minh'], ['anadth', 'Âu Dương Thị Hồng Ân'], ['ungtntn', 'Tôn Nữ Thị Ngọc Ưng'],
    ],
  },
  {
    label: 'dakpo',
    name: 'Ủy ban nhân dân xã Đak Pơ',
    people: [
      ['dakpo', 'Ủy ban nhân dân xã Đak Pơ'], ['nguyentd', 'Trần Đình Nguyên'], ['nupd', 'Đinh Núp'], ['yuongd', 'Đinh Yương'], ['hungd', 'Đỗ Hùng'], ['ducdv', 'Đinh Văn Đức'],
      ['eod', 'Đinh Ê̆o'], ['yngongnk', 'Y Ngông Niê Kdăm'], ['hhenn', "H'Hen Niê"], ['maidtt', 'Đặng Trần Thị Mai'], ['gianglh', 'Lâm Hải Giang'], ['vanhungn', 'Nguyễn Văn Hưng'],
    ],
  },
]

export const demoPeople = (province: string): DemoPerson[] =>
  demoAgencies.flatMap((agency) => agency.people.map(([localPart, name]) => ({ address: `${localPart}@${agency.label}.${province}`, name })))
