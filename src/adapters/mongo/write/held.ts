/**
 * Deliveries to very many accounts: kept first, then filed in slices. A recipient's document goes, or tells why it was refused,
 * in the commit that files or refuses it, so that each is filed exactly once, whatever dies in between. The held document
 * counts who is left: it is changed with each slice, so two nodes can't file the same one.
 */
import { MailError } from '../../../core/errors.ts'
import type { MessageContent } from '../../../core/mailbox/mailbox.ts'
import type { Filed, HeldSlice } from '../../../core/ports/store.ts'
import type { HeldDocument, RecipientDocument, RecipientRefusal } from '../documents.ts'
import { heldId, recipientId } from '../documents.ts'
import { flagsOfDocument, keywordsText } from '../flag-sets.ts'
import { accountNoOf } from '../ids.ts'
import { fileOne } from './filing.ts'
import type { Operation } from './operation.ts'
import type { Step } from './step.ts'
import { targetOf } from './targets.ts'
import { lookedForKeys } from './threads.ts'
import { deliveryBytes, dropHeld, insertTransaction, keysOf } from './transactions.ts'
import type { NewDelivery } from './transactions.ts'

export function holdDelivery({ delivery, nowMs, outboxIds }: NewDelivery): Operation<{ readonly kind: 'held' | 'duplicate' }> {
  const { transaction, recipients, content } = delivery
  return {
    accounts: [],
    keys: [...keysOf(delivery), heldId(transaction)],
    transaction,
    bytes: recipients.reduce((sum, { prefix }) => sum + 500 + prefix.byteLength, deliveryBytes(delivery)) + content.forms.byteLength + content.text.byteLength,
    plan(step) {
      if (step.isDuplicate(transaction)) return { kind: 'duplicate' }
      step.insert(heldDocument(delivery))
      for (const document of recipientDocuments(delivery)) step.insert(document)
      insertTransaction(step, { delivery, nowMs, outboxIds })
      return { kind: 'held' }
    },
  }
}

function heldDocument({ transaction, receivedAtMs, content, recipients }: NewDelivery['delivery']): HeldDocument {
  const { body, bodyBytes, forms, text, sentAtMs, messageId, references, baseSubject } = content
  return {
    _id: heldId(transaction),
    held: { transaction, receivedAtMs, remaining: recipients.length, bodyBytes, sentAtMs, messageId, references, baseSubject },
    body,
    forms,
    text,
  }
}

function recipientDocuments({ transaction, recipients }: NewDelivery['delivery']): RecipientDocument[] {
  return recipients.map(({ account, target, prefix, flags, extraBytes }, position) => ({
    _id: recipientId(transaction, position),
    recipient: {
      held: transaction,
      position,
      refused: '',
      account,
      mailbox: 'mailbox' in target ? target.mailbox : null,
      role: 'role' in target ? target.role : null,
      flags: flags.bits,
      keywords: keywordsText(flags.keywords),
      extraBytes,
    },
    prefix,
  }))
}

export const waitingRecipients = (transaction: string): object => ({ 'recipient.held': transaction, 'recipient.refused': '' })
export const refusedRecipients = (transaction: string): object => ({ 'recipient.held': transaction, 'recipient.refused': { $gt: '' } })

export function fileHeld(transaction: string, limit: number): Operation<HeldSlice | null> {
  return {
    accounts: [],
    solo: true,
    keys: [heldId(transaction)],
    async plan(step) {
      const [held] = await step.find<HeldDocument>({ filter: { _id: heldId(transaction) } })
      if (held === undefined) return null
      const recipients = await step.find<RecipientDocument>({ filter: waitingRecipients(transaction), sort: { 'recipient.position': 1 }, limit })
      const earlier = await step.find<RecipientDocument>({ filter: refusedRecipients(transaction), projection: { prefix: 0 } })
      const refused = earlier.map(({ recipient }) => ({ position: recipient.position, account: recipient.account, code: recipient.refused as RecipientRefusal }))
      const content = contentOf(held)
      await loadFor(step, recipients, content)
      const filed: (Filed & { account: string })[] = []
      for (const { _id, prefix, recipient } of recipients) {
        const outcome = fileRecipient(step, held, { prefix, recipient, content })
        if (typeof outcome === 'string') {
          step.update({ _id }, { $set: { 'recipient.refused': outcome } })
          refused.push({ position: recipient.position, account: recipient.account, code: outcome })
        } else {
          step.delete({ _id })
          filed.push({ ...outcome, account: recipient.account })
        }
      }
      const remaining = held.held.remaining - recipients.length
      if (recipients.length > 0) step.update({ _id: held._id }, { $set: { 'held.remaining': remaining } })
      return { filed, remaining, refused: refused.sort((a, b) => a.position - b.position).map(({ account, code }) => ({ account, code })) }
    },
  }
}

async function loadFor(step: Step, recipients: readonly RecipientDocument[], content: MessageContent): Promise<void> {
  const accounts = recipients.map(({ recipient }) => accountNoOf(recipient.account)).filter((no) => no !== null)
  await step.load(accounts)
  await step.loadThreads(accounts.flatMap((no) => lookedForKeys(no, content)))
}

function fileRecipient(
  step: Step,
  { held }: HeldDocument,
  { prefix, recipient, content }: Pick<RecipientDocument, 'prefix' | 'recipient'> & { readonly content: MessageContent },
): Filed | RecipientRefusal {
  const { account, mailbox, role } = recipient
  const target = targetOf(step, { account, target: mailbox === null ? { role: role! } : { mailbox } })
  if (typeof target === 'string') return target
  const flags = flagsOfDocument(recipient.flags, recipient.keywords)
  return fileOne(step, target, { content, prefix, flags, receivedAtMs: held.receivedAtMs }, recipient.extraBytes) ?? 'quota-exceeded'
}

function contentOf({ held, body, forms, text }: HeldDocument): MessageContent {
  const { bodyBytes, sentAtMs, messageId, references, baseSubject } = held
  return { body, bodyBytes, forms, text, sentAtMs, messageId, references, baseSubject }
}

/** Nothing happens when it is not held. Refuses `conflict` while recipients are left. */
export function finishHeld(transaction: string): Operation<void> {
  return {
    accounts: [],
    keys: [heldId(transaction)],
    async plan(step) {
      const [found] = await step.find<HeldDocument>({ filter: { _id: heldId(transaction) }, projection: { forms: 0, text: 0 } })
      if (found === undefined) return
      const { remaining } = found.held
      if (remaining > 0) throw new MailError('conflict', 'recipients of the held delivery are not filed yet', { remaining })
      dropHeld(step, transaction)
    },
  }
}
