/** Worked examples E01-E46 and E64-E69 of the requirements (§1.5 a and c). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { baseForm, extendedForm } from '../../../../src/vietnamese/names/address-forms.ts'
import { readName, type PersonName } from '../../../../src/vietnamese/names/parse-name.ts'

const rows: readonly (readonly [id: string, raw: string, base: string, extended: string | null, flags?: readonly string[]])[] = [
  ['E01', 'Hoàng Thị Như Quỳnh', 'quynhhtn', 'nhuquynhht'],
  ['E02', 'Trần Đình Nguyên', 'nguyentd', 'dinhnguyent'],
  ['E03', 'Trương Hoàng Tiến Minh', 'minhtht', 'tienminhth'],
  ['E04', 'Trần Huỳnh Tấn Minh', 'minhtht', 'tanminhth'],
  ['E05', 'Lâm Hải Giang', 'gianglh', 'haigiangl'],
  ['E06', 'Nguyễn Văn A', 'anv', 'vanan'],
  ['E07', 'Lê Ý', 'yl', null],
  ['E08', 'Đỗ Hùng', 'hungd', null],
  ['E09', 'Núp', 'nup', null, ['single-token']],
  ['E10', 'Đinh Núp', 'nupd', null],
  ['E11', 'Đinh Yương', 'yuongd', null],
  ['E12', 'Ksor Nham', 'nhamk', null],
  ['E13', "Siu H'Bia", 'hbias', null],
  ['E14', 'Siu H’Bia', 'hbias', null],
  ['E15', 'Siu HʼBia', 'hbias', null],
  ['E16', 'Siu H`Bia', 'hbias', null],
  ['E17', 'Siu H Bia', 'hbias', null, ['confirm']],
  ['E18', 'Siu H-Bia', 'hbias', null],
  ['E19', "Rơ Châm H'Yéo", 'hyeorc', null],
  ['E20', "Rơ-Châm H'Yéo", 'hyeorc', null],
  ['E21', 'Kpă Thuyên', 'thuyenk', null],
  ['E22', 'Rah Lan Hùng', 'hungrl', null],
  ['E23', 'Rơ Mah Hyut', 'hyutrm', null],
  ['E24', 'Rcom Sa Duyên', 'duyenrs', 'saduyenr'],
  ['E25', "R'Com H'Ƀlum", 'hblumr', null],
  ['E26', "R'Ô Čin", 'cinr', null],
  ['E27', 'Kpuih Ñăm', 'namk', null],
  ['E28', 'Siu Pơ̆i', 'pois', null],
  ['E29', 'Nay Ƀrư̆n', 'brunn', null],
  ['E30', 'Đinh Ê̆o', 'eod', null],
  ['E31', 'Ksor Ŏt', 'otk', null],
  ['E32', "Ksor H'Bơ Khăp", 'hbokhapk', null, ['confirm']],
  ['E33', "Nay H'Wil", 'hwiln', null],
  ['E34', 'Y Blă', 'ybla', null, ['no-family', 'confirm']],
  ['E35', 'A Blong', 'ablong', null, ['no-family', 'confirm']],
  ['E36', 'Y Blă Niê', 'yblan', null, ['family-last']],
  ['E37', "H'Hen Niê", 'hhenn', null, ['family-last']],
  ['E38', 'Y Ngông Niê Kdăm', 'yngongnk', null, ['family-last']],
  ['E39', "H'Či Êban", 'hcie', null, ['family-last']],
  ['E40', 'Âu Dương Thị Hồng Ân', 'anadth', 'honganadt'],
  ['E41', 'Tôn Nữ Thị Ngọc Ưng', 'ungtntn', 'ngocungtnt'],
  ['E42', 'Đặng-Trần Thị Mai', 'maidtt', 'thimaidt'],
  ['E43', 'NGUYỄN  THỊ\u00a0HỒNG', 'hongnt', 'thihongn'],
  ['E44', 'Nguyễn Thị Hồng'.normalize('NFD'), 'hongnt', 'thihongn'],
  ['E45', 'Nguyê\u0303n Thi\u0323 Hô\u0300ng', 'hongnt', 'thihongn'],
  ['E46', 'Ðinh Văn Ðức', 'ducdv', 'vanducd', ['eth-for-d']],
]

function nameOf(raw: string): PersonName {
  const reading = readName(raw)
  assert.equal(reading.kind, 'name', JSON.stringify(reading))
  return (reading as { name: PersonName }).name
}

for (const [id, raw, base, extended, flags] of rows) {
  test(`${id}: ${raw}`, () => {
    const name = nameOf(raw)
    assert.equal(baseForm(name), base)
    assert.equal(extendedForm(name), extended)
    assert.deepEqual(name.flags, flags ?? [])
  })
}

test('E64: TCVN3 bytes read as windows-1252 are suspected before the soft hyphen is removed', () => {
  const reading = readName('Hoµng ThÞ Nh\u00ad Quúnh')
  assert.equal(reading.kind, 'legacy')
  assert.deepEqual([reading.kind === 'legacy' && reading.charset, reading.kind === 'legacy' && reading.converted], ['tcvn3', 'Hoàng Thị Như Quỳnh'])
  assert.deepEqual(reading.kind === 'legacy' && reading.asTyped, { kind: 'unsupported', codePoint: 'U+03BC', word: 'Hoµng' })
})

test('E65: VNI bytes read as windows-1252 are suspected; what they would give is shown', () => {
  const reading = readName('Hoaøng Thò Nhö Quyønh')
  assert.ok(reading.kind === 'legacy')
  assert.equal(reading.charset, 'vni')
  assert.equal(reading.converted, 'Hoàng Thị Như Quỳnh')
})

const refused: readonly (readonly [string, string, object])[] = [
  ['E66', 'Нguyễn Văn An', { kind: 'unsupported', codePoint: 'U+043D', word: 'Нguyễn' }],
  ['E67', 'Nguyễn Văn An (B)', { kind: 'needs-human', reason: 'punctuation or digits' }],
  ['E68', 'Nguyễn Văn 2', { kind: 'needs-human', reason: 'punctuation or digits' }],
  ['E69', '', { kind: 'empty' }],
  ['blank', ' \u00a0\u200b ', { kind: 'empty' }],
  ['NUL', 'Nguyễn\u0000 An', { kind: 'refused', reason: 'control character' }],
]
for (const [id, raw, expected] of refused) test(`${id} is held: ${JSON.stringify(raw)}`, () => assert.deepEqual(readName(raw), expected))

test('any input either gives [a-z0-9]+ or a precise refusal', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }), fc.stringMatching(/^[A-ZĐÊƠƯ][a-zơưêăâđ']{0,6}( [A-ZĐHY][a-zơưêăâđ'-]{0,6}){0,5}$/)), (raw) => {
      const reading = readName(raw)
      if (reading.kind === 'name') assert.match(baseForm(reading.name), /^[a-z0-9]+$/)
    }),
    { numRuns: 5000 },
  )
})
