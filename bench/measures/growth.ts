/** The same deliveries where there is more: messages in the mailbox, accounts in the server. */
import { median } from '../figures.ts'
import { runLoad } from '../load.ts'
import { addressOf } from '../target.ts'
import type { Trial } from '../trial.ts'

const sizeBytes = 5 * 1024
const measured = 2000

async function fill(trial: Trial, messages: number): Promise<void> {
  const { target } = trial
  const counting = await target.countFiled()
  await runLoad({ place: { port: target.lmtp, lmtp: true }, connections: 20, messages, sizeBytes: 2048, recipient: toOne })
  await counting.filed(messages)
}

async function rateTo({ target }: Trial, recipient: (index: number) => string): Promise<number> {
  const counting = await target.countFiled()
  const { seconds } = await runLoad({ place: { port: target.smtp, lmtp: false }, connections: 10, messages: measured, sizeBytes, recipient })
  await counting.filed(measured)
  return measured / seconds
}

const toOne = (): string => addressOf('s', 0)

/** All runs at once: the mailbox is filled only once. */
export function measureMailboxGrowth(runs: number): (trial: Trial) => Promise<void> {
  return async (trial) => {
    // The first deliveries of a server are slower for another reason.
    await rateTo(trial, (index) => addressOf('u', index % 100))
    let held = 0
    const rates: number[] = []
    for (const size of [1000, 10_000, 100_000] as const) {
      await fill(trial, size - held)
      const taken: number[] = []
      for (let run = 0; run < runs; run++) taken.push(await trial.measure(`mailbox-${size}`, () => rateTo(trial, toOne)))
      held = size + runs * measured
      rates.push(median(taken))
    }
    trial.add('mailbox-growth', Math.min(...rates) / Math.max(...rates))
  }
}

/** Of one server; the ratio is the report's part, since each size is a server of its own. */
export function measureAccounts(accounts: 100 | 1000 | 30_000): (trial: Trial) => Promise<void> {
  return async (trial) => {
    // A stride that shares no factor with the counts: deliveries go to accounts all over.
    const spread = (index: number): string => addressOf('a', (index * 7919) % accounts)
    if (trial.run === 0) await rateTo(trial, spread)
    await trial.measure(`accounts-${accounts}`, () => rateTo(trial, spread))
  }
}
