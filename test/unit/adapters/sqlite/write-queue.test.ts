import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isMailError } from '../../../../src/core/errors.ts'
import { delivery, makeOwner, openPlace } from './place.ts'

test('writes that are asked together are answered each for itself', async () => {
  await using place = await openPlace()
  const { account, inbox } = await makeOwner(place.store, 5_200)
  const outcomes = await Promise.all(Array.from({ length: 20 }, (_, i) => place.store.deliveries.commit(delivery(`t${i}`, account.id))))
  assert.equal(outcomes.filter(({ kind }) => kind === 'committed').length, 5)
  assert.equal(outcomes.filter(({ kind }) => kind === 'refused').length, 15)
  const view = await place.store.messages.view(account.id, inbox.id)
  assert.deepEqual([...view!.uids], [1, 2, 3, 4, 5])
})

test('a write that holds what cannot cross to a thread fails alone', async () => {
  await using place = await openPlace()
  const { account } = await makeOwner(place.store)
  const wrong = place.store.deliveries.commit(delivery('wrong', account.id, { facts: { call: () => undefined } }))
  const right = place.store.deliveries.commit(delivery('right', account.id))
  await assert.rejects(wrong, { name: 'DataCloneError' })
  assert.equal((await right).kind, 'committed')
})

test('bytes that lie in a larger buffer are kept exactly', async () => {
  await using place = await openPlace()
  const { account, inbox } = await makeOwner(place.store)
  const large = Buffer.from('xxxxReturn-Path: <>\r\nxxxx')
  const [recipient] = delivery('t', account.id).recipients
  await place.store.deliveries.commit(delivery('t', account.id, { recipients: [{ ...recipient!, prefix: large.subarray(4, 21) }] }))
  for await (const [message] of place.store.messages.read(account.id, inbox.id, 'all', { forms: false, text: false })) {
    assert.equal(Buffer.from(message!.prefix).toString(), 'Return-Path: <>\r\n')
  }
})

test('a commit that the disk fails is refused, and the store goes on by itself', async () => {
  // The third COMMIT: the agency and the account are the first two.
  await using place = await openPlace('commit-io-error:3')
  const { account, inbox } = await makeOwner(place.store)
  await assert.rejects(place.store.deliveries.commit(delivery('t', account.id)), (error) => isMailError(error, 'unavailable'))
  assert.equal((await place.store.mailboxes.get(account.id, inbox.id))?.messages, 0)
  await place.store.ready()
  const outcome = await place.store.deliveries.commit(delivery('t', account.id))
  assert.ok(outcome.kind === 'committed' && outcome.filed[0]!.uid === 1)
})

test('closing answers what was asked before and refuses what comes after', async () => {
  const place = await openPlace()
  const { account } = await makeOwner(place.store)
  const asked = Array.from({ length: 2_000 }, (_, i) => place.store.deliveries.commit(delivery(`t${i}`, account.id)))
  const closed = place.store[Symbol.asyncDispose]()
  assert.ok((await Promise.all(asked)).every(({ kind }) => kind === 'committed'))
  await closed
  await assert.rejects(place.store.ready(), (error) => isMailError(error, 'unavailable'))
  await assert.rejects(place.store.accounts.count(), (error) => isMailError(error, 'unavailable'))
  await place.store[Symbol.asyncDispose]()
  await place.folder[Symbol.asyncDispose]()
})
