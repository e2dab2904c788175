/** RegistryStore (core/ports/registry.ts), R1 to R5. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { isMailError } from '../../src/core/errors.ts'
import type { EntryWrite, RegistryCommit } from '../../src/core/ports/registry.ts'
import { keysFrom, maxEntryBytes, maxEntryKeys } from '../../src/core/ports/registry.ts'
import type { NewRecord } from '../../src/core/record/record.ts'
import type { MakePlace } from '../support/store-place.ts'
import { Fixture, fresh, isRefused } from '../support/store-fixture.ts'

const entry = (kind: string, id: EntryWrite['id'], given: Partial<EntryWrite> = {}): EntryWrite => ({ kind, id, value: { id }, keys: [], ifVersion: 0, ...given })

export function registryContract(name: string, makePlace: MakePlace): void {
  describe(`${name}: registry`, () => {
    const fixture = new Fixture(makePlace)
    const commit = (given: RegistryCommit) => fixture.store.registry.commit(given)
    const record = (subject: string): NewRecord => ({
      kind: 'audit',
      atMs: fixture.clock.nowMs(),
      actor: 'operator',
      action: 'person.change',
      subject,
      clause: 'Điều 5.2',
      detail: {},
    })
    const audited = async (subject: string): Promise<number> =>
      (await fixture.store.records.read({ kind: 'audit', limit: 100_000 })).filter((one) => one.subject === subject).length

    test('a document is read as it was committed; its version grows by one; null removes it with its keys', async () => {
      const kind = fresh('loai')
      const value = { ten: 'Nguyễn Thị Hồng', '$where': 1, 'a.b': [1, null, { x: true }], đ: 'Đ' }
      const { versions } = await commit({ entries: [entry(kind, 'mot', { value, keys: ['ten hong'] })] })
      assert.deepEqual(versions, [1])
      assert.deepEqual(await fixture.store.registry.get(kind, 'mot'), { kind, id: 'mot', version: 1, value })
      assert.equal(await fixture.store.registry.get(kind, 'hai'), null)
      assert.deepEqual((await commit({ entries: [entry(kind, 'mot', { value: 2, keys: ['so 2'], ifVersion: 1 })] })).versions, [2])
      assert.deepEqual(await fixture.store.registry.find({ kind, ...keysFrom('ten'), limit: 10 }), [])
      assert.deepEqual(await fixture.store.registry.find({ kind, ...keysFrom('so'), limit: 10 }), [{ kind, id: 'mot', version: 2, value: 2, key: 'so 2' }])
      await fixture.reopen()
      assert.equal((await fixture.store.registry.get(kind, 'mot'))?.version, 2)
      assert.deepEqual((await commit({ entries: [entry(kind, 'mot', { value: null, ifVersion: 2 })] })).versions, [0])
      assert.equal(await fixture.store.registry.get(kind, 'mot'), null)
      assert.equal(await fixture.store.registry.count({ kind, ...keysFrom('so') }), 0)
    })

    test('a version that is not the present one refuses the whole commit, and nothing of it is there', async () => {
      const kind = fresh('loai')
      const subject = fresh('viec')
      const account = await fixture.account({ state: 'active' })
      const fresher = await fixture.newAccount()
      await commit({ entries: [entry(kind, 'a')] })
      for (const wrong of [entry(kind, 'a'), entry(kind, 'a', { ifVersion: 2 }), entry(kind, 'moi', { ifVersion: 1 })]) {
        const whole: RegistryCommit = {
          entries: [entry(kind, 'b', { keys: ['k'] }), wrong],
          newAccounts: [fresher],
          accountChanges: [{ account: account.id, change: { state: 'locked', lockClause: '6.2b' } }],
          addAliases: [{ account: account.id, address: `${fresh('khac')}@xa.example` }],
          records: [record(subject)],
        }
        await assert.rejects(commit(whole), isRefused('conflict'))
      }
      assert.equal(await fixture.store.registry.get(kind, 'b'), null)
      assert.equal(await fixture.store.registry.count({ kind, ...keysFrom('k') }), 0)
      assert.equal(await fixture.store.accounts.byAddress(fresher.address), null)
      assert.deepEqual(await fixture.store.accounts.get(account.id), account)
      assert.equal((await fixture.store.accounts.addresses(account.id)).length, 1)
      assert.equal(await audited(subject), 0)
    })

    test('an act is whole: documents, a new account that they name, changes, aliases and its record in one commit', async () => {
      const kind = fresh('loai')
      const subject = fresh('viec')
      const old = await fixture.account({ state: 'active' })
      const wanted = await fixture.newAccount({ state: 'issued' })
      const alias = `${fresh('bidanh')}@xa.example`
      const { accounts, versions } = await commit({
        newAccounts: [wanted],
        accountChanges: [{ account: old.id, change: { state: 'locked', lockClause: '6.2a' }, ifVersion: old.credentialVersion }],
        addAliases: [{ account: old.id, address: alias }],
        entries: [{ kind, id: { newAccount: 0 }, value: { ho: 'Trần' }, keys: ['ho tran'], ifVersion: 0 }, entry(kind, 'khac', { ifVersion: null })],
        records: [record(subject)],
      })
      assert.deepEqual(versions, [1, 1])
      assert.deepEqual(await fixture.store.accounts.byAddress(wanted.address), accounts[0])
      assert.deepEqual((await fixture.store.registry.get(kind, accounts[0]!.id))?.value, { ho: 'Trần' })
      assert.equal((await fixture.store.registry.find({ kind, ...keysFrom('ho'), limit: 2 }))[0]?.id, accounts[0]!.id)
      const locked = await fixture.store.accounts.get(old.id)
      assert.deepEqual([locked?.state, locked?.lockClause, locked?.credentialVersion], ['locked', '6.2a', old.credentialVersion + 1])
      assert.deepEqual(locked, accounts[1])
      assert.equal((await fixture.store.accounts.byAddress(alias))?.id, old.id)
      assert.equal(await audited(subject), 1)
      assert.equal((await fixture.store.mailboxes.list(accounts[0]!.id)).length, wanted.mailboxes.length)
    })

    test('a taken address refuses all accounts of a commit, and the refusal names it', async () => {
      const holder = await fixture.account()
      const [first, second] = [await fixture.newAccount(), await fixture.newAccount()]
      await assert.rejects(commit({ newAccounts: [first, { ...second, address: holder.address }] }), (error) => {
        assert.ok(isRefused('address-taken')(error))
        assert.equal((error as { detail?: { address?: string } }).detail?.address, holder.address)
        return true
      })
      await assert.rejects(commit({ newAccounts: [first, { ...second, address: first.address }] }), isRefused('address-taken'))
      await assert.rejects(commit({ newAccounts: [first, { ...second, agency: 'khong-co' }] }), isRefused('agency-unknown'))
      assert.equal(await fixture.store.accounts.byAddress(first.address), null)
    })

    test('a renamed account has its new primary address; the old one stays as an alias or is given up', async () => {
      for (const keepOld of [true, false]) {
        const account = await fixture.account()
        const address = `${fresh('moi')}@xa.example`
        const { accounts } = await commit({ renames: [{ account: account.id, address, keepOld }] })
        assert.equal(accounts[0]?.address, address)
        assert.equal((await fixture.store.accounts.byAddress(address))?.id, account.id)
        assert.equal((await fixture.store.accounts.byAddress(account.address))?.id, keepOld ? account.id : undefined)
        assert.deepEqual((await fixture.store.accounts.addresses(account.id))[0], { address, account: account.id, primary: true })
        assert.equal((await fixture.store.accounts.byLocalPart(address.split('@')[0]!, 5))[0]?.id, account.id)
        const other = await fixture.account()
        await assert.rejects(commit({ renames: [{ account: other.id, address, keepOld }] }), isRefused('address-taken'))
        await assert.rejects(commit({ removeAliases: [{ account: account.id, address }] }), isRefused('not-permitted'))
      }
    })

    test('an agency is made with the document that tells more of it', async () => {
      const kind = fresh('loai')
      const label = fresh('so')
      const agency = { label, name: 'Sở Thử Nghiệm', domains: [`${label}.example`], createdAtMs: fixture.clock.nowMs() }
      const { agencies } = await commit({ newAgencies: [agency], entries: [{ kind, id: { newAgency: 0 }, value: 1, ifVersion: 0 }] })
      assert.deepEqual(await fixture.store.agencies.byLabel(label), agencies[0])
      assert.equal((await fixture.store.registry.get(kind, agencies[0]!.id))?.value, 1)
      const second = { ...agency, label: fresh('so'), domains: [] }
      const own = { ...(await fixture.newAccount()), agency: { newAgency: 0 } }
      const both = await commit({ newAgencies: [second], newAccounts: [own] })
      assert.equal(both.accounts[0]?.agency, both.agencies[0]?.id)
      assert.equal((await fixture.store.accounts.list({ agency: both.agencies[0]!.id, limit: 5 }))[0]?.address, own.address)
      await assert.rejects(commit({ newAccounts: [{ ...(await fixture.newAccount()), agency: { newAgency: 0 } }] }), isRefused('agency-unknown'))
      await assert.rejects(commit({ newAgencies: [{ ...agency, domains: [] }], entries: [entry(kind, 'x')] }), isRefused('agency-taken'))
      assert.equal(await fixture.store.registry.get(kind, 'x'), null)
    })

    test('find goes by key and id in binary order, both ways, page after page; a document with two keys of the range comes twice', async () => {
      const kind = fresh('loai')
      const keysById: Record<string, readonly string[]> = { a: ['ten b', 'ten a'], b: ['ten a'], c: ['ten đ'], d: ['ten z', 'khac'], e: ['tenx'], ê: ['ten a'] }
      await commit({ entries: Object.entries(keysById).map(([id, keys]) => entry(kind, id, { keys })) })
      await commit({ entries: [entry(fresh('loai'), 'a', { keys: ['ten a'] })] })
      const expected = ['ten a/a', 'ten a/b', 'ten a/ê', 'ten b/a', 'ten z/d', 'ten đ/c']
      for (const descending of [false, true]) {
        const wanted = descending ? expected.toReversed() : expected
        for (const limit of [1, 2, 4, 100]) {
          const all: string[] = []
          for (let after: { key: string; id: string } | undefined; ; ) {
            const page = await fixture.store.registry.find({ kind, ...keysFrom('ten '), limit, descending, ...(after === undefined ? {} : { after }) })
            assert.ok(page.length <= limit)
            all.push(...page.map(({ key, id }) => `${key}/${id}`))
            if (page.length === 0) break
            after = page.at(-1)
          }
          assert.deepEqual(all, wanted)
        }
      }
      assert.equal(await fixture.store.registry.count({ kind, ...keysFrom('ten ') }), 6)
      assert.equal(await fixture.store.registry.count({ kind, from: 'ten a', to: 'ten b' }), 3)
    })

    test('many answers in the order asked, list goes through all of a kind by id', async () => {
      const kind = fresh('loai')
      const ids = Array.from({ length: 450 }, (_, i) => `n${String(i).padStart(4, '0')}`)
      await commit({ entries: ids.map((id) => entry(kind, id)) })
      assert.deepEqual((await fixture.store.registry.many(kind, ['n0007', 'khong', 'n0001', 'n0007'])).map(({ id }) => id), ['n0007', 'n0001', 'n0007'])
      assert.equal((await fixture.store.registry.many(kind, ids)).length, ids.length)
      const all: string[] = []
      for (let after: string | undefined; ; after = all.at(-1)) {
        const page = await fixture.store.registry.list({ kind, limit: 201, ...(after === undefined ? {} : { after }) })
        if (page.length === 0) break
        all.push(...page.map(({ id }) => id))
      }
      assert.deepEqual(all, ids)
    })

    test('of many who change one version at the same moment exactly one succeeds; without a version all do, one after the other', async () => {
      const kind = fresh('loai')
      await commit({ entries: [entry(kind, 'mot', { value: 0 })] })
      const tries = await Promise.allSettled(Array.from({ length: 8 }, (_, i) => commit({ entries: [entry(kind, 'mot', { value: i, keys: [`k${i}`], ifVersion: 1 })] })))
      const won = tries.flatMap((one, i) => (one.status === 'fulfilled' ? [i] : []))
      assert.equal(won.length, 1)
      for (const one of tries) if (one.status === 'rejected') assert.ok(isRefused('conflict')(one.reason), String(one.reason))
      assert.equal((await fixture.store.registry.get(kind, 'mot'))?.value, won[0])
      assert.equal(await fixture.store.registry.count({ kind, ...keysFrom('k') }), 1)
      const blind = await Promise.all(Array.from({ length: 8 }, (_, i) => commit({ entries: [entry(kind, 'mot', { value: i, keys: [`k${i}`], ifVersion: null })] })))
      assert.deepEqual(blind.map(({ versions }) => versions[0]!).toSorted((a, b) => a - b), [3, 4, 5, 6, 7, 8, 9, 10])
      assert.equal(await fixture.store.registry.count({ kind, ...keysFrom('k') }), 1)
    })

    test('of many who make one document or take one address at the same moment exactly one succeeds, with one record', async () => {
      const kind = fresh('loai')
      const subject = fresh('viec')
      const wanted = await fixture.newAccount()
      const tries = await Promise.allSettled(
        Array.from({ length: 8 }, () => commit({ newAccounts: [wanted], entries: [entry(kind, 'mot')], records: [record(subject)] })),
      )
      assert.equal(tries.filter(({ status }) => status === 'fulfilled').length, 1)
      for (const one of tries) if (one.status === 'rejected') assert.ok(isMailError(one.reason, 'conflict', 'address-taken'), String(one.reason))
      assert.equal((await fixture.store.registry.get(kind, 'mot'))?.version, 1)
      assert.equal(await audited(subject), 1)
    })

    test('acts that arrive together each have what is theirs; one that is refused keeps none of the others', async () => {
      const kind = fresh('loai')
      const people = await Promise.all(Array.from({ length: 6 }, () => fixture.newAccount()))
      const holder = await fixture.account({})
      const acts = people.map((person, i): RegistryCommit => ({
        newAccounts: [i === 3 ? { ...person, address: holder.address } : person],
        accountChanges: i === 1 ? [{ account: holder.id, change: { name: 'Tên mới' } }] : [],
        newAgencies: i === 4 ? [{ label: fresh('co'), name: 'Cơ quan', domains: [], createdAtMs: 0 }] : [],
        entries: [entry(kind, { newAccount: 0 }, { value: i }), entry(kind, `sau ${i}`, { value: i })],
        records: [record(`${kind} ${i}`)],
      }))
      const answers = await Promise.allSettled(acts.map(commit))
      for (const [i, answer] of answers.entries()) {
        assert.equal(await audited(`${kind} ${i}`), i === 3 ? 0 : 1)
        if (answer.status === 'rejected') {
          assert.ok(i === 3 && isRefused('address-taken')(answer.reason), String(answer.reason))
          continue
        }
        const { accounts, agencies, versions } = answer.value
        assert.deepEqual(accounts.map(({ address }) => address), i === 1 ? [people[i]!.address, holder.address] : [people[i]!.address])
        assert.deepEqual([versions, agencies.length], [[1, 1], i === 4 ? 1 : 0])
        assert.equal((await fixture.store.registry.get(kind, accounts[0]!.id))?.value, i)
      }
      assert.equal(answers[3]!.status, 'rejected')
      assert.equal((await fixture.store.accounts.get(holder.id))?.name, 'Tên mới')
    })

    test('a change of an account through the registry and mail that arrives meanwhile do not lose each other', async () => {
      const { account } = await fixture.accountWithMail(1)
      const deliveries = await Promise.all(Array.from({ length: 10 }, () => fixture.delivery([account])))
      await Promise.all([
        ...deliveries.map((delivery) => fixture.store.deliveries.commit(delivery)),
        ...Array.from({ length: 5 }, (_, i) => commit({ accountChanges: [{ account, change: { name: `Tên ${i}`, quotaBytes: 5_000_000 + i } }] })),
      ])
      const after = await fixture.store.accounts.get(account)
      assert.match(after?.name ?? '', /^Tên \d$/)
      assert.ok((after?.quotaBytes ?? 0) >= 5_000_000)
      assert.equal((await fixture.inbox(account)).messages, 11)
      await fixture.countersAreSums(account)
    })

    test('a body that a document holds is in use until the document lets it go', async () => {
      const kind = fresh('loai')
      const body = await fixture.blobs.put(Buffer.from(`công văn ${fresh('')}`))
      await commit({ entries: [entry(kind, 'mot', { bodies: [body] })] })
      assert.deepEqual([...(await fixture.store.bodiesInUse([body]))], [body])
      await commit({ entries: [entry(kind, 'mot', { ifVersion: 1 })] })
      assert.deepEqual([...(await fixture.store.bodiesInUse([body]))], [])
    })

    test('an entry beyond the limits is refused and changes nothing', async () => {
      const kind = fresh('loai')
      const wrong: readonly Partial<EntryWrite>[] = [
        { id: '' },
        { id: 'a\nb' },
        { kind: 'x'.repeat(500) },
        { keys: ['k\u0001x'] },
        { keys: Array.from({ length: maxEntryKeys + 1 }, (_, i) => `k${i}`) },
        { value: 'đ'.repeat(maxEntryBytes / 2) },
      ]
      for (const given of wrong) {
        await assert.rejects(commit({ entries: [entry(kind, 'dung'), { ...entry(kind, 'sai'), ...given }] }), isRefused('argument-invalid'))
      }
      assert.equal(await fixture.store.registry.get(kind, 'dung'), null)
      await assert.rejects(commit({ accountChanges: [{ account: 'khong-co', change: { name: 'x' } }] }), isRefused('account-unknown'))
    })
  })
}
