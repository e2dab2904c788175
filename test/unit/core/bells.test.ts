/** Bells that were lost are made good: for all in one question, at their pace, whatever happens to the store. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createBells } from '../../../src/core/bells.ts'
import type { Bell } from '../../../src/core/change.ts'
import { MailError } from '../../../src/core/errors.ts'
import { healBells } from '../../../src/core/heal-bells.ts'
import { RigClock } from '../../support/delivery-rig.ts'

const settle = (): Promise<void> => new Promise((resume) => setImmediate(resume))
const pace = { hearingMs: 60_000, deafMs: 3_000, gatherMs: 500 }

function rig() {
  const clock = new RigClock()
  const bells = createBells({ onError: assert.ifError })
  const states = new Map<string, number>()
  const asked: (readonly string[])[] = []
  const faults: unknown[] = []
  const now = { hears: true, failure: null as Error | null }
  const healing = healBells(
    {
      bells,
      clock,
      hears: () => now.hears,
      onError: (error) => faults.push(error),
      changes: {
        async states(accounts) {
          asked.push(accounts)
          if (now.failure !== null) throw now.failure
          return new Map(accounts.flatMap((account) => (states.has(account) ? [[account, states.get(account)!] as const] : [])))
        },
      },
    },
    pace,
  )
  const heard: Bell[] = []
  const listen = (account: string) => bells.listen(account, (bell) => heard.push(bell))
  const turn = async (ms: number): Promise<void> => {
    await settle()
    clock.turn(ms)
    await settle()
    await settle()
  }
  return { bells, states, asked, faults, now, healing, heard, listen, turn, [Symbol.asyncDispose]: () => healing[Symbol.asyncDispose]() }
}

describe('healing of bells', () => {
  test('once a minute while bells are heard, all accounts in one question; only what is news is told', async () => {
    await using r = rig()
    for (const account of ['a', 'b', 'gone']) r.listen(account)
    r.states.set('a', 5).set('b', 7)
    r.bells.tell({ account: 'b', modseq: 7 })
    await r.turn(59_999)
    assert.equal(r.asked.length, 0)
    await r.turn(1)
    assert.deepEqual(r.asked, [['a', 'b', 'gone']])
    assert.deepEqual(r.heard, [{ account: 'b', modseq: 7 }, { account: 'a', modseq: 5 }])
    await r.turn(60_000)
    assert.equal(r.asked.length, 2)
    assert.equal(r.heard.length, 2)
  })

  test('often while they are not, from the moment that it is known', async () => {
    await using r = rig()
    r.listen('a')
    await r.turn(1_000)
    r.now.hears = false
    r.healing.soon()
    await r.turn(0)
    assert.equal(r.asked.length, 1)
    for (let round = 0; round < 3; round++) await r.turn(3_000)
    assert.equal(r.asked.length, 4)
  })

  test('accounts that somebody has just begun to listen for gather, and do not keep the others waiting', async () => {
    await using r = rig()
    r.listen('a')
    r.listen('b')
    for (let ms = 0; ms < 60_000; ms += 100) {
      r.healing.soon([ms % 200 === 0 ? 'a' : 'nobody'])
      await r.turn(100)
    }
    await r.turn(500)
    const whole = r.asked.filter((accounts) => accounts.includes('b'))
    assert.ok(whole.length >= 1)
    assert.ok(r.asked.length <= 60_000 / 500 + 2, `${r.asked.length} questions`)
    assert.ok(r.asked.every((accounts) => !accounts.includes('nobody')))
  })

  test('a store that is away is asked again; a fault is told', async () => {
    await using r = rig()
    r.listen('a')
    r.states.set('a', 1)
    r.now.failure = new MailError('unavailable')
    await r.turn(60_000)
    r.now.failure = new Error('a bug')
    await r.turn(60_000)
    assert.deepEqual(r.faults, [r.now.failure])
    r.now.failure = null
    await r.turn(60_000)
    assert.deepEqual(r.heard, [{ account: 'a', modseq: 1 }])
  })
})
