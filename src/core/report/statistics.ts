/** Statistics of an agency over a month (R-10.8s; Điều 10.8, 12): what is counted, and how counts add up. Pure. */

/** As it is at one moment: the end of the period. */
export interface Standing {
  /** By state. */
  readonly accounts: Readonly<Record<string, number>>
  readonly signedIn30Days: number
  readonly defaultPassword: number
  readonly idle45Days: number
  readonly idle3Months: number
  readonly usedBytes: number
  readonly quotaBytes: number
}

/** What happened within the period. */
export interface Happened {
  readonly issued: number
  /** By clause, e.g. `Điều 6.2a`. */
  readonly locks: Readonly<Record<string, number>>
  readonly restored: number
  /** Of those, by the number of working days from receipt to restoration. */
  readonly restoredInWorkingDays: Readonly<Record<string, number>>
  readonly revoked: number
  readonly sent: number
  readonly received: number
  /** Refused as spam, or filed as junk. */
  readonly spam: number
  readonly malware: number
  readonly quotaWarnings: number
  readonly incidents: number
}

export interface AgencyStatistics {
  readonly standing: Standing
  /** By the name of the unit; '' for people without one. */
  readonly units: Readonly<Record<string, Standing>>
  readonly happened: Happened
}

export const noStanding: Standing = { accounts: {}, signedIn30Days: 0, defaultPassword: 0, idle45Days: 0, idle3Months: 0, usedBytes: 0, quotaBytes: 0 }
export const nothing: Happened = { issued: 0, locks: {}, restored: 0, restoredInWorkingDays: {}, revoked: 0, sent: 0, received: 0, spam: 0, malware: 0, quotaWarnings: 0, incidents: 0 }
export const noStatistics: AgencyStatistics = { standing: noStanding, units: {}, happened: nothing }

type Counts = { readonly [name: string]: number | Readonly<Record<string, number>> }

/** Number by number, and name by name. */
export function sum<T extends object>(left: T, right: T): T {
  const added: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(left) as [string, Counts[string]][]) {
    const other = (right as Counts)[name]!
    added[name] = typeof value === 'number' ? value + (other as number) : sumByName(value, other as Readonly<Record<string, number>>)
  }
  return added as T
}

function sumByName(left: Readonly<Record<string, number>>, right: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
  const added: Record<string, number> = { ...left }
  for (const [name, count] of Object.entries(right)) added[name] = (added[name] ?? 0) + count
  return added
}

/** A later month upon an earlier one: what happened adds up, what stands is the later one's. */
export const upon = (earlier: AgencyStatistics, later: AgencyStatistics): AgencyStatistics => ({ ...later, happened: sum(earlier.happened, later.happened) })

/** Of several agencies at one time. */
export function together(all: readonly AgencyStatistics[]): AgencyStatistics {
  return all.reduce((left, right) => ({ standing: sum(left.standing, right.standing), units: {}, happened: sum(left.happened, right.happened) }), noStatistics)
}

export const states = ['issued', 'active', 'must-change', 'locked', 'restore-pending', 'revoked', 'purged'] as const
const lockClauses = ['Điều 6.2a', 'Điều 6.2b', 'Điều 6.2c', 'Điều 6.2d'] as const

/** Columns of the table, in order; Vietnamese heads. */
export const columns: readonly (readonly [head: string, value: (of: AgencyStatistics) => number])[] = [
  ['Tổng số tài khoản', ({ standing }) => living(standing)],
  ...states.map((state) => [`Trạng thái ${state}`, ({ standing }: AgencyStatistics) => standing.accounts[state] ?? 0] as const),
  ['% đăng nhập trong 30 ngày', ({ standing }) => percent(standing.signedIn30Days, living(standing))],
  ['Chưa đổi mật khẩu mặc định', ({ standing }) => standing.defaultPassword],
  ['Không hoạt động 45 ngày', ({ standing }) => standing.idle45Days],
  ['Không hoạt động 3 tháng', ({ standing }) => standing.idle3Months],
  ['Cấp mới', ({ happened }) => happened.issued],
  ...lockClauses.map((clause) => [`Khóa ${clause}`, ({ happened }: AgencyStatistics) => happened.locks[clause] ?? 0] as const),
  ['Khóa khác', ({ happened }) => total(happened.locks) - lockClauses.reduce((sum_, clause) => sum_ + (happened.locks[clause] ?? 0), 0)],
  ['Khôi phục', ({ happened }) => happened.restored],
  ['Khôi phục trong 3 ngày làm việc', ({ happened }) => ['0', '1', '2', '3'].reduce((sum_, days) => sum_ + (happened.restoredInWorkingDays[days] ?? 0), 0)],
  ['Thu hồi', ({ happened }) => happened.revoked],
  ['Thư gửi', ({ happened }) => happened.sent],
  ['Thư nhận', ({ happened }) => happened.received],
  ['Thư rác bị chặn', ({ happened }) => happened.spam],
  ['Mã độc bị chặn', ({ happened }) => happened.malware],
  ['Dung lượng đã dùng (byte)', ({ standing }) => standing.usedBytes],
  ['Dung lượng được cấp (byte)', ({ standing }) => standing.quotaBytes],
  ['Cảnh báo dung lượng', ({ happened }) => happened.quotaWarnings],
  ['Sự cố', ({ happened }) => happened.incidents],
]

const total = (counts: Readonly<Record<string, number>>): number => Object.values(counts).reduce((left, right) => left + right, 0)
const living = ({ accounts }: Standing): number => total(accounts) - (accounts['revoked'] ?? 0) - (accounts['purged'] ?? 0)
const percent = (part: number, whole: number): number => (whole === 0 ? 0 : Math.round((part * 1_000) / whole) / 10)
