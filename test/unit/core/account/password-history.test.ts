/** one of the last passwords does not come again; five of an individual, ten of an administrator. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { historyOf, passwordHistoryKind } from '../../../../src/core/account/password-history.ts'
import { entry } from '../../../../src/core/administration/entries.ts'
import { openAdministrationRig } from '../../../support/administration-rig.ts'

const lengths = { individuals: 5, administrators: 10 }

for (const [role, kept] of [
  ['individual', 5],
  ['agency-administrator', 10],
] as const) {
  test(`${role}: the last ${kept} are refused, those before them are forgotten`, async () => {
    await using rig = await openAdministrationRig()
    const ports = { registry: rig.store.registry, passwords: rig.context.passwords }
    const hashed = (number: number): string => `$plain$mat-khau-${number}`
    for (let number = 0; number < 14; number++) {
      const history = await historyOf(ports, { id: 'a1', passwordHash: hashed(number), role }, lengths)
      for (let older = 0; older <= number; older++) assert.equal(await history.has(`mat-khau-${older}`), older > number - kept, `${older} of ${number}`)
      assert.equal(await history.has('mat-khau-moi'), false)
      await rig.store.registry.commit({ entries: [history.write] })
    }
    assert.equal((await entry(rig.store.registry, passwordHistoryKind, 'a1'))?.value.hashes.length, kept)
  })
}
