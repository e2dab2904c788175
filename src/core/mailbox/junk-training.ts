/**
 * Tells the spam filter what people call spam: what is moved or copied into their junk mailbox, and as good mail what is taken
 * out of it to anywhere but the trash.
 *
 * In the background and bounded: a move never waits for the filter and never fails with it. While the filter is away a
 * message is tried a few times and then given up, and beyond a number that wait further ones are not taken; both are
 * told as outcomes. What waits when the process ends is forgotten: the next message teaches as well.
 */
import { isMailError } from '../errors.ts'
import type { Blobs } from '../ports/blobs.ts'
import type { MailboxStore, MessageStore } from '../ports/store.ts'
import type { JunkKind, SpamTraining } from '../ports/training.ts'
import type { Clock } from '../ports/world.ts'
import type { AccountId, MailboxId, MailboxRole, StoredMessage } from './mailbox.ts'

/** `lost`: the filter stayed away, or too many were waiting. `passed-over`: it is gone, or too large to learn from. */
export type TrainingOutcome = 'learned' | 'known' | 'refused' | 'lost' | 'passed-over'

export interface JunkTraining extends AsyncDisposable {
  /** After a move or copy; returns at once. */
  placed(account: AccountId, source: MailboxId, target: MailboxId, targetUids: Uint32Array): void
}

export interface JunkTrainingParts {
  readonly store: { readonly mailboxes: Pick<MailboxStore, 'get'>; readonly messages: Pick<MessageStore, 'read'> }
  readonly blobs: Pick<Blobs, 'read'>
  readonly clock: Clock
  readonly training: SpamTraining
  readonly onOutcome: (kind: JunkKind, outcome: TrainingOutcome, messages: number) => void
  /** A bug in work that nobody waits for. */
  readonly onFault: (error: unknown) => void
}

export interface JunkTrainingLimits {
  readonly maxWaiting: number
  readonly maxMessageBytes: number
  /** Pauses before each new try of a message. */
  readonly retryAfterMs: readonly number[]
}

/** Spam is small; what is larger says no more. */
const defaultLimits: JunkTrainingLimits = { maxWaiting: 5_000, maxMessageBytes: 2 * 1024 * 1024, retryAfterMs: [2_000, 15_000, 60_000] }
/** Rows that are read at a time. */
const sliceMessages = 50

interface Placed {
  readonly account: AccountId
  readonly source: MailboxId
  readonly target: MailboxId
  readonly uids: Uint32Array
}

export function createJunkTraining(parts: JunkTrainingParts, limits: JunkTrainingLimits = defaultLimits): JunkTraining {
  const stopping = new AbortController()
  const waiting: Placed[] = []
  let waitingMessages = 0
  let working: Promise<void> | null = null

  const work = async (): Promise<void> => {
    for (let placed = waiting.shift(); placed !== undefined && !stopping.signal.aborted; placed = waiting.shift()) {
      try {
        await teach(parts, limits, placed, stopping.signal)
      } catch (error) {
        // The store is away, or there is a bug: these messages are not learned, the next ones may be.
        if (!isMailError(error)) parts.onFault(error)
      }
      waitingMessages -= placed.uids.length
    }
    working = null
  }

  return {
    placed(account, source, target, targetUids) {
      if (source === target || targetUids.length === 0 || stopping.signal.aborted) return
      const uids = targetUids.slice(0, Math.max(limits.maxWaiting - waitingMessages, 0))
      if (uids.length < targetUids.length) void tellLost(parts, { account, source, target, uids: targetUids.slice(uids.length) })
      if (uids.length === 0) return
      waitingMessages += uids.length
      waiting.push({ account, source, target, uids })
      working ??= work()
    },
    async [Symbol.asyncDispose]() {
      stopping.abort()
      await working
    },
  }
}

/** Whether what went from the one mailbox to the other says anything: null when not. */
export function lessonOf(source: MailboxRole | null, target: MailboxRole | null): JunkKind | null {
  if (target === 'junk') return source === 'junk' ? null : 'spam'
  // Emptying the junk mailbox into the trash does not make it good mail.
  return source === 'junk' && target !== 'trash' ? 'ham' : null
}

async function lessonFrom({ store }: JunkTrainingParts, { account, source, target }: Placed): Promise<JunkKind | null> {
  const [from, to] = await Promise.all([store.mailboxes.get(account, source), store.mailboxes.get(account, target)])
  return lessonOf(from?.role ?? null, to?.role ?? null)
}

async function tellLost(parts: JunkTrainingParts, placed: Placed): Promise<void> {
  try {
    const kind = await lessonFrom(parts, placed)
    if (kind !== null) parts.onOutcome(kind, 'lost', placed.uids.length)
  } catch (error) {
    if (!isMailError(error)) parts.onFault(error)
  }
}

async function teach(parts: JunkTrainingParts, limits: JunkTrainingLimits, placed: Placed, signal: AbortSignal): Promise<void> {
  const kind = await lessonFrom(parts, placed)
  if (kind === null) return
  for (let start = 0; start < placed.uids.length && !signal.aborted; start += sliceMessages) {
    const uids = placed.uids.subarray(start, start + sliceMessages)
    const messages = await rows(parts, placed, uids)
    if (messages.length < uids.length) parts.onOutcome(kind, 'passed-over', uids.length - messages.length)
    for (const message of messages) {
      const outcome = await learn(parts, limits, { kind, message, signal })
      if (outcome !== null) parts.onOutcome(kind, outcome, 1)
    }
  }
}

/** Read to the end at once: between two messages the filter may be away for long. */
async function rows({ store }: JunkTrainingParts, { account, target }: Placed, uids: Uint32Array): Promise<StoredMessage[]> {
  const found: StoredMessage[] = []
  for await (const slice of store.messages.read(account, target, uids, { forms: false, text: false })) found.push(...slice)
  return found
}

interface Lesson {
  readonly kind: JunkKind
  readonly message: StoredMessage
  readonly signal: AbortSignal
}

/** Null when the process ends meanwhile. */
async function learn(parts: JunkTrainingParts, limits: JunkTrainingLimits, lesson: Lesson): Promise<TrainingOutcome | null> {
  const { message, signal } = lesson
  if (message.sizeBytes - message.prefix.length > limits.maxMessageBytes) return 'passed-over'
  for (const pauseMs of [...limits.retryAfterMs, null]) {
    if (signal.aborted) return null
    try {
      // Without our trace lines: the filter saw the message without them.
      return await parts.training.learn(lesson.kind, await parts.blobs.read(message.body), signal)
    } catch (error) {
      if (isMailError(error, 'message-unknown')) return 'passed-over'
      if (isMailError(error, 'message-refused')) return 'refused'
      if (!isMailError(error)) throw error
    }
    if (pauseMs !== null && !(await parts.clock.sleep(pauseMs, signal))) return null
  }
  return 'lost'
}
