/**
 * Messages of every evil shape, through the whole server: accepted (or refused with a reason), kept byte for byte, shown by
 * IMAP in well-formed answers, searched. Memory has a bound, and the server is as it was.
 */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { memoryOf } from '../../bench/process-tree.ts'
import { readList } from '../fixtures/message/imap-reader.ts'
import { startServer, type Person, type RunningServer } from '../support/running-server.ts'
import { dataOf, dial } from '../support/smtp-dialogue.ts'
import { openInbox, type Inbox } from './message-inbox.ts'

const mebibyte = 1024 * 1024
/** Over the server at rest, core and Haraka together, for any number of such messages one after the other. */
const maxGrownBytes = 400 * mebibyte

const from = 'From: <a@x.example>\r\nSubject: evil\r\n'
const multipart = (boundary: string): string => `Content-Type: multipart/mixed; boundary="${boundary}"\r\n\r\n`
const times = (count: number, make: (n: number) => string): string => Array.from({ length: count }, (_, n) => make(n)).join('')

/** latin1. */
const shapes: Readonly<Record<string, string>> = {
  '10,000 header lines': `${from}${times(10_000, (n) => `X-${n}: ${n}\r\n`)}\r\nbody\r\n`,
  '100,000 header lines': `${from}${times(100_000, (n) => `X-${n}: ${n}\r\n`)}\r\nbody\r\n`,
  'a header line of 200 KB': `${from}X-Long: ${'x'.repeat(200_000)}\r\n\r\nbody\r\n`,
  'a subject of 200 KB': `From: <a@x.example>\r\nSubject: ${'x '.repeat(100_000)}\r\n\r\nbody\r\n`,
  'a field folded over 20,000 lines': `${from}X-Folded:${times(20_000, (n) => `\r\n ${n}`)}\r\n\r\nbody\r\n`,
  'a field name of 200 KB': `${from}${'X'.repeat(200_000)}: y\r\n\r\nbody\r\n`,
  'a body line of 200 KB': `${from}\r\n${'y'.repeat(200_000)}\r\n`,
  'a body line of 5 MB': `${from}\r\n${'y'.repeat(5_000_000)}\r\n`,
  '1,000 nested multiparts': from + times(1_000, (n) => `${multipart(`b${n}`)}--b${n}\r\n`) + '\r\ndeep\r\n',
  '1,000 nested multiparts, all closed': `${from}${times(1_000, (n) => `${multipart(`b${n}`)}--b${n}\r\n`)}\r\ndeep\r\n${times(1_000, (n) => `--b${999 - n}--\r\n`)}`,
  '1,000 nested attached messages': from + 'Content-Type: message/rfc822\r\n\r\n'.repeat(1_000) + 'Subject: deep\r\n\r\ndeep\r\n',
  '1,000 parts': `${from}${multipart('b')}${times(1_000, (n) => `--b\r\nContent-Type: text/plain; name=${n}\r\n\r\npart ${n}\r\n`)}--b--\r\n`,
  '200,000 empty parts': `${from}${multipart('b')}${'--b\r\n'.repeat(200_000)}`,
  'a multipart cut off in a delimiter': `${from}${multipart('b')}--b\r\n\r\none\r\n--`,
  'a multipart cut off in a header': `${from}${multipart('b')}--b\r\nContent-Type: text/pl`,
  'a multipart without any part': `${from}${multipart('b')}`,
  'a multipart whose boundary is everywhere': `${from}${multipart('b')}${'--b--\r\n'.repeat(20_000)}--b\r\n--b\r\n--b`,
  'boundaries inside boundaries': `${from}${times(200, (n) => `${multipart('-'.repeat(n + 1))}--${'-'.repeat(n + 1)}\r\n`)}\r\nx\r\n`,
  'NUL in header and body': `From: <a@x.example>\r\nSub\0ject: \0\r\nX: a\0b\r\n\r\nbo\0dy\0\r\n`,
  'raw 8 bits everywhere': `From: \xff\xfe <\xe9@x>\r\nSubject: B\xb8o c\xb8o\r\nX-\xc3: \x80\r\n\r\n${'\xff\xfe\x80'.repeat(2_000)}\r\n`,
  '20,000 addresses': `${from}To: ${times(20_000, (n) => `p${n}@x.example,\r\n `)}z@x.example\r\n\r\nbody\r\n`,
  '20,000 groups that never end': `${from}To: ${'g:'.repeat(20_000)}\r\n\r\nbody\r\n`,
  'comments nested 20,000 deep': `${from}To: ${'('.repeat(20_000)}a@x.example\r\nContent-Type: ${'('.repeat(20_000)}text/plain\r\n\r\nbody\r\n`,
  '20,000 encoded words': `From: <a@x.example>\r\nSubject:${'\r\n =?utf-8?B?4buZ?='.repeat(20_000)}\r\n\r\nbody\r\n`,
  '20,000 parameters': `${from}Content-Type: text/plain${times(20_000, (n) => `;\r\n p${n}=v`)}\r\n\r\nbody\r\n`,
  '20,000 continuations of one parameter': `${from}Content-Type: text/plain${times(20_000, (n) => `;\r\n name*${n}*=%C3`)}\r\n\r\nbody\r\n`,
  '20,000 references': `${from}Message-ID: <${'i'.repeat(100_000)}@x>\r\nReferences:${times(20_000, (n) => `\r\n <r${n}@x>`)}\r\n\r\nbody\r\n`,
  'base64 without an end': `${from}Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n${'QUFB'.repeat(1_000_000)}\r\n`,
  'quoted-printable of soft breaks': `${from}Content-Transfer-Encoding: quoted-printable\r\n\r\n${'=\r\n'.repeat(300_000)}`,
  'HTML 100,000 tags deep': `${from}Content-Type: text/html\r\n\r\n${'<div>'.repeat(100_000)}x`,
  'HTML of references and open comments': `${from}Content-Type: text/html\r\n\r\n${'&#x110000;&amp'.repeat(50_000)}${'<!--'.repeat(50_000)}`,
  'UTF-7 and UTF-16 that are none': `${from}${multipart('b')}--b\r\nContent-Type: text/plain; charset=utf-7\r\n\r\n${'+'.repeat(50_000)}\r\n--b\r\nContent-Type: text/plain; charset=utf-16\r\n\r\n${'\xd8\x00'.repeat(25_001)}\r\n--b--\r\n`,
  'nothing but line ends': '\r\n'.repeat(200_000),
  'nothing but dots': '.\r\n'.repeat(100_000),
  'no header at all': `${'text without any header\r\n'.repeat(10_000)}`,
  'an mbox of many messages': times(5_000, (n) => `From x@y Mon Jan  2 15:04:05 2006\r\nSubject: ${n}\r\n\r\nx\r\n`),
}

