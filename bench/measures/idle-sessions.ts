/** Sessions that sit in IDLE: what each costs in memory, at rest first, and how soon it hears of a delivery. */
import { once, EventEmitter } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { plainMessage } from '../corpus.ts'
import { percentile } from '../figures.ts'
import { ImapClient } from '../imap-client.ts'
import { memoryOf } from '../process-tree.ts'
import type { RowId } from '../rows.ts'
import { SmtpClient, wireMessage } from '../smtp-client.ts'
import { addressOf, password, usualAccounts } from '../target.ts'
import type { Trial } from '../trial.ts'

const openedAtOnce = 20
/** What a server still does after a burst of sign-ins is no memory of sessions. */
const settleMs = 5000
const deliveries = 200
const warmUps = 20
const gapMs = 30
const existsWithinMs = 35_000

/** On a server that was just started. */
export async function measureRest(trial: Trial): Promise<void> {
  await trial.measure('rest', async () => {
    await pause(settleMs)
    return memoryOf(trial.target.pids).rssKiB / 1024
  })
}

/** From the reply of a delivery to the EXISTS in the session of its recipient, with 200 of them. */
export async function measureExists(trial: Trial): Promise<void> {
  const users = usualAccounts.accounts['i']!
  const bell = new EventEmitter()
  const sessions = await openIdle(trial, { from: 0, to: users, tls: false, onExists: (user) => bell.emit(`exists ${user}`, performance.now()) })
  const client = await SmtpClient.connect({ port: trial.target.lmtp, lmtp: true })
  const latenciesMs: number[] = []
  const ring = async (count: number): Promise<number> => {
    const user = (count * 7) % users
    const heard = once(bell, `exists ${user}`, { signal: AbortSignal.timeout(existsWithinMs) })
    await client.send({ sender: 'load@example.com', recipient: addressOf('i', user) }, wireMessage(plainMessage(count, 3000)))
    const takenMs = performance.now()
    const [heardMs] = (await heard) as [number]
    await pause(gapMs)
    return Math.max(0, heardMs - takenMs)
  }
  for (let count = 0; count < warmUps; count++) await ring(count)
  await trial.measure('exists-p95', async () => {
    latenciesMs.length = 0
    for (let count = 0; count < deliveries; count++) latenciesMs.push(await ring(count))
    return percentile(latenciesMs, 0.95)
  })
  trial.add('exists-p50', percentile(latenciesMs, 0.5))
  client.close()
  for (const session of sessions) session.close()
}

const sizes = [200, 2000, 5000] as const

/** How many accounts with the prefix `i` these measures need. */
export const idleAccounts = 5000

/** What the server's memory grew by since before the first session, by session, their sign-ins among it; up to 5,000 of them. */
export function measureIdleMemory(kind: 'idle' | 'idle-tls'): (trial: Trial) => Promise<void> {
  return async (trial) => {
    const { target } = trial
    if (kind === 'idle-tls' && target.imaps === null) return
    await pause(settleMs)
    const before = memoryOf(target.pids)
    const sessions: ImapClient[] = []
    for (const size of sizes) {
      if (size > target.maxSessions) break
      sessions.push(...(await openIdle(trial, { from: sessions.length, to: size, tls: kind === 'idle-tls' })))
      await pause(settleMs)
      const row: RowId = `${kind}-${size}`
      trial.add(row, (memoryOf(target.pids).ownKiB - before.ownKiB) / size)
    }
    for (const session of sessions) session.close()
  }
}

interface Opened {
  readonly from: number
  readonly to: number
  readonly tls: boolean
  readonly onExists?: (user: number) => void
}

/** One session an account: signed in, INBOX selected, in IDLE. */
async function openIdle({ target }: Trial, { from, to, tls, onExists }: Opened): Promise<ImapClient[]> {
  const sessions: ImapClient[] = []
  let next = from
  const lane = async (): Promise<void> => {
    for (let user = next++; user < to; user = next++) {
      const session = await ImapClient.signedIn({ port: tls ? target.imaps! : target.imap, tls }, addressOf('i', user), password)
      await session.command('SELECT INBOX')
      await session.idle((text) => (text.includes(' EXISTS') ? onExists?.(user) : undefined))
      sessions.push(session)
    }
  }
  await Promise.all(Array.from({ length: openedAtOnce }, lane))
  return sessions
}
