import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { MailError } from '../../../../src/core/errors.ts'
import type { NewRecord } from '../../../../src/core/record/record.ts'
import { createRecordQueue } from '../../../../src/core/record/record-queue.ts'
import { HandClock } from '../account/fakes.ts'

function record(subject: string): NewRecord {
  return { kind: 'sign-in', atMs: 0, actor: 'system', action: 'sign-in.succeeded', subject, clause: null, detail: {} }
}

function queue(append: (records: readonly NewRecord[]) => Promise<void>, maxWaiting = 100) {
  const clock = new HandClock()
  const errors: unknown[] = []
  const made = createRecordQueue({ records: { append }, clock, onError: (error) => void errors.push(error) }, { gatherMs: 500, maxWaiting, maxBatch: 10 })
  return { clock, errors, made }
}

describe('records that are gathered', () => {
  it('are appended together after a moment, in order, in batches', async () => {
    const batches: string[] = []
    const { clock, made } = queue(async (records) => void batches.push(records.map(({ subject }) => subject).join('')))
    for (const subject of 'abcdefghijklm') made.add(record(subject))
    await clock.turn(499)
    assert.deepEqual(batches, [])
    await clock.turn(1)
    assert.deepEqual(batches, ['abcdefghij', 'klm'])
    made.add(record('n'))
    await clock.turn(500)
    assert.deepEqual(batches.at(-1), 'n')
    assert.equal(clock.sleepers.length, 0)
  })

  it('stay when the store is away, bounded, and the loss is told', async () => {
    let away = true
    const kept: NewRecord[] = []
    const { clock, errors, made } = queue(async (records) => {
      if (away) throw new MailError('unavailable')
      kept.push(...records)
    }, 3)
    for (const subject of 'abcde') made.add(record(subject))
    await clock.turn(500)
    away = false
    await clock.turn(500)
    assert.deepEqual(kept.map(({ action, subject }) => `${action} ${subject}`), [
      'sign-in.succeeded a',
      'sign-in.succeeded b',
      'sign-in.succeeded c',
      'record.lost sign-in',
    ])
    assert.deepEqual(kept.at(-1)?.detail, { count: 2 })
    assert.deepEqual(errors, [])
  })

  it('a bug of the store is told', async () => {
    const bug = new TypeError('bug')
    const { clock, errors, made } = queue(() => Promise.reject(bug))
    made.add(record('a'))
    await clock.turn(500)
    assert.deepEqual(errors, [bug])
  })

  it('are appended at the end', async () => {
    const kept: NewRecord[] = []
    const { made } = queue(async (records) => void kept.push(...records))
    made.add(record('a'))
    await made[Symbol.asyncDispose]()
    assert.equal(kept.length, 1)
  })
})
