/** Which thread a message joins (RFC 8621 §3), without a database: the keys that earlier messages have brought are in a map. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Step } from '../../../../src/adapters/mongo/write/step.ts'
import { joinThread, lookedForKeys, threadKeysOf } from '../../../../src/adapters/mongo/write/threads.ts'

class Known {
  readonly threads = new Map<number, number>()
  #messages = 0

  /** Thread of the next message of account 1. */
  join(messageId: string | null, references: readonly string[] = [], baseSubject = 'hop'): number {
    const step = { threads: this.threads, thread: (key: number) => this.threads.get(key) } as unknown as Step
    return joinThread(step, threadKeysOf(1, { messageId, references, baseSubject }), ++this.#messages).thread
  }
}

test('answers join what they answer, whatever came first, by any message id in common', () => {
  const known = new Known()
  const question = known.join('<1@x>')
  assert.equal(known.join('<2@x>', ['<1@x>']), question)
  assert.equal(known.join('<3@x>', ['<2@x>']), question, 'a client that names only its parent')
  assert.equal(known.join('<4@x>', ['<2@x>', '<3@x>']), question)
  const early = known.join('<6@x>', ['<5@x>'])
  assert.equal(known.join('<5@x>'), early, 'the first message comes last')
  assert.notEqual(early, question)
})

test('another subject or another account is another thread, and what names nothing is alone', () => {
  const known = new Known()
  const question = known.join('<1@x>')
  assert.notEqual(known.join('<2@x>', ['<1@x>'], 'viec khac'), question)
  const alone = [known.join(null), known.join(null)]
  assert.equal(new Set(alone).size, 2)
  const content = { messageId: '<1@x>', references: [], baseSubject: 'hop' }
  assert.notDeepEqual(threadKeysOf(1, content), threadKeysOf(2, content))
})

test('a message that answers nothing needs no look, and a long References field costs a bounded one', () => {
  assert.deepEqual(lookedForKeys(1, { messageId: '<1@x>', references: [], baseSubject: '' }), [])
  const references = Array.from({ length: 100 }, (_, i) => `<${i}@x>`)
  const keys = lookedForKeys(1, { messageId: '<z@x>', references, baseSubject: '' })
  assert.equal(keys.length, 22)
  assert.equal(keys[0], threadKeysOf(1, { messageId: '<0@x>', references: [], baseSubject: '' })[0], 'the root counts')
  assert.ok(keys.every((key) => Number.isSafeInteger(key)))
})

test('thread numbers are exact, and those made of keys are not those of messages', () => {
  const known = new Known()
  for (let i = 0; i < 1_000; i++) {
    const thread = known.join(`<${i}@x>`)
    assert.ok(Number.isSafeInteger(thread) && thread >= 2 ** 52)
  }
})
