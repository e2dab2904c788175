/**
 * The readable part of a bounce (RFC 3464 §2: "human-readable"), Vietnamese first, English second.
 */
import type { Text } from './errors.ts'

export interface FailedRecipient {
  readonly address: string
  /** RFC 3463, e.g. `5.1.1`. */
  readonly status: string
  /** Reply of the other server, or our own reason. */
  readonly reply: string
}

/** What a status means to a person, by its subject and detail (RFC 3463 §3); the first match counts. */
const meanings: readonly (readonly [start: string, vi: string, en: string])[] = [
  ['1.1', 'Không có địa chỉ này ở nơi nhận.', 'There is no such address at the receiving side.'],
  ['1', 'Địa chỉ người nhận không đúng.', 'The recipient address is wrong.'],
  ['2.1', 'Hộp thư của người nhận đã ngừng hoạt động.', 'The mailbox of the recipient is disabled.'],
  ['2.2', 'Hộp thư của người nhận đã đầy.', 'The mailbox of the recipient is full.'],
  ['3.4', 'Thư quá lớn đối với nơi nhận.', 'The message is too large for the receiving side.'],
  ['4.6', 'Thư bị gửi lòng vòng.', 'The message is in a loop.'],
  ['4.7', 'Không gửi được trong thời hạn cho phép.', 'The message could not be delivered in time.'],
  ['4', 'Không kết nối được tới máy chủ nơi nhận.', 'The receiving server could not be reached.'],
  ['7', 'Nơi nhận từ chối thư theo chính sách của họ.', 'The receiving side refused the message by its policy.'],
]

function meaning(status: string): { readonly vi: string; readonly en: string } {
  const [, detail = ''] = /^\d\.(.+)$/.exec(status) ?? []
  const found = meanings.find(([start]) => detail === start || detail.startsWith(`${start}.`))
  return found === undefined
    ? { vi: 'Nơi nhận từ chối thư.', en: 'The receiving side refused the message.' }
    : { vi: found[1], en: found[2] }
}

const monthNames = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** A moment as people write it: `15:37 ngày 24/11/2026`, `24 Nov 2026 15:37`. */
export function momentText(atMs: number, utcOffsetMinutes: number): Text {
  const local = new Date(atMs + utcOffsetMinutes * 60_000)
  const two = (value: number): string => String(value).padStart(2, '0')
  const time = `${two(local.getUTCHours())}:${two(local.getUTCMinutes())}`
  const [day, month, year] = [two(local.getUTCDate()), local.getUTCMonth(), local.getUTCFullYear()]
  return { vi: `${time} ngày ${day}/${two(month + 1)}/${year}`, en: `${day} ${monthNames[month]} ${year} ${time}` }
}

/** Subject of a bounce; `subject` is that of the message it is about, '' when it had none. */
export function bounceSubject(subject: string): string {
  return subject === '' ? 'Thư không gửi được (Undelivered mail)' : `Thư không gửi được (Undelivered mail): ${subject}`
}

/** Plain text with LF line ends. */
export function bounceText(failed: readonly FailedRecipient[], subject: string, arrived: Text): string {
  const named = subject === '' ? '' : `\n    ${subject}\n`
  return [
    'Kính gửi Ông/Bà,',
    '',
    `Thư dưới đây (hệ thống nhận lúc ${arrived.vi}) KHÔNG gửi được tới ${failed.length} người nhận.${named}`,
    ...failed.map((one) => `  <${one.address}>\n    ${meaning(one.status).vi}\n    Trả lời của máy chủ: ${one.reply}`),
    '',
    'Hệ thống sẽ không tự gửi lại. Đề nghị kiểm tra địa chỉ người nhận rồi gửi lại nếu cần.',
    'Thư này do hệ thống tự động gửi; xin không trả lời.',
    '',
    '----------------------------------------------------------------',
    '',
    `The message below (received ${arrived.en}) could NOT be delivered to ${failed.length} recipient(s).`,
    '',
    ...failed.map((one) => `  <${one.address}>\n    ${meaning(one.status).en}\n    Reply of the server: ${one.reply}`),
    '',
    'It will not be tried again. Check the address and send it anew if need be.',
    'This message was made by the mail system; please do not reply.',
    '',
  ].join('\n')
}
