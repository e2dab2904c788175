/**
 * Which outbox rows Haraka's outbound holds, in which of its mails, and where each of those is: waiting for its turn, being
 * tried, or put off (Haraka 3.3.4, `outbound/queue.js`, `outbound/hmail.js`).
 *
 * Invariant: a row that is handed over twice is queued once, unless Haraka has lost it (a queue file that cannot be read).
 */
import { harakaOutbound } from './haraka.ts'
import type { HarakaAddress, HarakaQueuedMail } from './haraka-types.ts'
import { pathAddress } from './paths.ts'

/** What the hand-over writes into the notes of a queued mail: the outbox rows of each recipient. */
export interface QueuedNotes {
  readonly rows: Readonly<Record<string, readonly string[]>>
}

interface Held {
  /** null while its queue file is being written. */
  readonly mail: HarakaQueuedMail | null
  /** Something must have become of it by then, if it is neither tried nor waiting for its turn. */
  readonly untilMs: number
}

const held = new Map<string, Held>()
const attempts = new Set<HarakaQueuedMail>()
/** To be tried at once, as soon as Haraka has put them off. */
const hurried = new Set<HarakaQueuedMail>()
/** Rows that were handed over again during an attempt: they are this node's, whatever core has answered about them meanwhile. */
const handedAgain = new Set<string>()
/** Beyond the time of the next attempt: Haraka looks once a second, and renames a file. */
const graceMs = 60_000

export function isQueued(row: string): boolean {
  const found = held.get(row)
  if (found === undefined) return false
  if (found.untilMs > Date.now()) return true
  return found.mail !== null && (attempts.has(found.mail) || harakaOutbound.delivery_queue.tasks.includes(found.mail))
}

export function noteQueued(rows: readonly string[], mail: HarakaQueuedMail | null, nextTryAtMs: number): void {
  for (const row of rows) held.set(row, { mail, untilMs: nextTryAtMs + graceMs })
}

export function forgetQueued(rows: readonly string[]): void {
  for (const row of rows) {
    held.delete(row)
    handedAgain.delete(row)
  }
}

/** Of those that core does not want any more: the ones that it has not handed over once more since the attempt began. */
export function notHandedAgain(rows: readonly string[]): readonly string[] {
  return rows.filter((row) => !handedAgain.has(row))
}

export function rowsOf(mail: HarakaQueuedMail, recipient: HarakaAddress): readonly string[] {
  const notes = mail.todo?.notes.congvu as QueuedNotes | undefined
  return notes?.rows[pathAddress(recipient) ?? ''] ?? []
}

export function allRowsOf(mail: HarakaQueuedMail): string[] {
  return mail.todo?.rcpt_to.flatMap((recipient) => rowsOf(mail, recipient)) ?? []
}

/** Leaves out recipients all of whose rows are in `unwanted`. */
export function dropRecipients(mail: HarakaQueuedMail, unwanted: ReadonlySet<string>): void {
  const { todo } = mail
  if (todo === null || unwanted.size === 0) return
  const wanted = todo.rcpt_to.filter((recipient) => rowsOf(mail, recipient).some((row) => !unwanted.has(row)))
  // Haraka holds this very array.
  todo.rcpt_to.splice(0, todo.rcpt_to.length, ...wanted)
}

/** An attempt begins: it lasts until Haraka tells of it, or gives up its place without a word (put off, split up, dropped). */
export function beginAttempt(mail: HarakaQueuedMail): void {
  attempts.add(mail)
  hurried.delete(mail)
  for (const row of allRowsOf(mail)) handedAgain.delete(row)
  // What the last attempt left would be told as the reply to this one.
  for (const recipient of mail.todo?.rcpt_to ?? []) for (const key of replyKeys) delete recipient[key]
  const giveUpPlace = mail.next_cb
  mail.next_cb = () => {
    attempts.delete(mail)
    giveUpPlace()
  }
}

const replyKeys = ['dsn_smtp_code', 'dsn_smtp_extc', 'dsn_smtp_response', 'dsn_status', 'dsn_remote_mta', 'dsn_msg', 'reason'] as const

export function endAttempt(mail: HarakaQueuedMail): void {
  attempts.delete(mail)
}

export function attemptsAtWork(): number {
  return attempts.size
}

/** Tries the mail of this row at once, if it was put off. Such an attempt is not counted: somebody asked for it. */
export function tryNow(row: string): void {
  const mail = held.get(row)?.mail ?? null
  if (mail !== null && attempts.has(mail)) handedAgain.add(row)
  if (mail === null || attempts.has(mail) || harakaOutbound.delivery_queue.tasks.includes(mail)) return
  const { queue } = harakaOutbound.temp_fail_queue
  const found = queue.findIndex(({ id }) => id === mail.filename)
  if (found < 0) {
    // It is being put off at this moment.
    hurried.add(mail)
    return
  }
  const [timer] = queue.splice(found, 1)
  uncount(mail)
  timer!.cb?.()
}

function uncount(mail: HarakaQueuedMail): void {
  mail.num_failures = Math.max(0, mail.num_failures - 1)
}

/** Once, before anything is queued. */
export function watchPutOff(): void {
  const queue = harakaOutbound.temp_fail_queue
  const add = queue.add.bind(queue)
  queue.add = (id, ms, then) => {
    const mail = [...hurried].find(({ filename }) => filename === id)
    if (mail === undefined) return add(id, ms, then)
    hurried.delete(mail)
    uncount(mail)
    return add(id, 0, then)
  }
}
