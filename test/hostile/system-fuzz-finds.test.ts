/** What `npm run bench fuzz` has found, each as the smallest input that shows it. */
import assert from 'node:assert/strict'
import { duplexPair } from 'node:stream'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { composeBounce } from '../../src/core/submission/bounce.ts'
import { digest } from '../../src/message/digest.ts'
import { selectFields } from '../../src/message/header-fields.ts'
import { openForms } from '../../src/message/imap-form.ts'
import { serveLmtp } from '../../src/protocols/smtp/lmtp-session.ts'
import { createFactsStore } from '../../src/protocols/smtp/transaction-facts.ts'

test('text in UTF-16 cut in the middle of a letter has no half letters in its preview', async () => {
  const half = Buffer.from('Content-Type: text/plain; charset=utf-16le\r\n\r\na\0\x00\xd8b\0', 'latin1')
  const { preview, forms } = await digest(half)
  assert.ok(preview.isWellFormed())
  assert.equal(openForms(forms).preview, preview)
})

test('a folded line before the first field is with the fields that were not asked for', () => {
  const header = Buffer.from(' folded\r\nTo: x\r\n\r\n')
  assert.equal(Buffer.from(selectFields(header, new Set(['to']), true)).toString(), ' folded\r\n\r\n')
  assert.equal(Buffer.from(selectFields(header, new Set(['to']), false)).toString(), 'To: x\r\n\r\n')
})

test('a client of LMTP that ends within a message, while a recipient is being checked, is hung up', async () => {
  const [client, server] = duplexPair()
  using facts = createFactsStore()
  const checked = Promise.withResolvers<void>()
  const session = serveLmtp(server, {
    mail: { delivery: { checkRecipient: () => checked.promise, checkSender: async () => undefined, putOff: async () => undefined, deliver: () => assert.fail('half a message') } },
    facts,
    log: { error: () => assert.fail('a fault'), warn: () => undefined },
    nowMs: () => 0,
    newTransaction: () => 't1',
    limits: { hostname: 'mail.congvu.test', maxMessageBytes: 1_000, maxRecipients: 5, factsTimeoutMs: 1 },
    trusted: false,
  })
  const heard = text(client)
  client.end('LHLO x\r\nMAIL FROM:<a@x>\r\nRCPT TO:<b@y>\r\nDATA\r\nhalf a message')
  checked.resolve()
  assert.match(await heard, /\r\n354 Send the message\r\n$/)
  await session.closed
})

test('a host name of letters outside ASCII makes no line of a bounce too long', () => {
  const bounce = composeBounce({
    to: 'an@so.congvu.test', hostname: 'mail.congvu.test', mainDomain: 'congvu.test', id: 'id', nowMs: 0, arrivedAtMs: 0, utcOffsetMinutes: 420,
    failed: [{ address: 'x@y.vn', status: '5.1.1', reply: '550 no', host: 'ế'.repeat(900) }],
    original: Buffer.from('Subject: x\r\n\r\nx\r\n'), wholeBytes: 1_000, subject: 'x', messageId: null,
  })
  assert.ok(Buffer.from(bounce).toString('latin1').split('\r\n').every((line) => line.length <= 998))
})
