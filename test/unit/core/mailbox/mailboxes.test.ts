/** Making, renaming and removing mailboxes (RFC 9051 §6.3.4-6.3.8), over a store in memory. */
import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { type MailErrorCode, isMailError } from '../../../../src/core/errors.ts'
import { noFlags } from '../../../../src/core/mailbox/flags.ts'
import { createMailboxes } from '../../../../src/core/mailbox/mailboxes.ts'
import type { Mailboxes } from '../../../../src/core/mail.ts'
import type { Bell } from '../../../../src/core/change.ts'
import { MemoryStore } from '../../../support/memory-store.ts'

let store: MemoryStore
let mailboxes: Mailboxes
let bells: Bell[]
const account = 'a1'

beforeEach(() => {
  store = new MemoryStore()
  bells = []
  mailboxes = createMailboxes({
    store,
    bus: { ring: (bell) => bells.push(bell), listen: () => () => undefined },
    settings: { maxMailboxesPerAccount: 8 },
  })
})

async function names(): Promise<string[]> {
  return (await mailboxes.list(account)).map(({ name }) => name)
}

function refuses(what: Promise<unknown>, code: MailErrorCode): Promise<void> {
  return assert.rejects(what, (error) => isMailError(error, code))
}

/** The bell rang for the last write. */
function rung(): void {
  assert.equal(bells.at(-1)?.modseq, store.modseq)
  bells = []
}

test('missing parents are made too, in one write', async () => {
  const made = await mailboxes.create(account, 'Công việc/2026/Tháng 3/')
  assert.equal(made.name, 'Công việc/2026/Tháng 3')
  assert.deepEqual(await names(), ['Công việc', 'Công việc/2026', 'Công việc/2026/Tháng 3', 'INBOX'])
  assert.equal(store.modseq, 2)
  rung()
})

test('a role is given to the mailbox itself, once', async () => {
  assert.equal((await mailboxes.create(account, 'Mẹ/Nháp', 'drafts')).role, 'drafts')
  assert.equal((await mailboxes.byName(account, 'Mẹ'))?.role, null)
  await refuses(mailboxes.create(account, 'Nháp 2', 'drafts'), 'mailbox-exists')
})

test('what is there already, has an invalid name or is one too many is refused', async () => {
  await mailboxes.create(account, 'Một')
  await refuses(mailboxes.create(account, 'Một'), 'mailbox-exists')
  await refuses(mailboxes.create(account, 'Một'.normalize('NFD')), 'mailbox-exists')
  await refuses(mailboxes.create(account, 'inbox'), 'mailbox-exists')
  await refuses(mailboxes.create(account, 'a*'), 'name-invalid')
  await refuses(mailboxes.create(account, 'a/b/c/d/e/f/g'), 'limit-reached')
  await mailboxes.create(account, 'a/b/c/d/e/f')
  await refuses(mailboxes.create(account, 'h'), 'limit-reached')
})

test('names are looked up in NFC, INBOX in any case', async () => {
  await mailboxes.create(account, 'Công việc')
  assert.equal((await mailboxes.byName(account, 'Công việc'.normalize('NFD')))?.name, 'Công việc')
  assert.equal((await mailboxes.byName(account, 'iNbOx'))?.name, 'INBOX')
  assert.equal(await mailboxes.byName(account, 'a*\0'), null)
})

test('a parent that another session makes in between does no harm', async () => {
  let once = true
  store.pause = async () => {
    if (!once) return
    once = false
    await mailboxes.create(account, 'Chung')
  }
  assert.equal((await mailboxes.create(account, 'Chung/Riêng')).name, 'Chung/Riêng')
  assert.deepEqual(await names(), ['Chung', 'Chung/Riêng', 'INBOX'])
})

test('RENAME takes the children along and makes missing parents', async () => {
  await mailboxes.create(account, 'A/b/c')
  await mailboxes.create(account, 'Ab')
  const before = (await mailboxes.byName(account, 'A/b/c'))!
  await mailboxes.rename(account, 'A', 'Kho/A')
  rung()
  assert.deepEqual(await names(), ['Ab', 'INBOX', 'Kho', 'Kho/A', 'Kho/A/b', 'Kho/A/b/c'])
  const after = (await mailboxes.byName(account, 'Kho/A/b/c'))!
  assert.deepEqual([after.id, after.uidValidity], [before.id, before.uidValidity])
})

test('RENAME refuses the unknown, the taken, and a place below itself', async () => {
  await mailboxes.create(account, 'A/b')
  await mailboxes.create(account, 'C')
  await refuses(mailboxes.rename(account, 'không có', 'D'), 'mailbox-unknown')
  await refuses(mailboxes.rename(account, 'A', 'C'), 'mailbox-exists')
  await refuses(mailboxes.rename(account, 'A', 'INBOX'), 'mailbox-exists')
  await refuses(mailboxes.rename(account, 'A', 'A/b/d'), 'not-permitted')
  await refuses(mailboxes.rename(account, 'A', 'x%'), 'name-invalid')
  await mailboxes.create(account, `A/${'d'.repeat(250)}`)
  await refuses(mailboxes.rename(account, 'A', ['x', 'y', 'z', 'w'].map((level) => level.repeat(200)).join('/')), 'name-invalid')
  assert.deepEqual((await names()).slice(0, 2), ['A', 'A/b'])
})

test('RENAME of INBOX moves its messages and leaves INBOX and its children', async () => {
  const content = { body: 'b', bodyBytes: 1, forms: new Uint8Array(0), text: new Uint8Array(0), sentAtMs: null, messageId: null, references: [], baseSubject: '' }
  store.append(store.inbox, [1, 2].map(() => ({ content, prefix: new Uint8Array(0), flags: noFlags, receivedAtMs: 0 })))
  await mailboxes.create(account, 'INBOX/con')
  await mailboxes.rename(account, 'inbox', 'Cũ/2025')
  rung()
  assert.deepEqual((await mailboxes.list(account)).map(({ name, messages }) => `${name} ${messages}`), ['Cũ 0', 'Cũ/2025 2', 'INBOX 0', 'INBOX/con 0'])
  await refuses(mailboxes.rename(account, 'INBOX', 'Cũ/2025'), 'mailbox-exists')
})

test('DELETE leaves the children, and never takes INBOX', async () => {
  await mailboxes.create(account, 'A/b')
  await mailboxes.remove(account, 'A')
  rung()
  assert.deepEqual(await names(), ['A/b', 'INBOX'])
  await refuses(mailboxes.remove(account, 'Inbox'), 'not-permitted')
  await refuses(mailboxes.remove(account, 'A'), 'mailbox-unknown')
  assert.equal((await mailboxes.create(account, 'A')).name, 'A')
})

test('subscriptions are names, whatever becomes of the mailboxes', async () => {
  await mailboxes.create(account, 'A')
  await mailboxes.setSubscribed(account, 'A', true)
  await mailboxes.setSubscribed(account, 'Sắp có', true)
  rung()
  await mailboxes.rename(account, 'A', 'B')
  await mailboxes.remove(account, 'B')
  assert.deepEqual(await mailboxes.subscriptions(account), ['A', 'Sắp có'])
  await mailboxes.setSubscribed(account, 'Sắp có'.normalize('NFD'), false)
  await mailboxes.setSubscribed(account, 'chưa từng *', false)
  assert.deepEqual(await mailboxes.subscriptions(account), ['A'])
  await refuses(mailboxes.setSubscribed(account, 'x*', true), 'name-invalid')
})
