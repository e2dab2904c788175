/**
 * Deliveries to very many accounts: kept first, then filed in slices. A recipient's document goes, or tells why it was refused,
 * in the commit that files or refuses it, so that each is filed exactly once, whatever dies in between. The held document
 * counts who is left: it is changed with each slice, so two nodes can't file the same one.
 */
import { MailError } from '../../../core/errors.ts'
import type { MessageContent } from '../../../core/mailbox/mailbox.ts'
import type { Filed, HeldSlice } from '../../../core/ports/store.ts'
import type { HeldDocument, RecipientDocument, RecipientRefusal } from '../documents.ts'
import { recipientId } from '../documents.ts'
import { flagsOfDocument, keywordsText } from '../flag-sets.ts'
import { accountNoOf } from '../ids.ts'
import type { Find } from '../read-side.ts'
import { fileOne } from './filing.ts'
import type { Operation } from './operation.ts'
import type { Step } from './step.ts'
import { targetOf } from './targets.ts'
import { lookedForKeys } from './threads.ts'
import { deliveryBytes, dropHeld, heldKey, insertTransaction, keysOf } from './transactions.ts'
import type { NewDelivery } from './transactions.ts'

export function holdDelivery({ delivery, nowMs, outboxIds }: NewDelivery): Operation<{ readonly kind: 'held' | 'duplicate' }> {
  const { transaction, recipients, content } = delivery
  return {
    accounts: [],
    keys: [...keysOf(delivery), heldKey(transaction)],
    bytes: recipients.reduce((sum, { prefix }) => sum + 500 + prefix.byteLength, deliveryBytes(delivery)) + content.forms.byteLength + content.text.byteLength,
    plan(step) {
      if (step.isDuplicate(transaction)) return { kind: 'duplicate' }
      step.insert('held', heldDocument(delivery))
      for (const document of recipientDocuments(delivery)) step.insert('recipients', document)
      insertTransaction(step, { delivery, nowMs, outboxIds })
      return { kind: 'held' }
    },
  }
}

function heldDocument({ transaction, receivedAtMs, content, recipients }: NewDelivery['delivery']): HeldDocument {
  const { body, bodyBytes, forms, text, sentAtMs, messageId, references, baseSubject } = content
  return { _id: transaction, receivedAtMs, remaining: recipients.length, body, bodyBytes, sentAtMs, messageId, references, baseSubject, forms, text }
}

function recipientDocuments({ transaction, recipients }: NewDelivery['delivery']): RecipientDocument[] {
  return recipients.map(({ account, target, prefix, flags, extraBytes }, position) => ({
    _id: recipientId(transaction, position),
    held: transaction,
    position,
    refused: '',
    account,
    mailbox: 'mailbox' in target ? target.mailbox : null,
    role: 'role' in target ? target.role : null,
    flags: flags.bits,
    keywords: keywordsText(flags.keywords),
    extraBytes,
    prefix,
  }))
}

export function fileHeld(transaction: string, limit: number): Operation<HeldSlice | null> {
  return {
    accounts: [],
    solo: true,
    keys: [heldKey(transaction)],
    async plan(step) {
      const [held] = await step.find<HeldDocument>('held', { filter: { _id: transaction } })
      if (held === undefined) return null
      const recipients = await step.find<RecipientDocument>('recipients', { ...recipientsFind(transaction, ''), limit })
      const refused = await step.find<RecipientDocument>('recipients', recipientsFind(transaction, { $gt: '' }))
      await loadFor(step, recipients, held)
      const filed: (Filed & { account: string })[] = []
      for (const recipient of recipients) {
        const outcome = fileRecipient(step, held, recipient)
        if (typeof outcome === 'string') {
          step.update('recipients', { _id: recipient._id }, { $set: { refused: outcome } })
          refused.push({ ...recipient, refused: outcome })
        } else {
          step.delete('recipients', { _id: recipient._id })
          filed.push({ ...outcome, account: recipient.account })
        }
      }
      const remaining = held.remaining - recipients.length
      if (recipients.length > 0) step.update('held', { _id: transaction }, { $set: { remaining } })
      return { filed, remaining, refused: refused.sort((a, b) => a.position - b.position).map(refusalOf) }
    },
  }
}

/** Those that wait (''), or those that were refused. */
export function recipientsFind(transaction: string, refused: '' | { readonly $gt: '' }): Find {
  return { filter: { held: transaction, refused }, sort: { refused: 1, position: 1 } }
}

function refusalOf({ account, refused }: RecipientDocument): { account: string; code: RecipientRefusal } {
  return { account, code: refused as RecipientRefusal }
}

async function loadFor(step: Step, recipients: readonly RecipientDocument[], content: MessageContent): Promise<void> {
  const accounts = recipients.map(({ account }) => accountNoOf(account)).filter((no) => no !== null)
  await step.load(accounts)
  await step.loadThreads(accounts.flatMap((no) => lookedForKeys(no, content)))
}

function fileRecipient(step: Step, held: HeldDocument, recipient: RecipientDocument): Filed | RecipientRefusal {
  const { account, mailbox, role, prefix, extraBytes } = recipient
  const target = targetOf(step, { account, target: mailbox === null ? { role: role! } : { mailbox } })
  if (typeof target === 'string') return target
  const flags = flagsOfDocument(recipient.flags, recipient.keywords)
  return fileOne(step, target, { content: held, prefix, flags, receivedAtMs: held.receivedAtMs }, extraBytes) ?? 'quota-exceeded'
}

/** Nothing happens when it is not held. Refuses `conflict` while recipients are left. */
export function finishHeld(transaction: string): Operation<void> {
  return {
    accounts: [],
    keys: [heldKey(transaction)],
    async plan(step) {
      const [held] = await step.find<Pick<HeldDocument, 'remaining'>>('held', { filter: { _id: transaction }, projection: { remaining: 1 } })
      if (held === undefined) return
      const { remaining } = held
      if (remaining > 0) throw new MailError('conflict', 'recipients of the held delivery are not filed yet', { remaining })
      dropHeld(step, transaction)
    },
  }
}
