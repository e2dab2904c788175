/**
 * Spam and viruses with the real rspamd and clamd, from the client's end of DATA to the mailbox: what is refused, what goes
 * into Junk, what passes, and what is kept of the verdicts.
 */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { deflateRawSync, crc32 } from 'node:zlib'
import type { Account } from '../../src/core/account/account.ts'
import type { DeliveryFacts } from '../../src/core/mail.ts'
import { clamdMissing, eicar, startClamd, type Clamd } from '../support/clamd.ts'
import { composedApp, domain, hostname, password, type ComposedApp } from '../support/composed-app.ts'
import { dnsStub, type DnsStub } from '../support/dns-stub.ts'
import { rspamdMissing, startRspamd, type Rspamd } from '../support/rspamd.ts'
import { dataOf, dial, plainCredentials, type Reply } from '../support/smtp-dialogue.ts'

/** Texts that rspamd answers with an action of its own, whatever else is in the message. In pieces, as EICAR is. */
const gtube = (sign: string): string => `${sign}JS*C4JDBQADN1.NSBN3*2IDNEN*${['GTUBE', 'STANDARD-ANTI-UBE-TEST', 'EMAIL'].join('-')}*C.34X`
const gtubeReject = gtube('X')
const gtubeAddHeader = gtube('Y')

let nextId = 1

function letter(text: string, subject = 'Chào'): Buffer {
  const id = `<${nextId++}@example.com>`
  return Buffer.from(
    `From: An <an@example.com>\r\nTo: b@so.${domain}\r\nSubject: ${subject}\r\nDate: Tue, 24 Nov 2026 08:00:00 +0700\r\nMessage-ID: ${id}\r\n` +
      `MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n${text}\r\n`,
  )
}

function withAttachment(name: string, content: Buffer): Buffer {
  const base64 = content.toString('base64').replace(/.{76}/g, '$&\r\n')
  return Buffer.from(
    'From: An <an@example.com>\r\nSubject: =?utf-8?B?xJDDrW5oIGvDqG0=?=\r\nDate: Tue, 24 Nov 2026 08:00:00 +0700\r\n' +
      `Message-ID: <${nextId++}@example.com>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n` +
      '--b\r\nContent-Type: text/plain\r\n\r\nSee the file.\r\n--b\r\nContent-Type: application/octet-stream\r\n' +
      `Content-Disposition: attachment; filename=${name}\r\nContent-Transfer-Encoding: base64\r\n\r\n${base64}\r\n--b--\r\n`,
  )
}

/** A ZIP archive of one deflated file (APPNOTE.TXT 4.3). */
function zip(name: string, content: Buffer): Buffer {
  const packed = deflateRawSync(content)
  const common = Buffer.alloc(26)
  common.writeUInt16LE(20, 0)
  common.writeUInt16LE(8, 4)
  common.writeUInt32LE(crc32(content), 10)
  common.writeUInt32LE(packed.length, 14)
  common.writeUInt32LE(content.length, 18)
  common.writeUInt16LE(name.length, 22)
  const local = Buffer.concat([Buffer.from('PK\x03\x04'), common, Buffer.from(name), packed])
  const central = Buffer.concat([Buffer.from('PK\x01\x02\x14\x00', 'latin1'), common, Buffer.alloc(14), Buffer.from(name)])
  const end = Buffer.alloc(22)
  end.write('PK\x05\x06', 'latin1')
  end.writeUInt16LE(1, 8)
  end.writeUInt16LE(1, 10)
  end.writeUInt32LE(central.length, 12)
  end.writeUInt32LE(local.length, 16)
  return Buffer.concat([local, central, end])
}

