/** DeliveryStore.commit, facts, forget; bodiesInUse (design §2, "One commit per message"). */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { flagsOf } from '../../src/core/mailbox/flags.ts'
import type { MakePlace } from '../support/store-place.ts'
import { committed, Fixture, fresh, uids } from '../support/store-fixture.ts'

export function deliveriesContract(name: string, makePlace: MakePlace): void {
  describe(`${name}: deliveries`, () => {
    const fixture = new Fixture(makePlace)

    test('a delivery files one message for every recipient, each with its own prefix and flags, all with one body', async () => {
      const accounts = [await fixture.accountWithMail(0), await fixture.accountWithMail(2), await fixture.accountWithMail(0)]
      const delivery = await fixture.delivery(
        accounts.map(({ account }, i) =>
          fixture.recipient(account, { prefix: Buffer.from(`Delivered-To: ${i}\r\n`), flags: flagsOf(i === 2 ? ['\\Flagged', 'sieve'] : []) }),
        ),
      )
      const { filed, outbox } = committed(await fixture.store.deliveries.commit(delivery))
      assert.deepEqual(outbox, [])
      assert.deepEqual(filed.map((one) => [one.account, one.mailbox, one.uid]), accounts.map(({ account, inbox }, i) => [account, inbox, i === 1 ? 3 : 1]))
      for (const [i, one] of filed.entries()) {
        const [read] = await fixture.store.messages.byId(one.account, [one.id], { forms: true, text: true })
        assert.deepEqual(
          [read!.uid, read!.modseq, read!.body, Buffer.from(read!.prefix).toString(), read!.flags, read!.receivedAtMs, read!.sizeBytes],
          [one.uid, one.modseq, delivery.content.body, `Delivered-To: ${i}\r\n`, delivery.recipients[i]!.flags, delivery.receivedAtMs, 1_000 + 17],
        )
        assert.deepEqual(Buffer.from(read!.forms!), Buffer.from(delivery.content.forms))
        await fixture.countersAreSums(one.account)
      }
    })

    test('a recipient is filed in the mailbox that is named, or in the one of the role, or in INBOX where that role has none', async () => {
      const { account, inbox } = await fixture.accountWithMail(0)
      const [named] = await fixture.store.mailboxes.create(account, [{ name: 'Họp', role: null }])
      const junk = (await fixture.mailbox(account, 'Junk')).id
      const targets = [{ mailbox: named!.id }, { role: 'junk' }, { role: 'archive' }] as const
      const where = []
      for (const target of targets) {
        const delivery = await fixture.delivery([fixture.recipient(account, { target })])
        where.push(committed(await fixture.store.deliveries.commit(delivery)).filed[0]!.mailbox)
      }
      assert.deepEqual(where, [named!.id, junk, inbox])
    })

    test('one account may be a recipient several times', async () => {
      const { account, inbox } = await fixture.accountWithMail(0)
      const junk = (await fixture.mailbox(account, 'Junk')).id
      const { filed } = committed(
        await fixture.store.deliveries.commit(await fixture.delivery([account, fixture.recipient(account, { target: { mailbox: junk } }), account])),
      )
      assert.deepEqual(filed.map((one) => [one.mailbox, one.uid]), [[inbox, 1], [junk, 1], [inbox, 2]])
      assert.equal(new Set(filed.map((one) => one.id)).size, 3)
      await fixture.countersAreSums(account)
    })

    test('outbox rows are made in the same commit, in order', async () => {
      const { account } = await fixture.accountWithMail(0)
      const rows = [fixture.outboxRow({ account }), fixture.outboxRow({ sender: '', prefix: new Uint8Array(0), dueAtMs: fixture.clock.nowMs() + 5_000 })]
      const delivery = await fixture.delivery([account], { outbox: rows })
      const { outbox } = committed(await fixture.store.deliveries.commit(delivery))
      assert.equal(outbox.length, 2)
      for (const [i, id] of outbox.entries()) {
        const row = await fixture.store.outbox.get(id)
        assert.ok(row)
        assert.deepEqual(
          { ...row, prefix: Buffer.from(row.prefix) },
          {
            ...rows[i],
            prefix: Buffer.from(rows[i]!.prefix),
            id,
            transaction: delivery.transaction,
            body: delivery.content.body,
            bodyBytes: delivery.content.bodyBytes,
            state: 'queued',
            createdAtMs: row.createdAtMs,
            attempts: 0,
            node: null,
            leaseUntilMs: null,
            lastReply: null,
            lastTryAtMs: null,
          },
        )
      }
    })

    test('a delivery to outside recipients only is a delivery', async () => {
      const { filed, outbox } = committed(await fixture.store.deliveries.commit(await fixture.delivery([], { outbox: [fixture.outboxRow()] })))
      assert.deepEqual([filed.length, outbox.length], [0, 1])
    })

    test('a second commit of the same transaction changes nothing and answers duplicate, also after a restart', async () => {
      const { account } = await fixture.accountWithMail(0)
      const delivery = await fixture.delivery([account], { outbox: [fixture.outboxRow({ account })] })
      committed(await fixture.store.deliveries.commit(delivery))
      const before = await fixture.store.accounts.get(account)
      assert.deepEqual(await fixture.store.deliveries.commit(delivery), { kind: 'duplicate' })
      await fixture.reopen()
      assert.deepEqual(await fixture.store.deliveries.commit({ ...delivery, recipients: [] }), { kind: 'duplicate' })
      assert.deepEqual(await fixture.store.accounts.get(account), before)
      assert.equal((await fixture.store.outbox.list({ account, limit: 10 })).length, 1)
    })

    test('of many commits of one transaction at one moment exactly one is committed', async () => {
      const { account } = await fixture.accountWithMail(0)
      const delivery = await fixture.delivery([account])
      const outcomes = await Promise.all(Array.from({ length: 10 }, () => fixture.store.deliveries.commit(delivery)))
      assert.deepEqual(outcomes.map((outcome) => outcome.kind).sort(), ['committed', ...Array<string>(9).fill('duplicate')])
      assert.equal((await fixture.inbox(account)).messages, 1)
    })

    test('a refusal names every recipient that cannot be filed, changes nothing, and does not use up the transaction', async () => {
      const roomy = await fixture.accountWithMail(0)
      const full = await fixture.accountWithMail(0, { quotaBytes: 10 })
      const delivery = await fixture.delivery(
        ['khong-co', roomy.account, full.account, fixture.recipient(roomy.account, { target: { mailbox: 'khong-co' } })],
        { outbox: [fixture.outboxRow({ account: roomy.account })] },
      )
      const before = await fixture.store.changes.since(roomy.account, 0)
      assert.deepEqual(await fixture.store.deliveries.commit(delivery), {
        kind: 'refused',
        recipients: [
          { index: 0, code: 'account-unknown' },
          { index: 2, code: 'quota-exceeded' },
          { index: 3, code: 'mailbox-unknown' },
        ],
      })
      assert.deepEqual(await fixture.store.changes.since(roomy.account, 0), before)
      assert.deepEqual(await fixture.store.outbox.list({ account: roomy.account, limit: 5 }), [])
      assert.equal(await fixture.store.deliveries.facts(delivery.transaction), null)
      committed(await fixture.store.deliveries.commit({ ...delivery, recipients: [delivery.recipients[1]!] }))
    })

    test('facts are kept with their transaction until they are forgotten; with them goes the idempotency key', async () => {
      const { account } = await fixture.accountWithMail(0)
      const facts = { client: '203.0.113.9', tls: true, spf: { result: 'pass', domain: 'xa.example' }, scores: [1.5, -2], note: 'Thư “mật”', none: null }
      const delivery = await fixture.delivery([account], { facts })
      await fixture.store.deliveries.commit(delivery)
      const kept = await fixture.store.deliveries.facts(delivery.transaction)
      assert.deepEqual(kept, { receivedAtMs: delivery.receivedAtMs, facts })
      assert.equal(await fixture.store.deliveries.facts('khong-co'), null)
      fixture.clock.turn(1_000)
      const later = await fixture.delivery([account])
      await fixture.store.deliveries.commit(later)
      assert.ok((await fixture.store.deliveries.forget(later.receivedAtMs)) >= 1)
      assert.equal(await fixture.store.deliveries.facts(delivery.transaction), null)
      assert.ok(await fixture.store.deliveries.facts(later.transaction))
      committed(await fixture.store.deliveries.commit(delivery))
    })

    test('a delivery settles outbox rows in its own commit: a bounce and the row it is about', async () => {
      const { account } = await fixture.accountWithMail(0)
      const sent = committed(await fixture.store.deliveries.commit(await fixture.delivery([], { outbox: [fixture.outboxRow({ account })] })))
      const row = sent.outbox[0]!
      const settles = [{ id: row, state: 'bounced', reply: '550 5.1.1', atMs: fixture.clock.nowMs(), untilMs: null }] as const
      const refused = await fixture.store.deliveries.commit(await fixture.delivery(['khong-co'], { settles }))
      assert.equal(refused.kind, 'refused')
      assert.equal((await fixture.store.outbox.get(row))?.state, 'queued')
      committed(await fixture.store.deliveries.commit(await fixture.delivery([account], { settles })))
      assert.deepEqual([(await fixture.store.outbox.get(row))?.state, (await fixture.store.outbox.get(row))?.lastReply], ['bounced', '550 5.1.1'])
    })

    test('a body is in use as long as a message, an outbox row or a held delivery names it', async () => {
      const { account, inbox } = await fixture.accountWithMail(0)
      const put = () => fixture.blobs.put(Buffer.from(fresh('than ')))
      const [inMessage, inOutbox, inHeld, nowhere] = [await put(), await put(), await put(), await put()]
      await fixture.store.deliveries.commit(await fixture.delivery([account], { content: await fixture.content({ body: inMessage }) }))
      const outward = await fixture.delivery([], { content: await fixture.content({ body: inOutbox }), outbox: [fixture.outboxRow()] })
      const sent = committed(await fixture.store.deliveries.commit(outward))
      const held = await fixture.delivery([account], { content: await fixture.content({ body: inHeld }) })
      await fixture.store.deliveries.hold(held)
      const all = [inMessage, inOutbox, inHeld, nowhere]
      assert.deepEqual([...(await fixture.store.bodiesInUse(all))].sort(), [inMessage, inOutbox, inHeld].sort())
      assert.equal((await fixture.store.bodiesInUse([])).size, 0)
      await fixture.store.deliveries.fileHeld(held.transaction, 10)
      await fixture.store.deliveries.finishHeld(held.transaction)
      await fixture.store.messages.expunge(account, inbox, 'all', false)
      await fixture.store.outbox.settle([{ id: sent.outbox[0]!, state: 'delivered', reply: '250', atMs: fixture.clock.nowMs(), untilMs: null }])
      fixture.clock.turn(1_000)
      await fixture.store.outbox.forget(fixture.clock.nowMs())
      assert.deepEqual([...(await fixture.store.bodiesInUse(all))], [])
    })

    test('many bodies can be asked for at once', async () => {
      const { account } = await fixture.accountWithMail(0)
      const used = (await fixture.content()).body
      await fixture.store.deliveries.commit(await fixture.delivery([account]))
      const asked = [...Array.from({ length: 3_000 }, () => fresh('than-')), used]
      assert.deepEqual([...(await fixture.store.bodiesInUse(asked))], [used])
    })

    test('a delivery to a few hundred accounts is one commit', async () => {
      const agency = (await fixture.agency()).id
      const accounts = await Promise.all(Array.from({ length: 200 }, async () => (await fixture.account({ agency })).id))
      const { filed } = committed(await fixture.store.deliveries.commit(await fixture.delivery(accounts)))
      assert.deepEqual(filed.map((one) => one.account), accounts)
      const [last] = await fixture.read(accounts[199]!, filed[199]!.mailbox, uids(1))
      assert.equal(last?.id, filed[199]!.id)
    })
  })
}
