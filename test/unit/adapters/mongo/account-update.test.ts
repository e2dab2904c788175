/** What of an account's document is written, and on what condition. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AccountDocument } from '../../../../src/adapters/mongo/documents.ts'
import { copyOf, countIn, countOut, hasRoom, nextMessageModseq, takeNumbers, Tally } from '../../../../src/adapters/mongo/write/account-state.ts'
import { newAccountDocument } from '../../../../src/adapters/mongo/write/accounts.ts'
import { accountUpdate } from '../../../../src/adapters/mongo/write/state-statements.ts'
import { isMailError } from '../../../../src/core/errors.ts'

function account(): AccountDocument {
  const mailboxes = [
    { name: 'inbox', role: 'inbox', subscribed: true },
    { name: 'Lưu', role: null, subscribed: false },
  ] as const
  const given = { agency: 'g1', address: 'an@xa.example', name: 'An', kind: 'person', role: 'individual', state: 'active', passwordHash: null, createdAtMs: 1 } as const
  return newAccountDocument(7, 1, { ...given, quotaBytes: 1_000, mailboxes }, 5_000_000)
}

test('only what changed is written, on the condition that nobody has written meanwhile', () => {
  const base = account()
  const draft = copyOf(base)
  const tally = new Tally()
  tally.add(0, 400)
  const modseq = nextMessageModseq(draft)
  draft.usedBytes += 400
  assert.equal(takeNumbers(draft, 1), 1)
  assert.equal(countIn(draft, 1, tally, modseq), 1)
  const { mailboxes } = draft
  assert.deepEqual(accountUpdate(base, draft), {
    q: { _id: 7, rev: 1 },
    u: { $set: { rev: 2, modseq: 2, changedModseq: 2, usedBytes: 400, nextMessage: 2, 'mailboxes.1': mailboxes[1] } },
    upsert: true,
  })
  assert.deepEqual([mailboxes[1]!.uidNext, mailboxes[1]!.messages, mailboxes[1]!.unseen, mailboxes[1]!.sizeBytes, mailboxes[1]!.highestModseq], [2, 1, 1, 400, 2])
  assert.deepEqual(base, account(), 'what was remembered is as it was')
})

test('a removed mailbox is taken out, and what was counted in is counted out', () => {
  const base = account()
  const draft = copyOf(base)
  delete draft.mailboxes[2]
  assert.deepEqual(accountUpdate(base, draft).u, { $set: { rev: 2 }, $unset: { 'mailboxes.2': '' } })
  const other = copyOf(base)
  const tally = new Tally()
  tally.add(8, 10)
  tally.add(1, 20)
  countIn(other, 1, tally, 5)
  assert.deepEqual([other.mailboxes[1]!.deleted, other.mailboxes[1]!.unseen], [1, 1])
  countOut(other, 1, tally, 6)
  assert.deepEqual(other.mailboxes[1], { ...base.mailboxes[1], uidNext: 3, highestModseq: 6 })
})

test('room is what the quota leaves and the extra bytes above it', () => {
  const draft = { ...account(), usedBytes: 900 }
  assert.deepEqual([hasRoom(draft, 100, 0), hasRoom(draft, 101, 0), hasRoom(draft, 150, 50), hasRoom(draft, 151, 50)], [true, false, true, false])
})

test('numbers and UIDs that are used up are refused', () => {
  const used = { ...account(), nextMessage: 2 ** 31 - 1 }
  assert.equal(takeNumbers(used, 1), 2 ** 31 - 1)
  assert.throws(() => takeNumbers(used, 1), (error) => isMailError(error, 'limit-reached'))
  const full = account()
  full.mailboxes[1] = { ...full.mailboxes[1]!, uidNext: 2 ** 32 - 1 }
  const tally = new Tally()
  tally.add(0, 1)
  assert.throws(() => countIn(full, 1, tally, 2), (error) => isMailError(error, 'limit-reached'))
})

test('an account is made with INBOX, spelled so, and its mailboxes in order', () => {
  const { mailboxes, subscriptions, nextMailbox } = account()
  assert.deepEqual([mailboxes[1]!.name, mailboxes[2]!.name, subscriptions, nextMailbox], ['INBOX', 'Lưu', ['INBOX'], 3])
  assert.ok(mailboxes[2]!.uidValidity > mailboxes[1]!.uidValidity)
})
