/**
 * The whole database goes away under load: every connection is cut, again and again, every session is killed on the server, and all
 * three members die at once and are started again (design §5.3, §5.7).
 */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { seeded } from '../../support/fault-load.ts'
import { startFragileSet, type FragileSet } from '../../support/mongo-members.ts'
import { answersAgain, runFault } from '../../support/nodes-fault-run.ts'
import { startProvince, withoutNodes, type Province } from '../../support/nodes.ts'

const messages = 1_500
const rounds = 12
const maxRoundMs = 600
const answersWithinMs = 15_000

describe('faults of the database', { skip: withoutNodes, timeout: 400_000 }, () => {
  let set: FragileSet
  let province: Province

  before(async () => {
    set = await startFragileSet()
    province = await startProvince({ set })
  })
  after(async () => {
    await (province ?? { [Symbol.asyncDispose]: () => set?.stop() })[Symbol.asyncDispose]()
  })

  test('every connection is cut, again and again', async (t) => {
    const asking = await province.person('hoi-cat')
    const random = seeded(21)
    await runFault(t, province, {
      name: 'cat',
      messages,
      seed: 21,
      afterShare: 0.1,
      async fault() {
        for (let round = 0; round < rounds; round++) {
          for (const { door } of set.members) door.cut()
          await pause(random() * maxRoundMs)
        }
        return { 'cut times': rounds, 'answers again after ms': await answersAgain(province, asking) }
      },
    })
  })

  test('every session is killed on the server, again and again', async (t) => {
    const asking = await province.person('hoi-phien')
    const random = seeded(22)
    await runFault(t, province, {
      name: 'phien',
      messages,
      seed: 22,
      afterShare: 0.1,
      async fault() {
        for (let round = 0; round < rounds; round++) {
          const primary = await set.primary()
          assert.equal((await primary.ask({ killAllSessions: [] }))?.['ok'], 1)
          await pause(random() * maxRoundMs)
        }
        return { 'killed times': rounds, 'answers again after ms': await answersAgain(province, asking) }
      },
    })
  })

  test('all three members are killed at once and started again', async (t) => {
    const asking = await province.person('hoi-ba')
    await runFault(t, province, {
      name: 'ba',
      messages,
      seed: 23,
      async fault() {
        await Promise.all(set.members.map((member) => member.kill()))
        await Promise.all(set.members.map((member) => member.start()))
        const againMs = await answersAgain(province, asking)
        await set.healed()
        assert.ok(Math.max(...againMs) <= answersWithinMs, `${againMs.join()} ms`)
        return { 'answers again after their start within ms': againMs }
      },
    })
  })
})
