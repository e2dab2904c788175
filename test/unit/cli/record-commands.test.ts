/** `congvu audit verify`: says what is whole, and fails with the first record that is not (exit code 1). */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { recordCommands } from '../../../src/cli/commands/records.ts'
import type { CommandInput } from '../../../src/cli/commands/command.ts'
import { RefusedError } from '../../../src/cli/control-client.ts'
import type { Verified } from '../../../src/core/record/verify-records.ts'

const whole: Verified = { kind: 'audit', records: 7, days: 2, purgedDays: 1, lastSeq: 9, lastHash: 'ab', break: null }

async function run(answers: readonly Verified[], options: CommandInput['options'] = {}): Promise<{ readonly asked: unknown; readonly lines: string[][]; readonly error: unknown }> {
  const lines: string[][] = []
  let asked: unknown
  const input = {
    positionals: [],
    options,
    print: { answer: async () => undefined, item: async (_json: unknown, line: readonly string[]) => void lines.push([...line]), end: async () => undefined },
    async ask(_command: string, args: unknown, onItem: (item: unknown) => Promise<void>) {
      asked = args
      await onItem({ kind: 'audit', records: 3, done: null })
      for (const done of answers) await onItem({ kind: done.kind, records: done.records, done })
      return {}
    },
  } as unknown as CommandInput
  const error: unknown = await recordCommands.find(({ name }) => name === 'audit verify')!.run(input).then(() => null, (thrown: unknown) => thrown)
  return { asked, lines, error }
}

it('whole: one line a kind', async () => {
  const { asked, lines, error } = await run([whole, { ...whole, kind: 'mail', lastHash: '' }], { all: true })
  assert.deepEqual(asked, { all: true })
  assert.equal(error, null)
  assert.deepEqual(lines, [['audit', 'ok', '7 records', '2 days', '1 purged', 'ab'], ['mail', 'ok', '7 records', '2 days', '1 purged', '']])
})

it('broken: the first break is named, and the command is refused', async () => {
  const { lines, error } = await run([{ ...whole, break: { kind: 'audit', seq: 1_700, day: '2026-05-11', what: 'altered' } }, { ...whole, kind: 'mail', break: { kind: 'mail', seq: 2, day: null, what: 'missing' } }])
  assert.deepEqual(lines, [['audit', 'altered', '1700', '2026-05-11'], ['mail', 'missing', '2', '']])
  assert.ok(error instanceof RefusedError)
  assert.deepEqual(error.failure.detail, { kind: 'audit', seq: 1_700, what: 'altered' })
})
