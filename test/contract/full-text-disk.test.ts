/** A full disk under the full-text indexes: refused, nothing torn, and when there is room again it works by itself. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { openFts5 } from '../../src/adapters/fts5/full-text.ts'
import { isMailError } from '../../src/core/errors.ts'
import { TurnedClock } from '../support/store-place.ts'
import { letter } from './full-text.ts'

let directory = ''
let mounted = false
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'congvu-full-text-disk-'))
  mounted = process.getuid?.() === 0 && spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=6m', 'tmpfs', directory]).status === 0
})
after(async () => {
  if (mounted) assert.equal(spawnSync('umount', [directory]).status, 0)
  await rm(directory, { recursive: true, force: true })
})

test('a disk that runs full while texts are taken in', async (t) => {
  if (!mounted) return t.skip('no small disk can be mounted here')
  await using fullText = await openFts5({ directory, clock: new TurnedClock() })
  const question = { area: 'body', needle: 'thu so' } as const
  const { incarnation } = await fullText.begin('a1')
  await fullText.add('a1', incarnation, [letter(1, 'thư số 1')])
  await fullText.reach('a1', incarnation, 3)
  await writeFile(join(directory, 'day'), Buffer.alloc(3_500_000))
  let refusals = 0
  for (let uid = 2; uid < 4_000 && refusals < 3; uid += 20) {
    const letters = Array.from({ length: 20 }, (_, i) => letter(uid + i, `thư số ${uid + i} ${Math.sin(uid + i).toString(36).repeat(40)}`))
    try {
      await fullText.add('a1', incarnation, letters)
    } catch (error) {
      assert.ok(isMailError(error, 'storage-full', 'unavailable'), String(error))
      refusals++
    }
  }
  assert.equal(refusals, 3)
  const state = await fullText.state('a1')
  assert.equal(state?.incarnation, incarnation, 'it is as it was')
  const uids = Uint32Array.from({ length: 4_000 }, (_, i) => i + 1)
  const [answer] = await fullText.find('a1', incarnation, { mailbox: 'b1', uids, questions: [question] })
  assert.equal(answer?.filter((verdict) => verdict === 1).length, state?.messages)
  await rm(join(directory, 'day'))
  await fullText.add('a1', incarnation, [letter(5_000, 'thư số 5000')])
  const [again] = await fullText.find('a1', incarnation, { mailbox: 'b1', uids: Uint32Array.of(1, 5_000), questions: [question] })
  assert.deepEqual([...again!], [1, 1])
})
