/** Worked examples E70-E92 of the requirements (§1.5 d), and the communes. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { proposeAgencyLabel, proposeUnitLocal } from '../../../../src/vietnamese/names/labels.ts'

const agencies: readonly (readonly [string, string, string])[] = [
  ['E70', 'Sở Khoa học và Công nghệ', 'skhcn'],
  ['E71', 'Sở Tài chính', 'stc'],
  ['E72', 'Sở Văn hóa, Thể thao và Du lịch', 'svhttdl'],
  ['E73', 'Sở Nông nghiệp và Môi trường', 'snnmt'],
  ['E74', 'Ban Quản lý Khu kinh tế', 'bqlkkt'],
  ['E75', 'Sở Nội vụ', 'snv'],
  ['E76', 'Sở Ngoại vụ', 'snv'],
  ['E77', 'Phường Pleiku', 'pleiku'],
  ['E78', 'Ủy ban nhân dân xã Đak Pơ', 'dakpo'],
  ['E79', 'Xã Ia O', 'iao'],
  ['E80', 'Xã Chư A Thai', 'chuathai'],
  ['E81', 'Phường Quy Nhơn Đông', 'quynhondong'],
  ['E82', 'Xã Hoà Hội', 'hoahoi'],
]
for (const [id, name, label] of agencies) test(`${id}: ${name} → ${label}`, () => assert.equal(proposeAgencyLabel(name), label))

const units: readonly (readonly [string, string, string])[] = [
  ['E83', 'Phòng Văn hóa – Xã hội', 'vanhoa-xahoi'],
  ['E84', 'Phòng Văn hóa - Xã hội', 'vanhoa-xahoi'],
  ['E85', 'Phòng Văn hóa—Xã hội', 'vanhoa-xahoi'],
  ['E86', 'Trung tâm Chuyển đổi số', 'ttcds'],
  ['E87', 'Phòng Kinh tế', 'kinhte'],
  ['E88', 'Phòng Kinh tế, Hạ tầng và Đô thị', 'pkthtdt'],
  ['E89', 'Văn phòng HĐND và UBND', 'vphdndubnd'],
  ['E90', 'Trung tâm Phục vụ hành chính công', 'ttpvhcc'],
  ['E91', 'Phòng Bưu chính – Viễn thông', 'pbcvt'],
  ['E92', 'Chi cục Tiêu chuẩn Đo lường Chất lượng', 'cctcdlcl'],
  ['R-4.1c', 'TTCĐS', 'ttcds'],
]
for (const [id, name, local] of units) test(`${id}: ${name} → ${local}`, () => assert.equal(proposeUnitLocal(name), local))
