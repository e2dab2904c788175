import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { StoredMessage } from '../../../../src/core/mailbox/mailbox.ts'
import type { Store } from '../../../../src/core/ports/store.ts'
import { content, makeOwner, newMessage, openPlace } from './place.ts'
import type { Owner } from './place.ts'

const messages = 1_200

/** Bytes that are no text in any charset, zeros among them. */
const formsOf = (uid: number): Buffer => Buffer.from(Array.from({ length: uid % 7 === 0 ? 20_000 : uid % 50 }, (_, i) => (i * uid) & 0xff))
const textOf = (uid: number): Buffer => Buffer.concat([Buffer.from([0xff, 0, 0xc3]), Buffer.from(`text ${uid}`)])

/** Every third message is seen, every fifth has a keyword, every seventh large forms. */
async function fill(store: Store, { account, inbox }: Owner): Promise<void> {
  for (let first = 1; first <= messages; first += 100) {
    await store.messages.append(
      account.id,
      inbox.id,
      Array.from({ length: 100 }, (_, i) => {
        const uid = first + i
        return newMessage({
          content: content({
            body: `00000001-${String(uid).padStart(12, '0')}`,
            forms: formsOf(uid),
            text: textOf(uid),
            sentAtMs: uid % 2 === 0 ? uid : null,
          }),
          prefix: Buffer.from(`X-Uid: ${uid}\r\n`),
          flags: { bits: uid % 3 === 0 ? 1 : 0, keywords: uid % 5 === 0 ? ['$Forwarded', 'việc'] : [] },
        })
      }),
    )
  }
}

function check(message: StoredMessage): void {
  const { uid } = message
  assert.equal(Buffer.from(message.prefix).toString(), `X-Uid: ${uid}\r\n`)
  assert.deepEqual(Buffer.from(message.forms!), formsOf(uid))
  assert.deepEqual(Buffer.from(message.text!), textOf(uid))
  assert.equal(message.sentAtMs, uid % 2 === 0 ? uid : null)
  assert.equal(message.body, `00000001-${String(uid).padStart(12, '0')}`)
  assert.deepEqual(message.flags, { bits: uid % 3 === 0 ? 1 : 0, keywords: uid % 5 === 0 ? ['$Forwarded', 'việc'] : [] })
}

const plain = (message: StoredMessage) => ({
  ...message,
  prefix: Buffer.from(message.prefix).toString('hex'),
  forms: message.forms === null ? null : Buffer.from(message.forms).toString('hex'),
  text: message.text === null ? null : Buffer.from(message.text).toString('hex'),
})

