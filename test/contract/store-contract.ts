/** All that a store and its blobs promise (core/ports/store.ts, core/ports/blobs.ts), one file per topic. */
import type { MakePlace } from '../support/store-place.ts'
import { accountsContract } from './accounts.ts'
import { agenciesContract } from './agencies.ts'
import { blobsContract as putAndReadContract } from './blobs.ts'
import { changesContract } from './changes.ts'
import { concurrencyContract } from './concurrency.ts'
import { copyMoveContract } from './copy-move.ts'
import { deliveriesContract } from './deliveries.ts'
import { expungeContract } from './expunge.ts'
import { flagsContract } from './flags.ts'
import { heldDeliveriesContract } from './held-deliveries.ts'
import { mailboxesContract } from './mailboxes.ts'
import { messagesContract } from './messages.ts'
import { outboxContract } from './outbox.ts'
import { quotaContract } from './quota.ts'
import { recordsContract } from './records.ts'
import { registryContract } from './registry.ts'
import { sweepContract } from './sweep.ts'

const storeTopics = [
  agenciesContract,
  accountsContract,
  mailboxesContract,
  messagesContract,
  flagsContract,
  copyMoveContract,
  expungeContract,
  changesContract,
  quotaContract,
  deliveriesContract,
  heldDeliveriesContract,
  outboxContract,
  recordsContract,
  registryContract,
  concurrencyContract,
]

export function storeContract(name: string, makePlace: MakePlace): void {
  for (const topic of storeTopics) topic(name, makePlace)
}

export function blobsContract(name: string, makePlace: MakePlace): void {
  putAndReadContract(name, makePlace)
  sweepContract(name, makePlace)
}
