/** Quota: one conditional change in every write that adds bytes (design §5.3, Điều 7.3), P6. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { MakePlace } from '../support/store-place.ts'
import { committed, Fixture, isRefused, trace, uids } from '../support/store-fixture.ts'

const messageBytes = 1_000 + trace.length

export function quotaContract(name: string, makePlace: MakePlace): void {
  describe(`${name}: quota`, () => {
    const fixture = new Fixture(makePlace)
    const accountFor = (messages: number) => fixture.accountWithMail(0, { quotaBytes: messages * messageBytes })

    test('an account can be filled to the last byte, and not beyond', async () => {
      const { account, inbox } = await accountFor(3)
      await fixture.store.messages.append(account, inbox, await fixture.messages(3))
      const full = await fixture.store.accounts.get(account)
      assert.equal(full?.usedBytes, full?.quotaBytes)
      const oneByte = await fixture.message({ content: { bodyBytes: 1 }, prefix: new Uint8Array(0) })
      await assert.rejects(fixture.store.messages.append(account, inbox, [oneByte]), isRefused('quota-exceeded'))
      await assert.rejects(fixture.store.messages.copy(account, inbox, uids(1), inbox), isRefused('quota-exceeded'))
      assert.deepEqual(await fixture.store.accounts.get(account), full)
      await fixture.countersAreSums(account)
    })

    test('several messages are taken or refused together, by their sum', async () => {
      const { account, inbox } = await accountFor(3)
      await fixture.store.messages.append(account, inbox, await fixture.messages(1))
      await assert.rejects(fixture.store.messages.append(account, inbox, await fixture.messages(3)), isRefused('quota-exceeded'))
      assert.equal((await fixture.read(account, inbox)).length, 1)
      const filed = await fixture.store.messages.append(account, inbox, await fixture.messages(2))
      assert.equal(filed[0]?.uid, 2)
      await fixture.countersAreSums(account)
    })

    test('a move needs no room, an expunge gives it back', async () => {
      const { account, inbox } = await accountFor(2)
      await fixture.store.messages.append(account, inbox, await fixture.messages(2))
      await fixture.store.messages.move(account, inbox, uids(1), (await fixture.mailbox(account, 'Trash')).id)
      await fixture.store.messages.expunge(account, inbox, uids(2), false)
      await fixture.store.messages.append(account, inbox, await fixture.messages(1))
      await assert.rejects(fixture.store.messages.append(account, inbox, await fixture.messages(1)), isRefused('quota-exceeded'))
      await fixture.countersAreSums(account)
    })

    test('a delivery that one recipient has no room for names that recipient and changes nothing for anyone', async () => {
      const [full, roomy] = [await accountFor(0), await accountFor(5)]
      const delivery = await fixture.delivery([roomy.account, full.account], { outbox: [fixture.outboxRow()] })
      assert.deepEqual(await fixture.store.deliveries.commit(delivery), { kind: 'refused', recipients: [{ index: 1, code: 'quota-exceeded' }] })
      assert.equal((await fixture.store.accounts.get(roomy.account))?.usedBytes, 0)
      assert.deepEqual(await fixture.store.outbox.list({ account: roomy.account, limit: 10 }), [])
      assert.equal(committed(await fixture.store.deliveries.commit({ ...delivery, recipients: [delivery.recipients[0]!] })).filed.length, 1)
      await fixture.countersAreSums(full.account)
      await fixture.countersAreSums(roomy.account)
    })

    test('a system warning may use its extra bytes above the quota, and no more', async () => {
      const { account } = await accountFor(1)
      const warn = async (extraBytes: number) => fixture.store.deliveries.commit(await fixture.delivery([fixture.recipient(account, { extraBytes })]))
      committed(await warn(0))
      assert.equal((await warn(messageBytes - 1)).kind, 'refused')
      committed(await warn(messageBytes))
      assert.equal((await warn(messageBytes)).kind, 'refused')
      committed(await warn(2 * messageBytes))
      await fixture.countersAreSums(account)
    })

    test('many writers at one moment never go beyond the quota, and fill it', async () => {
      const { account, inbox } = await accountFor(10)
      const attempts = Array.from({ length: 30 }, async (_, i) => {
        if (i % 2 === 0) return (await fixture.store.deliveries.commit(await fixture.delivery([account]))).kind === 'committed'
        return fixture.store.messages.append(account, inbox, await fixture.messages(1)).then(
          () => true,
          (error: unknown) => !isRefused('quota-exceeded')(error),
        )
      })
      assert.equal((await Promise.all(attempts)).filter(Boolean).length, 10)
      const filled = await fixture.store.accounts.get(account)
      assert.equal(filled?.usedBytes, filled?.quotaBytes)
      await fixture.countersAreSums(account)
    })

    test('a smaller quota takes nothing away, and refuses until there is room', async () => {
      const { account, inbox } = await accountFor(4)
      await fixture.store.messages.append(account, inbox, await fixture.messages(4))
      await fixture.store.accounts.change(account, { quotaBytes: 2 * messageBytes })
      assert.equal((await fixture.read(account, inbox)).length, 4)
      await fixture.store.messages.expunge(account, inbox, uids(1, 2), false)
      await assert.rejects(fixture.store.messages.append(account, inbox, await fixture.messages(1)), isRefused('quota-exceeded'))
      await fixture.store.messages.expunge(account, inbox, uids(3), false)
      await fixture.store.messages.append(account, inbox, await fixture.messages(1))
      await fixture.countersAreSums(account)
    })
  })
}
