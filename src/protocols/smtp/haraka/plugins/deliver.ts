/**
 * Hands an accepted message to core over LMTP, with its facts on the link, and gives core's reply to the client. This is the
 * only way that a message leaves ingress inwards: Haraka never queues one by itself.
 *
 * Invariants: 250 only after core's 250 (design §2, "One commit per message"); never 4xx once core has kept a part of it.
 */
import type { SmtpReply, TransactionFacts } from '../../link-types.ts'
import type { Core } from '../cores.ts'
import { constants, refusal, replyText } from '../haraka.ts'
import type { HarakaConnection, HarakaPlugin, HarakaTransaction, Next } from '../haraka-types.ts'
import { ingressNode } from '../ingress-node.ts'
import type { LmtpMessage } from '../lmtp-client.ts'
import { LmtpLost } from '../lmtp-replies.ts'
import { replies } from '../replies-ingress.ts'
import { knownTransaction, sessionOf, transactionOf } from '../session.ts'
import { collectFacts } from './facts.ts'

export function register(this: HarakaPlugin): void {
  this.register_hook('data_post', 'handToCore', 100)
  // Haraka's own queueing hooks come after data_post, when core has the message already.
  this.register_hook('queue', 'confirmTaken', -100)
  this.register_hook('queue_outbound', 'confirmTaken', -100)
}

export async function handToCore(next: Next, connection: HarakaConnection): Promise<void> {
  const node = ingressNode()
  const transaction = connection.transaction
  if (transaction === null) return next(...refusal(replies.coreAway))
  node.inHand += 1
  try {
    const reply = await exchange(connection, transaction)
    if (reply.code >= 300) return next(...refusal(reply))
    transactionOf(transaction).taken = reply
    sessionOf(connection).commandsSinceMessage = 0
    next()
  } catch (error) {
    connection.logerror(`core did not take the message: ${String(error)}`)
    next(...refusal(replies.coreAway))
  } finally {
    node.inHand -= 1
  }
}

async function exchange(connection: HarakaConnection, transaction: HarakaTransaction): Promise<SmtpReply> {
  const { cores } = ingressNode()
  const open = transactionOf(transaction)
  const chunks = open.kept?.chunks() ?? []
  // A message whose facts cannot reach core would be taken for untrusted outside mail, even a signed-in official's.
  if (chunks.length === 0 || cores.present().length === 0) return replies.coreAway
  const facts = await collectFacts(connection, transaction)
  const message = {
    transaction: open.id,
    sender: transaction.mail_from.format(),
    recipients: transaction.rcpt_to.map((recipient) => recipient.format()),
    smtpUtf8: open.smtpUtf8,
    chunks,
  }
  const answers = await handOver(connection, facts, message)
  const taken = answers.filter((answer) => answer.code < 300)
  if (taken.length === 0) return worst(answers)
  if (taken.length < answers.length) {
    connection.logerror(`core took ${open.id} for ${taken.length} of ${answers.length} recipients`)
  }
  return taken[0]!
}

/**
 * A core that dies with the message in its hands may have kept it: another one on the same store is asked under the same
 * transaction id, which is kept once.
 */
async function handOver(connection: HarakaConnection, facts: TransactionFacts, message: LmtpMessage): Promise<readonly SmtpReply[]> {
  const asked = new Set<Core>()
  let lost = new LmtpLost('no core is there')
  for (let core = nextCore(asked); core !== undefined; core = nextCore(asked)) {
    asked.add(core)
    // Not awaited: core waits for the facts at the end of DATA and answers 4xx there when they do not come.
    core.link.ask('facts', facts).catch((error: unknown) => connection.logwarn(`facts of ${facts.transaction}: ${String(error)}`))
    try {
      return await core.lmtp.deliver(message)
    } catch (error) {
      if (!(error instanceof LmtpLost)) throw error
      lost = error
    }
  }
  throw lost
}

function nextCore(asked: ReadonlySet<Core>): Core | undefined {
  return ingressNode().cores.present().find((core) => !asked.has(core))
}

/** All were refused: a temporary refusal wins, so that the sender tries again for those who may take it later. */
function worst(answers: readonly SmtpReply[]): SmtpReply {
  return answers.find((answer) => answer.code < 500) ?? answers[0] ?? replies.coreAway
}

export function confirmTaken(next: Next, connection: HarakaConnection): void {
  const taken = knownTransaction(connection.transaction)?.taken ?? null
  if (taken === null) return next(...refusal(replies.coreAway))
  next(constants.ok, replyText(taken))
}