describe('rspamd and clamd', { skip: rspamdMissing || clamdMissing }, () => {
  let dns: DnsStub
  let rspamd: Rspamd
  let clamd: Clamd
  let refusing: ComposedApp
  let filing: ComposedApp
  let people: { refusing: Account; filing: Account }
  before(async () => {
    dns = await dnsStub()
    ;[rspamd, clamd] = await Promise.all([startRspamd({ dnsServer: dns.server }), startClamd()])
    const settings = { CHECKS__RSPAMD: `127.0.0.1:${rspamd.port}`, CHECKS__CLAMD: `127.0.0.1:${clamd.port}`, CHECKS__UNSCANNED: 'defer' }
    refusing = await composedApp({ settings: { ...settings, CHECKS__REFUSE_SCORE: '15' } })
    filing = await composedApp({ settings: { ...settings, CHECKS__REFUSE_SCORE: '0' } })
    people = { refusing: await refusing.person('b'), filing: await filing.person('b') }
  })
  after(async () => {
    for (const one of [refusing, filing, rspamd, clamd, dns]) await one[Symbol.asyncDispose]()
  })

  async function send(to: ComposedApp, message: Buffer, mail: { from?: string; mailParameters?: string } = {}): Promise<Reply> {
    await using client = await to.client()
    return await client.send({ from: 'an@example.com', to: [`b@so.${domain}`], data: dataOf(message), ...mail })
  }

  it('a clean message passes; its verdicts stand in its facts and in the mail log', async () => {
    const message = letter('Kính gửi anh chị, mời họp giao ban lúc 8 giờ sáng thứ hai.')
    assert.equal((await send(refusing, message)).code, 250)
    const [filed] = await refusing.letters(people.refusing, 'INBOX')
    assert.ok(filed!.body.equals(message))
    const transaction = new RegExp(`by ${hostname} with ESMTP id (\\S+)`).exec(filed!.prefix)![1]!
    const kept = await refusing.store.deliveries.facts(transaction)
    const { spam, virus, unanswered } = kept!.facts['facts'] as DeliveryFacts
    assert.equal(spam!.engine, 'rspamd')
    assert.equal(spam!.required, 15)
    assert.ok(spam!.score < 6, `score ${spam!.score}`)
    assert.deepEqual(virus, { engine: 'clamd', found: null })
    assert.deepEqual(unanswered, [])
    const [logged] = await refusing.mailLog((record) => record.subject === transaction)
    assert.equal(logged!.action, 'mail.taken')
    assert.equal(logged!.clause, 'Điều 7.2')
    assert.equal(logged!.detail['verdict'], 'accept')
    assert.deepEqual(logged!.detail['spam'], spam)
    assert.deepEqual(logged!.detail['virus'], virus)
    assert.equal(await refusing.counted('congvu_checks_unanswered_total'), 0)
  })

  it('GTUBE is refused at the end of DATA where its score is enough, and that is in the mail log', async () => {
    const reply = await send(refusing, letter(gtubeReject))
    assert.deepEqual([reply.code, reply.text.slice(0, 5)], [550, '5.7.1'])
    const [logged] = await refusing.mailLog((record) => record.action === 'mail.refused' && record.detail['reason'] === 'spam score 15')
    assert.equal(logged!.detail['code'], 'message-refused')
    assert.equal(await refusing.counted('congvu_deliveries_total', { outcome: 'message-refused' }), 1)
  })

  it('GTUBE goes into Junk where no score refuses, marked $Junk', async () => {
    assert.equal((await send(filing, letter(gtubeReject))).code, 250)
    const [junk] = await filing.letters(people.filing, 'Junk')
    assert.match(junk!.body.toString(), /GTUBE/)
    assert.deepEqual(junk!.row.flags.keywords, ['$Junk'])
    assert.deepEqual(await filing.letters(people.filing, 'INBOX'), [])
    const [logged] = await filing.mailLog((record) => record.detail['verdict'] === 'junk')
    assert.match(String(logged!.detail['reason']), /spam score 15/)
  })

  it('what rspamd only marks goes into Junk, far below the score that it requires', async () => {
    assert.equal((await send(refusing, letter(gtubeAddHeader))).code, 250)
    const [junk] = await refusing.letters(people.refusing, 'Junk')
    assert.match(junk!.body.toString(), /GTUBE/)
    const [logged] = await refusing.mailLog((record) => record.detail['verdict'] === 'junk')
    const { score, action } = logged!.detail['spam'] as NonNullable<DeliveryFacts['spam']>
    assert.equal(action, 'add header')
    assert.ok(score < 15)
  })

  for (const [what, message] of [
    ['in the text', () => letter(eicar)],
    ['in a base64 attachment', () => withAttachment('ke-hoach.com', Buffer.from(eicar))],
    ['in an archive', () => withAttachment('ke-hoach.zip', zip('ke-hoach.com', Buffer.from(eicar)))],
    ['in an archive in an archive', () => withAttachment('a.zip', zip('b.zip', zip('ke-hoach.com', Buffer.from(eicar))))],
    ['in a forwarded message', () => withAttachment('fwd.eml', withAttachment('ke-hoach.com', Buffer.from(eicar)))],
    ['behind a dot-stuffed line', () => letter(`.\r\n..\r\n${eicar}`)],
  ] as const) {
    it(`EICAR ${what} is refused at the end of DATA`, async () => {
      const before = (await refusing.letters(people.refusing, 'INBOX')).length
      const reply = await send(refusing, message())
      assert.deepEqual([reply.code, reply.text.slice(0, 5)], [554, '5.7.1'])
      assert.equal((await refusing.letters(people.refusing, 'INBOX')).length, before)
    })
  }

  it('the virus is named in the mail log, and a harmless archive passes', async () => {
    const [logged] = await refusing.mailLog((record) => record.detail['code'] === 'virus-found')
    assert.match(String(logged!.detail['reason']), /Eicar-Signature/)
    assert.equal((await send(refusing, withAttachment('ke-hoach.zip', zip('ke-hoach.txt', Buffer.from('nội dung'))))).code, 250)
  })

  it('signed-in people are judged for viruses only', async () => {
    const submit = async (message: Buffer): Promise<Reply> => {
      await using client = await dial(refusing.app.listening.submissions!, { implicitTls: true, greet: false })
      await client.reply()
      await client.say('EHLO pc.example')
      assert.equal((await client.say(`AUTH PLAIN ${plainCredentials(`b@so.${domain}`, password)}`)).code, 235)
      const own = Buffer.from(message.toString('latin1').replace('an@example.com', `b@so.${domain}`), 'latin1')
      return await client.send({ from: `b@so.${domain}`, to: [`b@so.${domain}`], data: dataOf(own) })
    }
    assert.equal((await submit(letter(gtubeReject))).code, 250)
    assert.equal((await submit(letter(eicar))).code, 554)
  })

  it('an envelope in UTF-8 and a HELO of odd bytes are scanned like any other', async () => {
    await using client = await refusing.client('203.0.113.7', 'máy-chủ')
    const reply = await client.send({ from: 'nguyễn@ví-dụ.example', to: [`b@so.${domain}`], data: dataOf(letter('xin chào')), mailParameters: ' SMTPUTF8' })
    assert.equal(reply.code, 250)
    const [logged] = await refusing.mailLog((record) => record.action === 'mail.taken' && String(record.detail['sender']).startsWith('nguyễn'))
    assert.notEqual(logged!.detail['spam'], null)
    assert.deepEqual(logged!.detail['unanswered'], [])
  })

  it('hundreds of recipients are no reason not to scan', async () => {
    const { mail } = refusing.app
    for (let i = 0; i < 300; i++) await mail.accounts.addAlias(`b@so.${domain}`, `alias-with-a-long-name-${i}@so.${domain}`, 'operator')
    await using client = await refusing.client()
    const to = Array.from({ length: 300 }, (_, i) => `alias-with-a-long-name-${i}@so.${domain}`)
    const reply = await client.send({ from: 'an@example.com', to, data: dataOf(letter(gtubeReject)) })
    assert.equal(reply.code, 550)
  })

  it('a message of the largest size is scanned to its end', async () => {
    const line = `${'nội dung dài '.repeat(5)}\r\n`
    const filler = line.repeat(Math.floor(52_000_000 / Buffer.byteLength(line)))
    assert.equal((await send(refusing, letter(`${filler}${eicar}`))).code, 554)
    assert.equal(await refusing.counted('congvu_checks_unanswered_total'), 0)
  })
})
