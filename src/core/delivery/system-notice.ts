/**
 * Letters that the administration writes (requirements §1.7): warnings, notices, decisions. Plain text in UTF-8 and NFC (R-3.4a),
 * marked as made by a machine (RFC 3834 §5), so that nothing answers them and D-8 does not count them as use.
 */
import { encodeHeaderText, formatDate } from '../../message/compose.ts'
import type { SystemNotice } from '../administration/context.ts'
import type { Clock, Random } from '../ports/world.ts'
import type { DeliverySettings } from './settings.ts'
import type { SystemMail } from './system-mail.ts'

export interface NoticeParts {
  readonly systemMail: SystemMail
  readonly clock: Clock
  readonly random: Random
  readonly settings: Pick<DeliverySettings, 'mainDomain' | 'utcOffsetMinutes'>
}

/** Base64 lines of RFC 2045 §6.8. */
const lineLength = 76

export function createNotify({ systemMail, clock, random, settings }: NoticeParts): (notice: SystemNotice) => Promise<'committed' | 'duplicate' | 'nobody'> {
  return (notice) => {
    const bytes = composeNotice(notice, { ...settings, nowMs: clock.nowMs(), id: random.id(clock.nowMs()) })
    return systemMail({ transaction: notice.transaction, recipient: notice.recipient, bytes, purpose: 'notice' })
  }
}

export interface NoticeFacts {
  readonly mainDomain: string
  readonly utcOffsetMinutes: number
  readonly nowMs: number
  /** Unique; becomes the Message-ID's left side. */
  readonly id: string
}

/** RFC 2047 §2: a line with encoded words has at most 76 characters, so they do not stand beside the field's name. */
function folded(text: string): string {
  const encoded = encodeHeaderText(text)
  return encoded.startsWith('=?') ? `\r\n ${encoded}` : ` ${encoded}`
}

/** The whole message, CRLF throughout. */
export function composeNotice(notice: Pick<SystemNotice, 'recipient' | 'subject' | 'text'>, { mainDomain, utcOffsetMinutes, nowMs, id }: NoticeFacts): Uint8Array {
  const text = notice.text.normalize('NFC').replace(/\r\n?|\n/g, '\r\n')
  const body = Buffer.from(text.endsWith('\r\n') ? text : `${text}\r\n`, 'utf8').toString('base64')
  const lines = [
    `From:${folded('Hệ thống thư điện tử công vụ')}\r\n <khong-tra-loi@${mainDomain}>`,
    `To: <${notice.recipient}>`,
    `Subject:${folded(notice.subject)}`,
    `Date: ${formatDate(nowMs, utcOffsetMinutes)}`,
    `Message-ID: <${id}@${mainDomain}>`,
    'Auto-Submitted: auto-generated',
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=utf-8',
    'Content-Transfer-Encoding: base64',
    '',
    ...(body.match(new RegExp(`.{1,${lineLength}}`, 'g')) ?? []),
    '',
  ]
  return Buffer.from(lines.join('\r\n'), 'latin1')
}
