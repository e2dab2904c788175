/**
 * 500 lives for the year from 10/05/2026: those with the dates of requirements §1.3 and §1.6 written by hand beside them, and
 * drawn ones. Read by the simulation of the policies (year.test.ts) and by the flow test that lives the same year on a store.
 */
import { addDays, type Day } from '../../../../../src/core/account/lifecycle/civil-day.ts'
import type { Deed, Script, YearEvent } from './year-simulation.ts'

export const from = '2026-05-10'
export const until = '2027-05-10'
const accounts = 500

const signIn: Deed = { kind: 'sign-in' }
const changePassword: Deed = { kind: 'change-password' }
const restoration = (lateDays = 0): Deed => ({ kind: 'ask-restoration', answer: 'restore', lateDays })
const absence = (begin: Day, end: Day): Deed => ({ kind: 'absence', notice: { from: begin, to: end, reason: 'Nghỉ thai sản', document: null } })

function script(name: string, deeds: Readonly<Record<Day, readonly Deed[]>>, role?: Script['role']): Script {
  return { name, deeds: new Map(Object.entries(deeds)), ...(role === undefined ? {} : { role }) }
}

/** Signs in every ten days from the first day to the last. */
function using(last: Day, first: Day = from): Record<Day, readonly Deed[]> {
  const deeds: Record<Day, readonly Deed[]> = {}
  for (let day = first; day < last; day = addDays(day, 10)) deeds[day] = [signIn]
  deeds[last] = [signIn]
  return { ...deeds, [first]: [changePassword] }
}

const idleWarnings = (...days: readonly Day[]): readonly string[] => [30, 14, 7, 1].map((before, index) => `${days[index]} warn-${before} Điều 6.2a`)
const passwordWarnings = (...days: readonly Day[]): readonly string[] => [14, 7, 1].map((before, index) => `${days[index]} warn-${before} Điều 6.2d`)
const idle = (last: Day, warnings: readonly Day[], lock: Day, proposal: Day | null): readonly [Script, readonly string[]] => [
  script(`last-use-${last}`, using(last)),
  [...idleWarnings(...warnings), `${lock} lock Điều 6.2a`, ...(proposal === null ? [] : [`${proposal} propose-revocation Điều 8.3đ`])],
]

