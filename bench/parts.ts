/** The parts of the bench, by name: which servers each starts, and what it measures on them. A new one is a line in `parts`. */
import { measureDelivery } from './measures/delivery.ts'
import { accountCounts, measureAccounts, measureMailboxGrowth, slowestToFastest } from './measures/growth.ts'
import { idleAccounts, measureExists, measureIdleMemory, measureRest } from './measures/idle-sessions.ts'
import { measureMailbox, measureOthers } from './measures/mailbox.ts'
import { measureManyMessages } from './measures/many-messages.ts'
import { measureSignIn } from './measures/sign-in.ts'
import { usualAccounts, type Target, type TargetNeeds } from './target.ts'
import type { Trial } from './trial.ts'

export interface Session {
  readonly runs: number
  /** Starts the servers that are compared, ours first. */
  start(needs: TargetNeeds): Promise<readonly Target[]>
  trial(target: Target, run: number): Trial
}

export interface Part {
  readonly name: string
  readonly what: string
  /** Whether other servers can be measured with it. */
  readonly peers: boolean
  run(session: Session): Promise<void>
}

export const parts: readonly Part[] = [
  { name: 'smtp', what: 'deliveries by SMTP and LMTP', peers: true, run: (session) => alternating(session, usualAccounts, [measureDelivery]) },
  { name: 'login', what: 'signing in', peers: true, run: (session) => alternating(session, usualAccounts, [measureSignIn]) },
  { name: 'imap', what: 'a mailbox of 10,000 messages', peers: true, run: (session) => alternating(session, usualAccounts, [measureMailbox, measureOthers]) },
  { name: 'idle', what: 'memory at rest and by idle session; how soon IDLE hears', peers: true, run: measureIdle },
  { name: 'memory', what: 'memory after 200,000 deliveries', peers: false, run: (session) => alternating({ ...session, runs: 1 }, usualAccounts, [measureManyMessages]) },
  { name: 'growth', what: 'deliveries into fuller mailboxes, among more accounts', peers: false, run: measureGrowth },
]

type Measure = (trial: Trial) => Promise<void>

/** Run by run, in each run one server after the other, so that a machine that gets slower does so for all of them. */
async function alternating(session: Session, needs: TargetNeeds, measures: readonly Measure[]): Promise<void> {
  await using open = new AsyncDisposableStack()
  const targets = (await session.start(needs)).map((target) => open.use(target))
  for (let run = 0; run < session.runs; run++) {
    for (const target of targets) for (const measure of measures) await measure(session.trial(target, run))
  }
}

/** Each on servers that have done nothing yet. */
async function measureIdle(session: Session): Promise<void> {
  // The first start after a change of the code compiles it, and takes more memory than all that follow.
  await alternating(session, usualAccounts, [])
  await alternating(session, usualAccounts, [measureRest, measureExists])
  const many: TargetNeeds = { accounts: { i: idleAccounts } }
  for (let run = 0; run < session.runs; run++) {
    for (const kind of ['idle', 'idle-tls'] as const) await alternating({ ...session, runs: 1 }, many, [measureIdleMemory(kind)])
  }
}

async function measureGrowth(session: Session): Promise<void> {
  await using open = new AsyncDisposableStack()
  const [target] = (await session.start(usualAccounts)).map((one) => open.use(one))
  await measureMailboxGrowth(session.trial(target!, 0), session.runs)
  const rates: number[] = []
  let last: Trial | null = null
  for (const count of accountCounts) {
    await using inner = new AsyncDisposableStack()
    const [server] = (await session.start({ accounts: { a: count } })).map((one) => inner.use(one))
    last = session.trial(server!, 0)
    rates.push(await measureAccounts(last, count, session.runs))
  }
  last?.add('accounts-growth', slowestToFastest(rates))
}
