import assert from 'node:assert/strict'
import { test } from 'node:test'
import { accountNoOf, id, idNo, isOutboxId, keyNo, keyOf, keysPerAccount, maxAccountNo, OutboxIds, packKey } from '../../../../src/adapters/mongo/ids.ts'

test('an id is a letter and a number, and nothing else is taken for one', () => {
  for (const no of [1, 35, 36, 2 ** 31, Number.MAX_SAFE_INTEGER]) assert.equal(idNo('thread', id('thread', no)), no)
  for (const wrong of ['', 't', 't0', 'T1', 't01', 'm1', 't-1', 't1.5', `t${'z'.repeat(11)}`, 't 1']) assert.equal(idNo('thread', wrong), null, wrong)
  assert.equal(accountNoOf(id('account', maxAccountNo)), maxAccountNo)
  assert.equal(accountNoOf(id('account', maxAccountNo + 1)), null)
})

test('keys of an account lie together and are exact', () => {
  const last = packKey(maxAccountNo, keysPerAccount - 1)
  assert.ok(Number.isSafeInteger(last) && keyNo(last) === keysPerAccount - 1)
  assert.equal(keyOf('message', 'a2', 'mz'), 2 * keysPerAccount + 35)
  assert.equal(keyOf('message', 'a2', 'b1'), null)
  assert.equal(keyOf('message', 'a2', id('message', keysPerAccount)), null)
})

test('ids of outbox rows grow as text, at one instant, when the clock steps back and when an instant is full', () => {
  const ids = new OutboxIds()
  const made = [ids.next(1_000), ids.next(1_000), ids.next(999), ids.next(1_001), ids.next(1_000)]
  for (let i = 0; i < 50_000; i++) made.push(ids.next(2_000))
  for (let i = 0; i < 1_700_000; i++) ids.next(3_000)
  made.push(ids.next(3_000), ids.next(3_000), ids.next(Date.UTC(2126, 1, 1)))
  assert.deepEqual(made, made.toSorted())
  assert.equal(new Set(made).size, made.length)
  assert.ok(made.every(isOutboxId))
  assert.notEqual(new OutboxIds().next(1_000), new OutboxIds().next(1_000))
  for (const wrong of ['', 'q', 'q1', `${made[0]!}0`, made[0]!.toUpperCase()]) assert.ok(!isOutboxId(wrong))
})
