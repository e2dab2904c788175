import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { refusal, world } from '../account/fakes.ts'

describe('agencies', () => {
  it('has the domain label.<province>, and an audit record', async () => {
    const w = await world()
    const agency = await w.agencyActs.create({ label: 'vp-ubnd', name: ' Văn phòng UBND tỉnh ' }, 'operator')
    assert.deepEqual([agency.domains, agency.name], [['vp-ubnd.gialai.gov.vn'], 'Văn phòng UBND tỉnh'])
    assert.deepEqual(w.records.map(({ action, subject, clause }) => [action, subject, clause]), [['agency.create', 'vp-ubnd.gialai.gov.vn', 'Điều 4.1']])
  })

  it('the label "" is the province itself', async () => {
    const w = await world()
    assert.deepEqual((await w.agencyActs.create({ label: '', name: 'Tỉnh' }, 'operator')).domains, ['gialai.gov.vn'])
  })

  const refusals: readonly (readonly [string, string, string])[] = [
    ['skhcn', 'Sở', 'agency-taken'],
    ['Skhcn', 'Sở', 'name-invalid'],
    ['sở', 'Sở', 'name-invalid'],
    ['a.b', 'Sở', 'name-invalid'],
    ['-a', 'Sở', 'name-invalid'],
    ['a-', 'Sở', 'name-invalid'],
    ['a'.repeat(64), 'Sở', 'name-invalid'],
    ['www', 'Sở', 'name-invalid'],
    ['mx1', 'Sở', 'name-invalid'],
    ['snv', '', 'name-invalid'],
    ['snv', 'a\nb', 'name-invalid'],
  ]
  for (const [label, name, code] of refusals) {
    it(`${JSON.stringify(label.slice(0, 20))} ${JSON.stringify(name)}: ${code}`, async () => {
      const w = await world()
      await assert.rejects(w.agencyActs.create({ label, name }, 'operator'), refusal(code))
      assert.equal(w.records.length, 0)
    })
  }

  it('lists by label', async () => {
    const w = await world()
    const labels = []
    for await (const { label } of w.agencyActs.list()) labels.push(label)
    assert.deepEqual(labels, ['dakpo', 'skhcn'])
  })
})
