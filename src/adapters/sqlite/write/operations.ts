/** All that the writer thread can be asked. To add a write: its function in a file by topic and one line here. */
import type { Connection } from '../connection.ts'
import { addAlias, changeAccount, createAccount, removeAlias } from './accounts.ts'
import { addDomain, createAgency } from './agencies.ts'
import { commitDelivery } from './deliveries.ts'
import { appendMessages } from './filing.ts'
import { storeFlags } from './flags.ts'
import { fileHeld, finishHeld, holdDelivery } from './held.ts'
import { createMailboxes, removeMailbox, renameMailboxes, setRole, setSubscribed } from './mailboxes.ts'
import { copyMessages, expungeMessages, moveMessages } from './moving.ts'
import { cancelOutbox, claimOutbox, forgetOutbox, releaseOutbox, retryOutbox, settleOutboxRows } from './outbox.ts'
import { appendRecords, purgeRecords } from './records.ts'
import { commitRegistry } from './registry.ts'
import { probe, putSetting } from './settings.ts'
import { pruneThreads, pruneTombstones } from './tombstones.ts'
import { forgetDeliveries } from './transactions.ts'

export const operations = {
  createAgency,
  addDomain,
  createAccount,
  changeAccount,
  addAlias,
  removeAlias,
  createMailboxes,
  renameMailboxes,
  setRole,
  removeMailbox,
  setSubscribed,
  appendMessages,
  storeFlags,
  copyMessages,
  moveMessages,
  expungeMessages,
  pruneTombstones,
  pruneThreads,
  commitDelivery,
  holdDelivery,
  fileHeld,
  finishHeld,
  forgetDeliveries,
  claimOutbox,
  settleOutboxRows,
  releaseOutbox,
  retryOutbox,
  cancelOutbox,
  forgetOutbox,
  appendRecords,
  purgeRecords,
  commitRegistry,
  putSetting,
  probe,
}

export type Operations = typeof operations
export type OperationName = keyof Operations
export type OperationArgs<K extends OperationName> = Parameters<Operations[K]>[1]
export type OperationResult<K extends OperationName> = ReturnType<Operations[K]>

/** One write as it crosses to the thread: plain data. */
export interface WriteRequest {
  readonly id: number
  readonly operation: string
  readonly args: unknown
  /** About what it weighs, for the bound of a batch. */
  readonly bytes: number
}

/** The operations as the thread sees them: the types of a request were checked where it was made. */
export type OperationTable = Readonly<Record<string, (connection: Connection, args: never) => unknown>>
