/** Worked examples E47-E63 of the requirements (§1.5 b), and what no batch may ever do. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { allocateAddresses, type Candidate, type Taken } from '../../../../src/core/account/allocate-address.ts'
import { readName } from '../../../../src/vietnamese/names/parse-name.ts'

function person(full: string, birth = '', homeTown: string | null = null, birthPlace: string | null = null): Candidate {
  const reading = readName(full)
  assert.ok(reading.kind === 'name')
  const [day, month, year] = birth.split('/').map(Number)
  return { name: reading.name, birthDate: birth === '' ? null : Temporal.PlainDate.from({ year: year!, month: month!, day: day! }), homeTown, birthPlace }
}

function domain(held: Readonly<Record<string, string | null>> = {}): Taken {
  return { has: (local) => Object.hasOwn(held, local), names: (local) => (held[local] === undefined || held[local] === null ? [] : [held[local]]) }
}

const told = (batch: readonly Candidate[], taken = domain()): string[] =>
  allocateAddresses(batch, taken).allocations.map((one) => (one.kind === 'manual' ? 'manual' : `${one.local} ${one.rule}${one.level === null ? '' : ` L${one.level}`}${one.gap === null ? '' : ' gap'}`))

const hoa = (birth: string, home: string | null = null, place: string | null = null): Candidate => person('Nguyễn Thị Hoa', birth, home, place)

const examples: readonly (readonly [id: string, batch: readonly Candidate[], held: Readonly<Record<string, string | null>>, expected: readonly string[]])[] = [
  ['E47', [person('Trương Hoàng Tiến Minh'), person('Trần Huỳnh Tấn Minh')], {}, ['tienminhth 4.2b', 'tanminhth 4.2b']],
  ['E48', [person('Trần Huỳnh Tấn Minh')], { minhtht: 'Trương Hoàng Tiến Minh' }, ['tanminhth 4.2b']],
  ['E49', [hoa('08/03/1990'), hoa('15/07/1992')], {}, ['hoant08 4.2c L1', 'hoant15 4.2c L1']],
  ['E50', [hoa('08/03/1990'), hoa('08/07/1992')], {}, ['hoant0803 4.2c L2', 'hoant0807 4.2c L2']],
  ['E51', [hoa('08/03/1990'), hoa('08/03/1992')], {}, ['hoant08031990 4.2c L3', 'hoant08031992 4.2c L3']],
  ['E52', [hoa('08/03/1990', 'Hoài Nhơn'), hoa('08/03/1990', 'Đak Pơ')], {}, ['hoant08031990hoainhon 4.2c L4', 'hoant08031990dakpo 4.2c L4']],
  ['E53', [hoa('08/03/1990', 'An Khê', 'Quy Nhơn'), hoa('08/03/1990', 'An Khê', 'Pleiku')], {}, ['hoant08031990ankhequynhon 4.2c L5', 'hoant08031990ankhepleiku 4.2c L5']],
  ['E54', [hoa('08/03/1990', 'An Khê', 'Pleiku'), hoa('08/03/1990', 'An Khê', 'Pleiku')], {}, ['manual', 'manual']],
  ['E55', [hoa('15/07/1992')], { hoant: 'Nguyễn Thị Hoa' }, ['hoant15 4.2c L1']],
  ['E56', [person('Nguyễn Văn Hùng', '02/01/1980'), person('Nguyễn Văn Hưng', '06/05/1985')], {}, ['vanhungn02 4.2c L1 gap', 'vanhungn06 4.2c L1 gap']],
  ['E57', [person('Nguyễn Văn Hưng', '06/05/1985')], { hungnv: 'Nguyễn Văn Hùng' }, ['vanhungn 4.2b']],
  ['E58', [person('Nguyễn Văn Hứng', '30/11/1990')], { hungnv: 'Nguyễn Văn Hùng', vanhungn: 'Nguyễn Văn Hưng' }, ['vanhungn30 4.2c L1 gap']],
  ['E59', [person('Ksor Nham', '03/02/1988'), person('Kpă Nham', '05/04/1989')], {}, ['nhamk03 4.2c L1 gap', 'nhamk05 4.2c L1 gap']],
  ['E60', [person('Trương Hoàng Tiến Minh', '09/01/1980'), person('Trần Huy Tiến Minh', '10/02/1981')], {}, ['tienminhth09 4.2c L1 gap', 'tienminhth10 4.2c L1 gap']],
  ['E61', [person('Lê Văn Bình', '01/01/1990'), person('Lê Văn Bình', '02/02/1991'), person('Lê Vũ Bình', '03/03/1992')], {}, ['binhlv01 4.2c L1', 'binhlv02 4.2c L1', 'vubinhl 4.2b']],
  ['E62', [person('Hồ Thanh Vân')], { vanht: null }, ['thanhvanh 4.2b']],
  ['E63', [person('Nguyễn Thị Hồng', '01/01/1990'), person('Nguyễn Thị Hồng'.normalize('NFD'), '02/02/1990')], {}, ['hongnt01 4.2c L1', 'hongnt02 4.2c L1']],
]
for (const [id, batch, held, expected] of examples) test(`${id}: ${expected.join(', ')}`, () => assert.deepEqual(told(batch, domain(held)), expected))

test('a contested short form is listed, so that a third person never gets it (D-4)', () => {
  const { contested } = allocateAddresses([person('Trương Hoàng Tiến Minh'), person('Trần Huỳnh Tấn Minh')], domain())
  assert.deepEqual([...contested], [['minhtht', ['Trương Hoàng Tiến Minh', 'Trần Huỳnh Tấn Minh']]])
  const later: Taken = { has: (local) => local === 'minhtht', names: (local) => (local === 'minhtht' ? contested.get('minhtht')! : []) }
  assert.deepEqual(told([person('Trịnh Hồng Thái Minh')], later), ['thaiminhth 4.2b'])
})

test('two people never get one address, and nobody one that is taken', () => {
  const names = ['Nguyễn Văn Hùng', 'Nguyễn Văn Hưng', 'Nguyễn Vũ Hùng', 'Ngô Văn Hùng', 'Đỗ Hùng', 'Đinh Hùng', 'Văn Hùng Nguyễn', "Siu H'Bia", 'Siu Hbia', 'Nguyễn Thị Hoa', 'Nguyễn Thế Hòa']
  const candidates = fc.record({ full: fc.constantFrom(...names), day: fc.integer({ min: 1, max: 3 }), home: fc.constantFrom(null, 'An Khê', 'Pleiku') })
  fc.assert(
    fc.property(fc.array(candidates, { maxLength: 14 }), fc.uniqueArray(fc.constantFrom('hungnv', 'vanhungn', 'hungd', 'hoant01', 'hungnv02', 'vanhungn01')), (drawn, held) => {
      const batch = drawn.map(({ full, day, home }) => person(full, `${day}/1/1990`, home))
      const taken = domain(Object.fromEntries(held.map((local) => [local, null])))
      const locals = allocateAddresses(batch, taken).allocations.flatMap((one) => (one.kind === 'given' ? [one.local] : []))
      assert.equal(new Set(locals).size, locals.length)
      for (const local of locals) assert.ok(/^[a-z0-9]+$/.test(local) && !held.includes(local as never))
    }),
    { numRuns: 2000 },
  )
})
