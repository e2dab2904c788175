/** Messages as officials write them, for the tests of clients: Vietnamese, with parts where asked. CRLF throughout. */

export interface Letter {
  readonly subject: string
  readonly from?: string
  readonly to?: string
  readonly body?: string
  readonly attachment?: { readonly name: string; readonly content: Buffer }
}

let count = 0

export function letter({ subject, from = 'an@example.com', to = 'ai@so.congvu.test', body = 'Kính gửi đồng chí.', attachment }: Letter): string {
  const id = `<thu-${process.pid}-${++count}@example.com>`
  const fields = [
    `From: ${from}`,
    `To: ${to}`,
    `Subject: ${encodedWord(subject)}`,
    `Date: Tue, 03 Nov 2026 08:${String(count % 60).padStart(2, '0')}:00 +0700`,
    `Message-ID: ${id}`,
    'MIME-Version: 1.0',
  ]
  const text = ['Content-Type: text/plain; charset=utf-8', 'Content-Transfer-Encoding: 8bit', '', ...body.split('\n'), '']
  if (attachment === undefined) return [...fields, ...text].join('\r\n')
  const file = [
    `Content-Type: application/octet-stream; name="${attachment.name}"`,
    `Content-Disposition: attachment; filename="${attachment.name}"`,
    'Content-Transfer-Encoding: base64',
    '',
    ...(attachment.content.toString('base64').match(/.{1,76}/g) ?? []),
  ]
  return [...fields, 'Content-Type: multipart/mixed; boundary="=-phan"', '', '--=-phan', ...text, '--=-phan', ...file, '--=-phan--', ''].join('\r\n')
}

function encodedWord(text: string): string {
  return /^[\x20-\x7e]*$/.test(text) ? text : `=?utf-8?B?${Buffer.from(text).toString('base64')}?=`
}
