/** AccountStore (core/ports/store.ts). */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { AccountChange } from '../../src/core/ports/store.ts'
import type { MakePlace } from '../support/store-place.ts'
import { Fixture, fresh, isRefused } from '../support/store-fixture.ts'

export function accountsContract(name: string, makePlace: MakePlace): void {
  describe(`${name}: accounts`, () => {
    const fixture = new Fixture(makePlace)

    test('an account is made with its address and its mailboxes, in the given order', async () => {
      const wanted = await fixture.newAccount({ name: 'Trần Thị Bích', role: 'agency-administrator', state: 'issued', passwordHash: '$argon2id$v=19$thu' })
      const account = await fixture.store.accounts.create(wanted)
      assert.deepEqual(await fixture.store.accounts.get(account.id), account)
      const { mailboxes, ...facts } = wanted
      assert.deepEqual({ ...account, ...facts }, account)
      assert.equal(account.usedBytes, 0)
      assert.equal(account.lockClause, null)
      const listed = await fixture.store.mailboxes.list(account.id)
      const byName = mailboxes.toSorted((a, b) => (a.name < b.name ? -1 : 1))
      assert.deepEqual(
        listed.map((mailbox) => [mailbox.name, mailbox.role]),
        byName.map((mailbox) => [mailbox.name, mailbox.role]),
      )
      assert.deepEqual([...(await fixture.store.mailboxes.subscriptions(account.id))].sort(), ['INBOX', 'Sent', 'Trash'])
      assert.deepEqual(await fixture.store.accounts.addresses(account.id), [{ address: account.address, account: account.id, primary: true }])
    })

    test('create refuses a taken address, also an alias, and an unknown agency, and then has changed nothing', async () => {
      const first = await fixture.account()
      const alias = `${fresh('khac')}@xa.example`
      await fixture.store.accounts.addAlias(first.id, alias)
      const count = await fixture.store.accounts.count()
      for (const address of [first.address, alias]) {
        await assert.rejects(fixture.account({ address }), isRefused('address-taken'))
        assert.equal((await fixture.store.accounts.byAddress(address))?.id, first.id)
      }
      const address = `${fresh('moi')}@xa.example`
      await assert.rejects(fixture.account({ address, agency: 'khong-co' }), isRefused('agency-unknown'))
      assert.equal(await fixture.store.accounts.byAddress(address), null)
      assert.equal(await fixture.store.accounts.count(), count)
      await fixture.account({ address })
    })

    test('of many who create the same address at one moment exactly one succeeds', async () => {
      const wanted = await fixture.newAccount()
      const results = await Promise.allSettled(Array.from({ length: 8 }, () => fixture.store.accounts.create(wanted)))
      const made = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
      assert.equal(made.length, 1)
      for (const result of results) if (result.status === 'rejected') assert.ok(isRefused('address-taken')(result.reason))
      assert.deepEqual(await fixture.store.accounts.byAddress(wanted.address), made[0])
    })

    test('holders tells of many addresses at once whose they are, aliases too', async () => {
      const [first, second] = [await fixture.account(), await fixture.account()]
      const alias = `${fresh('bidanh')}@xa.example`
      await fixture.store.accounts.addAlias(first.id, alias)
      const asked = [second.address, 'khong-co@xa.example', alias, first.address, ...Array.from({ length: 500 }, (_, i) => `k${i}@xa.example`)]
      const holders = await fixture.store.accounts.holders(asked)
      assert.deepEqual(Object.fromEntries(holders), { [second.address]: second.id, [alias]: first.id, [first.address]: first.id })
      assert.equal((await fixture.store.accounts.holders([])).size, 0)
    })

    test('byAddress finds an account behind its primary address and its aliases, and only behind those', async () => {
      const account = await fixture.account()
      const alias = `${fresh('bidanh')}@xa.example`
      await fixture.store.accounts.addAlias(account.id, alias)
      assert.equal((await fixture.store.accounts.byAddress(account.address))?.id, account.id)
      assert.equal((await fixture.store.accounts.byAddress(alias))?.id, account.id)
      assert.equal(await fixture.store.accounts.byAddress(`x${account.address}`), null)
      assert.deepEqual(
        [...(await fixture.store.accounts.addresses(account.id))].sort((a, b) => Number(b.primary) - Number(a.primary)),
        [
          { address: account.address, account: account.id, primary: true },
          { address: alias, account: account.id, primary: false },
        ],
      )
    })

    test('byLocalPart finds primary addresses with this local part in any domain, at most `limit`', async () => {
      const local = fresh('trung')
      const made = []
      for (const domain of ['a.example', 'b.example', 'c.example']) made.push((await fixture.account({ address: `${local}@${domain}` })).id)
      const other = await fixture.account({ address: `${local}x@a.example` })
      await fixture.store.accounts.addAlias(other.id, `${local}@bidanh.example`)
      const found = await fixture.store.accounts.byLocalPart(local, 10)
      assert.deepEqual(found.map((account) => account.id).sort(), [...made].sort())
      assert.equal((await fixture.store.accounts.byLocalPart(local, 2)).length, 2)
      assert.deepEqual(await fixture.store.accounts.byLocalPart(`${local}-khong`, 10), [])
    })

    test('change changes only the named fields; state, role and passwordHash make credentialVersion grow, others do not', async () => {
      let account = await fixture.account()
      const cases: readonly (readonly [AccountChange, boolean])[] = [
        [{ name: 'Tên Mới' }, false],
        [{ quotaBytes: 12_345 }, false],
        [{ state: 'locked', lockClause: '6.2b' }, true],
        [{ state: 'active', lockClause: null }, true],
        [{ role: 'operator' }, true],
        [{ passwordHash: '$argon2id$moi' }, true],
        [{ passwordHash: null }, true],
      ]
      for (const [change, grows] of cases) {
        const changed = await fixture.store.accounts.change(account.id, change)
        assert.deepEqual({ ...changed, credentialVersion: 0 }, { ...account, ...change, credentialVersion: 0 }, JSON.stringify(change))
        assert.equal(changed.credentialVersion > account.credentialVersion, grows, JSON.stringify(change))
        assert.deepEqual(await fixture.store.accounts.get(account.id), changed)
        account = changed
      }
    })

    test('change refuses an unknown account, and `conflict` when ifVersion is not the present version', async () => {
      const account = await fixture.account()
      await assert.rejects(fixture.store.accounts.change('khong-co', { name: 'x' }), isRefused('account-unknown'))
      const changed = await fixture.store.accounts.change(account.id, { passwordHash: 'a' }, account.credentialVersion)
      await assert.rejects(fixture.store.accounts.change(account.id, { passwordHash: 'b' }, account.credentialVersion), isRefused('conflict'))
      assert.deepEqual(await fixture.store.accounts.get(account.id), changed)
    })

    test('of many changes for the same version at one moment exactly one succeeds', async () => {
      const account = await fixture.account()
      const results = await Promise.allSettled(
        Array.from({ length: 8 }, (_, i) => fixture.store.accounts.change(account.id, { passwordHash: `hash ${i}` }, account.credentialVersion)),
      )
      assert.equal(results.filter((result) => result.status === 'fulfilled').length, 1)
    })

    test('an alias is refused when its address is taken or its account unknown; the primary address is never removed', async () => {
      const [one, two] = [await fixture.account(), await fixture.account()]
      const alias = `${fresh('chung')}@xa.example`
      await fixture.store.accounts.addAlias(one.id, alias)
      await assert.rejects(fixture.store.accounts.addAlias(two.id, alias), isRefused('address-taken'))
      await assert.rejects(fixture.store.accounts.addAlias(two.id, one.address), isRefused('address-taken'))
      await assert.rejects(fixture.store.accounts.addAlias('khong-co', `${fresh('x')}@xa.example`), isRefused('account-unknown'))
      await assert.rejects(fixture.store.accounts.removeAlias(two.id, alias), isRefused('address-unknown'))
      await assert.rejects(fixture.store.accounts.removeAlias(one.id, `${fresh('x')}@xa.example`), isRefused('address-unknown'))
      await assert.rejects(fixture.store.accounts.removeAlias(one.id, one.address), isRefused('not-permitted'))
      await fixture.store.accounts.removeAlias(one.id, alias)
      assert.equal(await fixture.store.accounts.byAddress(alias), null)
      await fixture.store.accounts.addAlias(two.id, alias)
      assert.equal((await fixture.store.accounts.byAddress(alias))?.id, two.id)
    })

    test('list gives accounts by address from after `after`, only those of the agency and the role', async () => {
      const agency = (await fixture.agency()).id
      const domain = `${fresh('xa')}.example`
      for (const local of ['dung', 'an', 'chi', 'binh']) {
        const role = local === 'chi' ? 'agency-administrator' : 'individual'
        await fixture.account({ agency, address: `${local}@${domain}`, role })
      }
      await fixture.account()
      const addresses = async (query: Parameters<typeof fixture.store.accounts.list>[0]) => (await fixture.store.accounts.list(query)).map((account) => account.address)
      assert.deepEqual(await addresses({ agency, limit: 10 }), ['an', 'binh', 'chi', 'dung'].map((local) => `${local}@${domain}`))
      assert.deepEqual(await addresses({ agency, limit: 2 }), [`an@${domain}`, `binh@${domain}`])
      assert.deepEqual(await addresses({ agency, after: `binh@${domain}`, limit: 2 }), [`chi@${domain}`, `dung@${domain}`])
      assert.deepEqual(await addresses({ agency, role: 'agency-administrator', limit: 10 }), [`chi@${domain}`])
      const everyone = await addresses({ limit: 1_000 })
      assert.deepEqual(everyone, [...everyone].sort())
      assert.equal(everyone.length, await fixture.store.accounts.count())
    })
  })
}
