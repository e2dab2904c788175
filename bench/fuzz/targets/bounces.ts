/** Bounces about hostile mail: whatever the reply, the subject or the message was, the report is one well-formed message. */
import assert from 'node:assert/strict'
import { composeBounce } from '../../../src/core/submission/bounce.ts'
import { decodeHeaderText } from '../../../src/message/encoded-word.ts'
import { parseMessage } from '../../../src/message/parse.ts'
import { damaged, latin1, type Damage } from '../mutate.ts'
import type { OpenTarget, Target } from '../target.ts'
import { messageSeeds } from './mime-grammar.ts'

const tokens = latin1(['\r\n', '\n', '\r', '\0', '\x1b[2J', '\r\nBcc: x@y\r\n', '\r\n\r\n', '--=_congvu_id', '\r\n--=_congvu_id--\r\n', '=?utf-8?Q?=0D=0ABcc:_x?=', '=?utf-8?B?DQpCY2M6IHg=?=', '\u0085', '\xe2\x80\xa8', '<', '>', 'x'.repeat(1200)])
const expected = ['from', 'to', 'subject', 'date', 'message-id', 'auto-submitted', 'mime-version', 'content-type']

export const bounces: Target = {
  name: 'bounce',
  what: 'bounces about hostile messages and replies',
  share: 30,
  open(): OpenTarget {
    const damage: Damage = { seeds: messageSeeds(), tokens, maxBytes: 100_000 }
    return {
      make: (rng) => damaged(rng, damage),
      run(input, rng) {
        const cut = rng.below(Math.min(input.length + 1, 400))
        check(input, input.subarray(0, cut).toString('utf8'))
      },
    }
  },
}

function check(original: Buffer, hostile: string): void {
  const bounce = Buffer.from(
    composeBounce({
      to: 'an@so.congvu.test', hostname: 'mail.congvu.test', mainDomain: 'congvu.test', id: 'id', nowMs: 1_788_311_520_000, arrivedAtMs: 1_788_311_520_000, utcOffsetMinutes: 420,
      failed: [{ address: 'x@y.vn', status: '5.1.1', reply: hostile, host: hostile }],
      original, wholeBytes: 20_000, subject: decodeHeaderText(hostile), messageId: null,
    }),
  )
  const parsed = parseMessage(bounce)
  assert.deepEqual(parsed.fields.map(({ name }) => name), expected, 'its own fields and no other')
  const header = bounce.toString('latin1', 0, parsed.root.bodyStart)
  assert.ok(!/\r(?!\n)|(?<!\r)\n|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\xff]/.test(header), 'clean header')
  assert.ok(bounce.toString('latin1').split('\r\n').every((line) => line.length <= 998), 'no line is longer than RFC 5322 allows')
}
