/**
 * The lifecycle in the whole application: the clock is turned, the job finds that a night is due, warns into the mailbox, locks, and
 * what it sent itself kept nobody in use (Điều 6.2a, 6.2d; D-8).
 */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { AccountState } from '../../src/core/account/account.ts'
import { startOfDayMs, type Day } from '../../src/core/account/lifecycle/civil-day.ts'
import { composedApp, domain } from '../support/composed-app.ts'
import { HandClock } from '../unit/core/account/fakes.ts'

const minuteMs = 60_000

it('warns, then locks, at the turn of the day and by its clause', async () => {
  const clock = new HandClock()
  await using composed = await composedApp({ ports: { clock }, ingress: false })
  const { app, store, until } = composed
  // Issued on 01/06/2026: the term of 6.2d ends on Wednesday 01/07.
  const { account } = await app.mail.accounts.create({ address: `lan@so.${domain}`, name: 'Hoàng Thị Lan' }, 'operator')
  const state = async (): Promise<AccountState | undefined> => (await store.accounts.get(account.id))?.state
  const toNight = async (day: Day): Promise<void> => {
    clock.now = startOfDayMs(day)
    await clock.turn(minuteMs)
  }
  const subjects = async (): Promise<readonly string[]> => (await composed.letters(account, 'INBOX')).map(({ body }) => /^Auto-Submitted: auto-generated\r$/m.test(body.toString()) ? 'notice' : 'other')
  for (const [night, letters] of [['2026-06-17', 0], ['2026-06-18', 1], ['2026-06-25', 2], ['2026-07-01', 3]] as const) {
    await toNight(night)
    await until(subjects, (found) => found.length === letters)
    await until(() => store.registry.get('job-run', 'lifecycle'), (run) => (run?.value as { day?: Day } | undefined)?.day === night)
    assert.deepEqual([night, await state(), await subjects()], [night, 'issued', Array<string>(letters).fill('notice')])
  }
  await toNight('2026-07-02')
  await until(state, (now) => now === 'locked')
  const records = await store.records.read({ kind: 'audit', limit: 1_000 })
  const acts = records.filter(({ actor, subject }) => actor === 'system' && subject === account.address)
  assert.deepEqual(acts.map(({ action, clause, atMs }) => [action, clause, Math.floor((atMs - startOfDayMs('2026-06-01')) / 86_400_000)]), [
    ['account.warn', 'Điều 6.2d', 17],
    ['account.warn', 'Điều 6.2d', 24],
    ['account.warn', 'Điều 6.2d', 30],
    ['account.lock', 'Điều 6.2d', 31],
  ])
  await assert.rejects(app.mail.accounts.setPassword(account.address, null, {}, 'operator'), { code: 'not-permitted' })
})
