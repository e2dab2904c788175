/** Idempotency keys: what was begun and never ended, what is too large, what is over. */
import assert from 'node:assert/strict'
import { after, before, it } from 'node:test'
import { createIdempotency, type Idempotency } from '../../../../src/core/administration/idempotency.ts'
import { isMailError } from '../../../../src/core/errors.ts'
import { openAdminApiRig, type AdminApiRig } from '../../../support/admin-api-rig.ts'

let rig: AdminApiRig
let idempotency: Idempotency
before(async () => {
  rig = await openAdminApiRig({ routes: [] })
  idempotency = createIdempotency(rig.access)
})
after(() => rig[Symbol.asyncDispose]())

const answer = (body: string) => ({ status: 201, headers: {}, body })
const reason = (wanted: string) => (error: unknown) => isMailError(error) && error.detail['reason'] === wanted

it('one whose process died is free again after two minutes, not before', async () => {
  const given = { caller: 'a1', key: 'died', request: 'POST /x' }
  assert.equal((await idempotency.begin(given)).kind, 'first')
  await assert.rejects(idempotency.begin(given), reason('idempotency-running'))
  rig.turn(119_000)
  await assert.rejects(idempotency.begin(given), reason('idempotency-running'))
  rig.turn(1_000)
  assert.equal((await idempotency.begin(given)).kind, 'first')
})

it('an answer that is too large to keep is not given again, and the act not done again', async () => {
  const given = { caller: 'a1', key: 'large', request: 'POST /x' }
  const first = await idempotency.begin(given)
  assert.ok(first.kind === 'first')
  await first.keep(answer('x'.repeat(600_000)))
  await assert.rejects(idempotency.begin(given), reason('idempotency-done'))
})

it('what is over is taken away by those who come later', async () => {
  const first = await idempotency.begin({ caller: 'a1', key: 'old', request: 'POST /x' })
  assert.ok(first.kind === 'first')
  await first.keep(answer('{}'))
  rig.turn(25 * 3_600_000)
  await idempotency.begin({ caller: 'a2', key: 'new', request: 'POST /x' })
  assert.equal((await rig.store.registry.list({ kind: 'idempotency', limit: 100 })).length, 1)
})
