/** Each operation of the store once, metered: what it costs on MongoDB in commands and bytes. */
import assert from 'node:assert/strict'
import { deliveryTo, drained, fill, letter, letters, makeOwner } from './mongo-mail.ts'
import type { Owner } from './mongo-mail.ts'
import type { Measured, Meter } from './mongo-meter.ts'
import { systemClock } from './store-crash-parent.ts'
import type { OpenStore } from './store-place.ts'

const flag = { mode: 'add', flags: { bits: 1, keywords: [] } } as const
const keyword = { mode: 'add', flags: { bits: 0, keywords: ['viec'] } } as const
const forms = { forms: true, text: false }

export async function measureOperations(open: OpenStore, meter: Meter): Promise<Measured[]> {
  const owner = await makeOwner(open.store)
  const others: Owner[] = []
  for (let i = 0; i < 100; i++) others.push(await makeOwner(open.store))
  await fill(open.store, owner, 10_000)
  return [...(await measureFiling(open, meter, owner, others)), ...(await measureMailbox(open, meter, owner)), ...(await measureRest(open, meter, owner, others))]
}

async function measureFiling({ store }: OpenStore, meter: Meter, owner: Owner, others: readonly Owner[]): Promise<Measured[]> {
  const accounts = others.map(({ account }) => account)
  const question = letter()
  await store.messages.append(owner.account, owner.inbox, [question])
  const row = { sender: '', recipient: 'a@ngoai.example', dueAtMs: 0, prefix: Buffer.alloc(0), account: null }
  const outbox = Array.from({ length: 10 }, () => row)
  return [
    await meter.of('deliver 1', () => store.deliveries.commit(deliveryTo([owner.account]))),
    await meter.of('deliver 100 that arrive together', () => Promise.all(accounts.map((account) => store.deliveries.commit(deliveryTo([account]))))),
    await meter.of('deliver 1 to 100 accounts', () => store.deliveries.commit(deliveryTo(accounts))),
    await meter.of('deliver an answer', () => store.deliveries.commit(deliveryTo([owner.account], { content: letter([question.content.messageId!]).content }))),
    await meter.of('deliver 1 with 10 outbox rows', () => store.deliveries.commit(deliveryTo([owner.account], { outbox }))),
    await meter.of('append 1', () => store.messages.append(owner.account, owner.inbox, letters(1))),
    await meter.of('append 100', () => store.messages.append(owner.account, owner.inbox, letters(100))),
  ]
}

async function measureMailbox({ store }: OpenStore, meter: Meter, { account, inbox, trash }: Owner): Promise<Measured[]> {
  const thousand = Uint32Array.from({ length: 1_000 }, (_, i) => 2 * i + 1)
  const all = Uint32Array.from({ length: 10_000 }, (_, i) => i + 1)
  const before = (await store.accounts.get(account))!.modseq
  const measured = [
    await meter.of('view of 10,000 (SELECT)', () => store.messages.view(account, inbox)),
    await meter.of('read 10,000 forms (FETCH)', () => drained(store.messages.read(account, inbox, all, forms))),
    await meter.of('flags on 1,000', () => store.messages.changeFlags(account, inbox, thousand, flag)),
    await meter.of('keyword on 1,000', () => store.messages.changeFlags(account, inbox, thousand, keyword)),
    await meter.of('copy 1,000', () => store.messages.copy(account, inbox, thousand, trash)),
    await meter.of('move 1,000', () => store.messages.move(account, inbox, thousand, trash)),
    await meter.of('expunge 1,000', () => store.messages.expunge(account, trash, thousand, false)),
  ]
  assert.ok((await store.accounts.get(account))!.modseq >= before + 5, 'all of it has happened')
  return measured
}

async function measureRest({ store, blobs }: OpenStore, meter: Meter, { account, inbox }: Owner, others: readonly Owner[]): Promise<Measured[]> {
  const present = async (): Promise<number> => (await store.accounts.get(account))!.modseq
  const beforeDelivery = await present()
  await store.deliveries.commit(deliveryTo([account]))
  const afterDelivery = await meter.of('changes after a delivery (IDLE)', () => store.changes.since(account, beforeDelivery))
  const beforeExpunge = await present()
  await store.messages.expunge(account, inbox, Uint32Array.of(2), false)
  const now = await present()
  const accounts = Array.from({ length: 10 }, () => others.map((other) => other.account)).flat()
  const row = { sender: '', recipient: 'a@ngoai.example', dueAtMs: 0, prefix: Buffer.alloc(0), account: null }
  const nowMs = systemClock.nowMs()
  await store.deliveries.commit(deliveryTo([], { outbox: Array.from({ length: 60 }, () => row) }))
  const { address } = (await store.accounts.get(account))!
  const claim = { node: 'nut-1', nowMs, leaseUntilMs: nowMs + 60_000, limit: 50 }
  const rows = await store.outbox.list({ limit: 50 })
  const settlements = rows.map(({ id }) => ({ id, state: 'delivered', reply: '250', atMs: nowMs, untilMs: null }) as const)
  const record = { kind: 'mail', atMs: nowMs, actor: 'system', action: 'mail.delivered', subject: 'x', clause: null, detail: {} } as const
  const body = (n: number): Buffer => Buffer.from(`Thư ${n} ${nowMs} ${account}`.repeat(100))
  await store.records.append([record])
  const id = await blobs.put(body(0))
  return [
    afterDelivery,
    await meter.of('changes after an expunge (IDLE)', () => store.changes.since(account, beforeExpunge)),
    await meter.of('changes when nothing happened', () => store.changes.since(account, now)),
    await meter.of('states of 1,000 accounts', () => store.changes.states(accounts)),
    await meter.of('account by address (login)', () => store.accounts.byAddress(address)),
    await meter.of('mailboxes of an account (LIST)', () => store.mailboxes.list(account)),
    await meter.of('claim 50 outbox rows', () => store.outbox.claim(claim)),
    await meter.of('settle 50 outbox rows', () => store.outbox.settle(settlements)),
    await meter.of('append 20 records', () => store.records.append(Array.from({ length: 20 }, () => record))),
    await meter.of('body put', () => blobs.put(body(1))),
    await meter.of('100 bodies put together', () => Promise.all(Array.from({ length: 100 }, (_, n) => blobs.put(body(n + 2))))),
    await meter.of('body read', () => blobs.read(id)),
  ]
}
