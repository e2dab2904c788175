/** The letters about an outage (§1.7): Vietnamese first, English second. Times are Vietnam's. Pure. */
import type { Outage } from './outage.ts'

export type OutageWord = 'announced' | 'changed' | 'ended' | 'withdrawn'

const subjects: Readonly<Record<OutageWord, { readonly vi: string; readonly en: string }>> = {
  announced: { vi: 'Thông báo tạm ngừng hệ thống thư điện tử', en: 'The mail system will be out of service' },
  changed: { vi: 'Thay đổi thời gian tạm ngừng hệ thống thư điện tử', en: 'The outage of the mail system was changed' },
  ended: { vi: 'Hệ thống thư điện tử đã hoạt động trở lại', en: 'The mail system is back' },
  withdrawn: { vi: 'Không tạm ngừng hệ thống thư điện tử như đã thông báo', en: 'The announced outage does not take place' },
}

const vietnam = 'Asia/Ho_Chi_Minh'

/** `08:00 ngày 08/06/2026` */
export function vietnamTime(atMs: number): { readonly vi: string; readonly en: string } {
  const at = Temporal.Instant.fromEpochMilliseconds(atMs).toZonedDateTimeISO(vietnam)
  const two = (value: number): string => String(value).padStart(2, '0')
  const [clock, day] = [`${two(at.hour)}:${two(at.minute)}`, `${two(at.day)}/${two(at.month)}/${at.year}`]
  return { vi: `${clock} ngày ${day}`, en: `${at.toPlainDate().toString()} ${clock}` }
}

export function outageLetter(word: OutageWord, { startAtMs, endAtMs, urgentReason, description }: Outage & { readonly description: string }, webUrl: string): { readonly subject: string; readonly text: string } {
  const [start, end] = [vietnamTime(startAtMs), vietnamTime(endAtMs)]
  const { vi, en } = subjects[word]
  const stops = word === 'announced' || word === 'changed'
  return {
    subject: `${vi} / ${en}`,
    text: [
      `${vi}.`,
      `Thời gian: từ ${start.vi} đến ${end.vi} (giờ Việt Nam).`,
      ...(stops ? [`Nội dung: ${description}`, ...(urgentReason === null ? [] : [`Lý do khẩn cấp: ${urgentReason}`]), 'Thư gửi đến trong thời gian này được giữ lại và chuyển vào hộp thư sau khi hệ thống hoạt động trở lại.'] : []),
      `Theo dõi tại ${webUrl}. (Điều 8.2)`,
      '',
      `${en}.`,
      `Time: from ${start.en} to ${end.en} (Vietnam time).`,
      ...(stops ? [`What: ${description}`, ...(urgentReason === null ? [] : [`Why it is urgent: ${urgentReason}`]), 'Mail that is sent to you meanwhile waits and comes in afterwards.'] : []),
      `See ${webUrl}.`,
      '',
    ].join('\n'),
  }
}