/** Scripts, and what the clock does with them: dates of the tables, not of the code. */
export const known: readonly (readonly [Script, readonly string[]])[] = [
  idle('2026-05-10', ['2026-07-12', '2026-07-28', '2026-08-04', '2026-08-10'], '2026-08-11', '2026-11-11'),
  idle('2026-05-11', ['2026-07-13', '2026-07-29', '2026-08-05', '2026-08-11'], '2026-08-12', '2026-11-12'),
  idle('2026-05-31', ['2026-08-05', '2026-08-21', '2026-08-28', '2026-09-03'], '2026-09-04', '2026-12-01'),
  idle('2026-06-02', ['2026-08-05', '2026-08-21', '2026-08-28', '2026-09-03'], '2026-09-04', '2026-12-03'),
  idle('2026-05-22', ['2026-07-24', '2026-08-09', '2026-08-16', '2026-08-22'], '2026-08-23', '2026-11-24'),
  idle('2026-05-23', ['2026-07-26', '2026-08-11', '2026-08-18', '2026-08-24'], '2026-08-25', '2026-11-24'),
  idle('2026-08-24', ['2026-10-27', '2026-11-12', '2026-11-19', '2026-11-25'], '2026-11-26', '2027-02-25'),
  idle('2026-08-31', ['2026-11-01', '2026-11-17', '2026-11-24', '2026-11-30'], '2026-12-01', '2027-03-02'),
  // Mùng 1 Tết: the first working day after Tết by the law alone is Friday 12/02/2027.
  idle('2026-11-06', ['2027-01-14', '2027-01-30', '2027-02-06', '2027-02-12'], '2027-02-13', '2027-05-07'),
  idle('2026-11-30', ['2027-01-31', '2027-02-16', '2027-02-23', '2027-03-01'], '2027-03-02', null),
  [
    script('absent', { ...using('2026-05-11'), '2026-05-25': [absence('2026-06-01', '2026-12-01')] }),
    ['2026-11-12 propose-revocation Điều 8.3đ', ...idleWarnings('2027-01-31', '2027-02-16', '2027-02-23', '2027-03-01'), '2027-03-02 lock Điều 6.2a'],
  ],
  [
    script('never-changed', { '2026-08-20': [restoration()], '2026-08-26': [changePassword], ...using('2027-05-10', '2026-08-26') }),
    // Received Thu 20/08: Saturday 22/08 is worked, so due Mon 24/08 and reminded on that Saturday.
    [...passwordWarnings('2026-05-28', '2026-06-04', '2026-06-10'), '2026-06-11 lock Điều 6.2d', '2026-08-22 request-due-tomorrow Điều 6.3b'],
  ],
  [
    script('reset-2026-06-15', { ...using('2026-06-10'), '2026-06-15': [{ kind: 'reset-password' }] }),
    [...passwordWarnings('2026-07-02', '2026-07-09', '2026-07-15'), '2026-07-16 lock Điều 6.2d', '2026-12-11 propose-revocation Điều 8.3đ'],
  ],
  [
    script('reissued-2026-05-31', { '2026-05-31': [{ kind: 'reset-password' }], '2026-08-28': [restoration(1)] }),
    [
      '2026-05-28 warn-14 Điều 6.2d', ...passwordWarnings('2026-06-17', '2026-06-24', '2026-06-30'), '2026-07-01 lock Điều 6.2d',
      // Due Mon 07/09 (3, 4, 7), done a day late; then D-12 begins again on 08/09.
      '2026-09-04 request-due-tomorrow Điều 6.3b', '2026-09-08 request-overdue Điều 6.3b',
      ...passwordWarnings('2026-09-25', '2026-10-02', '2026-10-08'), '2026-10-09 lock Điều 6.2d', '2026-11-11 propose-revocation Điều 8.3đ',
    ],
  ],
  [
    script('reset-2027-01-31', { ...using('2027-01-31'), '2027-01-31': [signIn, { kind: 'reset-password' }] }),
    [...passwordWarnings('2027-02-16', '2027-02-23', '2027-03-01'), '2027-03-02 lock Điều 6.2d'],
  ],
  [
    script('leaver', { ...using('2026-06-24'), '2026-06-25': [{ kind: 'leave', effectiveOn: '2026-06-30' }] }),
    ['2026-07-01 revoke Điều 5.3', '2026-10-02 purge Điều 5.1'],
  ],
  [
    script('administrator', using('2026-06-01'), 'agency-administrator'),
    [
      ...[14, 7, 1].map((before, index) => `${['2026-07-03', '2026-07-10', '2026-07-16'][index]} warn-${before} TCVN 14423:2026 5.6.2.3`),
      '2026-07-17 lock TCVN 14423:2026 5.6.2.3', '2026-12-02 propose-revocation Điều 8.3đ',
    ],
  ],
  [
    script('put-off', { ...using('2026-05-10'), '2026-11-16': [{ kind: 'put-off', until: '2027-02-01' }], '2027-02-03': [{ kind: 'accept-proposal' }] }),
    // Revoked by 5.4 on 03/02; 03/05 is made up for 01/05, so the content is kept until the end of 04/05.
    [
      ...idleWarnings('2026-07-12', '2026-07-28', '2026-08-04', '2026-08-10'), '2026-08-11 lock Điều 6.2a', '2026-11-11 propose-revocation Điều 8.3đ',
      '2027-02-01 propose-revocation Điều 8.3đ', '2027-05-05 purge Điều 5.1',
    ],
  ],
  [
    // Proposed while locked, restored by the agency's document: the first sign-in takes the proposal back.
    script('came-back', { ...using('2026-05-10'), '2026-11-16': [restoration()], ...using('2027-05-10', '2026-11-20') }),
    [
      ...idleWarnings('2026-07-12', '2026-07-28', '2026-08-04', '2026-08-10'), '2026-08-11 lock Điều 6.2a', '2026-11-11 propose-revocation Điều 8.3đ',
      '2026-11-18 request-due-tomorrow Điều 6.3b', '2026-11-21 withdraw-proposal Điều 8.3đ',
    ],
  ],
]

