/** The same deliveries where there is more: messages in the mailbox, accounts in the server. Rates within a fifth are wanted. */
import { median } from '../figures.ts'
import { runLoad } from '../load.ts'
import { addressOf } from '../target.ts'
import type { Trial } from '../trial.ts'

const sizeBytes = 5 * 1024
const measured = 1000
const fillBytes = 2048

export const accountCounts = [100, 1000, 30_000] as const
export type AccountCount = (typeof accountCounts)[number]

/** All runs at once: the mailbox is filled only once, and grows by what is measured. */
export async function measureMailboxGrowth(trial: Trial, runs: number): Promise<void> {
  await warmUp(trial, (index) => addressOf('u', index % 100))
  const rates: number[] = []
  let held = 0
  for (const size of [1000, 10_000, 100_000] as const) {
    await fill(trial, size - held)
    const taken: number[] = []
    for (let run = 0; run < runs; run++) taken.push(await trial.measure(`mailbox-${size}`, () => rateTo(trial, toOne), { once: true }))
    held = size + runs * measured
    rates.push(median(taken))
  }
  trial.add('mailbox-growth', slowestToFastest(rates))
}

/** On a server with so many accounts, `a0` the first; returns the median rate. */
export async function measureAccounts(trial: Trial, accounts: AccountCount, runs: number): Promise<number> {
  // A stride that shares no factor with the counts: deliveries go to accounts all over.
  const spread = (index: number): string => addressOf('a', (index * 7919) % accounts)
  await warmUp(trial, spread)
  const taken: number[] = []
  for (let run = 0; run < runs; run++) taken.push(await trial.measure(`accounts-${accounts}`, () => rateTo(trial, spread)))
  return median(taken)
}

export const slowestToFastest = (rates: readonly number[]): number => Math.min(...rates) / Math.max(...rates)

/** The first deliveries of a server are slower for another reason: its code is not compiled yet. */
async function warmUp(trial: Trial, recipient: (index: number) => string): Promise<void> {
  for (let round = 0; round < 3; round++) await rateTo(trial, recipient)
}

async function fill({ target }: Trial, messages: number): Promise<void> {
  const counting = await target.countFiled()
  await runLoad({ place: { port: target.lmtp, lmtp: true }, connections: 20, messages, sizeBytes: fillBytes, recipient: toOne })
  await counting.filed(messages)
}

async function rateTo({ target }: Trial, recipient: (index: number) => string): Promise<number> {
  const counting = await target.countFiled()
  const { seconds } = await runLoad({ place: { port: target.smtp, lmtp: false }, connections: 10, messages: measured, sizeBytes, recipient })
  await counting.filed(measured)
  return measured / seconds
}

const toOne = (): string => addressOf('s', 0)
