/** Random things that clients do to one account: made by fast-check, done to a store, then told to the model. */
import * as fc from 'fast-check'
import type { FlagChange } from '../../src/core/mailbox/flags.ts'
import { flagsOf } from '../../src/core/mailbox/flags.ts'
import type { AccountId, MailboxId } from '../../src/core/mailbox/mailbox.ts'
import type { NewMessage, Store } from '../../src/core/ports/store.ts'
import type { AccountModel } from './store-model.ts'
import type { Fixture } from './store-fixture.ts'
import { fresh } from './store-fixture.ts'

/** Mailboxes are named by any number: modulo how many there are. UIDs that do not exist are part of it; null means all. */
export type Operation =
  | { readonly kind: 'append' | 'deliver'; readonly mailbox: number; readonly messages: readonly { readonly flags: readonly string[]; readonly bodyBytes: number }[] }
  | {
      readonly kind: 'flags'
      readonly mailbox: number
      readonly uids: readonly number[] | null
      readonly mode: FlagChange['mode']
      readonly flags: readonly string[]
      readonly unchangedFor: number | null
    }
  | { readonly kind: 'copy' | 'move'; readonly mailbox: number; readonly target: number; readonly uids: readonly number[] | null }
  | { readonly kind: 'expunge'; readonly mailbox: number; readonly uids: readonly number[] | null; readonly onlyDeleted: boolean }
  | { readonly kind: 'make' | 'rename' | 'remove'; readonly mailbox: number }
  | { readonly kind: 'reopen' }

const flagNames = fc.uniqueArray(fc.constantFrom('\\Seen', '\\Deleted', '\\Flagged', '\\Answered', 'viec', 'Khẩn', '$Forwarded'), { maxLength: 4 })
const mailbox = fc.nat(20)
const uids = fc.option(
  fc.uniqueArray(fc.integer({ min: 1, max: 30 }), { maxLength: 8 }).map((numbers) => numbers.toSorted((a, b) => a - b)),
  { nil: null, freq: 4 },
)
const message = fc.record({ flags: flagNames, bodyBytes: fc.nat(5_000) })

const onMessages: fc.WeightedArbitrary<Operation>[] = [
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('append' as const), mailbox, messages: fc.array(message, { minLength: 1, maxLength: 5 }) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('deliver' as const), mailbox, messages: fc.array(message, { minLength: 1, maxLength: 1 }) }) },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('flags' as const),
      mailbox,
      uids,
      mode: fc.constantFrom('add' as const, 'remove' as const, 'replace' as const),
      flags: flagNames,
      unchangedFor: fc.option(fc.nat(10), { nil: null, freq: 2 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('copy' as const, 'move' as const), mailbox, target: mailbox, uids }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('expunge' as const), mailbox, uids, onlyDeleted: fc.boolean() }) },
]

/** Any of them. */
export const anyOperation: fc.Arbitrary<Operation> = fc.oneof(
  ...onMessages,
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('make' as const, 'rename' as const, 'remove' as const), mailbox }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'reopen' as const }) },
)

/** Only what changes messages: for clients that work side by side. */
export const messageOperation: fc.Arbitrary<Operation> = fc.oneof(...onMessages)

/** What was done, and what it means for the model. `modseq` orders it among the others; `changed` before what only looked. */
export interface Done {
  readonly modseq: number
  readonly changed: boolean
  readonly tell: (model: AccountModel) => void
}

export interface Setting {
  readonly fixture: Fixture
  readonly account: AccountId
  /** The mailboxes that the numbers of the operations mean. */
  readonly mailboxes: readonly MailboxId[]
  /** Of the account, about now: for unchangedSince. */
  readonly modseq: number
}

