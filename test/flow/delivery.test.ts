/** A message comes in and is kept: core/delivery on the embedded store. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isMailError, MailError, type MailErrorCode } from '../../src/core/errors.ts'
import { letter, openDeliveryRig } from '../support/delivery-rig.ts'

const refusal = (code: MailErrorCode) => (error: unknown): boolean => isMailError(error, code)

test('a message to accounts of several agencies is one commit with one body, and each mailbox has its own trace lines', async () => {
  await using rig = await openDeliveryRig()
  const accounts = await Promise.all(['an@skhcn.gialai.example', 'binh@stc.gialai.example', 'chi@dakpo.gialai.example'].map((address) => rig.account(address)))
  const bytes = letter({ Subject: 'Họp giao ban' })
  const message = rig.incoming({ recipients: accounts.map(({ address }) => address), bytes })
  assert.deepEqual(await rig.delivery.delivering.deliver(message), { duplicate: false, filed: 3, queued: 0 })

  const kept = (await Promise.all(accounts.map((account) => rig.mail(account)))).flat()
  assert.equal(kept.length, 3)
  assert.equal(new Set(kept.map(({ from }) => from)).size, 1)
  for (const [index, { prefix, body, mailbox }] of kept.entries()) {
    assert.equal(mailbox, 'INBOX')
    assert.equal(body, bytes)
    assert.equal(
      prefix,
      `Return-Path: <ngoai@example.org>\r\nDelivered-To: ${accounts[index]!.address}\r\n` +
        `Received: from mx.example.org (mx.example.org [192.0.2.1])\r\n\tby mail.gialai.example with ESMTPS id ${message.transaction};\r\n\tMon, 02 Nov 2026 08:00:00 +0700\r\n`,
    )
  }
  assert.deepEqual(rig.bells.toSorted(), accounts.map(({ id }) => id).toSorted())
})

test('the only recipient is named in Received, several never are', async () => {
  await using rig = await openDeliveryRig()
  const account = await rig.account('an@skhcn.gialai.example')
  await rig.delivery.delivering.deliver(rig.incoming({ recipients: ['An+hop@skhcn.gialai.example'] }))
  const [kept] = await rig.mail(account)
  assert.match(kept!.prefix, /\r\n\tfor <An\+hop@skhcn\.gialai\.example>;\r\n/)
})

test('the same transaction again is filed once', async () => {
  await using rig = await openDeliveryRig()
  const account = await rig.account('an@skhcn.gialai.example')
  const message = rig.incoming({ recipients: [account.address] })
  const [first, second] = await Promise.all([rig.delivery.delivering.deliver(message), rig.delivery.delivering.deliver(message)])
  assert.deepEqual([first.duplicate, second.duplicate].toSorted(), [false, true])
  assert.equal((await rig.delivery.delivering.deliver(message)).duplicate, true)
  assert.equal((await rig.mail(account)).length, 1)
})

test('an account that is named by several of its addresses gets one copy', async () => {
  await using rig = await openDeliveryRig()
  const account = await rig.account('an@skhcn.gialai.example')
  await rig.store.accounts.addAlias(account.id, 'truongphong@skhcn.gialai.example')
  const recipients = [account.address, 'truongphong@skhcn.gialai.example', 'AN@skhcn.gialai.example', 'an+viec@skhcn.gialai.example']
  assert.equal((await rig.delivery.delivering.deliver(rig.incoming({ recipients }))).filed, 1)
  assert.equal((await rig.mail(account)).length, 1)
})

test('postmaster, also without a domain, goes to the operators', async () => {
  await using rig = await openDeliveryRig()
  await rig.account('an@gialai.example')
  const operators = [await rig.account('op@gialai.example', { role: 'operator' }), await rig.account('sa@gialai.example', { role: 'super-administrator' })]
  for (const recipient of ['postmaster', 'Abuse@gialai.example']) {
    await rig.delivery.delivering.checkRecipient({ recipient, sender: '', account: null, sizeBytes: null })
    assert.equal((await rig.delivery.delivering.deliver(rig.incoming({ recipients: [recipient] }))).filed, 2)
  }
  for (const operator of operators) assert.equal((await rig.mail(operator)).length, 2)
})

test('a virus, spam over the limit and a failed DMARC check refuse the message and are kept in the mail log', async () => {
  await using rig = await openDeliveryRig({ judge: { spamRefuseScore: 20, dmarcReject: 'refuse', dnsListIsJunk: true } })
  const account = await rig.account('an@skhcn.gialai.example')
  const spam = { engine: 'rspamd', score: 21, required: 6, action: 'reject' }
  const bad = [
    [{ virus: { engine: 'clamd', found: 'Eicar' } }, 'virus-found'],
    [{ spam }, 'message-refused'],
    [{ dmarc: { result: 'fail', policy: 'reject', domain: 'example.org' } }, 'message-refused'],
  ] as const
  for (const [facts, code] of bad) {
    const message = rig.incoming({ recipients: [account.address], facts: rig.facts(facts) })
    await assert.rejects(rig.delivery.delivering.deliver(message), refusal(code))
  }
  assert.deepEqual((await rig.mail(account)).length, 0)
  assert.deepEqual((await rig.records()).map(({ action, detail }) => [action, detail.code]), bad.map(([, code]) => ['mail.refused', code]))
})

test('junk goes to the junk mailbox with its keyword, unscanned mail to INBOX', async () => {
  await using rig = await openDeliveryRig()
  const account = await rig.account('an@skhcn.gialai.example')
  const deliver = (facts: Parameters<typeof rig.facts>[0]) => rig.delivery.delivering.deliver(rig.incoming({ recipients: [account.address], facts: rig.facts(facts) }))
  await deliver({ spam: { engine: 'rspamd', score: 7, required: 6, action: 'add header' } })
  await deliver({ unanswered: ['rspamd', 'clamd'] })
  await rig.delivery.delivering.deliver(rig.incoming({ recipients: [account.address], facts: null }))
  const where = (await rig.mail(account)).map(({ mailbox, keywords }) => [mailbox, ...keywords])
  assert.deepEqual(where.toSorted(), [['INBOX'], ['INBOX'], ['junk', '$Junk']])
})

test('what ingress found out stands above our Received line, and a forged result of our name is cut out', async () => {
  await using rig = await openDeliveryRig()
  const account = await rig.account('an@skhcn.gialai.example')
  const bytes = letter({ 'Authentication-Results': 'mail.gialai.example; dmarc=pass' })
  const facts = rig.facts({
    spf: { result: 'pass', domain: 'example.org' },
    dkim: [{ result: 'fail', domain: 'example.org', selector: 's1' }],
    dmarc: { result: 'fail', policy: 'none', domain: 'example.org' },
  })
  await rig.delivery.delivering.deliver(rig.incoming({ recipients: [account.address], facts, bytes }))
  const [kept] = await rig.mail(account)
  const results = 'spf=pass smtp.mailfrom=example.org;\r\n\tdkim=fail header.d=example.org header.s=s1;\r\n\tdmarc=fail (p=none) header.from=example.org'
  assert.ok(kept!.prefix.includes(`Authentication-Results: mail.gialai.example;\r\n\t${results}\r\nReceived: `))
  assert.equal(kept!.body, bytes.replace(/Authentication-Results: .*\r\n/, ''))
})

test('mail of nobody signed in is never sent on, and nothing of it is kept', async () => {
  await using rig = await openDeliveryRig()
  const account = await rig.account('an@skhcn.gialai.example')
  const message = rig.incoming({ recipients: [account.address, 'ai@example.net'], facts: null })
  await assert.rejects(rig.delivery.delivering.deliver(message), refusal('relay-denied'))
  assert.equal((await rig.mail(account)).length, 0)
  assert.deepEqual(await rig.outboxRows(), [])
})

test('a message that has been through too many servers, or was delivered to the account before, is a loop', async () => {
  await using rig = await openDeliveryRig()
  const account = await rig.account('an@skhcn.gialai.example')
  const other = await rig.account('binh@skhcn.gialai.example')
  const deliver = (bytes: string, recipients = [account.address]) => rig.delivery.delivering.deliver(rig.incoming({ recipients, bytes }))
  const received = (count: number): string => 'Received: from a by b; Mon, 02 Nov 2026 08:00:00 +0700\r\n'.repeat(count) + letter()
  await assert.rejects(deliver(received(31)), refusal('mail-loop'))
  await assert.rejects(deliver(letter({ 'Delivered-To': 'An@skhcn.gialai.example' })), refusal('mail-loop'))
  await deliver(received(30))
  await deliver(letter({ 'Delivered-To': 'an@example.org' }))
  assert.equal((await rig.mail(account)).length, 2)
  // Beside somebody who has not had it, the one who has is left out and its sender told.
  assert.equal((await deliver(letter({ 'Delivered-To': account.address }), [account.address, other.address])).filed, 1)
  assert.equal((await rig.mail(other)).length, 1)
  assert.deepEqual((await rig.outboxRows()).map(({ recipient, state, sender }) => [recipient, state, sender]), [
    [account.address, 'bounced', 'ngoai@example.org'],
    ['ngoai@example.org', 'queued', ''],
  ])
})

test('a full mailbox refuses its own message, and for now only while its owner is locked out', async () => {
  await using rig = await openDeliveryRig()
  const full = await rig.account('an@skhcn.gialai.example', { quotaBytes: 10 })
  const locked = await rig.account('binh@skhcn.gialai.example', { quotaBytes: 10, state: 'locked' })
  for (const account of [full, locked]) {
    const isLocked = account === locked
    const shown = (error: unknown): boolean => isMailError(error, 'quota-exceeded') && error.detail.locked === isLocked
    await assert.rejects(rig.delivery.delivering.deliver(rig.incoming({ recipients: [account.address] })), shown)
    await assert.rejects(rig.delivery.delivering.checkRecipient({ recipient: account.address, sender: '', account: null, sizeBytes: 11 }), shown)
    await rig.delivery.delivering.checkRecipient({ recipient: account.address, sender: '', account: null, sizeBytes: null })
  }
})

test('a locked account still receives, a revoked one and an unknown one are refused', async () => {
  await using rig = await openDeliveryRig()
  const check = (recipient: string) => rig.delivery.delivering.checkRecipient({ recipient, sender: '', account: null, sizeBytes: null })
  const locked = await rig.account('an@skhcn.gialai.example', { state: 'locked' })
  await rig.account('binh@skhcn.gialai.example', { state: 'revoked' })
  await check(locked.address)
  assert.equal((await rig.delivery.delivering.deliver(rig.incoming({ recipients: [locked.address] }))).filed, 1)
  await assert.rejects(check('binh@skhcn.gialai.example'), refusal('account-revoked'))
  await assert.rejects(check('chi@skhcn.gialai.example'), refusal('address-unknown'))
  await assert.rejects(check('chi@example.net'), refusal('relay-denied'))
  await assert.rejects(check('khong co dia chi'), refusal('address-invalid'))
})

test('a mailbox that fills while the message is on its way: the others get it, the sender a bounce, in one commit each', async () => {
  await using rig = await openDeliveryRig()
  const sender = await rig.account('an@skhcn.gialai.example')
  const full = await rig.account('binh@skhcn.gialai.example', { quotaBytes: 700 })
  const other = await rig.account('chi@stc.gialai.example')
  await rig.delivery.delivering.checkRecipient({ recipient: full.address, sender: sender.address, account: null, sizeBytes: null })
  const bytes = letter({ From: `<${sender.address}>`, Subject: 'Báo cáo' }, 'x'.repeat(1000) + '\r\n')
  const message = rig.incoming({ sender: sender.address, recipients: [full.address, other.address], account: sender.id, bytes })
  assert.deepEqual(await rig.delivery.delivering.deliver(message), { duplicate: false, filed: 1, queued: 1 })

  assert.equal((await rig.mail(other)).length, 1)
  assert.equal((await rig.mail(full)).length, 0)
  const [bounce] = await rig.mail(sender)
  assert.match(bounce!.prefix, /^Return-Path: <>\r\n/)
  assert.match(bounce!.body, /Final-Recipient: rfc822; binh@skhcn\.gialai\.example\r\nAction: failed\r\nStatus: 5\.2\.2\r\n/)
  const [row] = await rig.outboxRows()
  assert.deepEqual([row!.recipient, row!.state], [full.address, 'bounced'])
  // What comes again is answered as before, and nobody is told twice.
  assert.equal((await rig.delivery.delivering.deliver(message)).duplicate, true)
  assert.equal((await rig.mail(sender)).length, 1)
})

test('a full mailbox beside others, whose owner is locked out, is tried again and filed when there is room', async () => {
  await using rig = await openDeliveryRig()
  const full = await rig.account('binh@skhcn.gialai.example', { quotaBytes: 10, state: 'locked' })
  const other = await rig.account('chi@stc.gialai.example')
  const bytes = letter({ Subject: 'Báo cáo' })
  await rig.delivery.delivering.deliver(rig.incoming({ recipients: [full.address, other.address], bytes }))
  assert.equal((await rig.outboxRows())[0]!.state, 'queued')
  const { signal } = new AbortController()
  rig.clock.turn(16 * 60_000)
  await rig.delivery.dispatch.run('node', signal)
  assert.deepEqual((await rig.outboxRows()).map(({ state }) => state), ['queued'])
  await rig.store.accounts.change(full.id, { quotaBytes: 1_000_000 })
  rig.clock.turn(16 * 60_000)
  await rig.delivery.dispatch.run('node', signal)
  const [kept] = await rig.mail(full)
  assert.equal(kept!.body, bytes)
  assert.match(kept!.prefix, /^Return-Path: <ngoai@example\.org>\r\nDelivered-To: binh@skhcn\.gialai\.example\r\nReceived: /)
  assert.deepEqual((await rig.outboxRows()).map(({ state }) => state), ['delivered'])
  assert.deepEqual(rig.outside.handed, [])
})

test('nobody is told of a failed recipient when the sender is null, forged or a spammer; the mail log keeps it', async () => {
  await using rig = await openDeliveryRig()
  const full = await rig.account('binh@skhcn.gialai.example', { quotaBytes: 10 })
  const other = await rig.account('chi@stc.gialai.example')
  const recipients = [full.address, other.address]
  await rig.delivery.delivering.deliver(rig.incoming({ recipients, sender: '' }))
  await rig.delivery.delivering.deliver(rig.incoming({ recipients, facts: rig.facts({ spf: { result: 'fail', domain: 'example.org' } }) }))
  await rig.delivery.delivering.deliver(rig.incoming({ recipients, facts: rig.facts({ dnsLists: ['zen.example'] }) }))
  assert.equal((await rig.mail(other)).length, 3)
  assert.deepEqual(await rig.outboxRows(), [])
  assert.deepEqual((await rig.records()).map(({ action }) => action), ['mail.undeliverable', 'mail.undeliverable', 'mail.undeliverable'])
})

test('a crash between the commit and the bounce loses nobody: the row comes due and is bounced then', async () => {
  await using rig = await openDeliveryRig()
  const sender = await rig.account('an@skhcn.gialai.example')
  const full = await rig.account('binh@skhcn.gialai.example', { quotaBytes: 10 })
  const other = await rig.account('chi@stc.gialai.example')
  rig.beforeCommit = async ({ transaction }) => {
    if (transaction.startsWith('bounce.')) throw Object.assign(new Error('crash'), { name: 'Crash' })
  }
  const message = rig.incoming({ sender: sender.address, recipients: [full.address, other.address], account: sender.id, bytes: letter({ From: sender.address }) })
  await assert.rejects(rig.delivery.delivering.deliver(message), { name: 'Crash' })
  assert.equal((await rig.mail(other)).length, 1)
  rig.beforeCommit = async () => undefined
  assert.equal((await rig.delivery.delivering.deliver(message)).duplicate, true)
  rig.clock.turn(61_000)
  await rig.delivery.dispatch.run('node', new AbortController().signal)
  assert.equal((await rig.mail(sender)).length, 1)
  assert.deepEqual((await rig.outboxRows()).map(({ state }) => state), ['bounced'])
})

test('a store or a disk that cannot take it refuses for now, keeps nothing, and takes the same transaction later', async () => {
  await using rig = await openDeliveryRig()
  const account = await rig.account('an@skhcn.gialai.example')
  const message = rig.incoming({ recipients: [account.address, 'an+x@skhcn.gialai.example'] })
  rig.beforeCommit = () => Promise.reject(new MailError('storage-full'))
  await assert.rejects(rig.delivery.delivering.deliver(message), (error) => isMailError(error, 'storage-full') && error.temporary)
  assert.equal((await rig.mail(account)).length, 0)
  rig.beforeCommit = async () => undefined
  assert.equal((await rig.delivery.delivering.deliver(message)).filed, 1)
})

test('a mailbox that fills between the look and the commit is left out, the rest is filed', async () => {
  await using rig = await openDeliveryRig()
  const filling = await rig.account('an@skhcn.gialai.example')
  const other = await rig.account('binh@skhcn.gialai.example')
  let commits = 0
  rig.beforeCommit = async () => {
    if (commits++ === 0) await rig.store.accounts.change(filling.id, { quotaBytes: 1 })
  }
  assert.deepEqual(await rig.delivery.delivering.deliver(rig.incoming({ recipients: [filling.address, other.address] })), { duplicate: false, filed: 1, queued: 1 })
  assert.equal((await rig.mail(other)).length, 1)
  const [row] = await rig.outboxRows()
  assert.deepEqual([row!.recipient, row!.state], [filling.address, 'bounced'])
})

test('bodies that nobody names any more are swept a day later, those of mailboxes, rows and held deliveries stay', async () => {
  await using rig = await openDeliveryRig()
  const account = await rig.account('an@skhcn.gialai.example')
  await rig.delivery.delivering.deliver(rig.incoming({ recipients: [account.address] }))
  const orphan = await rig.blobs.put(Buffer.from('orphan'))
  assert.equal((await rig.delivery.housekeeping.sweepBodies()).removed, 0)
  rig.clock.turn(25 * 3_600_000)
  await rig.delivery.housekeeping.sweepBodies()
  await assert.rejects(rig.blobs.read(orphan), (error) => isMailError(error, 'message-unknown'))
  assert.equal((await rig.mail(account)).length, 1)
})

test('facts and idempotency keys are kept for three months, then forgotten', async () => {
  await using rig = await openDeliveryRig()
  const account = await rig.account('an@skhcn.gialai.example')
  const message = rig.incoming({ recipients: [account.address] })
  await rig.delivery.delivering.deliver(message)
  const kept = (await rig.store.deliveries.facts(message.transaction))!.facts
  assert.deepEqual([kept.sender, kept.recipients, kept.verdict, kept.messageId], ['ngoai@example.org', [account.address], 'accept', 'thu@example.org'])
  rig.clock.turn(92 * 24 * 3_600_000)
  assert.equal(await rig.delivery.housekeeping.forgetDeliveries(), 0)
  rig.clock.turn(2 * 24 * 3_600_000)
  assert.equal(await rig.delivery.housekeeping.forgetDeliveries(), 1)
  assert.equal(await rig.delivery.housekeeping.forgetOutbox(), 0)
  assert.equal(await rig.delivery.housekeeping.pruneTombstones(), 0)
})
