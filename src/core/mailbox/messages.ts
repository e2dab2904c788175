/**
 * Messages of a mailbox: append, read, flags, copy, move, expunge (RFC 9051 §6.3.12, §6.4.3-6.4.9; RFC 7162 §3.1.3).
 *
 * Order of an append: digest (once) → body durable → one commit that names it → bell. A refusal after the body was put
 * leaves a body that nobody names; the sweep takes it. Every write rings the bell after it resolved.
 */
import { digest } from '../../message/digest.ts'
import { MailError } from '../errors.ts'
import type { Appended, CopyResult, Messages } from '../mail.ts'
import type { Blobs } from '../ports/blobs.ts'
import type { AccountStore, ChangeStore, Copied, MailboxStore, MessageStore, NewMessage } from '../ports/store.ts'
import type { Bus, Clock } from '../ports/world.ts'
import type { Flags } from './flags.ts'
import type { JunkTraining } from './junk-training.ts'
import type { AccountId, MailboxId, StoredMessage } from './mailbox.ts'
import type { OpenViews } from './views.ts'

export interface MessagePorts {
  readonly store: {
    readonly accounts: Pick<AccountStore, 'get'>
    readonly mailboxes: Pick<MailboxStore, 'get'>
    readonly messages: MessageStore
    readonly changes: Pick<ChangeStore, 'since'>
  }
  readonly blobs: Pick<Blobs, 'put' | 'read' | 'readMany'>
  readonly bus: Bus
  readonly clock: Clock
  readonly settings: { readonly maxMessageBytes: number }
  /** Hears of what goes from one mailbox to another. */
  readonly training?: Pick<JunkTraining, 'placed'> | null
  /** Who has the mailboxes selected here, and need not read back what is written here. */
  readonly views?: Pick<OpenViews, 'wrote'>
}

/** Keywords are stored with every message that has them, outside the quota: a client may not make rows of any size. */
const maxKeywords = 64
const maxKeywordBytes = 255

interface AppendItem {
  readonly bytes: Uint8Array
  readonly flags: Flags
  readonly receivedAtMs: number | null
}

export function createMessages(ports: MessagePorts): Messages {
  const { store, blobs, bus } = ports

  return {
    append: (account, mailbox, messages) => append(ports, account, mailbox, messages),
    read: (account, mailbox, uids, want) => store.messages.read(account, mailbox, uids, want),
    byId: (account, ids, want) => store.messages.byId(account, ids, want),
    bytes: (message, range) => messageBytes(blobs, message, range),
    manyBytes: (messages) => manyBytes(blobs, messages),

    async changeFlags(account, mailbox, uids, change, unchangedSince) {
      checkKeywords(change.flags)
      const stored = await store.messages.changeFlags(account, mailbox, uids, change, unchangedSince)
      if (stored.changed.length > 0) {
        ports.views?.wrote(account, mailbox, { modseq: stored.modseq, flags: stored.changed })
        bus.ring({ account, modseq: stored.modseq })
      }
      return stored
    },

    async copy(account, source, uids, target) {
      const result = await store.messages.copy(account, source, uids, target)
      // Nothing in the mailbox that they were copied from has changed; unless it is the one they came into.
      if (source !== target && result.targetUids.length > 0) ports.views?.wrote(account, source, { modseq: result.modseq })
      ports.training?.placed(account, source, target, result.targetUids)
      return copied(bus, account, result)
    },
    async move(account, source, uids, target) {
      const result = await store.messages.move(account, source, uids, target)
      if (source !== target && result.targetUids.length > 0) ports.views?.wrote(account, source, { modseq: result.modseq, left: result.sourceUids })
      ports.training?.placed(account, source, target, result.targetUids)
      return copied(bus, account, result)
    },

    async expunge(account, mailbox, uids, onlyDeleted) {
      const gone = await store.messages.expunge(account, mailbox, uids, onlyDeleted)
      if (gone.uids.length > 0) {
        ports.views?.wrote(account, mailbox, { modseq: gone.modseq, left: gone.uids })
        bus.ring({ account, modseq: gone.modseq })
      }
      return { uids: gone.uids }
    },

    changesSince: (account, modseq) => store.changes.since(account, modseq),
  }
}

function copied(bus: Bus, account: AccountId, result: Copied): CopyResult {
  if (result.targetUids.length > 0) bus.ring({ account, modseq: result.modseq })
  return { uidValidity: result.uidValidity, sourceUids: result.sourceUids, targetUids: result.targetUids }
}

