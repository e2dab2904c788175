/**
 * The commit of a delivery (design §2 "One commit per message"): idempotency key with the facts, every recipient's message,
 * outbox rows, settlements; all of it or, when one recipient can't be filed, nothing.
 */
import type { MailboxRole } from '../../../core/mailbox/mailbox.ts'
import type { Delivery, DeliveryOutcome, DeliveryRecipient, Filed } from '../../../core/ports/store.ts'
import type { Connection } from '../connection.ts'
import { accountNoOf, id, keyOf } from '../ids.ts'
import { fileOne } from './filing.ts'
import { Undone } from './group-commit.ts'
import { dropHeld } from './held.ts'
import { insertOutboxRows, settleOutbox } from './outbox.ts'
import { threadHashes } from './threads.ts'

export interface CommitDelivery {
  readonly delivery: Delivery
  readonly nowMs: number
}

export type RecipientRefusal = 'quota-exceeded' | 'account-unknown' | 'mailbox-unknown'

export function commitDelivery(connection: Connection, { delivery, nowMs }: CommitDelivery): DeliveryOutcome {
  if (!insertDelivery(connection, delivery)) return { kind: 'duplicate' }
  const hashes = threadHashes(delivery.content)
  const filed: (Filed & { account: string })[] = []
  const refused: { index: number; code: RecipientRefusal }[] = []
  delivery.recipients.forEach((recipient, index) => {
    const target = targetOf(connection, recipient)
    const outcome =
      typeof target === 'string'
        ? target
        : fileOne(connection, {
            mailbox: target,
            content: delivery.content,
            hashes,
            prefix: recipient.prefix,
            flags: recipient.flags,
            receivedAtMs: delivery.receivedAtMs,
            extraBytes: recipient.extraBytes,
          })
    if (typeof outcome === 'string') refused.push({ index, code: outcome })
    else filed.push({ ...outcome, account: recipient.account })
  })
  if (refused.length > 0) throw new Undone({ kind: 'refused', recipients: refused } satisfies DeliveryOutcome)
  const outbox = insertOutboxRows(connection, delivery, nowMs)
  if (delivery.settles !== undefined) settleOutbox(connection, delivery.settles)
  if (delivery.finishes !== undefined) dropHeld(connection, delivery.finishes)
  return { kind: 'committed', filed, outbox: outbox.map((no) => id('outbox', no)) }
}

/** False when the transaction is known already. */
export function insertDelivery(connection: Connection, delivery: Delivery): boolean {
  const sql = 'INSERT INTO delivery (txn, received_at, facts) VALUES (?, ?, ?) ON CONFLICT DO NOTHING'
  return connection.run(sql, delivery.transaction, delivery.receivedAtMs, JSON.stringify(delivery.facts)) === 1
}

/** Key of the mailbox that is meant. */
export function targetOf(connection: Connection, { account, target }: Pick<DeliveryRecipient, 'account' | 'target'>): number | RecipientRefusal {
  const accountNo = accountNoOf(account)
  if (accountNo === null) return 'account-unknown'
  const key = 'role' in target ? mailboxOfRole(connection, accountNo, target.role) : keyOf('mailbox', account, target.mailbox)
  if (key !== null && connection.get('SELECT 1 FROM mailbox WHERE key = ?', key) !== undefined) return key
  return connection.get('SELECT 1 FROM account WHERE no = ?', accountNo) === undefined ? 'account-unknown' : 'mailbox-unknown'
}

function mailboxOfRole(connection: Connection, accountNo: number, role: MailboxRole): number | null {
  const ofRole = connection.get<{ key: number }>('SELECT key FROM mailbox WHERE account = ? AND role = ?', accountNo, role)
  if (ofRole !== undefined) return ofRole.key
  return connection.get<{ key: number }>("SELECT key FROM mailbox WHERE account = ? AND name = 'INBOX'", accountNo)?.key ?? null
}

/** Facts and idempotency keys of deliveries received before; not of those that are held still. At most `limit`. */
export function forgetDeliveries(connection: Connection, { beforeMs, limit }: { readonly beforeMs: number; readonly limit: number }): number {
  return connection.run(
    'DELETE FROM delivery WHERE no IN (SELECT no FROM delivery d WHERE received_at < ? AND NOT EXISTS (SELECT 1 FROM held WHERE txn = d.txn) LIMIT ?)',
    beforeMs,
    limit,
  )
}
