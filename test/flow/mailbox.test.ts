/** Mailboxes, messages, sessions and SEARCH together on the embedded store, as a protocol uses them. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { createLocalBus } from '../../src/adapters/local/bus.ts'
import { openSegments } from '../../src/adapters/segments/segments.ts'
import { openSqliteStore } from '../../src/adapters/sqlite/store.ts'
import { isMailError } from '../../src/core/errors.ts'
import { flagNames, flagsOf, noFlags } from '../../src/core/mailbox/flags.ts'
import type { StoredMessage } from '../../src/core/mailbox/mailbox.ts'
import { createMailboxes } from '../../src/core/mailbox/mailboxes.ts'
import { createMessages } from '../../src/core/mailbox/messages.ts'
import { createViews } from '../../src/core/mailbox/views.ts'
import type { Mailboxes, Messages, SelectedView, Views } from '../../src/core/mail.ts'
import type { Store } from '../../src/core/ports/store.ts'
import { MailboxClient } from '../support/mailbox-client.ts'

const disposal = new AsyncDisposableStack()
let store: Store
let mailboxes: Mailboxes
let messages: Messages
let views: Views
let agency: string
let accounts = 0

before(async () => {
  const directory = await mkdtemp(join(tmpdir(), 'congvu-mailbox-'))
  disposal.defer(() => rm(directory, { recursive: true }))
  const clock = { nowMs: () => Date.UTC(2026, 10, 2), sleep: async () => true }
  const blobs = disposal.use(await openSegments({ directory: join(directory, 'bodies'), clock }))
  store = disposal.use(await openSqliteStore({ directory, clock }))
  const bus = createLocalBus({ onError: (error) => { throw error } })
  mailboxes = createMailboxes({ store, bus, settings: { maxMailboxesPerAccount: 50 } })
  messages = createMessages({ store, blobs, bus, clock, settings: { maxMessageBytes: 1_000_000 } })
  views = createViews({ store, blobs, bus, clock })
  agency = (await store.agencies.create({ label: 'xa', name: 'Xã', domains: ['xa.example'], createdAtMs: 0 })).id
})

after(() => disposal.disposeAsync())

async function account(quotaBytes = 100_000_000): Promise<{ account: string; inbox: string }> {
  const made = await store.accounts.create({
    agency, address: `canbo${++accounts}@xa.example`, name: 'Cán bộ', kind: 'person', role: 'individual', state: 'active', quotaBytes,
    passwordHash: null, createdAtMs: 0, mailboxes: [{ name: 'INBOX', role: 'inbox', subscribed: true }],
  })
  return { account: made.id, inbox: (await mailboxes.byName(made.id, 'inbox'))!.id }
}

function mail(subject: string, body = 'Kính gửi', flags = noFlags) {
  const bytes = Buffer.from(`From: Văn thư <vt@xa.example>\r\nSubject: ${subject}\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n${body}\r\n`)
  return { bytes, flags, receivedAtMs: null }
}

async function all(accountId: string, mailbox: string): Promise<StoredMessage[]> {
  const read: StoredMessage[] = []
  for await (const slice of messages.read(accountId, mailbox, 'all', { forms: false, text: false })) read.push(...slice)
  return read
}

test('what was appended comes back byte for byte, in ranges and in numbers', async () => {
  const { account: id, inbox } = await account()
  const bodies = Array.from({ length: 30 }, (_, i) => Buffer.from(Array.from({ length: 1 + i * 300 }, (_, j) => (i * 31 + j * 7) % 256)))
  await messages.append(id, inbox, bodies.map((bytes) => ({ bytes, flags: noFlags, receivedAtMs: 5 })))
  const stored = await all(id, inbox)
  assert.deepEqual(stored.map(({ sizeBytes }) => sizeBytes), bodies.map(({ length }) => length))
  const hash = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
  const hashes: string[] = []
  for await (const bytes of messages.manyBytes(stored)) hashes.push(hash(bytes))
  assert.deepEqual(hashes, bodies.map(hash))
  assert.deepEqual(Buffer.from(await messages.bytes(stored[9]!, { start: 100, end: 200 })), bodies[9]!.subarray(100, 200))
})

test('an append over the quota leaves nothing', async () => {
  const { account: id, inbox } = await account(1_000)
  await assert.rejects(messages.append(id, inbox, [mail('a'), mail('b', 'x'.repeat(900))]), (error) => isMailError(error, 'quota-exceeded'))
  assert.equal((await mailboxes.byName(id, 'INBOX'))?.messages, 0)
  await messages.append(id, inbox, [mail('a')])
})

test('a waiting session hears of arrivals, flags and moves of others', async () => {
  const { account: id, inbox } = await account()
  await messages.append(id, inbox, [mail('một'), mail('hai')])
  const view = await views.select(id, inbox)
  const next = (): Promise<string[]> =>
    new Promise((resolve, reject) => {
      const stop = view.onChange(() => {
        stop()
        view.refresh().then(() => resolve(view.events(true).map((event) => event.type)), reject)
      })
    })
  let heard = next()
  await messages.append(id, inbox, [mail('ba')])
  assert.deepEqual(await heard, ['exists'])
  heard = next()
  await messages.changeFlags(id, inbox, Uint32Array.of(1, 3), { mode: 'add', flags: flagsOf(['\\Seen', 'Gấp']) })
  assert.deepEqual(await heard, ['flags', 'flags'])
  heard = next()
  const other = await mailboxes.create(id, 'Lưu/2026')
  await messages.move(id, inbox, Uint32Array.of(2), other.id)
  assert.deepEqual(await heard, ['expunge'])
  assert.deepEqual(flagNames(view.flagsAt(2)), ['\\Seen', 'Gấp'])
  assert.equal(view.uidAt(2), 3)
  heard = next()
  await mailboxes.rename(id, 'INBOX', 'Cũ')
  assert.deepEqual(await heard, ['expunge', 'expunge'])
  view.close()
  const old = await views.select(id, (await mailboxes.byName(id, 'Cũ'))!.id)
  assert.equal(old.count, 2)
  const gone = new Promise<void>((resolve) => { old.onChange(resolve) })
  await mailboxes.remove(id, 'Cũ')
  await gone
  assert.deepEqual(old.events(false), [{ type: 'removed' }])
  old.close()
})

test('sessions and writers at once: each client ends with what the store holds', async () => {
  const { account: id, inbox } = await account()
  await messages.append(id, inbox, Array.from({ length: 20 }, (_, i) => mail(`đầu ${i}`)))
  const clients = await Promise.all(Array.from({ length: 4 }, async () => new MailboxClient(await views.select(id, inbox))))
  const writer = async (seed: number): Promise<void> => {
    for (let step = 0; step < 25; step++) {
      const present = (await all(id, inbox)).map(({ uid }) => uid)
      const some = Uint32Array.from(present.filter((uid) => (uid * 7 + step + seed) % 4 === 0))
      const what = (step + seed) % 4
      if (what === 0) await messages.append(id, inbox, [mail(`mới ${step}`), mail(`mới ${step}b`)])
      else if (what === 3 && step % 3 === 0) await messages.expunge(id, inbox, some.subarray(0, 3), false)
      else await messages.changeFlags(id, inbox, some, { mode: what === 1 ? 'add' : 'remove', flags: flagsOf(['\\Seen', `k${step % 5}`]) })
    }
  }
  const listener = async (client: MailboxClient, seed: number): Promise<void> => {
    for (let step = 0; step < 60; step++) {
      await client.view.refresh()
      client.checkNumbers()
      client.hear((step + seed) % 3 === 0)
      client.checkNumbers()
    }
  }
  await Promise.all([writer(0), writer(1), ...clients.map(listener)])
  const truth = (await all(id, inbox)).map(({ uid, flags }) => `${uid} ${flagNames(flags).join(' ')}`)
  for (const client of clients) {
    await client.view.refresh()
    client.hear(true)
    assert.deepEqual(client.listing(), truth)
    client.view.close()
  }
})

test('a search sees what is stored, over many slices', async () => {
  const { account: id, inbox } = await account()
  for (let block = 0; block < 4; block++) {
    await messages.append(id, inbox, Array.from({ length: 150 }, (_, i) => {
      const number = block * 150 + i + 1
      return mail(number % 50 === 0 ? 'Nghị quyết' : `số ${number}`, `nội dung ${number} ${'chữ '.repeat(number)}`, number % 2 === 0 ? flagsOf(['\\Seen']) : noFlags)
    }))
  }
  const view: SelectedView = await views.select(id, inbox)
  const find = async (key: Parameters<SelectedView['search']>[0]): Promise<number[]> => [...await view.search(key)]
  assert.deepEqual(await find({ key: 'header', name: 'subject', text: 'NGHI QUYẾT' }), [50, 100, 150, 200, 250, 300, 350, 400, 450, 500, 550, 600])
  assert.deepEqual(await find({ key: 'body', text: 'nội dung 59' }), [59, 590, 591, 592, 593, 594, 595, 596, 597, 598, 599])
  const unseen = { key: 'flag', flag: '\\Seen', set: false } as const
  assert.deepEqual(await find({ key: 'and', keys: [unseen, { key: 'body', text: 'dung 59' }, { key: 'not', inner: { key: 'smaller', bytes: 3_000 } }] }), [591, 593, 595, 597, 599])
  view.close()
})

test('a mailbox that was made again under its old name has nothing of the old one', async () => {
  const { account: id } = await account()
  const first = await mailboxes.create(id, 'Tạm')
  await messages.append(id, first.id, [mail('cũ')])
  await mailboxes.remove(id, 'Tạm')
  const second = await mailboxes.create(id, 'Tạm')
  assert.ok(second.uidValidity > first.uidValidity)
  assert.equal((await views.select(id, second.id)).count, 0)
  await assert.rejects(views.select(id, first.id), (error) => isMailError(error, 'mailbox-unknown'))
  await assert.rejects(messages.append(id, first.id, [mail('x')]), (error) => isMailError(error, 'mailbox-unknown'))
})
