/** Commands on the working calendar (requirements §1.6). Days are YYYY-MM-DD, in Vietnam. */
import { MailError } from '../../../core/errors.ts'
import type { CommandRun } from './command.ts'

export const term: CommandRun<'calendar.term'> = async ({ administration, args }) => {
  const [date, months] = [args.text('date'), args.optionalCount('months')]
  args.end()
  const { rawEnd, lastDay, actOn, provisional, calendarVersion } = await administration.calendar.term(date, given('months', months))
  return { rawEnd, lastDay, actOn, provisional, calendarVersion }
}

export const due: CommandRun<'calendar.due'> = async ({ administration, args }) => {
  const [date, workingDays] = [args.text('date'), args.optionalCount('workingDays')]
  args.end()
  return administration.calendar.due(date, given('workingDays', workingDays))
}

export const notice: CommandRun<'calendar.notice'> = async ({ administration, args }) => {
  const date = args.text('date')
  args.end()
  return administration.calendar.notice(date)
}

function given(field: string, count: number | undefined): number {
  if (count === undefined) throw new MailError('argument-invalid', 'a whole number', { field })
  return count
}
