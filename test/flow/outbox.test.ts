/** Outgoing mail: handed over, reported on, retried, cancelled, and never lost. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Account } from '../../src/core/account/account.ts'
import { isMailError } from '../../src/core/errors.ts'
import type { OutboxReport } from '../../src/core/mail.ts'
import { startOutboxDispatcher } from '../../src/jobs/dispatch-outbox.ts'
import { letter, openDeliveryRig, type DeliveryRig } from '../support/delivery-rig.ts'

const signal = new AbortController().signal
const minuteMs = 60_000

async function send(rig: DeliveryRig, recipients: readonly string[], account?: Account): Promise<{ account: Account; ids: string[] }> {
  const by = account ?? (await rig.account('an@skhcn.gialai.example'))
  const known = new Set((await rig.outboxRows()).map(({ id }) => id))
  await rig.delivery.delivering.deliver(rig.incoming({ sender: by.address, account: by.id, recipients, bytes: letter({ From: by.address }) }))
  return { account: by, ids: (await rig.outboxRows()).map(({ id }) => id).filter((id) => !known.has(id)) }
}

const report = (rows: readonly string[], given: Partial<OutboxReport>): OutboxReport => ({
  outcome: 'delivered',
  rows,
  reply: '250 2.0.0 OK',
  status: null,
  host: 'mx.example.net',
  tls: true,
  nextTryAtMs: null,
  ...given,
})

const states = async (rig: DeliveryRig): Promise<string[]> => (await rig.outboxRows()).map(({ state }) => state)

test('rows of one message go in one hand-over, with the trace line and the body once', async () => {
  await using rig = await openDeliveryRig()
  const { ids } = await send(rig, ['mot@example.net', 'hai@example.com', 'ba@example.net'])
  const { handed, nextDueAtMs } = await rig.delivery.dispatch.run('node', signal)
  assert.equal(handed, 3)
  assert.equal(rig.outside.handed.length, 1)
  const [batch] = rig.outside.handed
  assert.deepEqual(batch!.rows, [{ id: ids[0], recipient: 'mot@example.net' }, { id: ids[1], recipient: 'hai@example.com' }, { id: ids[2], recipient: 'ba@example.net' }])
  assert.match(Buffer.from(batch!.prefix).toString(), /^Received: /)
  assert.equal(Buffer.from(batch!.body).toString(), letter({ From: 'an@skhcn.gialai.example' }))
  assert.deepEqual(await states(rig), ['handed', 'handed', 'handed'])
  assert.equal(nextDueAtMs, rig.clock.nowMs() + 30 * minuteMs)
  assert.equal((await rig.delivery.dispatch.run('node', signal)).handed, 0)
})

test('a delivered row is settled and kept in the mail log, whatever is reported later', async () => {
  await using rig = await openDeliveryRig()
  const { ids, account } = await send(rig, ['mot@example.net'])
  await rig.delivery.dispatch.run('node', signal)
  await rig.delivery.outbox.report(report(ids, {}))
  await rig.delivery.outbox.report(report(ids, { outcome: 'bounced', reply: '550 no' }))
  await rig.delivery.outbox.report(report(ids, { outcome: 'deferred', reply: '450 later' }))
  assert.deepEqual(await states(rig), ['delivered'])
  assert.deepEqual(await rig.mail(account), [])
  assert.deepEqual((await rig.records()).map(({ action, detail }) => [action, detail.recipient, detail.host, detail.tls]), [['mail.delivered', 'mot@example.net', 'mx.example.net', true]])
})

test('a deferred row stays with its node until some time after the next try, then it comes due here', async () => {
  await using rig = await openDeliveryRig()
  const { ids } = await send(rig, ['mot@example.net'])
  await rig.delivery.dispatch.run('node', signal)
  await rig.delivery.outbox.report(report(ids, { outcome: 'deferred', reply: '451 4.7.1 later', nextTryAtMs: rig.clock.nowMs() + 60 * minuteMs }))
  const row = (await rig.delivery.outbox.get(ids[0]!))!
  assert.deepEqual([row.state, row.lastReply], ['deferred', '451 4.7.1 later'])
  rig.clock.turn(61 * minuteMs)
  assert.equal((await rig.delivery.dispatch.run('node', signal)).handed, 0)
  rig.clock.turn(30 * minuteMs)
  assert.equal((await rig.delivery.dispatch.run('other', signal)).handed, 1)
  assert.equal((await rig.delivery.outbox.get(ids[0]!))!.node, 'other')
})

test('rows of a node that says nothing come due again when their lease ends, and at once when it says that it lost them', async () => {
  await using rig = await openDeliveryRig()
  await send(rig, ['mot@example.net'])
  await rig.delivery.dispatch.run('dead', signal)
  rig.clock.turn(29 * minuteMs)
  assert.equal((await rig.delivery.dispatch.run('node', signal)).handed, 0)
  rig.clock.turn(2 * minuteMs)
  assert.equal((await rig.delivery.dispatch.run('node', signal)).handed, 1)
  assert.equal(await rig.delivery.outbox.release('dead'), 0)
  assert.equal(await rig.delivery.outbox.release('node'), 1)
  assert.equal((await rig.delivery.dispatch.run('node', signal)).handed, 1)
})

test('while no node answers, rows wait here, longer each time', async () => {
  await using rig = await openDeliveryRig()
  rig.outside.answer = () => 'down'
  await send(rig, ['mot@example.net'])
  const waits: number[] = []
  for (let i = 0; i < 8; i++) {
    const { nextDueAtMs } = await rig.delivery.dispatch.run('node', signal)
    waits.push((nextDueAtMs! - rig.clock.nowMs()) / 1000)
    rig.clock.turn(nextDueAtMs! - rig.clock.nowMs())
  }
  assert.deepEqual(waits, [10, 20, 40, 80, 160, 300, 300, 300])
  assert.equal((await rig.outboxRows())[0]!.lastReply, 'the ingress node is away')
  rig.outside.answer = () => null
  assert.equal((await rig.delivery.dispatch.run('node', signal)).handed, 1)
})

test('a row that the node refuses for good is bounced, one that it refuses for now waits, the rest goes', async () => {
  await using rig = await openDeliveryRig()
  rig.outside.answer = (recipient) => (recipient.startsWith('sai') ? '553 5.1.3 bad address' : recipient.startsWith('day') ? '452 4.3.1 queue full' : null)
  const { account } = await send(rig, ['sai@example.net', 'day@example.net', 'mot@example.net'])
  await rig.delivery.dispatch.run('node', signal)
  assert.deepEqual(await states(rig), ['bounced', 'queued', 'handed'])
  assert.match((await rig.mail(account))[0]!.body, /Status: 5\.1\.3\r\n/)
})

test('the dispatcher hands over what is committed, released or retried without being asked, and stops at once', async () => {
  await using rig = await openDeliveryRig()
  const failures: unknown[] = []
  const log = { info: () => undefined, warn: () => undefined, error: (detail: object) => failures.push(detail) }
  const dispatcher = startOutboxDispatcher({ dispatch: rig.delivery.dispatch, clock: rig.clock, log, node: 'node' })
  const { account, ids } = await send(rig, ['mot@example.net'])
  await rig.outside.got(1)
  await rig.delivery.outbox.release('node')
  await rig.outside.got(2)
  await rig.delivery.outbox.report(report(ids, { outcome: 'deferred', nextTryAtMs: rig.clock.nowMs() + 60 * minuteMs }))
  await rig.delivery.outbox.retry(ids[0]!)
  await rig.outside.got(3)
  await dispatcher[Symbol.asyncDispose]()
  await send(rig, ['hai@example.net'], account)
  assert.equal(rig.outside.handed.length, 3)
  assert.deepEqual(failures, [])
})

test('the dispatcher lives through a store that fails, and tries again', async () => {
  await using rig = await openDeliveryRig()
  await send(rig, ['mot@example.net'])
  const claim = rig.store.outbox.claim
  let failing = true
  let told: () => void = () => undefined
  const failed = new Promise<void>((resolve) => (told = resolve))
  Object.assign(rig.store.outbox, {
    claim: async (...args: Parameters<typeof claim>) => {
      if (failing) throw new Error('no disk')
      return await claim(...args)
    },
  })
  await using _dispatcher = startOutboxDispatcher({ dispatch: rig.delivery.dispatch, clock: rig.clock, log: { info: () => undefined, warn: () => undefined, error: () => told() }, node: 'node' })
  await failed
  failing = false
  // The dispatcher may not be asleep yet at the first turn.
  for (let i = 0; rig.outside.handed.length === 0 && i < 100; i++) {
    rig.clock.turn(6_000)
    await new Promise((resume) => setImmediate(resume))
  }
  await rig.outside.got(1)
})

test('a cancelled row is not handed over and says so', async () => {
  await using rig = await openDeliveryRig()
  const { ids } = await send(rig, ['mot@example.net'])
  await rig.delivery.outbox.cancel(ids[0]!)
  assert.equal((await rig.delivery.dispatch.run('node', signal)).handed, 0)
  assert.deepEqual(await states(rig), ['cancelled'])
  await assert.rejects(rig.delivery.outbox.retry(ids[0]!), (error) => isMailError(error, 'conflict'))
  await assert.rejects(rig.delivery.outbox.cancel('o999'), (error) => isMailError(error, 'outbox-row-unknown'))
  assert.deepEqual((await rig.records()).map(({ action }) => action), ['mail.cancelled'])
})

test('a row that could not be delivered for five days goes back to its sender, over any number of lost nodes', async () => {
  await using rig = await openDeliveryRig()
  const { account } = await send(rig, ['mot@example.net'])
  for (let day = 0; day < 6; day++) {
    await rig.delivery.dispatch.run('node', signal)
    rig.clock.turn(24 * 60 * minuteMs)
  }
  assert.equal(rig.outside.handed.length, 6)
  await rig.delivery.dispatch.run('node', signal)
  assert.deepEqual(await states(rig), ['bounced'])
  assert.match((await rig.mail(account))[0]!.body, /Status: 4\.4\.7\r\n/)
})

test('a stop between claim and hand-over puts the rows back', async () => {
  await using rig = await openDeliveryRig()
  await send(rig, ['mot@example.net'])
  const claim = rig.store.outbox.claim
  const stop = new AbortController()
  Object.assign(rig.store.outbox, {
    claim: async (...args: Parameters<typeof claim>) => {
      const rows = await claim(...args)
      stop.abort()
      return rows
    },
  })
  await rig.delivery.dispatch.run('node', stop.signal)
  assert.deepEqual(await states(rig), ['queued'])
  assert.equal(rig.outside.handed.length, 0)
})
