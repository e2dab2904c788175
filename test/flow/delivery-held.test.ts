/** Messages to very many accounts: held first, filed in slices, completed after a crash. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Account } from '../../src/core/account/account.ts'
import { letter, openDeliveryRig, type DeliveryRig } from '../support/delivery-rig.ts'

const small = { holdAbove: 10, heldSliceRecipients: 7 }

async function everybody(rig: DeliveryRig, count: number): Promise<Account[]> {
  const accounts: Account[] = []
  for (let i = 0; i < count; i++) accounts.push(await rig.account(`canbo${i}@skhcn.gialai.example`))
  return accounts
}

async function copies(rig: DeliveryRig, accounts: readonly Account[]): Promise<number[]> {
  return Promise.all(accounts.map(async (account) => (await rig.mail(account)).length))
}

test('a notice to many accounts is kept at once and filed for each exactly once, with a bell each', async () => {
  await using rig = await openDeliveryRig(small)
  const accounts = await everybody(rig, 25)
  const message = rig.incoming({ recipients: accounts.map(({ address }) => address) })
  assert.deepEqual(await rig.delivery.delivering.deliver(message), { duplicate: false, filed: 25, queued: 0 })
  assert.equal((await rig.delivery.delivering.deliver(message)).duplicate, true)
  await rig.delivery.held.sweep()
  assert.deepEqual(await copies(rig, accounts), accounts.map(() => 1))
  assert.deepEqual(rig.bells.toSorted(), accounts.map(({ id }) => id).toSorted())
  assert.deepEqual(await rig.store.deliveries.held(), [])
})

test('what a crash in the middle left over is completed by the sweeper, and nobody gets it twice', async () => {
  await using rig = await openDeliveryRig(small)
  const accounts = await everybody(rig, 25)
  const fileHeld = rig.store.deliveries.fileHeld
  let slices = 0
  Object.assign(rig.store.deliveries, {
    fileHeld: async (...args: Parameters<typeof fileHeld>) => {
      if (++slices > 2) throw new Error('the process is dying')
      return await fileHeld(...args)
    },
  })
  const message = rig.incoming({ recipients: accounts.map(({ address }) => address) })
  await rig.delivery.delivering.deliver(message)
  await rig.close()
  assert.equal(slices <= 3, true)

  await rig.open()
  const before = await copies(rig, accounts)
  assert.equal(before.reduce((sum, count) => sum + count, 0) % 7, 0)
  assert.deepEqual(await rig.store.deliveries.held(), [message.transaction])
  assert.equal(await rig.delivery.held.sweep(), 1)
  assert.deepEqual(await copies(rig, accounts), accounts.map(() => 1))
  assert.equal((await rig.delivery.delivering.deliver(message)).duplicate, true)
  assert.equal(await rig.delivery.held.sweep(), 0)
})

test('accounts that cannot be filed are told to the sender in one bounce, with the end of the held delivery', async () => {
  await using rig = await openDeliveryRig(small)
  const sender = await rig.account('an@stc.gialai.example')
  const accounts = [...(await everybody(rig, 20)), await rig.account('day1@skhcn.gialai.example', { quotaBytes: 10 }), await rig.account('day2@skhcn.gialai.example', { quotaBytes: 10 })]
  const recipients = [...accounts.map(({ address }) => address), 'ai@example.net']
  const bytes = letter({ From: sender.address, Subject: 'Thông báo' })
  assert.deepEqual(await rig.delivery.delivering.deliver(rig.incoming({ sender: sender.address, account: sender.id, recipients, bytes })), { duplicate: false, filed: 22, queued: 1 })
  await rig.delivery.held.sweep()
  assert.equal((await copies(rig, accounts)).reduce((sum, count) => sum + count, 0), 20)
  const bounces = await rig.mail(sender)
  assert.equal(bounces.length, 1)
  assert.deepEqual([...bounces[0]!.body.matchAll(/^Final-Recipient: rfc822; (.+)\r$/gm)].map(([, address]) => address), ['day1@skhcn.gialai.example', 'day2@skhcn.gialai.example'])
  assert.match(bounces[0]!.body, /^Content-Type: message\/rfc822\r\n/m)
  assert.deepEqual(await rig.store.deliveries.held(), [])
  assert.deepEqual((await rig.outboxRows()).map(({ recipient }) => recipient), ['ai@example.net'])
})

test('a held delivery of the null sender ends without a bounce', async () => {
  await using rig = await openDeliveryRig(small)
  const accounts = [...(await everybody(rig, 11)), await rig.account('day@skhcn.gialai.example', { quotaBytes: 10 })]
  await rig.delivery.delivering.deliver(rig.incoming({ sender: '', recipients: accounts.map(({ address }) => address) }))
  await rig.delivery.held.sweep()
  assert.deepEqual(await rig.store.deliveries.held(), [])
  assert.deepEqual((await rig.records()).map(({ action }) => action), ['mail.undeliverable'])
})
