import assert from 'node:assert/strict'
import { test } from 'node:test'
import { threadHashes } from '../../../../src/adapters/sqlite/write/threads.ts'
import { content, makeOwner, newMessage, openPlace } from './place.ts'

test('the keys of a message: its own id and its references, each once; the first and the last twenty of many', () => {
  assert.equal(threadHashes(content()).length, 0)
  assert.equal(threadHashes(content({ messageId: '<1@x>' })).length, 1)
  assert.equal(threadHashes(content({ messageId: '<1@x>', references: ['<1@x>', '<2@x>', '<2@x>'] })).length, 2)
  const many = Array.from({ length: 5_000 }, (_, i) => `<${i}@x>`)
  const hashes = threadHashes(content({ references: many }))
  assert.equal(hashes.length, 21)
  assert.equal(hashes[0], threadHashes(content({ references: ['<0@x>'] }))[0])
  assert.equal(hashes[20], threadHashes(content({ references: ['<4999@x>'] }))[0])
  assert.ok(hashes.every(Number.isSafeInteger))
})

test('messages join a thread by a common message id and an equal base subject, and by nothing less', async () => {
  await using place = await openPlace()
  const { account, inbox } = await makeOwner(place.store)
  const thread = async (messageId: string | null, references: string[], baseSubject: string): Promise<string> => {
    const [filed] = await place.store.messages.append(account.id, inbox.id, [newMessage({ content: content({ messageId, references, baseSubject }) })])
    const [message] = await place.store.messages.byId(account.id, [filed!.id], { forms: false, text: false })
    return message!.threadId
  }
  const first = await thread('<1@x>', [], 'họp')
  assert.equal(await thread('<2@x>', ['<1@x>'], 'họp'), first)
  assert.equal(await thread('<3@x>', ['<2@x>'], 'họp'), first, 'through the second')
  assert.equal(await thread('<1@x>', [], 'họp'), first, 'the same message again')
  assert.notEqual(await thread('<4@x>', ['<1@x>'], 'việc khác'), first, 'another subject')
  assert.notEqual(await thread('<5@x>', [], 'họp'), first, 'only the subject')
  assert.notEqual(await thread(null, [], 'họp'), first)
  const orphan = await thread('<7@x>', ['<6@x>'], 'họp')
  assert.equal(await thread('<6@x>', [], 'họp'), orphan, 'the one it answers came later')
})

test('threads without messages are forgotten when many messages have gone', async () => {
  await using place = await openPlace()
  const { store } = place
  const { account, inbox } = await makeOwner(store)
  const append = (from: number, count: number): Promise<unknown> =>
    store.messages.append(
      account.id,
      inbox.id,
      Array.from({ length: count }, (_, i) => newMessage({ content: content({ messageId: `<${from + i}@x>` }) })),
    )
  await append(0, 1_100)
  await append(5_000, 1)
  const stays = (await store.messages.view(account.id, inbox.id))!.uids.at(-1)!
  await store.messages.expunge(account.id, inbox.id, Uint32Array.from({ length: 1_100 }, (_, i) => i + 1), false)
  await store.changes.prune(0, 0)
  const reply = async (id: number): Promise<string> => {
    const [filed] = await store.messages.append(account.id, inbox.id, [newMessage({ content: content({ messageId: `<r${id}@x>`, references: [`<${id}@x>`] }) })])
    const [message] = await store.messages.byId(account.id, [filed!.id], { forms: false, text: false })
    return message!.threadId === `t${filed!.id.slice(1)}` ? 'own' : message!.threadId
  }
  assert.equal(await reply(7), 'own')
  assert.equal(await reply(5_000), `t${stays.toString(36)}`)
})
