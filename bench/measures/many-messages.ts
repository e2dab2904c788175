/** Resident memory of core and Haraka after a day of deliveries without a pause. */
import { setTimeout as pause } from 'node:timers/promises'
import { runLoad } from '../load.ts'
import { memoryOf } from '../process-tree.ts'
import { addressOf, usualAccounts } from '../target.ts'
import type { Trial } from '../trial.ts'

const messages = 200_000
const settleMs = 5000

export async function measureManyMessages(trial: Trial): Promise<void> {
  const { target } = trial
  const users = usualAccounts.accounts['u']!
  await trial.measure(
    'many-rate',
    async () => {
      const counting = await target.countFiled()
      const recipient = (index: number): string => addressOf('u', index % users)
      const { seconds } = await runLoad({ place: { port: target.smtp, lmtp: false }, connections: 10, messages, sizeBytes: 5 * 1024, recipient, timeoutMs: 1_800_000 })
      await counting.filed(messages)
      return messages / seconds
    },
    { once: true },
  )
  const { rssKiB: atOnce } = memoryOf(target.pids)
  await pause(settleMs)
  const memory = memoryOf(target.pids)
  trial.add('many-rss', memory.rssKiB / 1024)
  const each = memory.processes.map(({ pid, name, rssKiB }) => `${name} ${pid} ${Math.round(rssKiB / 1024)}`)
  trial.tell(`  ${target.name}: MiB by process: ${each.join(', ')}; at the last message ${Math.round(atOnce / 1024)} together`)
}
