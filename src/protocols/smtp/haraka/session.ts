/**
 * What we know of an SMTP connection and of its transaction, beside Haraka's own objects. It hangs on them weakly, so it
 * lives exactly as long as they do.
 */
import { randomUUIDv7 } from 'node:crypto'
import type { RemoteEnd, SmtpReply, TransactionId } from '../link-types.ts'
import type { HarakaConnection, HarakaTransaction } from './haraka-types.ts'
import { ingressNode } from './ingress-node.ts'
import type { KeptMessage } from './kept-message.ts'
import type { MessageAuthFacts } from './plugins/message-auth.ts'

export interface Session {
  readonly service: 'exchange' | 'submission'
  /** Set by AUTH, and forgotten by STARTTLS (RFC 3207 §4.2). */
  account: string | null
  address: string | null
  authFailures: number
  errors: number
  commandsSinceMessage: number
  /** Commands that a client pipelined behind its message (RFC 2920 §3.1): read once the message has its reply. */
  behindMessage: Buffer | null
  /** Takes the next line instead of the command parser: a response of AUTH. Its text is logged nowhere. */
  takeLine: ((line: string) => void) | null
  /** Lists that the client's address is on, and those that did not answer. */
  dnsLists: Promise<{ listed: string[]; unanswered: string[] }> | null
}

export interface OpenTransaction {
  readonly id: TransactionId
  readonly sizeBytes: number | null
  readonly smtpUtf8: boolean
  kept: KeptMessage | null
  receivedAtMs: number
  messageAuth: MessageAuthFacts | null
  /** Checks that were on but gave no answer. */
  readonly unanswered: string[]
  /** Core's answer to the message, between our hooks. */
  taken: SmtpReply | null
}

const sessions = new WeakMap<HarakaConnection, Session>()
const transactions = new WeakMap<HarakaTransaction, OpenTransaction>()

export function sessionOf(connection: HarakaConnection): Session {
  let session = sessions.get(connection)
  if (session === undefined) {
    session = {
      service: serviceOf(connection),
      account: null,
      address: null,
      authFailures: 0,
      errors: 0,
      commandsSinceMessage: 0,
      behindMessage: null,
      takeLine: null,
      dnsLists: null,
    }
    sessions.set(connection, session)
  }
  return session
}

function serviceOf(connection: HarakaConnection): Session['service'] {
  const { submission, submissions } = ingressNode().settings.ports
  // The listener's own port: behind a load balancer, Haraka's `local.port` is what the PROXY line says.
  const address = connection.server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  return port !== undefined && (port === submission || port === submissions) ? 'submission' : 'exchange'
}

/** Asked anew each time: behind a load balancer the client's address comes with the PROXY line, after the connection. */
export function fromLoopback({ remote: { ip } }: { readonly remote: { readonly ip: string } }): boolean {
  return ip === '::1' || ip.startsWith('127.') || ip.startsWith('::ffff:127.')
}

export function openTransaction(
  transaction: HarakaTransaction,
  parameters: { readonly sizeBytes: number | null; readonly smtpUtf8: boolean },
): OpenTransaction {
  const open: OpenTransaction = {
    id: randomUUIDv7(),
    ...parameters,
    kept: null,
    receivedAtMs: 0,
    messageAuth: null,
    unanswered: [],
    taken: null,
  }
  // So that Haraka's log lines and its reply to the client name the transaction as core does.
  transaction.uuid = open.id
  transactions.set(transaction, open)
  return open
}

export function transactionOf(transaction: HarakaTransaction): OpenTransaction {
  return transactions.get(transaction) ?? openTransaction(transaction, { sizeBytes: null, smtpUtf8: false })
}

export function knownTransaction(transaction: HarakaTransaction | null): OpenTransaction | undefined {
  return transaction === null ? undefined : transactions.get(transaction)
}

export function remoteEnd(connection: HarakaConnection): RemoteEnd {
  const { remote } = connection
  const named = remote.host !== null && !unknownNames.has(remote.host)
  return {
    ip: remote.ip,
    port: remote.port,
    name: named ? remote.host : null,
    helo: connection.hello.host ?? null,
    tls: connection.tls.enabled,
    loopback: fromLoopback(connection),
  }
}

/** What stands in `remote.host` when no name is known. */
const unknownNames: ReadonlySet<string> = new Set(['', 'Unknown', 'NXDOMAIN', 'DNSERROR'])
