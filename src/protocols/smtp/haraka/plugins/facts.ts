/** Collects what ingress knows of a transaction (design §2, "Facts travel beside the body"). */
import type { TransactionFacts } from '../../link-types.ts'
import { hook, refusal } from '../haraka.ts'
import type { HarakaConnection, HarakaPlugin, HarakaTransaction, Next } from '../haraka-types.ts'
import { ingressNode } from '../ingress-node.ts'
import { pathAddress } from '../paths.ts'
import { replies } from '../replies-ingress.ts'
import { remoteEnd, sessionOf, transactionOf } from '../session.ts'

export function register(this: HarakaPlugin): void {
  // After every check (priority 0), before the hand-over to core.
  this.register_hook('data_post', 'weighUnanswered', 90)
}

/** Scanners that were asked and gave no verdict: a fact, and a deferral where the setting says so. */
export const weighUnanswered = hook(async (next: Next, connection: HarakaConnection) => {
  const transaction = connection.transaction
  if (transaction === null) return next()
  const { checks } = ingressNode().settings
  const open = transactionOf(transaction)
  if (checks.rspamd !== null && spamVerdict(transaction) === null) open.unanswered.push('rspamd')
  if (checks.clamd !== null && virusVerdict(transaction) === null) open.unanswered.push('clamd')
  const scanner = open.unanswered.find((name) => name === 'rspamd' || name === 'clamd')
  if (scanner !== undefined) {
    connection.logwarn(`${scanner} gave no verdict on ${open.id}`)
    if (checks.unscanned === 'defer') {
      await tellPutOff(connection, transaction)
      return next(...refusal(replies.unscanned))
    }
  }
  next()
})

/** Core never sees the body, but it counts and records what became of the message. */
async function tellPutOff(connection: HarakaConnection, transaction: HarakaTransaction): Promise<void> {
  const facts = await collectFacts(connection, transaction)
  // Not awaited: the sender is put off whether or not core hears of it.
  ingressNode()
    .link.ask('facts', { ...facts, putOff: true })
    .catch((error: unknown) => connection.logwarn(`facts of ${facts.transaction}: ${String(error)}`))
}

export async function collectFacts(connection: HarakaConnection, transaction: HarakaTransaction): Promise<TransactionFacts> {
  const session = sessionOf(connection)
  const open = transactionOf(transaction)
  const lists = session.dnsLists === null ? { listed: [], unanswered: [] } : await session.dnsLists
  return {
    transaction: open.id,
    remote: remoteEnd(connection),
    account: session.account,
    service: session.service,
    sender: pathAddress(transaction.mail_from) ?? '',
    recipients: transaction.rcpt_to.map((recipient) => pathAddress(recipient) ?? ''),
    // The closing dot line is not part of the message.
    sizeBytes: transaction.data_bytes - 3,
    receivedAtMs: open.receivedAtMs,
    spf: open.messageAuth?.spf ?? null,
    dkim: open.messageAuth?.dkim ?? null,
    dmarc: open.messageAuth?.dmarc ?? null,
    spam: spamVerdict(transaction),
    virus: virusVerdict(transaction),
    dnsLists: lists.listed,
    unanswered: [...new Set([...open.unanswered, ...lists.unanswered])],
  }
}

function spamVerdict(transaction: HarakaTransaction): TransactionFacts['spam'] {
  const result = transaction.results.get('rspamd')
  if (!isFiniteNumber(result?.score)) return null
  return {
    engine: 'rspamd',
    score: result.score,
    required: isFiniteNumber(result.required_score) ? result.required_score : 0,
    action: typeof result.action === 'string' ? result.action.slice(0, maxNameLength) : '',
  }
}

function virusVerdict(transaction: HarakaTransaction): TransactionFacts['virus'] {
  const result = transaction.results.get('clamd')
  const found = Array.isArray(result?.fail) ? result.fail[0] : undefined
  if (typeof found === 'string') return { engine: 'clamd', found: found.slice(0, maxNameLength) }
  return Array.isArray(result?.pass) && result.pass.length > 0 ? { engine: 'clamd', found: null } : null
}

/** Of an action or a virus: facts are one line on the link, whatever a scanner says. */
const maxNameLength = 200

function isFiniteNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value)
}
