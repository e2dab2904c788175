/**
 * Keeps the bytes of the message (design §2, "The bytes are the sender's") and refuses, at its end, what must not come in:
 * bare CR or LF, more than the limit, more than there is room for.
 */
import { refusal } from '../haraka.ts'
import type { HarakaConnection, HarakaPlugin, Next } from '../haraka-types.ts'
import { ingressNode } from '../ingress-node.ts'
import { KeptMessage } from '../kept-message.ts'
import { keptStream } from '../kept-stream.ts'
import { replies } from '../replies-ingress.ts'
import { knownTransaction, transactionOf } from '../session.ts'

export function register(this: HarakaPlugin): void {
  this.register_hook('data', 'startKeeping')
  this.register_hook('data_post', 'refuseUnfit', -100)
  this.register_hook('reset_transaction', 'stopKeeping')
}

export function startKeeping(next: Next, connection: HarakaConnection): void {
  const { settings, budget } = ingressNode()
  const transaction = connection.transaction
  if (transaction === null) return next(...refusal(replies.coreAway))
  const kept = new KeptMessage(settings.maxMessageBytes, budget)
  transactionOf(transaction).kept = kept
  // What scanners read is the kept message itself; Haraka's stream would be a second copy of it.
  transaction.message_stream = keptStream(kept)
  next()
}

export function refuseUnfit(next: Next, connection: HarakaConnection): void {
  const transaction = connection.transaction
  const open = knownTransaction(transaction)
  if (transaction === null || open?.kept === undefined || open.kept === null) return next(...refusal(replies.coreAway))
  open.receivedAtMs = Date.now()
  if (open.kept.bareLineEnds) return next(...refusal(replies.bareLineEnd))
  if (open.kept.tooLarge) return next(...refusal(replies.tooLarge))
  if (open.kept.noRoom) return next(...refusal(replies.noRoom))
  if (ingressNode().settings.parseHeader) parseHeader(transaction, open.kept.chunks())
  next()
}

export function stopKeeping(next: Next, connection: HarakaConnection): void {
  const open = knownTransaction(connection.transaction)
  open?.kept?.drop()
  if (open !== undefined) open.kept = null
  next()
}

const maxHeaderBytes = 1024 * 1024

/** Haraka's header object, for an operator's own plugins; nothing of ours reads it. */
function parseHeader(transaction: NonNullable<HarakaConnection['transaction']>, chunks: readonly Buffer[]): void {
  const text = Buffer.concat(chunks, Math.min(maxHeaderBytes, transaction.data_bytes)).toString('utf8')
  const end = text.startsWith('\r\n') ? 0 : text.indexOf('\r\n\r\n') + 2
  const lines = text.slice(0, end < 2 ? text.length : end).split('\r\n')
  transaction.header_lines = lines.filter((line) => line !== '').map((line) => `${line.replace(/^\./, '')}\n`)
  transaction.header.parse(transaction.header_lines)
  transaction.found_hb_sep = true
}
