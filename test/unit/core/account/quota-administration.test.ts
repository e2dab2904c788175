/** Sizes in force (Điều 7.3; R-7.3a, b, d): own values and classes, lowering below use, warnings once per crossing, the limit at submission. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { openAdministrationRig, type AdministrationRig } from '../../../support/administration-rig.ts'
import { defaultMailboxes } from '../../../../src/core/account/default-mailboxes.ts'
import { createMessageSizes } from '../../../../src/core/account/message-sizes.ts'
import { createQuotaAdministration } from '../../../../src/core/account/quota-administration.ts'
import { createQuotaWatch } from '../../../../src/core/account/quota-watch.ts'
import { requireOwnSize } from '../../../../src/core/delivery/check.ts'
import { noFlags } from '../../../../src/core/mailbox/flags.ts'
import { keepContent } from '../../../../src/core/delivery/content.ts'

const never = new AbortController().signal
const mebibyte = 1_048_576

async function account(rig: AdministrationRig, local: string, quotaBytes: number) {
  const agency = (await rig.store.agencies.byLabel('skhcn')) ?? (await rig.agency('skhcn'))
  return rig.store.accounts.create({ agency: agency.id, address: `${local}@skhcn.gialai.gov.vn`, name: local, kind: 'person', role: 'individual', state: 'active', quotaBytes, passwordHash: null, mailboxes: defaultMailboxes, createdAtMs: 1 })
}

/** A message of about so many bytes. */
async function fill(rig: AdministrationRig, id: string, bytes: number): Promise<void> {
  const mailbox = (await rig.store.mailboxes.byRole(id, 'inbox'))!
  const content = await keepContent(rig.context.blobs, Buffer.from(`Subject: x\r\n\r\n${'a'.repeat(bytes)}\r\n`))
  await rig.store.messages.append(id, mailbox.id, [{ content, flags: noFlags, receivedAtMs: 1, prefix: new Uint8Array(0) }] as never)
}

it('an own value, back to the class, another class: each with its record; below use nothing goes', async () => {
  await using rig = await openAdministrationRig()
  const quota = createQuotaAdministration(rig.context)
  const { id } = await account(rig, 'an', 10 * mebibyte)
  await fill(rig, id, 3 * mebibyte)
  const operator = rig.actor('operator')
  const lowered = await quota.set(operator, id, { quotaBytes: 2 * mebibyte }, null)
  assert.deepEqual([lowered.quotaBytes, lowered.belowUse, lowered.own.quotaBytes], [2 * mebibyte, true, 2 * mebibyte])
  assert.equal((await rig.store.mailboxes.byRole(id, 'inbox'))!.messages, 1)
  const leader = await quota.set(operator, id, { class: 'leader', quotaBytes: null }, lowered.version)
  assert.deepEqual([leader.quotaBytes, leader.maxAttachmentBytes, leader.belowUse], [10_737_418_240, 52_428_800, false])
  await assert.rejects(quota.set(operator, id, { quotaBytes: null }, lowered.version), { code: 'conflict' })
  await assert.rejects(quota.set(operator, id, { quotaBytes: 5 }, null), { message: 'size-invalid' })
  await assert.rejects(quota.set(operator, id, { class: 'khong-co' }, null), { code: 'argument-invalid' })
  await assert.rejects(quota.set(rig.actor('agency-administrator', { agency: leader.account.id }), id, { quotaBytes: null }, null), { code: 'not-permitted' })
  const records = (await rig.store.records.read({ kind: 'audit', limit: 100 })).filter(({ action }) => action === 'quota.set')
  assert.deepEqual(records.map(({ clause, detail }) => [clause, (detail['after'] as { belowUse: boolean }).belowUse]), [['Điều 7.3b', true], ['Điều 7.3b', false]])
})