/** Null when the operation means nothing here. */
export async function perform(setting: Setting, operation: Operation): Promise<Done | null> {
  const { fixture, account, mailboxes } = setting
  const { store } = fixture
  const at = (number: number): MailboxId => mailboxes[number % mailboxes.length]!
  switch (operation.kind) {
    case 'append':
    case 'deliver':
      return file(setting, at(operation.mailbox), operation)
    case 'flags': {
      const change = { mode: operation.mode, flags: flagsOf(operation.flags) }
      const unchangedSince = operation.unchangedFor === null ? null : Math.max(0, setting.modseq - operation.unchangedFor)
      const box = at(operation.mailbox)
      const stored = await store.messages.changeFlags(account, box, wanted(operation.uids), change, ...(unchangedSince === null ? [] : [unchangedSince]))
      const tell = (model: AccountModel) => model.flagsStored({ mailbox: box, uids: operation.uids, change, unchangedSince }, stored)
      return { modseq: stored.modseq, changed: stored.changed.length > 0, tell }
    }
    case 'copy': {
      const given = { source: at(operation.mailbox), target: at(operation.target), uids: operation.uids }
      const copied = await store.messages.copy(account, given.source, wanted(given.uids), given.target)
      const ids = await idsAt(store, account, copied.modseq, given.target, copied.targetUids)
      return { modseq: copied.modseq, changed: copied.targetUids.length > 0, tell: (model) => model.copied(given, copied, ids) }
    }
    case 'move': {
      const given = { source: at(operation.mailbox), target: at(operation.target), uids: operation.uids }
      if (given.source === given.target) return null
      const moved = await store.messages.move(account, given.source, wanted(given.uids), given.target)
      return { modseq: moved.modseq, changed: moved.targetUids.length > 0, tell: (model) => model.moved(given, moved) }
    }
    case 'expunge': {
      const given = { mailbox: at(operation.mailbox), uids: operation.uids, onlyDeleted: operation.onlyDeleted }
      const expunged = await store.messages.expunge(account, given.mailbox, wanted(given.uids), given.onlyDeleted)
      return { modseq: expunged.modseq, changed: expunged.uids.length > 0, tell: (model) => model.expunged(given, expunged) }
    }
    case 'make': {
      const [made] = await store.mailboxes.create(account, [{ name: fresh('Hộp '), role: null }])
      return { modseq: made!.modseq, changed: true, tell: (model) => model.mailboxMade(made!) }
    }
    case 'rename': {
      const [renamed] = await store.mailboxes.rename(account, [{ mailbox: at(operation.mailbox), name: fresh('Hộp mới ') }])
      return { modseq: renamed!.modseq, changed: true, tell: (model) => model.mailboxRenamed(renamed!) }
    }
    case 'remove': {
      const box = at(operation.mailbox)
      if (mailboxes.length < 3) return null
      await store.mailboxes.remove(account, box)
      return { modseq: setting.modseq + 1, changed: true, tell: (model) => model.mailboxRemoved(box) }
    }
    case 'reopen':
      await fixture.reopen()
      return null
  }
}

async function file(setting: Setting, box: MailboxId, operation: Extract<Operation, { kind: 'append' | 'deliver' }>): Promise<Done> {
  const { fixture, account } = setting
  const messages: NewMessage[] = []
  for (const { flags, bodyBytes } of operation.messages) messages.push(await fixture.message({ flags, content: { bodyBytes } }))
  const filed =
    operation.kind === 'append'
      ? await fixture.store.messages.append(account, box, messages)
      : await deliver(setting, box, messages[0]!)
  const of = messages.map((one) => ({ flags: one.flags, sizeBytes: one.content.bodyBytes + one.prefix.length }))
  return { modseq: filed[0]!.modseq, changed: true, tell: (model) => model.filed(filed, of) }
}

async function deliver({ fixture, account }: Setting, box: MailboxId, message: NewMessage) {
  const recipient = fixture.recipient(account, { target: { mailbox: box }, flags: message.flags, prefix: message.prefix })
  const outcome = await fixture.store.deliveries.commit(await fixture.delivery([recipient], { content: message.content }))
  if (outcome.kind !== 'committed') throw new Error(`delivery ${outcome.kind}`)
  return outcome.filed
}

/** Stands for the id of a copy that another client moved or expunged before it could be looked at. */
export function isUnseenId(id: string): boolean {
  return id.startsWith('da-di-')
}

/** The ids that a copy gave, in the order of its UIDs, as the change log tells them. */
async function idsAt(store: Store, account: AccountId, modseq: number, mailboxId: MailboxId, targetUids: Uint32Array): Promise<string[]> {
  if (targetUids.length === 0) return []
  const changes = await store.changes.since(account, modseq - 1)
  const found = new Map(changes.messages.filter((one) => one.mailbox === mailboxId).map((one) => [one.uid, one.id]))
  return [...targetUids].map((uid) => found.get(uid) ?? fresh('da-di-'))
}

function wanted(numbers: readonly number[] | null): Uint32Array | 'all' {
  return numbers === null ? 'all' : Uint32Array.from(numbers)
}
