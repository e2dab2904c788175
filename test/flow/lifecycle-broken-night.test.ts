/** A night of the lifecycle that is broken off at any commit, as when the process dies or the store goes away. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { MailError } from '../../src/core/errors.ts'
import type { RegistryStore } from '../../src/core/ports/registry.ts'
import type { Store } from '../../src/core/ports/store.ts'
import { openLifecycleRig, type LifecycleRig } from '../support/lifecycle-rig.ts'

const issuedOn = '2026-05-10'
const lockOn = '2026-06-11'
const never = new AbortController().signal

async function people(rig: LifecycleRig, count: number): Promise<void> {
  await rig.issue([{ local: 'aa', role: 'agency-administrator' }, ...Array.from({ length: count }, (_, index) => ({ local: `u${index}`, secondChannel: `u${index}@rieng.example` }))])
}

const actsOf = async (rig: LifecycleRig): Promise<readonly string[]> =>
  (await rig.audit()).filter(({ actor: who }) => who === 'system').map(({ action, subject, clause, detail }) => `${action} ${subject} ${clause} ${String((detail as { after?: { daysBefore?: number } }).after?.daysBefore ?? '')}`)

/** Commits fail, as when the process dies or the store goes away: after so many, before or after they were kept. */
class Breaking {
  left = Infinity
  kept = false

  wrap(store: Store): Store {
    const commit: RegistryStore['commit'] = async (wanted) => {
      if (this.left-- > 0) return store.registry.commit(wanted)
      if (this.kept) await store.registry.commit(wanted)
      throw new MailError('unavailable', 'broken off')
    }
    return { ...store, registry: { ...store.registry, commit }, [Symbol.asyncDispose]: () => store[Symbol.asyncDispose]() }
  }
}

describe('a night that is broken off', () => {
  for (const kept of [false, true]) {
    it(`after any commit${kept ? ', which was kept though nobody heard' : ''}: the next run does the rest, and nothing twice`, async () => {
      const whole = await actsAfter(Infinity, kept)
      assert.equal(whole.acts.length, 10)
      for (let commits = 0; commits < whole.commits; commits++) {
        const broken = await actsAfter(commits, kept)
        assert.deepEqual(broken.acts.toSorted(), whole.acts.toSorted(), `after ${commits} commits`)
        assert.deepEqual(broken.told, whole.told, `told after ${commits} commits`)
      }
    })
  }

  async function actsAfter(commits: number, kept: boolean) {
    const breaking = new Breaking()
    await using rig = await openLifecycleRig(issuedOn, 9.5, (store) => breaking.wrap(store))
    await people(rig, 4)
    await rig.runNight('2026-06-10')
    breaking.left = commits === Infinity ? 1_000_000 : commits
    breaking.kept = kept
    const had = breaking.left
    await rig.runNight(lockOn).catch((error: unknown) => assert.ok(error instanceof MailError && error.code === 'unavailable'))
    const used = had - breaking.left
    breaking.left = Infinity
    await rig.night.runIfDue(never)
    await rig.night.tellLeftovers(never)
    const told = new Set(rig.notices.flatMap(({ recipient, subject, text }) => [...text.matchAll(/u\d@skhcn/g)].map(([address]) => `${recipient} ${subject.split(' (')[0]} ${address}`)))
    return { acts: await actsOf(rig), commits: used, told: [...told].filter((one) => !one.startsWith('aa@')).toSorted() }
  }
})
