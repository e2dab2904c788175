import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TransactionFacts } from '../../../../src/protocols/smtp/link-types.ts'
import { createFactsStore } from '../../../../src/protocols/smtp/transaction-facts.ts'

const facts = (transaction: string): TransactionFacts => ({
  transaction,
  remote: { ip: '192.0.2.1', port: 25, name: null, helo: null, tls: false, loopback: false },
  account: null,
  service: 'exchange',
  sender: '',
  recipients: [],
  sizeBytes: 0,
  receivedAtMs: 0,
  spf: null,
  dkim: null,
  dmarc: null,
  spam: null,
  virus: null,
  dnsLists: [],
  unanswered: [],
})

test('facts that came before are there at once, more than once', async () => {
  using store = createFactsStore()
  store.put(facts('a'))
  assert.equal((await store.take('a', 0))?.transaction, 'a')
  assert.equal((await store.take('a', 0))?.transaction, 'a')
})

test('facts that come later wake everyone who waits for them, and nobody else', async () => {
  using store = createFactsStore()
  const waiting = [store.take('a', 60_000), store.take('a', 60_000)]
  const other = store.take('b', 60_000)
  store.put(facts('a'))
  assert.deepEqual((await Promise.all(waiting)).map((one) => one?.transaction), ['a', 'a'])
  store.put(facts('b'))
  assert.equal((await other)?.transaction, 'b')
})

test('facts that never come are not waited for without end', async () => {
  using store = createFactsStore()
  assert.equal(await store.take('a', 1), null)
})

test('the oldest are forgotten when there are too many, and those nobody fetched in time', async () => {
  using store = createFactsStore({ maxTransactions: 3 })
  for (const id of ['a', 'b', 'c', 'd']) store.put(facts(id))
  assert.equal(store.size, 3)
  assert.equal(await store.take('a', 0), null)
  assert.equal((await store.take('d', 0))?.transaction, 'd')
  using brief = createFactsStore({ keepMs: -1 })
  brief.put(facts('a'))
  assert.equal(brief.size, 0)
})

test('a stop ends every wait', async () => {
  const store = createFactsStore()
  const waiting = store.take('a', 60_000)
  store[Symbol.dispose]()
  assert.equal(await waiting, null)
})
