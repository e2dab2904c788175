/** What no single key can say of itself: how the numbers of the regulation must fit together (D-14, D-18, R-8.3d). */
import type { RegulationFile } from './regulation-schema.ts'

/** The combinations that are wrong, in words; empty when all fit. */
export function regulationConflicts(file: RegulationFile, classes: Readonly<Record<string, unknown>>): readonly string[] {
  const { regulation, revocation, retention, password, incident, quota, idle, default_password, administrators } = file
  const problems: string[] = []
  const need = (good: boolean, key: string, value: unknown, text: string): void => {
    if (!good) problems.push(`${key} = ${JSON.stringify(value)}: cần / expected ${text}`)
  }
  need(dayExists(regulation.effective_from), 'regulation.effective_from', regulation.effective_from, 'a day that exists')
  need(revocation.keep_content_months >= retention.log_months, 'revocation.keep_content_months', revocation.keep_content_months, `at least retention.log_months = ${retention.log_months} (D-14)`)
  const reissue = revocation.reissue_address_after_months
  need(reissue === 0 || reissue >= 24, 'revocation.reissue_address_after_months', reissue, '0 (never) or at least 24 (D-14)')
  const longer = password.min_length_without_second_factor
  need(longer >= password.min_length, 'password.min_length_without_second_factor', longer, `at least password.min_length = ${password.min_length} (D-18)`)
  need(Object.hasOwn(classes, quota.default_class), 'quota.default_class', quota.default_class, `one of ${Object.keys(classes).join(', ')}`)
  need(rising(quota.warn_percent), 'quota.warn_percent', quota.warn_percent, 'rising per cents')
  need(rising(incident.escalate_at_hours), 'incident.escalate_at_hours', incident.escalate_at_hours, 'rising hours')
  need(
    incident.escalate_at_hours.every((hours) => hours < incident.report_hours),
    'incident.escalate_at_hours', incident.escalate_at_hours, `hours below incident.report_hours = ${incident.report_hours}`,
  )
  const warnings = [['idle', idle], ['default_password', default_password], ['administrators', administrators]] as const
  for (const [section, { warn_days_before: days }] of warnings) need(rising(days.toReversed()), `${section}.warn_days_before`, days, 'falling numbers of days')
  need(Math.max(...administrators.warn_days_before) < administrators.idle_days, 'administrators.warn_days_before', administrators.warn_days_before, `days below administrators.idle_days = ${administrators.idle_days}`)
  return problems
}

const rising = (numbers: readonly number[]): boolean => numbers.every((one, index) => index === 0 || numbers[index - 1]! < one)

function dayExists(text: string): boolean {
  const [year, month, day] = text.split('-').map(Number)
  try {
    return Temporal.PlainDate.from({ year: year!, month: month!, day: day! }, { overflow: 'reject' }).toString() === text
  } catch {
    // Out of range: no such day.
    return false
  }
}
