import assert from 'node:assert/strict'
import { test } from 'node:test'
import { digest } from '../../../src/message/digest.ts'
import { threadWords } from '../../../src/message/thread-words.ts'
import { crlf } from '../../fixtures/message/crlf.ts'

const messages: Readonly<Record<string, Buffer>> = {
  'a reply with an encoded subject': crlf(`
Subject: =?UTF-8?B?${Buffer.from('Re: [Sở] Báo cáo  Đất đai (fwd)').toString('base64')}?=
Message-ID: <Id.1@X.vn>
In-Reply-To: <p@x.vn> của anh
References: <r@x.vn>
 <p@x.vn>

Kính gửi
`),
  'nothing at all': Buffer.alloc(0),
  'no header': Buffer.from('\r\nchỉ có thân thư\r\n'),
  'fields twice, bare line feeds': Buffer.from('References: <a@b>\nReferences: <c@d>\nSubject: mot\nSubject: hai\nMessage-ID: khong ngoac@x\n\nthan\n'),
  'more ancestors than are kept': Buffer.from(`Message-ID: <x@y>\r\nReferences: ${Array.from({ length: 300 }, (_, i) => `<${i}@x>`).join(' ')}\r\n\r\n`),
  'a message in a message': crlf(`
Subject: ngoai
Content-Type: message/rfc822

Subject: trong
Message-ID: <trong@x>

than
`),
}

for (const [name, bytes] of Object.entries(messages)) {
  test(`the thread words are those of the digest: ${name}`, () => {
    const { messageId, references, baseSubject } = digest(bytes)
    assert.deepEqual(threadWords(bytes), { messageId, references, baseSubject })
  })
}

test('they are there', () => {
  assert.deepEqual(threadWords(messages['a reply with an encoded subject']!), { messageId: 'Id.1@x.vn', references: ['r@x.vn', 'p@x.vn'], baseSubject: 'bao cao dat dai' })
})
