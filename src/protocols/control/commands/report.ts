/** Statistics of a period (R-10.8s), an agency an item. */
import type { CommandRun } from './command.ts'

export const show: CommandRun<'report.show'> = async ({ administration, args, caller, item }) => {
  const [period, agency] = [args.text('period'), args.optionalText('agency')]
  args.end()
  const report = await administration.reports.get(caller, period, agency ?? null)
  for (const row of report.rows) await item(row)
  return { closed: report.closed, missing: report.missing }
}
