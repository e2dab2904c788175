/**
 * Outgoing rows whose recipient is ours: recipients that failed for now, redirects between our accounts. They are filed here
 * instead of going out and coming back; the mailbox and the row change in one commit.
 */
import type { Account } from '../account/account.ts'
import { keepContent } from '../delivery/content.ts'
import { failureOf, mayPass } from '../delivery/failures.ts'
import { headerFacts } from '../delivery/header-facts.ts'
import { fullMailbox, qualified, receivers } from '../delivery/recipients.ts'
import type { DeliverySettings } from '../delivery/settings.ts'
import { returnPathLines } from '../delivery/trace.ts'
import { MailError } from '../errors.ts'
import type { Directory } from '../mail.ts'
import { noFlags } from '../mailbox/flags.ts'
import type { Blobs } from '../ports/blobs.ts'
import type { Delivery, Store } from '../ports/store.ts'
import type { Bus, Clock } from '../ports/world.ts'
import type { OutboxRow } from './outbox-row.ts'
import type { Failure } from './return-to-sender.ts'

export type Homecoming =
  | { readonly kind: 'outside' }
  | { readonly kind: 'filed' }
  | { readonly kind: 'bounce'; readonly failure: Failure }
  | { readonly kind: 'later'; readonly reply: string }

export type BringHome = (row: OutboxRow) => Promise<Homecoming>

interface Parts {
  readonly store: Pick<Store, 'deliveries' | 'outbox'>
  readonly blobs: Blobs
  readonly bus: Bus
  readonly clock: Clock
  readonly directory: Directory
  readonly settings: DeliverySettings
}

export function createBringHome(parts: Parts): BringHome {
  return async (row) => {
    try {
      const resolution = await parts.directory.resolve(qualified(row.recipient, parts.settings.mainDomain))
      if (resolution.kind === 'outside') return { kind: 'outside' }
      await fileRow(parts, row, receivers(resolution, row.recipient))
      return { kind: 'filed' }
    } catch (error) {
      if (!(error instanceof MailError)) throw error
      const { status, reply } = failureOf(error.code)
      return mayPass(error) ? { kind: 'later', reply } : { kind: 'bounce', failure: { status, reply, host: null, tls: false } }
    }
  }
}

async function fileRow({ store, blobs, bus, clock }: Parts, row: OutboxRow, accounts: readonly Account[]): Promise<void> {
  const bytes = await blobs.read(row.body)
  const { deliveredTo } = headerFacts(bytes, false)
  if (accounts.some(({ address }) => deliveredTo.includes(address))) throw new MailError('mail-loop')
  const atMs = clock.nowMs()
  const settled = { id: row.id, state: 'delivered', reply: 'filed', atMs, untilMs: null } as const
  const delivery: Delivery = {
    // The row's id is never used again: filing it twice is filing it once.
    transaction: `home.${row.id}`,
    receivedAtMs: atMs,
    content: await keepContent(blobs, bytes),
    recipients: accounts.map((account) => ({
      account: account.id,
      target: { role: 'inbox' },
      prefix: Buffer.concat([returnPathLines(row.sender, account.address), row.prefix]),
      flags: noFlags,
      extraBytes: 0,
    })),
    outbox: [],
    facts: { purpose: 'home', sender: row.sender, recipients: [row.recipient], of: row.transaction },
    settles: [settled],
  }
  const outcome = await store.deliveries.commit(delivery)
  if (outcome.kind === 'duplicate') return await store.outbox.settle([settled])
  if (outcome.kind === 'refused') throw refusal(accounts, outcome.recipients[0]!)
  for (const { account, modseq } of outcome.filed) bus.ring({ account, modseq })
}

function refusal(accounts: readonly Account[], { index, code }: { readonly index: number; readonly code: string }): MailError {
  return code === 'quota-exceeded' ? fullMailbox(accounts[index]!) : new MailError('address-unknown')
}
