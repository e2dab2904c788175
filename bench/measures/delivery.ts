/** Deliveries: from the first MAIL to the moment when the last message is durable in its mailbox. */
import { percentile } from '../figures.ts'
import { ImapClient } from '../imap-client.ts'
import { runAlone, runLoad } from '../load.ts'
import { cpuMsOf } from '../process-tree.ts'
import { addressOf, password, usualAccounts } from '../target.ts'
import type { Trial } from '../trial.ts'
import type { RowId } from '../rows.ts'

const users = usualAccounts.accounts['u']!
const smallBytes = 5 * 1024
const largeBytes = 100 * 1024

interface Delivered {
  readonly lmtp?: boolean
  readonly connections: number
  readonly messages: number
  readonly sizeBytes?: number
}

export async function measureDelivery(trial: Trial): Promise<void> {
  const before = await messagesOf(trial)
  await deliver(trial, { connections: 10, messages: 300 })
  let sent = 300
  const rate = (row: RowId, delivered: Delivered): Promise<number> =>
    trial.measure(row, async () => {
      sent += delivered.messages
      return delivered.messages / (await deliver(trial, delivered))
    })
  await rate('smtp-5k-1', { connections: 1, messages: 500 })
  await cpuPerMessage(trial, async (messages) => {
    sent += messages
    await deliver(trial, { connections: 10, messages })
  })
  await rate('smtp-5k-10', { connections: 10, messages: 2000 })
  await rate('smtp-5k-50', { connections: 50, messages: 2000 })
  await rate('smtp-100k-10', { connections: 10, messages: 500, sizeBytes: largeBytes })
  await rate('lmtp-5k-10', { connections: 10, messages: 2000, lmtp: true })
  const alone = { place: { port: trial.target.smtp, lmtp: false }, messages: 200, sizeBytes: smallBytes, recipient: toUser }
  await trial.measure('smtp-alone', async () => {
    const counting = await trial.target.countFiled()
    const latenciesMs = await runAlone(alone, 15)
    sent += alone.messages
    await counting.filed(alone.messages)
    return percentile(latenciesMs, 0.95)
  })
  const arrived = (await messagesOf(trial)) - before
  if (arrived !== sent) throw new Error(`${trial.target.name}: ${sent} messages were taken and ${arrived} are in mailboxes`)
}

const toUser = (index: number): string => addressOf('u', index % users)

/** Returns seconds. */
async function deliver({ target }: Trial, { lmtp = false, connections, messages, sizeBytes = smallBytes }: Delivered): Promise<number> {
  const started = performance.now()
  const counting = await target.countFiled()
  await runLoad({ place: { port: lmtp ? target.lmtp : target.smtp, lmtp }, connections, messages, sizeBytes, recipient: toUser })
  await counting.filed(messages)
  return (performance.now() - started) / 1000
}

async function cpuPerMessage(trial: Trial, send: (messages: number) => Promise<void>): Promise<void> {
  const messages = 2000
  await trial.measure('smtp-cpu', async () => {
    const before = cpuMsOf(trial.target.pids)
    await send(messages)
    return (cpuMsOf(trial.target.pids) - before) / messages
  })
}

/** By STATUS of every mailbox: the proof that nothing of what was counted is missing. */
async function messagesOf({ target }: Trial): Promise<number> {
  let sum = 0
  for (let user = 0; user < users; user++) {
    const client = await ImapClient.signedIn({ port: target.imap }, addressOf('u', user), password)
    const { text } = await client.command('STATUS INBOX (MESSAGES)', { keep: true })
    sum += Number(/MESSAGES (\d+)/.exec(text)?.[1])
    client.close()
  }
  return sum
}
