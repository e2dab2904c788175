/**
 * The role table through the API (requirements §1.1; issue point 11): every cell of every action that a route asks for, by
 * people who are signed in, is allowed, or refused with the right reason and an audit record.
 */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Account } from '../../../src/core/account/account.ts'
import { may, roleTable, type Action, type ActingRole } from '../../../src/core/account/lifecycle/roles.ts'
import { refusalClass, type RefusalCode } from '../../../src/core/account/lifecycle/basis.ts'
import type { Agency } from '../../../src/core/agency/agency.ts'
import { routes } from '../../../src/protocols/admin/routes.ts'
import { openAdminApiRig, type AdminApiRig, type Client } from '../../support/admin-api-rig.ts'
import { representatives, type Representative } from './role-requests.ts'

const roles: readonly ActingRole[] = ['super-administrator', 'operator', 'agency-administrator', 'individual', 'inspector']
const places = ['own account', 'same agency', 'other agency'] as const
const order = encodeURIComponent('7/LĐ-SKHCN')
const statusOfClass = { forbidden: 403, conflict: 409, unprocessable: 422 } as const

const asked = new Set(routes.flatMap(({ actions }) => actions))

it('every action that a route asks for has a request in role-requests.ts', (t) => {
  assert.deepEqual([...asked].filter((action) => representatives[action] === undefined), [])
  assert.deepEqual((Object.keys(representatives) as Action[]).filter((action) => !asked.has(action)), [], 'requests without a route')
  const without = (Object.keys(roleTable) as Action[]).filter((action) => !asked.has(action))
  t.diagnostic(`rows of the role table without a route: ${without.join(', ') || 'none'}`)
})

describe('the role table through the API', () => {
  let rig: AdminApiRig
  let own: Agency
  let other: Agency

  before(async () => {
    rig = await openAdminApiRig({ secondFactorRoles: [] })
    own = await rig.agency('skhcn')
    other = await rig.agency('stc')
  })
  after(async () => {
    assert.deepEqual(rig.faults, [])
    await rig[Symbol.asyncDispose]()
  })

  const member = (role: ActingRole, agency: Agency): Promise<Account> => rig.account(role, { agency: agency.id, domain: agency.domains[0]! })
  const person = async (role: ActingRole): Promise<{ readonly account: Account; readonly client: Client }> => {
    const account = await member(role, own)
    return { account, client: await rig.signedIn(account) }
  }
  let lastSeen = 0
  let refusals = 0
  const refusalsRecorded = async (): Promise<number> => {
    for (;;) {
      const page = await rig.store.records.read({ kind: 'audit', limit: 1000, ...(lastSeen > 0 && { after: lastSeen }) })
      refusals += page.filter(({ action }) => action === 'act.refused').length
      lastSeen = page.at(-1)?.seq ?? lastSeen
      if (page.length < 1000) return refusals
    }
  }

  for (const [action, representative] of Object.entries(representatives) as [Action, Representative][]) {
    for (const role of roles) {
      it(`${action}: ${role}`, async () => {
        let acting = await person(role)
        for (const place of places) {
          for (const onOrder of [false, true]) {
            // What the act before did may have ended the session.
            if ((await acting.client.get('/me')).status !== 200) acting = await person(role)
            const { account: actor, client } = acting
            const target = place === 'own account' ? actor : await member('individual', place === 'same agency' ? own : other)
            const { method, path, body, headers = {} } = await representative.request({ actor, target, rig })
            const expected = may(role, action, scopeOf(representative, actor, target, onOrder))
            const recorded = await refusalsRecorded()
            const answer = await client.ask(method, path, { ...(body !== undefined && { body }), headers: { ...headers, ...(onOrder && { 'x-order-number': order }) } })
            const cell = `${method} ${path}, ${place}${onOrder ? ', on order' : ''}: ${answer.status} ${answer.text.slice(0, 300)}`
            if (expected.kind === 'allowed') {
              assert.ok(answer.status < 500 && answer.status !== 400 && answer.status !== 403, cell)
              assert.equal(await refusalsRecorded(), recorded, cell)
            } else {
              assert.equal(answer.body?.code, expected.code, cell)
              assert.equal(answer.status, statusOfClass[refusalClass(expected.code as RefusalCode)], cell)
              assert.equal(answer.body.clause, expected.clause, cell)
              assert.equal(await refusalsRecorded(), recorded + 1, cell)
            }
          }
        }
      })
    }
  }

  it('ids of others and of nobody: 403 or 404, and a record of each refusal', async () => {
    const { client } = await person('agency-administrator')
    const recorded = await refusalsRecorded()
    for (const id of [(await member('individual', other)).id, '00000000000000000000000000', '..', 'x'.repeat(100)]) {
      const { status } = await client.get(`/accounts/${encodeURIComponent(id)}`)
      assert.ok(status === 403 || status === 404, `${id}: ${status}`)
    }
    assert.ok((await refusalsRecorded()) >= recorded + 3)
  })
})

function scopeOf({ about }: Representative, actor: Account, target: Account, onOrder: boolean) {
  const given = onOrder ? { order: decodeURIComponent(order) } : {}
  if (about === 'own-agency') return { ownAgency: true, ownAccount: false, ...given }
  if (about === 'self') return { ownAgency: true, ownAccount: true, ...given }
  if (about === 'nothing') return { ownAgency: false, ownAccount: false, ...given }
  return { ownAgency: actor.agency === target.agency, ownAccount: about === 'target' && actor.id === target.id, ...given }
}
