/** Questions that arrive together share a command; each is asked after it arrived. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Lookups } from '../../../../src/adapters/mongo/lookups.ts'

/** Answers each question when it is told to. */
function asked() {
  const questions: { readonly keys: readonly string[]; readonly answer: (error?: Error) => void }[] = []
  const lookups = new Lookups<string, string>((keys) => {
    const { promise, resolve, reject } = Promise.withResolvers<Map<string, string>>()
    questions.push({ keys, answer: (error) => (error === undefined ? resolve(new Map(keys.filter((key) => key !== 'khong').map((key) => [key, `${key}!`]))) : reject(error)) })
    return promise
  })
  return { lookups, questions }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('those of one turn are one question, those that come while it is answered are the next', async () => {
  const { lookups, questions } = asked()
  const first = [lookups.of('a'), lookups.of('b'), lookups.of('a'), lookups.of('khong')]
  await turn()
  const second = [lookups.of('c'), lookups.of('a')]
  await turn()
  assert.deepEqual(questions.map(({ keys }) => keys), [['a', 'b', 'khong']])
  questions[0]!.answer()
  assert.deepEqual(await Promise.all(first), ['a!', 'b!', 'a!', null])
  await turn()
  assert.deepEqual(questions[1]!.keys, ['c', 'a'])
  questions[1]!.answer()
  assert.deepEqual(await Promise.all(second), ['c!', 'a!'])
})

test('a question that fails is told to those who asked it, and the next is asked', async () => {
  const { lookups, questions } = asked()
  const failing = assert.rejects(lookups.of('a'), /dut/)
  await turn()
  const next = lookups.of('b')
  questions[0]!.answer(new Error('dut'))
  await failing
  await turn()
  questions[1]!.answer()
  assert.equal(await next, 'b!')
})