function checkKeywords(flags: Flags): void {
  if (flags.keywords.length > maxKeywords) {
    throw new MailError('limit-reached', 'too many keywords', { limit: maxKeywords })
  }
  if (flags.keywords.some((keyword) => Buffer.byteLength(keyword, 'utf8') > maxKeywordBytes)) {
    throw new MailError('limit-reached', 'a keyword is too long', { limitBytes: maxKeywordBytes })
  }
}

async function append(
  ports: MessagePorts,
  account: AccountId,
  mailbox: MailboxId,
  messages: readonly AppendItem[],
): Promise<Appended> {
  const { store, settings } = ports
  for (const message of messages) {
    if (message.bytes.length > settings.maxMessageBytes) {
      throw new MailError('message-too-large', undefined, { sizeBytes: message.bytes.length, limitBytes: settings.maxMessageBytes })
    }
    checkKeywords(message.flags)
  }
  const target = await store.mailboxes.get(account, mailbox)
  if (target === null) throw new MailError('mailbox-unknown')
  if (messages.length === 0) return { uidValidity: target.uidValidity, uids: [] }
  await refuseBeforeTheBody(ports, account, messages)

  const filed = await store.messages.append(account, mailbox, await Promise.all(messages.map((message) => newMessage(ports, message))))
  ports.bus.ring({ account, modseq: Math.max(...filed.map((one) => one.modseq)) })
  return { uidValidity: target.uidValidity, uids: filed.map((one) => one.uid) }
}

/**
 * The store decides on the quota, with the commit. Asking first keeps a full account from filling the disk with bodies
 * that each only the sweep would take away.
 */
async function refuseBeforeTheBody(ports: MessagePorts, accountId: AccountId, messages: readonly AppendItem[]): Promise<void> {
  const account = await ports.store.accounts.get(accountId)
  if (account === null) throw new MailError('mailbox-unknown')
  const sizeBytes = messages.reduce((sum, message) => sum + message.bytes.length, 0)
  if (account.usedBytes + sizeBytes > account.quotaBytes) {
    throw new MailError('quota-exceeded', undefined, { usedBytes: account.usedBytes, sizeBytes, quotaBytes: account.quotaBytes })
  }
}

async function newMessage(ports: MessagePorts, message: AppendItem): Promise<NewMessage> {
  // The disk works while the parser does.
  const putting = ports.blobs.put(message.bytes)
  let digested
  try {
    digested = digest(message.bytes)
  } catch (error) {
    await Promise.allSettled([putting])
    throw error
  }
  return {
    content: {
      body: await putting,
      bodyBytes: message.bytes.length,
      forms: digested.forms,
      text: digested.text,
      sentAtMs: digested.sentAtMs,
      messageId: digested.messageId,
      references: digested.references,
      baseSubject: digested.baseSubject,
    },
    prefix: new Uint8Array(0),
    flags: message.flags,
    receivedAtMs: message.receivedAtMs ?? ports.clock.nowMs(),
  }
}

/** The bytes of prefix and body together, or the half-open range of them; what lies outside the message is left out. */
export async function messageBytes(
  blobs: Pick<Blobs, 'read'>,
  message: Pick<StoredMessage, 'prefix' | 'body' | 'sizeBytes'>,
  range?: { readonly start: number; readonly end: number },
): Promise<Uint8Array> {
  const { prefix, body, sizeBytes } = message
  const start = Math.min(Math.max(range?.start ?? 0, 0), sizeBytes)
  const end = Math.min(Math.max(range?.end ?? sizeBytes, start), sizeBytes)
  if (end <= prefix.length) return prefix.subarray(start, end)
  const whole = start <= prefix.length && end === sizeBytes
  const bodyStart = Math.max(start - prefix.length, 0)
  const read = await blobs.read(body, whole ? undefined : { start: bodyStart, end: end - prefix.length })
  return start < prefix.length ? Buffer.concat([prefix.subarray(start), read]) : read
}

/** One message's bytes are in memory at a time, plus what the blob store reads ahead. */
async function* manyBytes(blobs: Pick<Blobs, 'readMany'>, messages: readonly StoredMessage[]): AsyncIterable<Uint8Array> {
  let next = 0
  for await (const body of blobs.readMany(messages.map((message) => message.body))) {
    const { prefix } = messages[next++]!
    yield prefix.length === 0 ? body : Buffer.concat([prefix, body])
  }
}