describe('messages of evil shapes', () => {
  let server: RunningServer
  let person: Person
  let inbox: Inbox
  let restBytes: number
  let filed = 0
  before(async () => {
    server = await startServer()
    person = await server.person('an', 'Nguyễn Văn An')
    inbox = await openInbox(server.ports.imap, person)
    restBytes = memoryOf([server.pid]).rssKiB * 1024
  })
  after(async () => {
    inbox[Symbol.dispose]()
    await server.stop()
  })

  const send = async (message: string): Promise<{ code: number; text: string }> => {
    await using client = await dial(server.ports.smtp)
    return await client.send({ from: 'a@x.example', to: [person.address], data: dataOf(Buffer.from(message, 'latin1')) })
  }

  for (const [name, message] of Object.entries(shapes)) {
    it(name, async () => {
      assert.equal((await send(message)).code, 250)
      const sequence = ++filed
      assert.equal(await inbox.count(), filed)
      const whole = await inbox.bytes(sequence)
      const sent = message === '' || message.endsWith('\r\n') ? message : `${message}\r\n`
      assert.ok(whole.endsWith(sent), 'the bytes are the sender\'s')
      assert.ok(whole.startsWith('Return-Path: <a@x.example>\r\nDelivered-To: '))
      assert.equal(readList(Buffer.from(await inbox.item(sequence, 'ENVELOPE'), 'latin1')).length, 10)
      for (const structure of ['BODY', 'BODYSTRUCTURE']) readList(Buffer.from(await inbox.item(sequence, structure), 'latin1'))
      for (const section of ['BODY.PEEK[HEADER]', 'BODY.PEEK[TEXT]<0.1000>', 'BODY.PEEK[1]<0.1000>', 'BODY.PEEK[1.1.1.1.1.1.1.1]', 'BODY.PEEK[HEADER.FIELDS (FROM X-99)]']) await inbox.item(sequence, section)
    })
  }

  it('10,000 Received lines are a loop, and refused as one', async () => {
    const { code, text } = await send(`${'Received: from a by b; Mon, 2 Jan 2023 10:00:00 +0700\r\n'.repeat(10_000)}${from}\r\nx\r\n`)
    assert.deepEqual([code, text.slice(0, 5)], [554, '5.4.6'])
    assert.equal(await inbox.count(), filed)
  })

  it('all of them are listed in one answer and searched in one pass', async () => {
    const lines = await inbox.command('FETCH 1:* (ENVELOPE BODYSTRUCTURE RFC822.SIZE)')
    assert.equal(lines.filter((line) => /^\* \d+ FETCH \(/.test(line)).length, filed)
    const found = (await inbox.command('SEARCH SUBJECT evil')).find((line) => line.startsWith('* SEARCH'))!
    assert.ok(found.split(' ').length > filed / 2)
    await inbox.command('SEARCH OR BODY deep TEXT "khong co"')
  })

  it('memory has a bound', () => {
    const grown = memoryOf([server.pid]).rssKiB * 1024 - restBytes
    assert.ok(grown < maxGrownBytes, `${Math.round(grown / mebibyte)} MiB`)
  })
})