it('79→81 % one warning, 81→82 none, 74→81 again one; each into the mailbox', async () => {
  await using rig = await openAdministrationRig()
  const { id } = await account(rig, 'binh', 100 * mebibyte)
  const watch = createQuotaWatch(rig.context)
  await fill(rig, id, 8 * mebibyte)
  const usedBytes = (await rig.store.accounts.get(id))!.usedBytes
  const at = async (percent: number): Promise<number> => {
    await rig.store.accounts.change(id, { quotaBytes: Math.floor((usedBytes * 100) / percent) })
    return watch.warn(never)
  }
  assert.deepEqual([await at(79), await at(81), await at(82), await at(78), await at(81), await at(74), await at(81), await at(96), await at(100.5)], [0, 1, 0, 0, 0, 0, 1, 1, 1])
  assert.deepEqual(rig.notices.map(({ recipient }) => recipient), Array.from({ length: 4 }, () => 'binh@skhcn.gialai.gov.vn'))
  assert.deepEqual(rig.notices.map(({ subject }) => /(\d+) %|đầy/.exec(subject)![0]), ['80 %', '80 %', '95 %', 'đầy'])
  assert.equal((await rig.store.records.read({ kind: 'system', limit: 100 })).filter(({ action }) => action === 'quota.warned').length, 4)
})

it('a letter that could not be sent is sent at the next look, once', async () => {
  await using rig = await openAdministrationRig()
  const { id } = await account(rig, 'chi', 9 * mebibyte)
  await fill(rig, id, 8 * mebibyte)
  const failing = createQuotaWatch({ ...rig.context, notify: () => Promise.reject(new Error('away')) })
  await assert.rejects(failing.warn(never), /away/)
  assert.equal(rig.notices.length, 0)
  const watch = createQuotaWatch(rig.context)
  assert.equal(await watch.warn(never), 1)
  assert.equal(await watch.warn(never), 0)
  assert.equal(rig.notices.length, 1)
})

it('a class that was raised raises its mailboxes, and those with a value of their own stay', async () => {
  await using rig = await openAdministrationRig()
  const quota = createQuotaAdministration(rig.context)
  const [first, second] = [await account(rig, 'dung', 10 * mebibyte), await account(rig, 'em', 10 * mebibyte)]
  await quota.set(rig.actor('super-administrator'), first.id, { class: 'leader', quotaBytes: null }, null)
  await quota.set(rig.actor('super-administrator'), second.id, { class: 'leader', quotaBytes: 20 * mebibyte }, null)
  const { regulation } = rig.context.settings
  const raised = { ...regulation, quotaClasses: { ...regulation.quotaClasses, leader: { ...regulation.quotaClasses['leader']!, quotaBytes: 21_474_836_480 } } }
  const watch = createQuotaWatch({ ...rig.context, settings: { ...rig.context.settings, regulation: raised } })
  assert.equal(await watch.followClasses(never), 1)
  assert.equal(await watch.followClasses(never), 0)
  assert.deepEqual([(await rig.store.accounts.get(first.id))!.quotaBytes, (await rig.store.accounts.get(second.id))!.quotaBytes], [21_474_836_480, 20 * mebibyte])
})

it('the largest message of a class is refused above it, at MAIL and at DATA alike', async () => {
  await using rig = await openAdministrationRig()
  const quota = createQuotaAdministration(rig.context)
  const { id } = await account(rig, 'phuong', 10 * mebibyte)
  const parts = { maxMessageBytesOf: createMessageSizes(rig.store.registry, rig.context.settings.regulation) }
  const limit = (await quota.get(rig.actor('operator'), id)).maxMessageBytes
  await requireOwnSize(parts, id, limit)
  await assert.rejects(requireOwnSize(parts, id, limit + 1), { code: 'message-too-large' })
  await requireOwnSize(parts, null, limit + 1)
  await quota.set(rig.actor('operator'), id, { maxAttachmentBytes: 2 * mebibyte }, null)
  await assert.rejects(requireOwnSize(parts, id, 5 * mebibyte), { code: 'message-too-large' })
})
