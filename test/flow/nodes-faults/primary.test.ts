/**
 * The primary of the replica set dies, hangs or is cut off, with the load running on two core and two ingress nodes: nothing that was
 * promised is lost, and the service answers again within 15 s without a person (design §1, §5.3, §5.7).
 */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { startFragileSet, type FragileSet } from '../../support/mongo-members.ts'
import { answersAgain, runFault } from '../../support/nodes-fault-run.ts'
import { startProvince, withoutNodes, type Province } from '../../support/nodes.ts'

const answersWithinMs = 15_000
const messages = 1_500

describe('faults of the primary', { skip: withoutNodes, timeout: 400_000 }, () => {
  let set: FragileSet
  let province: Province

  before(async () => {
    set = await startFragileSet()
    province = await startProvince({ set, settings: { CONGVU_LOG__LEVEL: 'info' } })
  })
  after(async () => {
    await (province ?? { [Symbol.asyncDispose]: () => set?.stop() })[Symbol.asyncDispose]()
  })

  test('killed, then started again', async (t) => {
    const asking = await province.person('hoi-chet')
    await runFault(t, province, {
      name: 'chet',
      messages,
      seed: 1,
      async fault() {
        const primary = await set.primary()
        await primary.kill()
        const againMs = await answersAgain(province, asking)
        await primary.start()
        await set.healed()
        assert.ok(Math.max(...againMs) <= answersWithinMs, `${againMs.join()} ms`)
        return { 'answers again after ms': againMs }
      },
    })
  })

  test('halted, then continued when another one is primary', async (t) => {
    const asking = await province.person('hoi-treo')
    await runFault(t, province, {
      name: 'treo',
      messages,
      seed: 2,
      async fault() {
        const primary = await set.primary()
        primary.halt()
        const againMs = await answersAgain(province, asking)
        primary.goOn()
        await set.healed()
        assert.ok(Math.max(...againMs) <= answersWithinMs, `${againMs.join()} ms`)
        assert.notEqual(await set.primary(), primary)
        return { 'answers again after ms': againMs }
      },
    })
  })

  test('cut off: connections stay, and nothing comes through', async (t) => {
    const asking = await province.person('hoi-dut')
    await runFault(t, province, {
      name: 'dut',
      messages,
      seed: 3,
      async fault() {
        const primary = await set.primary()
        primary.door.stall()
        const againMs = await answersAgain(province, asking)
        primary.door.open()
        await set.healed()
        assert.ok(Math.max(...againMs) <= answersWithinMs, `${againMs.join()} ms`)
        return { 'answers again after ms': againMs }
      },
    })
  })
})