/** The same sequence in every run. */
function draws(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

/** Everybody else: people in use with gaps, mail without sign-ins, absences, hijacks, cases, leavers, administrators. */
function drawn(index: number): Script {
  const draw = draws(index * 7919 + 13)
  const deeds = new Map<Day, Deed[]>()
  const add = (day: Day, deed: Deed): void => void (day <= until && deeds.set(day, [...(deeds.get(day) ?? []), deed]))
  let day = addDays(from, draw(20))
  add(day, changePassword)
  const stops = draw(4) === 0 ? addDays(from, 30 + draw(330)) : '9999-01-01'
  while (day <= until && day < stops) {
    day = addDays(day, 1 + draw(draw(12) === 0 ? 60 : 14))
    add(day, draw(6) === 0 ? { kind: draw(2) === 0 ? 'send' : 'receive' } : signIn)
  }
  const role = index % 25 === 0 ? 'agency-administrator' : undefined
  const special = draw(10)
  const when = addDays(from, 40 + draw(250))
  if (special === 0) add(when, absence(addDays(when, draw(20)), addDays(when, 25 + draw(150))))
  if (special === 1 && stops > until && role === undefined) hijacked(add, when, index)
  if (special === 2 && stops > until && role === undefined) add(when, { kind: 'leave', effectiveOn: addDays(when, 1 + draw(40)) })
  return { name: `u${index}`, deeds, ...(role === undefined ? {} : { role }) }
}

function hijacked(add: (day: Day, deed: Deed) => void, when: Day, index: number): void {
  const act = (['lock-compromised', 'lock-prohibited-use', 'suspend'] as const)[index % 3]!
  // Used on the day before, so that no clock has locked it: the lock finds it active.
  add(addDays(when, -1), signIn)
  add(when, { kind: 'lock', act })
  add(addDays(when, 3), { kind: 'ask-restoration', answer: act === 'lock-prohibited-use' ? 'refuse' : 'restore', lateDays: 0 })
  if (act !== 'lock-prohibited-use') add(addDays(when, 20), changePassword)
}

export const scripts: readonly Script[] = [...known.map(([one]) => one), ...Array.from({ length: accounts - known.length }, (_, index) => drawn(index + 1))]

/** Every kind of event that the year must hold. */
export const wantedKinds: readonly string[] = [
  'warn-30 Điều 6.2a', 'warn-1 Điều 6.2d', 'lock Điều 6.2a', 'lock Điều 6.2d', 'lock TCVN 14423:2026 5.6.2.3', 'lock-compromised Điều 6.2b', 'lock-prohibited-use Điều 6.2c', 'suspend Điều 6.2',
  'ask-restoration Điều 6.3a', 'restore Điều 6.3b', 'refuse-restoration Điều 6.3b', 'changed-password Điều 6.3c, 9.1', 'request-due-tomorrow Điều 6.3b', 'request-overdue Điều 6.3b',
  'propose-revocation Điều 8.3đ', 'withdraw-proposal Điều 8.3đ', 'proposal-put-off Điều 8.3đ', 'revoke-unused Điều 5.4, 8.3đ', 'revoke Điều 5.3', 'purge Điều 5.1', 'absence-noted Điều 6.2a',
]

/** One line a day: how many accounts had what, by which clause; `*`: the year's calendar is not final. */
export function calendarOf(events: readonly YearEvent[]): readonly string[] {
  const days = [...new Set(events.map(({ day }) => day))].toSorted()
  return days.map((day) => {
    const counted = Map.groupBy(events.filter((one) => one.day === day), ({ what, provisional }) => `${what}${provisional ? '*' : ''}`)
    return `${day}  ${[...counted].map(([what, all]) => `${all.length} × ${what}`).join('; ')}`
  })
}
