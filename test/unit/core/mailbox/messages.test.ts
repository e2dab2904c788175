/** Appending, reading bytes, bells; over a store in memory. */
import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import type { Bell } from '../../../../src/core/change.ts'
import { type MailErrorCode, MailError, isMailError } from '../../../../src/core/errors.ts'
import { flagsOf, noFlags } from '../../../../src/core/mailbox/flags.ts'
import { createMessages } from '../../../../src/core/mailbox/messages.ts'
import type { Messages } from '../../../../src/core/mail.ts'
import { openForms } from '../../../../src/message/imap-form.ts'
import { MemoryStore } from '../../../support/memory-store.ts'

let store: MemoryStore
let messages: Messages
let bells: Bell[]
let bodies: Map<string, Uint8Array>
let ranges: string[]
const account = 'a1'

beforeEach(() => {
  store = new MemoryStore()
  bells = []
  bodies = new Map()
  ranges = []
  const read = (id: string): Uint8Array => {
    const bytes = bodies.get(id)
    if (bytes === undefined) throw new MailError('message-unknown')
    return bytes
  }
  messages = createMessages({
    store,
    blobs: {
      put: async (bytes) => {
        bodies.set(`b${bodies.size}`, bytes)
        return `b${bodies.size - 1}`
      },
      read: async (id, range) => {
        ranges.push(range === undefined ? 'whole' : `${range.start}-${range.end}`)
        return range === undefined ? read(id) : read(id).subarray(range.start, range.end)
      },
      readMany: async function* (ids) {
        for (const id of ids) yield read(id)
      },
    },
    bus: { ring: (bell) => bells.push(bell), listen: () => () => undefined },
    clock: { nowMs: () => 12_345, sleep: async () => true },
    settings: { maxMessageBytes: 1_000 },
  })
})

const bytes = Buffer.from('Subject: Họp\r\n\r\nNội dung\r\n')

function refuses(what: Promise<unknown>, code: MailErrorCode): Promise<void> {
  return assert.rejects(what, (error) => isMailError(error, code))
}

async function stored() {
  const all = []
  for await (const slice of messages.read(account, store.inbox, 'all', { forms: true, text: true })) all.push(...slice)
  return all
}

test('several messages are appended in one write, with consecutive UIDs and one bell', async () => {
  const appended = await messages.append(account, store.inbox, [
    { bytes, flags: flagsOf(['\\Seen', 'Gấp']), receivedAtMs: 777 },
    { bytes: Buffer.alloc(0), flags: noFlags, receivedAtMs: null },
  ])
  assert.deepEqual(appended.uids, [1, 2])
  assert.deepEqual(bells, [{ account, modseq: 2 }])
  const [first, second] = await stored()
  assert.deepEqual([first!.receivedAtMs, second!.receivedAtMs], [777, 12_345])
  assert.deepEqual(first!.flags, { bits: 1, keywords: ['Gấp'] })
  assert.equal(first!.sizeBytes, bytes.length)
  assert.match(Buffer.from(openForms(first!.forms!).envelope).toString(), /^\(NIL /)
  assert.deepEqual(await messages.bytes(first!), bytes)
})

test('what can be refused is refused before a body is put', async () => {
  const one = { bytes, flags: noFlags, receivedAtMs: null }
  await refuses(messages.append(account, 'b99', [one]), 'mailbox-unknown')
  await refuses(messages.append(account, store.inbox, [one, { ...one, bytes: Buffer.alloc(1_001) }]), 'message-too-large')
  await refuses(messages.append(account, store.inbox, [{ ...one, flags: flagsOf(['k'.repeat(256)]) }]), 'limit-reached')
  await refuses(messages.append(account, store.inbox, [{ ...one, flags: flagsOf(Array.from({ length: 65 }, (_, i) => `k${i}`)) }]), 'limit-reached')
  store.quotaBytes = bytes.length * 2 - 1
  await refuses(messages.append(account, store.inbox, [one, one]), 'quota-exceeded')
  assert.equal(bodies.size, 0)
  assert.deepEqual(bells, [])
  await messages.append(account, store.inbox, [one])
})

test('ranges run over trace lines and body together', async () => {
  const prefix = Buffer.from('Return-Path: <>\r\n')
  const whole = Buffer.concat([prefix, bytes])
  const message = { prefix, body: 'b0', sizeBytes: whole.length } as unknown as Parameters<Messages['bytes']>[0]
  bodies.set('b0', bytes)
  const cases = [[0, whole.length], [0, 5], [3, prefix.length], [prefix.length, prefix.length + 4], [10, 30], [20, 1_000_000], [1_000, 2_000], [5, 5], [9, 3], [-4, 6]] as const
  for (const [start, end] of cases) {
    assert.equal(Buffer.from(await messages.bytes(message, { start, end })).toString(), whole.subarray(Math.max(start, 0), Math.max(end, start, 0)).toString(), `${start}-${end}`)
  }
  assert.deepEqual(ranges.slice(0, 3), ['whole', '0-4', '0-13'], 'trace lines alone do not open the body')
  assert.deepEqual(await messages.bytes(message), whole)
})

test('many messages come whole and in order', async () => {
  bodies.set('b0', bytes).set('b1', Buffer.from('x'))
  const many = [
    { prefix: Buffer.from('P: 1\r\n'), body: 'b1' },
    { prefix: Buffer.alloc(0), body: 'b0' },
    { prefix: Buffer.from('P: 2\r\n'), body: 'b1' },
  ] as unknown as Parameters<Messages['manyBytes']>[0]
  const texts: string[] = []
  for await (const one of messages.manyBytes(many)) texts.push(Buffer.from(one).toString())
  assert.deepEqual(texts, ['P: 1\r\nx', bytes.toString(), 'P: 2\r\nx'])
})

test('each write rings once, and one that changes nothing does not', async () => {
  await messages.append(account, store.inbox, [{ bytes, flags: noFlags, receivedAtMs: null }, { bytes, flags: noFlags, receivedAtMs: null }])
  const [other] = await store.mailboxes.create(account, [{ name: 'Khác', role: null }])
  bells.length = 0
  const uid = (n: number): Uint32Array => Uint32Array.of(n)
  const seen = { mode: 'add', flags: flagsOf(['\\Seen']) } as const
  assert.equal((await messages.changeFlags(account, store.inbox, uid(1), seen)).changed.length, 1)
  assert.equal((await messages.changeFlags(account, store.inbox, uid(1), seen)).changed.length, 0)
  assert.deepEqual([...(await messages.copy(account, store.inbox, uid(1), other!.id)).targetUids], [1])
  assert.deepEqual([...(await messages.move(account, store.inbox, uid(1), other!.id)).targetUids], [2])
  assert.deepEqual([...(await messages.move(account, store.inbox, uid(1), other!.id)).targetUids], [])
  assert.deepEqual([...(await messages.expunge(account, store.inbox, uid(2), true)).uids], [])
  assert.deepEqual([...(await messages.expunge(account, store.inbox, uid(2), false)).uids], [2])
  assert.equal(bells.length, 4)
  assert.ok(bells.every((bell, index) => index === 0 || bell.modseq > bells[index - 1]!.modseq))
  await refuses(messages.changeFlags(account, store.inbox, uid(1), { mode: 'add', flags: flagsOf(['k'.repeat(300)]) }), 'limit-reached')
})