test('long reads give the same as short ones, in slices', async (t) => {
  await using place = await openPlace()
  const { store } = place
  const owner = await makeOwner(store)
  const { account, inbox } = owner
  await fill(store, owner)
  const want = { forms: true, text: true }

  await t.test('the view of a large mailbox', async () => {
    const view = (await store.messages.view(account.id, inbox.id))!
    assert.equal(view.uids.length, messages)
    view.uids.forEach((uid, i) => {
      assert.equal(uid, i + 1)
      assert.deepEqual(view.flagSets[view.flags[i]!], { bits: uid % 3 === 0 ? 1 : 0, keywords: uid % 5 === 0 ? ['$Forwarded', 'việc'] : [] })
      assert.equal(view.modseqs[i], 2 + Math.floor(i / 100))
    })
    assert.equal(view.flagSets.length, 4)
  })

  await t.test('all of it, every message once and exact', async () => {
    let next = 1
    let slices = 0
    for await (const slice of store.messages.read(account.id, inbox.id, 'all', want)) {
      slices++
      assert.ok(slice.length <= 250)
      for (const message of slice) {
        assert.equal(message.uid, next++)
        check(message)
      }
    }
    assert.equal(next, messages + 1)
    assert.ok(slices > 4)
  })

  await t.test('chosen UIDs, sparse, dense and missing', async () => {
    const sparse = Uint32Array.from({ length: 120 }, (_, i) => i * 10 + 1)
    const dense = Uint32Array.from({ length: 900 }, (_, i) => i + Math.floor(i / 3) + 1)
    const missing = Uint32Array.from({ length: 600 }, (_, i) => i + 1_000)
    for (const uids of [sparse, dense, missing, Uint32Array.of(5), Uint32Array.of(5_000), new Uint32Array()]) {
      const read: number[] = []
      for await (const slice of store.messages.read(account.id, inbox.id, uids, want)) {
        slice.forEach(check)
        read.push(...slice.map(({ uid }) => uid))
      }
      assert.deepEqual(read, [...uids].filter((uid) => uid <= messages))
    }
  })

  await t.test('each way of wanting them, the same from rows and packed by the store', async () => {
    for (const { forms, text } of [{ forms: false, text: false }, { forms: true, text: false }, { forms: false, text: true }]) {
      let uid = 1
      for await (const slice of store.messages.read(account.id, inbox.id, 'all', { forms, text })) {
        const rows = await store.messages.byId(account.id, slice.slice(0, 20).map(({ id }) => id), { forms, text })
        assert.deepEqual(slice.slice(0, 20).map(plain), rows.map(plain))
        for (const message of slice) assert.equal(message.uid, uid++)
      }
      assert.equal(uid, messages + 1)
    }
  })

  await t.test('by id, in the order that was asked', async () => {
    const ids: string[] = []
    for await (const slice of store.messages.read(account.id, inbox.id, 'all', { forms: false, text: false })) ids.push(...slice.map(({ id }) => id))
    for (const some of [ids.slice(0, 10).reverse(), ids.toReversed()]) {
      const read = await store.messages.byId(account.id, ['m0', ...some, 'zzz'], want)
      assert.deepEqual(read.map(({ id }) => id), some)
      read.forEach(check)
    }
  })

  await t.test('a read that is left early does not hinder the next', async () => {
    for await (const slice of store.messages.read(account.id, inbox.id, 'all', want)) {
      assert.ok(slice.length > 0)
      break
    }
    assert.equal((await store.messages.view(account.id, inbox.id))!.uids.length, messages)
  })

  await t.test('many changes are cut between two modseqs', async () => {
    const some = await store.changes.since(account.id, 1, { limit: 150 })
    assert.equal(some.messages.length, 100)
    assert.equal(some.modseq, 2)
    const few = await store.changes.since(account.id, 1, { limit: 10 })
    assert.equal(few.messages.length, 100, 'all of one modseq, though it is above the limit')
    const all = await store.changes.since(account.id, 1)
    assert.equal(all.messages.length, messages)
    assert.equal(all.modseq, (await store.accounts.get(account.id))!.modseq)
  })

  await t.test('whole bodies in use, few and many', async () => {
    const bodies = Array.from({ length: 300 }, (_, i) => `00000001-${String(i + 1_100).padStart(12, '0')}`)
    for (const asked of [bodies.slice(90, 110), bodies]) {
      assert.deepEqual([...(await store.bodiesInUse(asked))], asked.filter((body) => Number(body.slice(-12)) <= messages))
    }
  })

  await t.test('of a mailbox with holes, those that are gone are left out', async () => {
    const gone = Uint32Array.from({ length: 150 }, (_, i) => i * 4 + 300)
    await store.messages.expunge(account.id, inbox.id, gone, false)
    const left = Array.from({ length: messages }, (_, i) => i + 1).filter((uid) => !gone.includes(uid))
    for (const uids of [Uint32Array.from({ length: messages }, (_, i) => i + 1), Uint32Array.from(left), 'all' as const]) {
      const read: number[] = []
      for await (const slice of store.messages.read(account.id, inbox.id, uids, want)) {
        slice.forEach(check)
        read.push(...slice.map(({ uid }) => uid))
      }
      assert.deepEqual(read, left)
    }
  })
})
