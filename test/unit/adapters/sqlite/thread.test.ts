import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Thread } from '../../../../src/adapters/sqlite/threads.ts'
import { isMailError } from '../../../../src/core/errors.ts'

/** Answers what it is asked, and dies when it is asked to. */
const script = new URL(
  `data:text/javascript,${encodeURIComponent(`
    import { parentPort } from 'node:worker_threads'
    parentPort.on('message', (message) => {
      if (message === 'close') return parentPort.close()
      if (message.word === 'die') throw new Error('dead')
      parentPort.postMessage([{ id: message.id, value: message.word }])
    })`)}`,
)

function ask(thread: Thread, word: string): Promise<unknown> {
  return new Promise((resolve, reject) => thread.post({ id: thread.expect(resolve, reject), word }))
}

test('a thread that dies rejects what it was asked as unavailable, and the next question begins a new one', async () => {
  const thread = new Thread({ script, data: null, name: 'test thread' })
  assert.equal(await ask(thread, 'one'), 'one')
  const lost = [ask(thread, 'die'), ask(thread, 'two')]
  for (const outcome of await Promise.allSettled(lost)) {
    assert.ok(outcome.status === 'rejected' && isMailError(outcome.reason, 'unavailable'))
    assert.match(outcome.reason.message, /dead/)
  }
  assert.equal(thread.outstanding, 0)
  assert.equal(await ask(thread, 'three'), 'three')
  await thread.close()
})

test('closing a thread that never began, or twice, ends', async () => {
  const thread = new Thread({ script, data: null, name: 'test thread' })
  await thread.close()
  await thread.close()
})
