/**
 * A second opinion on every night of a year, written without the code under test: plain day numbers, the days off of
 * requirements §1.6 copied by hand, and one naive question per account and night.
 */

/** Days since 1970-01-01. */
const number = (day: string): number => Date.parse(`${day}T00:00:00Z`) / 86_400_000
const text = (days: number): string => new Date(days * 86_400_000).toISOString().slice(0, 10)

/** §1.6: 2026 as announced; 2027 by the law alone (Tết Saturday 06/02 with eve and make-up days, 01/05 made up on Monday). */
const off = new Set([
  '2026-08-31', '2026-09-01', '2026-09-02', '2026-11-24', '2027-01-01', '2027-02-05', '2027-02-08', '2027-02-09', '2027-02-10', '2027-02-11', '2027-04-16', '2027-04-30', '2027-05-03',
].map(number))
const worked = new Set(['2026-08-22'].map(number))

const works = (day: number): boolean => {
  const weekday = new Date(day * 86_400_000).getUTCDay()
  return worked.has(day) || (!off.has(day) && weekday !== 0 && weekday !== 6)
}

const roll = (day: number): number => {
  let end = day
  while (!works(end)) end += 1
  return end
}

function monthsOn(day: number, months: number): number {
  const [year, month, date] = text(day).split('-').map(Number)
  const last = new Date(Date.UTC(year!, month! - 1 + months + 1, 0)).getUTCDate()
  return Date.UTC(year!, month! - 1 + months, Math.min(date!, last)) / 86_400_000
}

const memory = new Map<number, number>()
/** The night on which a term of months from that day has ended. */
const nightAfterMonths = (from: number, months: number): number => {
  const key = from * 100 + months
  const known = memory.get(key) ?? roll(monthsOn(from, months)) + 1
  memory.set(key, known)
  return known
}

/** What happened to one account so far, as the oracle counts it; days as `yyyy-mm-dd`. */
export interface Lived {
  readonly administrator: boolean
  readonly state: string
  readonly lastSignIn: string
  readonly lastUse: string
  readonly temporaryPasswordOn: string | null
  readonly absences: readonly { readonly from: string; readonly to: string }[]
  readonly proposed: 'no' | 'open' | { readonly until: string }
  readonly proposedFor: string | null
  readonly leavesAfter: string | null
  readonly revokedOn: string | null
}

/** The acts of that night, as `kind clause`, in any order. */
export function expectedActs(lived: Lived, night: string): readonly string[] {
  const today = number(night)
  if (lived.state === 'revoked') return nightAfterMonths(number(lived.revokedOn!), 3) === today ? ['purge Điều 5.1'] : []
  if (lived.state === 'purged') return []
  if (lived.leavesAfter !== null && number(lived.leavesAfter) + 1 === today) return ['revoke Điều 5.3']
  const leaves = lived.leavesAfter === null ? Infinity : number(lived.leavesAfter) + 1
  return [...lockActs(lived, today, leaves), ...proposalActs(lived, today)]
}

function lockActs(lived: Lived, today: number, leaves: number): readonly string[] {
  const lock = nextLock(lived)
  if (lock === null || leaves <= lock.night) return []
  if (lock.night === today) return [`lock ${lock.clause}`]
  return lock.warnings.includes(lock.night - today) ? [`warn-${lock.night - today} ${lock.clause}`] : []
}

function nextLock(lived: Lived): { readonly night: number; readonly clause: string; readonly warnings: readonly number[] } | null {
  if (lived.state === 'issued' || lived.state === 'must-change') {
    return { night: nightAfterMonths(number(lived.temporaryPasswordOn!), 1), clause: 'Điều 6.2d', warnings: [14, 7, 1] }
  }
  if (lived.state !== 'active') return null
  if (lived.administrator) return { night: roll(number(lived.lastSignIn) + 45) + 1, clause: 'TCVN 14423:2026 5.6.2.3', warnings: [14, 7, 1] }
  let from = number(lived.lastUse)
  for (let changed = true; changed; ) {
    changed = false
    for (const absence of lived.absences) {
      // In time when it begins before the term is over.
      if (number(absence.from) < nightAfterMonths(from, 3) && number(absence.to) > from) {
        from = number(absence.to)
        changed = true
      }
    }
  }
  return { night: nightAfterMonths(from, 3), clause: 'Điều 6.2a', warnings: [30, 14, 7, 1] }
}

function proposalActs(lived: Lived, today: number): readonly string[] {
  if (lived.leavesAfter !== null) return []
  const fresh = lived.proposedFor === lived.lastSignIn
  if (lived.proposed === 'open') return fresh ? [] : ['withdraw-proposal Điều 8.3đ']
  const again = lived.proposed !== 'no' && fresh ? number(lived.proposed.until) : 0
  return Math.max(nightAfterMonths(number(lived.lastSignIn), 6), again) === today ? ['propose-revocation Điều 8.3đ'] : []
}
