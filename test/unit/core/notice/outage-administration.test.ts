/** Outages in force (Điều 8.2, R-8.2): late ones are refused unless urgent, every mailbox is told once, with receipts; changed and ended. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { openAdministrationRig, type AdministrationRig } from '../../../support/administration-rig.ts'
import { defaultMailboxes } from '../../../../src/core/account/default-mailboxes.ts'
import type { AccountState } from '../../../../src/core/account/account.ts'
import { createOutageAdministration, sendOutageLetters } from '../../../../src/core/notice/outage-administration.ts'

const never = new AbortController().signal
const msOf = (instant: string): number => Temporal.Instant.from(instant).epochMilliseconds
const order = { startAtMs: msOf('2026-06-08T08:00+07:00'), endAtMs: msOf('2026-06-08T12:00+07:00'), urgentReason: null, description: 'Nâng cấp máy chủ' }

async function people(rig: AdministrationRig, count: number, state: AccountState = 'active'): Promise<string[]> {
  const agency = (await rig.store.agencies.byLabel('skhcn')) ?? (await rig.agency('skhcn'))
  const ids: string[] = []
  for (let i = 0; i < count; i++) {
    const made = await rig.store.accounts.create({ agency: agency.id, address: `${state}${i}@skhcn.gialai.gov.vn`, name: `n${i}`, kind: 'person', role: 'individual', state, quotaBytes: 10_000_000, passwordHash: null, mailboxes: defaultMailboxes, createdAtMs: 1 })
    ids.push(made.id)
  }
  return ids
}

const inbox = async (rig: AdministrationRig, id: string): Promise<number> => (await rig.store.mailboxes.byRole(id, 'inbox'))!.messages

it('in time until Tue 02/06, late on 03/06 unless urgent with a reason; only the Sở announces', async () => {
  await using rig = await openAdministrationRig({ startAt: '2026-06-03T08:00+07:00' })
  const outages = createOutageAdministration(rig.context)
  const [operator, owner] = [rig.actor('operator'), rig.actor('super-administrator')]
  const draft = await outages.draft(operator, order)
  await assert.rejects(outages.announce(operator, draft.id, null), { code: 'not-permitted' })
  await assert.rejects(outages.announce(owner, draft.id, null), (error: { message: string; detail: { latestNotice: string } }) => error.message === 'notice-too-late' && error.detail.latestNotice === '2026-06-02')
  const urgent = await outages.change(operator, draft.id, { ...order, urgentReason: 'Lỗ hổng nghiêm trọng' }, draft.version)
  const announced = await outages.announce(owner, draft.id, urgent.version)
  assert.deepEqual([announced.state, announced.announced!.urgent], ['announced', true])
  await assert.rejects(outages.announce(owner, draft.id, null), { message: 'already-decided' })

  rig.turnTo('2026-06-02T23:00+07:00')
  const other = await outages.draft(operator, order)
  assert.equal((await outages.announce(owner, other.id, null)).announced!.urgent, false)
})

it('every living mailbox gets it once, also when the sending is broken off; a full one gets it within the reserve', async () => {
  await using rig = await openAdministrationRig({ startAt: '2026-06-01T08:00+07:00' })
  const outages = createOutageAdministration(rig.context)
  const active = await people(rig, 230)
  const [locked, revoked] = [await people(rig, 2, 'locked'), await people(rig, 1, 'revoked')]
  await rig.store.accounts.change(active[3]!, { quotaBytes: 1 })
  const owner = rig.actor('super-administrator')
  const draft = await outages.draft(owner, order)
  await outages.announce(owner, draft.id, null)
  let commits = 0
  const breaking = { ...rig.context, store: { ...rig.store, registry: { ...rig.store.registry, commit: (commit: never) => (++commits === 2 ? Promise.reject(new Error('the power is cut')) : rig.store.registry.commit(commit)) } } }
  await assert.rejects(sendOutageLetters(breaking, never), /power/)
  await sendOutageLetters(rig.context, never)
  assert.equal(await sendOutageLetters(rig.context, never), 0)
  for (const id of [...active, ...locked]) assert.equal(await inbox(rig, id), 1, id)
  assert.equal(await inbox(rig, revoked[0]!), 0)
  const { letters } = await outages.get(owner, draft.id)
  assert.deepEqual(letters.map(({ word, filed, refused }) => [word, filed + refused]), [['announced', 232]])
  assert.notEqual(letters[0]!.endedAtMs, null)
  const receipts = await outages.receipts(owner, draft.id, { after: null, limit: 10 })
  assert.equal(receipts.flatMap(({ accounts }) => accounts).length, 232)
  assert.ok(receipts.every(({ filedAtMs }) => filedAtMs !== null))
})

it('a change within the time is told, one beyond it is a new announcement; ended is told too', async () => {
  await using rig = await openAdministrationRig({ startAt: '2026-06-02T08:00+07:00' })
  const outages = createOutageAdministration(rig.context)
  const [person] = await people(rig, 1)
  const owner = rig.actor('super-administrator')
  const draft = await outages.draft(owner, order)
  await outages.announce(owner, draft.id, null)
  rig.turnTo('2026-06-05T08:00+07:00')
  await assert.rejects(outages.change(rig.actor('operator'), draft.id, { ...order, endAtMs: order.endAtMs - 3_600_000 }, null), { code: 'not-permitted' })
  await outages.change(owner, draft.id, { ...order, endAtMs: order.endAtMs - 3_600_000 }, null)
  await assert.rejects(outages.change(owner, draft.id, { ...order, endAtMs: order.endAtMs + 3_600_000 }, null), { message: 'notice-too-late' })
  assert.equal((await outages.standing()).length, 1)
  rig.turnTo('2026-06-08T10:00+07:00')
  await outages.end(owner, draft.id, 'ended', null)
  assert.equal((await outages.standing()).length, 0)
  await sendOutageLetters(rig.context, never)
  assert.equal(await inbox(rig, person!), 3)
  const acts = (await rig.store.records.read({ kind: 'audit', limit: 100 })).map(({ action }) => action)
  assert.deepEqual(acts, ['outage.draft', 'outage.announce', 'act.refused', 'outage.change', 'outage.end'])
})
