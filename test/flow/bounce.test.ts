/** What could not be delivered is told to its sender, exactly once, and a bounce is never bounced. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { simpleParser } from 'mailparser'
import type { OutboxReport } from '../../src/core/mail.ts'
import { letter, openDeliveryRig, type DeliveryRig } from '../support/delivery-rig.ts'

const signal = new AbortController().signal

const bounced = (rows: readonly string[], reply = '550 5.1.1 <ai@example.net>: no such user', status: string | null = null): OutboxReport => ({
  outcome: 'bounced',
  rows,
  reply,
  status,
  host: 'mx.example.net',
  tls: true,
  nextTryAtMs: null,
})

async function send(rig: DeliveryRig, recipients: readonly string[], given: { readonly bytes?: string; readonly sender?: string } = {}) {
  const account = (await rig.store.accounts.byAddress('an@skhcn.gialai.example')) ?? (await rig.account('an@skhcn.gialai.example'))
  const bytes = letter({ From: account.address, Subject: '=?UTF-8?B?SOG7jXAgZ2lhbyBiYW4=?=', 'Message-ID': '<hop.1@skhcn.gialai.example>' })
  await rig.delivery.delivering.deliver(rig.incoming({ sender: account.address, account: account.id, recipients, bytes, ...given }))
  const ids = (await rig.outboxRows()).filter(({ state }) => state === 'queued').map(({ id }) => id)
  await rig.delivery.dispatch.run('node', signal)
  return { account, ids, bytes: given.bytes ?? bytes }
}

test('a bounce is a delivery report in two languages with the message in it, read by another parser', async () => {
  await using rig = await openDeliveryRig()
  const { account, ids, bytes } = await send(rig, ['ai@example.net', 'hai@example.net'])
  await rig.delivery.outbox.report(bounced(ids))
  const [kept] = await rig.mail(account)
  assert.equal(kept!.mailbox, 'INBOX')
  assert.match(kept!.prefix, /^Return-Path: <>\r\nDelivered-To: an@skhcn\.gialai\.example\r\nReceived: by mail\.gialai\.example id bounce\./)

  const read = await simpleParser(kept!.body)
  assert.equal(read.subject, 'Thư không gửi được (Undelivered mail): Họp giao ban')
  assert.equal(read.from?.text, '"Hệ thống thư (Mail Delivery System)" <postmaster@gialai.example>')
  assert.equal(read.headers.get('auto-submitted'), 'auto-replied')
  assert.equal(read.inReplyTo, '<hop.1@skhcn.gialai.example>')
  assert.match(read.text!, /KHÔNG gửi được tới 2 người nhận[^]+<ai@example\.net>\n {4}Không có địa chỉ này ở nơi nhận\.[^]+could NOT be delivered to 2/)
  const header = kept!.body.slice(0, kept!.body.indexOf('\r\n\r\n'))
  assert.match(header, /Content-Type: multipart\/report; report-type=delivery-status;\r\n\tboundary="([^"]+)"/)
  assert.ok(/^[\x20-\x7e\r\n\t]*$/.test(header))

  const status = /Content-Type: message\/delivery-status\r\n\r\n([^]+?)\r\n--/.exec(kept!.body)![1]!.split('\r\n\r\n')
  assert.equal(status.length, 3)
  assert.match(status[0]!, /^Reporting-MTA: dns; mail\.gialai\.example\r\nArrival-Date: Mon, 02 Nov 2026 08:00:00 \+0700$/)
  assert.match(status[1]!, /^Final-Recipient: rfc822; ai@example\.net\r\nAction: failed\r\nStatus: 5\.1\.1\r\nRemote-MTA: dns; mx\.example\.net\r\nDiagnostic-Code: smtp; 550 5\.1\.1 <ai@example\.net>: no such user\r\n/)
  const original = kept!.body.slice(kept!.body.indexOf('Content-Type: message/rfc822'))
  assert.ok(original.includes(bytes))
  assert.ok(original.includes('\r\n\r\nReceived: from mx.example.org'))
})

test('the same report twice, at once or later, makes one bounce; the rows are settled with it', async () => {
  await using rig = await openDeliveryRig()
  const { account, ids } = await send(rig, ['ai@example.net', 'hai@example.net', 'ba@example.net'])
  await Promise.all([rig.delivery.outbox.report(bounced(ids.slice(0, 1))), rig.delivery.outbox.report(bounced(ids.slice(0, 1)))])
  await rig.delivery.outbox.report(bounced(ids.slice(0, 2)))
  await rig.delivery.outbox.report(bounced(ids.slice(0, 2)))
  const told = (await rig.mail(account)).map(({ body }) => [...body.matchAll(/^Final-Recipient: rfc822; (.+)\r$/gm)].map(([, address]) => address))
  assert.deepEqual(told, [['ai@example.net'], ['hai@example.net']])
  assert.deepEqual((await rig.outboxRows()).map(({ state }) => state), ['bounced', 'bounced', 'handed'])
})

test('reports on overlapping rows at the same moment tell of each row exactly once', async () => {
  await using rig = await openDeliveryRig()
  const { account, ids } = await send(rig, ['ai@example.net', 'hai@example.net'])
  await Promise.all([rig.delivery.outbox.report(bounced(ids)), rig.delivery.outbox.report(bounced(ids.slice(0, 1)))])
  const told = (await rig.mail(account)).flatMap(({ body }) => [...body.matchAll(/^Final-Recipient: rfc822; (.+)\r$/gm)].map(([, address]) => address))
  assert.deepEqual(told.toSorted(), ['ai@example.net', 'hai@example.net'])
})

test('a bounce that fails is settled and told to nobody', async () => {
  await using rig = await openDeliveryRig()
  const { account, ids } = await send(rig, ['ai@example.net'], { sender: '' })
  await rig.delivery.outbox.report(bounced(ids))
  assert.deepEqual(await rig.mail(account), [])
  assert.deepEqual((await rig.outboxRows()).map(({ state }) => state), ['bounced'])
  assert.deepEqual((await rig.records()).map(({ action }) => action), ['mail.undeliverable', 'mail.bounced'])
})

test('a sender who takes no mail any more is not told, and the rows do not stay open', async () => {
  await using rig = await openDeliveryRig()
  const { account, ids } = await send(rig, ['ai@example.net'])
  await rig.store.accounts.change(account.id, { state: 'revoked' })
  await rig.delivery.outbox.report(bounced(ids))
  assert.deepEqual((await rig.outboxRows()).map(({ state }) => state), ['bounced'])
  assert.deepEqual((await rig.records()).map(({ action }) => action), ['mail.undeliverable', 'mail.bounced'])
})

test('a bounce is filed above the quota, from the reserve', async () => {
  await using rig = await openDeliveryRig()
  const { account, ids } = await send(rig, ['ai@example.net'])
  await rig.store.accounts.change(account.id, { quotaBytes: 1 })
  await rig.delivery.outbox.report(bounced(ids))
  assert.equal((await rig.mail(account)).length, 1)
})

test('of a large message, or one whose lines may not be in a bounce, only the header goes back', async () => {
  await using rig = await openDeliveryRig({ bounceWholeBytes: 2000 })
  const bodies = ['x'.repeat(900) + '\r\n', 'dòng\nlẻ\r\n']
  for (const body of [bodies[0]!.repeat(3), bodies[1]!]) {
    const { ids } = await send(rig, ['ai@example.net'], { bytes: letter({ From: 'an@skhcn.gialai.example' }, body) })
    await rig.delivery.outbox.report(bounced(ids))
  }
  const long = letter({ From: 'an@skhcn.gialai.example', 'X-Dai': 'y'.repeat(2000) })
  const { account, ids } = await send(rig, ['ai@example.net'], { bytes: long })
  await rig.delivery.outbox.report(bounced(ids))
  const parts = (await rig.mail(account)).map(({ body }) => /Content-Type: text\/rfc822-headers\r\nContent-Transfer-Encoding: (\w+)\r\n\r\n([^]+)\r\n--/.exec(body)!)
  assert.deepEqual(parts.map(([, encoding]) => encoding), ['7bit', '7bit', 'base64'])
  for (const [, , text] of parts.slice(0, 2)) {
    assert.match(text!, /Subject: Thu\r\n/)
    assert.ok(!text!.includes('x'.repeat(900)) && !text!.includes('lẻ'))
  }
  assert.match(Buffer.from(parts[2]![2]!, 'base64').toString(), /X-Dai: y{2000}\r\n/)
})

test('a failure on mail from outside is told outside, by an outgoing row of the null sender', async () => {
  await using rig = await openDeliveryRig()
  const full = await rig.account('binh@skhcn.gialai.example', { quotaBytes: 10 })
  const other = await rig.account('chi@stc.gialai.example')
  await rig.delivery.delivering.deliver(rig.incoming({ recipients: [full.address, other.address] }))
  await rig.delivery.dispatch.run('node', signal)
  const [batch] = rig.outside.handed
  assert.equal(batch!.sender, '')
  assert.deepEqual(batch!.rows.map(({ recipient }) => recipient), ['ngoai@example.org'])
  assert.match(Buffer.from(batch!.prefix).toString(), /^Received: by mail\.gialai\.example id bounce\.[^;]+;\r\n\t/)
  assert.match(Buffer.from(batch!.body).toString(), /^From: [^]+Status: 5\.2\.2\r\n/)
})

test('replies from outside cannot break the report', async () => {
  await using rig = await openDeliveryRig()
  const { account, ids } = await send(rig, ['ai@example.net'])
  await rig.delivery.outbox.report(bounced(ids, `550 5.7.1 no\r\n\r\n--=_congvu_x\r\nFinal-Recipient: rfc822; forged@example.net\r\n${'é'.repeat(5000)}`))
  const [kept] = await rig.mail(account)
  assert.equal([...kept!.body.matchAll(/^Final-Recipient:/gm)].length, 1)
  for (const line of kept!.body.split('\r\n')) assert.ok(line.length <= 998)
})
