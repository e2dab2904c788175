/** Mail of our own accounts: who may send as whom, what is completed, how much. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isMailError, type MailErrorCode } from '../../src/core/errors.ts'
import { letter, openDeliveryRig, type DeliveryRig } from '../support/delivery-rig.ts'

const refusal = (code: MailErrorCode) => (error: unknown): boolean => isMailError(error, code)

async function sender(rig: DeliveryRig) {
  const account = await rig.account('an@skhcn.gialai.example', { name: 'Nguyễn Văn An' })
  await rig.store.accounts.addAlias(account.id, 'truongphong@skhcn.gialai.example')
  const submit = (bytes: string, given: Parameters<typeof rig.incoming>[0] = {}) =>
    rig.delivery.delivering.deliver(rig.incoming({ sender: account.address, account: account.id, recipients: ['ai@example.net'], ...given, bytes }))
  return { account, submit }
}

async function sent(rig: DeliveryRig): Promise<string[]> {
  const rows = await rig.outboxRows()
  return Promise.all(rows.map(async ({ body }) => Buffer.from(await rig.blobs.read(body)).toString()))
}

test('a complete message goes out and into mailboxes byte for byte, in one commit', async () => {
  await using rig = await openDeliveryRig()
  const { account, submit } = await sender(rig)
  const other = await rig.account('binh@stc.gialai.example')
  const bytes = letter({ From: `"An" <${account.address}>` }, '.\nmột dòng\rlẻ\0\r\n..\r\n')
  assert.deepEqual(await submit(bytes, { recipients: ['ai@example.net', other.address, 'Hai@Example.NET'] }), { duplicate: false, filed: 1, queued: 2 })
  assert.deepEqual(await sent(rig), [bytes, bytes])
  assert.equal((await rig.mail(other))[0]!.body, bytes)
  const rows = await rig.outboxRows()
  assert.deepEqual(rows.map(({ recipient, sender: from, account: by, state }) => [recipient, from, by, state]), [
    ['ai@example.net', account.address, account.id, 'queued'],
    ['Hai@Example.NET', account.address, account.id, 'queued'],
  ])
  const [row] = rows
  assert.match(Buffer.from(row!.prefix).toString(), /^Received: from mx\.example\.org \(mx\.example\.org \[192\.0\.2\.1\]\)\r\n\tby mail\.gialai\.example with ESMTPSA id t1;\r\n\t[^\r\n]+\r\n$/)
})

test('From, Date and Message-ID that are missing come before the bytes of the sender; Bcc goes, folded lines and all', async () => {
  await using rig = await openDeliveryRig()
  const { account, submit } = await sender(rig)
  await submit('Subject: thu\r\nBCC: mat@example.net,\r\n kin@example.net\r\nTo: ai@example.net\r\nResent-Bcc: kin@example.net\r\n\r\nBcc: van ban\r\n')
  const [message] = await sent(rig)
  const added = /^From: =\?UTF-8\?B\?[^?]+\?= <an@skhcn\.gialai\.example>\r\nDate: Mon, 02 Nov 2026 08:00:00 \+0700\r\nMessage-ID: <[0-9a-z]{26}@mail\.gialai\.example>\r\n/
  assert.match(message!, added)
  assert.equal(message!.replace(added, ''), 'Subject: thu\r\nTo: ai@example.net\r\n\r\nBcc: van ban\r\n')
  assert.equal(account.name, 'Nguyễn Văn An')
})

test('outside mail is not completed and keeps its Bcc', async () => {
  await using rig = await openDeliveryRig()
  const account = await rig.account('an@skhcn.gialai.example')
  const bytes = 'Bcc: an@skhcn.gialai.example\r\n\r\n'
  await rig.delivery.delivering.deliver(rig.incoming({ recipients: [account.address], bytes }))
  assert.equal((await rig.mail(account))[0]!.body, bytes)
})

const allowed: readonly (readonly [string, string])[] = [
  ['the primary address', 'From: An <AN@skhcn.gialai.example>'],
  ['an alias', 'From: truongphong@skhcn.gialai.example'],
  ['an address with detail', 'From: <an+viec@skhcn.gialai.example>'],
  ['both of its own', 'From: an@skhcn.gialai.example, truongphong@skhcn.gialai.example\r\nSender: an@skhcn.gialai.example'],
  ['a folded field', 'From:\r\n =?UTF-8?B?QW4=?=\r\n <an@skhcn.gialai.example>'],
]
for (const [what, field] of allowed) {
  test(`an account may write as ${what}`, async () => {
    await using rig = await openDeliveryRig()
    const { submit } = await sender(rig)
    assert.equal((await submit(`${field}\r\n\r\n`)).queued, 1)
  })
}

const forged: readonly (readonly [string, string, MailErrorCode])[] = [
  ['somebody else', 'From: chutich@gialai.example', 'sender-not-owned'],
  ['somebody outside', 'From: <ai@example.net>', 'sender-not-owned'],
  ['itself and somebody else', 'From: an@skhcn.gialai.example, chutich@gialai.example\r\nSender: an@skhcn.gialai.example', 'sender-not-owned'],
  ['itself in a name, somebody else in the address', 'From: "an@skhcn.gialai.example" <chutich@gialai.example>', 'sender-not-owned'],
  ['somebody in a group', 'From: Lanh dao: chutich@gialai.example;', 'sender-not-owned'],
  ['two From fields', 'From: an@skhcn.gialai.example\r\nFrom: chutich@gialai.example', 'message-malformed'],
  ['From with white space before the colon', 'From : chutich@gialai.example', 'sender-not-owned'],
  ['nobody', 'From: ', 'sender-not-owned'],
  ['something that is no address', 'From: chu tich', 'sender-not-owned'],
  ['an empty group', 'From: Lanh dao:;', 'sender-not-owned'],
  ['somebody else in Sender', 'From: an@skhcn.gialai.example\r\nSender: chutich@gialai.example', 'sender-not-owned'],
]
for (const [what, field, code] of forged) {
  test(`an account may not write as ${what}`, async () => {
    await using rig = await openDeliveryRig()
    const { submit } = await sender(rig)
    await rig.account('chutich@gialai.example')
    await assert.rejects(submit(`${field}\r\n\r\n`), refusal(code))
    assert.deepEqual(await rig.outboxRows(), [])
  })
}

test('the envelope sender must be the account, or null', async () => {
  await using rig = await openDeliveryRig()
  const { account, submit } = await sender(rig)
  const own = letter({ From: account.address })
  await assert.rejects(submit(own, { sender: 'chutich@gialai.example' }), refusal('sender-not-owned'))
  await submit(own, { sender: '' })
  const check = (from: string) => rig.delivery.delivering.checkSender({ account: account.id, sender: from, sizeBytes: null })
  await check('')
  await check('truongphong@skhcn.gialai.example')
  await assert.rejects(check('chutich@gialai.example'), refusal('sender-not-owned'))
})

test('only an active account may send, also when it was locked since it signed in', async () => {
  await using rig = await openDeliveryRig()
  const { account, submit } = await sender(rig)
  const states = [['locked', 'account-locked'], ['restore-pending', 'account-locked'], ['revoked', 'account-revoked'], ['must-change', 'password-change-required'], ['issued', 'password-change-required']] as const
  for (const [state, code] of states) {
    await rig.store.accounts.change(account.id, { state })
    await assert.rejects(submit(letter({ From: account.address })), refusal(code))
    await assert.rejects(rig.delivery.delivering.checkSender({ account: account.id, sender: account.address, sizeBytes: 10 }), refusal(code))
  }
})

test('sizes and numbers of recipients are bounded', async () => {
  await using rig = await openDeliveryRig({ maxMessageBytes: 2000, maxRecipients: 3 })
  const { account, submit } = await sender(rig)
  await assert.rejects(submit(letter({ From: account.address }, 'x'.repeat(2000))), refusal('message-too-large'))
  await assert.rejects(rig.delivery.delivering.checkSender({ account: account.id, sender: account.address, sizeBytes: 2001 }), refusal('message-too-large'))
  await assert.rejects(submit(letter({ From: account.address }), { recipients: ['a@x.y', 'b@x.y', 'c@x.y', 'd@x.y'] }), refusal('too-many-recipients'))
  await assert.rejects(submit(letter({ From: account.address }), { recipients: [] }), refusal('argument-invalid'))
})

test('an account that sends too much in an hour has to wait, others do not', async () => {
  await using rig = await openDeliveryRig({ submission: { messagesPerHour: 2, recipientsPerHour: 5 } })
  const { account, submit } = await sender(rig)
  const own = letter({ From: account.address })
  const check = () => rig.delivery.delivering.checkSender({ account: account.id, sender: account.address, sizeBytes: null })
  await submit(own)
  await check()
  await submit(own)
  await assert.rejects(check(), refusal('limit-reached'))
  await assert.rejects(submit(own), refusal('limit-reached'))
  const other = await rig.account('binh@stc.gialai.example')
  const many = { sender: other.address, account: other.id, bytes: letter({ From: other.address }) }
  await assert.rejects(rig.delivery.delivering.deliver(rig.incoming({ ...many, recipients: ['a@x.y', 'b@x.y', 'c@x.y', 'd@x.y', 'e@x.y', 'f@x.y'] })), refusal('limit-reached'))
  rig.clock.turn(3_600_001)
  await submit(own)
  await rig.delivery.delivering.deliver(rig.incoming({ ...many, recipients: ['a@x.y'] }))
})

test('mail of an account is checked for malware, and for nothing that only outside mail is', async () => {
  await using rig = await openDeliveryRig()
  const { account, submit } = await sender(rig)
  const spam = { engine: 'rspamd', score: 99, required: 6, action: 'reject' }
  const dmarc = { result: 'fail', policy: 'reject', domain: 'gialai.example' }
  await submit(letter({ From: account.address }), { facts: rig.facts({ spam, dmarc }) })
  await assert.rejects(submit(letter({ From: account.address }), { facts: rig.facts({ virus: { engine: 'clamd', found: 'Eicar' } }) }), refusal('virus-found'))
})
