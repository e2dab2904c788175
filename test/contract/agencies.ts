/** AgencyStore (core/ports/store.ts). */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { MakePlace } from '../support/store-place.ts'
import { Fixture, fresh, isRefused, slices } from '../support/store-fixture.ts'

export function agenciesContract(name: string, makePlace: MakePlace): void {
  describe(`${name}: agencies`, () => {
    const fixture = new Fixture(makePlace)
    const made = (label: string, domains: readonly string[]) =>
      fixture.store.agencies.create({ label, name: 'Sở Khoa học và Công nghệ', domains, createdAtMs: fixture.clock.nowMs() })

    test('an agency is found by id, by label and by each of its domains, and nothing else is', async () => {
      const agency = await made('skhcn', ['skhcn.tinh.example', 'khcn.tinh.example'])
      assert.deepEqual(agency, {
        id: agency.id,
        label: 'skhcn',
        name: 'Sở Khoa học và Công nghệ',
        domains: ['skhcn.tinh.example', 'khcn.tinh.example'],
        createdAtMs: fixture.clock.nowMs(),
      })
      assert.deepEqual(await fixture.store.agencies.get(agency.id), agency)
      assert.deepEqual(await fixture.store.agencies.byLabel('skhcn'), agency)
      for (const domain of agency.domains) assert.deepEqual(await fixture.store.agencies.byDomain(domain), agency)
      assert.equal(await fixture.store.agencies.byLabel('SKHCN '), null)
      assert.equal(await fixture.store.agencies.byDomain('tinh.example'), null)
      assert.equal(await fixture.store.agencies.get('khong-co'), null)
    })

    test('create refuses a label or a domain that exists, and then has changed nothing', async () => {
      const first = await fixture.agency(['mot.example'])
      await assert.rejects(made(first.label, ['hai.example']), isRefused('agency-taken'))
      const label = fresh('xa')
      await assert.rejects(made(label, ['ba.example', 'mot.example']), isRefused('agency-taken'))
      assert.equal(await fixture.store.agencies.byLabel(label), null)
      for (const domain of ['hai.example', 'ba.example']) assert.equal(await fixture.store.agencies.byDomain(domain), null)
      assert.deepEqual(await fixture.store.agencies.byDomain('mot.example'), first)
    })

    test('of many who create the same label at one moment exactly one succeeds', async () => {
      const label = fresh('xa')
      const results = await Promise.allSettled(Array.from({ length: 8 }, () => made(label, [`${fresh('xa')}.example`])))
      assert.equal(results.filter((result) => result.status === 'fulfilled').length, 1)
      for (const result of results) if (result.status === 'rejected') assert.ok(isRefused('agency-taken')(result.reason))
    })

    test('a domain is added once, last; another agency\'s domain and an unknown agency are refused', async () => {
      const agency = await fixture.agency(['xa-a.example'])
      const other = await fixture.agency(['xa-b.example'])
      const grown = await fixture.store.agencies.addDomain(agency.id, 'xa-c.example')
      assert.deepEqual(grown, { ...agency, domains: ['xa-a.example', 'xa-c.example'] })
      assert.deepEqual(await fixture.store.agencies.addDomain(agency.id, 'xa-c.example'), grown)
      assert.deepEqual(await fixture.store.agencies.byDomain('xa-c.example'), grown)
      await assert.rejects(fixture.store.agencies.addDomain(other.id, 'xa-c.example'), isRefused('agency-taken'))
      await assert.rejects(fixture.store.agencies.addDomain('khong-co', 'xa-d.example'), isRefused('agency-unknown'))
      assert.equal(await fixture.store.agencies.byDomain('xa-d.example'), null)
    })

    test('list gives all of them by label', async () => {
      await made('', ['goc.example'])
      await made('zz-cuoi', [])
      await made('an', [])
      const labels = (await slices(fixture.store.agencies.list())).map((agency) => agency.label)
      assert.deepEqual(labels, [...labels].sort())
      for (const label of ['', 'zz-cuoi', 'an']) assert.ok(labels.includes(label))
    })

    test('agencies are there after the store was closed and opened again', async () => {
      const agency = await fixture.agency()
      await fixture.reopen()
      assert.deepEqual(await fixture.store.agencies.get(agency.id), agency)
    })
  })
}
