/** `congvu calendar …`: terms by the working calendar as it is (requirements §1.6). Days are YYYY-MM-DD. */
import { UsageError } from '../usage-error.ts'
import type { CliCommand } from './command.ts'

export const calendarCommands: readonly CliCommand[] = [
  {
    name: 'calendar term',
    synopsis: 'DATE MONTHS',
    vietnamese: 'thời hạn theo tháng tính từ sự kiện ngày DATE: ngày cuối, ngày hệ thống thực hiện lúc 00:00 (BLDS 147, 148)',
    english: 'a term of months from an event on DATE: its last day, and the day on which the system acts at 00:00',
    positionals: ['DATE', 'MONTHS'],
    options: {},
    async run({ positionals, ask, print }) {
      const term = await ask('calendar.term', { date: positionals[0] ?? '', months: whole(positionals[1], 'MONTHS') })
      await print.answer(term, [[term.lastDay, term.actOn, ...provisional(term)]])
    },
  },
  {
    name: 'calendar due',
    synopsis: 'DATE N',
    vietnamese: 'hết ngày làm việc thứ N sau ngày DATE (Điều 6.3b)',
    english: 'end of the Nth working day after DATE',
    positionals: ['DATE', 'N'],
    options: {},
    async run({ positionals, ask, print }) {
      const due = await ask('calendar.due', { date: positionals[0] ?? '', workingDays: whole(positionals[1], 'N') })
      await print.answer(due, [[due.due, ...provisional(due)]])
    },
  },
  {
    name: 'calendar notice',
    synopsis: 'DATE',
    vietnamese: 'ngày cuối cùng phải thông báo cho việc ngừng hệ thống bắt đầu ngày DATE (Điều 8.2)',
    english: 'latest day to announce an outage that begins on DATE',
    positionals: ['DATE'],
    options: {},
    async run({ positionals, ask, print }) {
      const notice = await ask('calendar.notice', { date: positionals[0] ?? '' })
      await print.answer(notice, [[notice.latestNotice, ...provisional(notice)]])
    },
  },
]

const provisional = (of: { readonly provisional: boolean }): readonly string[] => (of.provisional ? ['dự kiến'] : [])

function whole(text: string | undefined, name: string): number {
  if (text === undefined || !/^\d{1,4}$/.test(text)) throw new UsageError(`${name}: phải là một số nguyên.`, `${name}: expected a whole number.`)
  return Number(text)
}
