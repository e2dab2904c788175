/**
 * What ingress (Haraka) and core say to each other on the link: one kept socket, newline-framed JSON, pipelined (design §2).
 * Ingress asks, core answers; facts and delivery reports are acknowledged too, so that ingress knows what core has seen.
 */

/** Identity of one SMTP transaction: made by ingress, time-ordered, unique for ever; the idempotency key of the delivery. */
export type TransactionId = string

export interface RemoteEnd {
  readonly ip: string
  readonly port: number
  /** Reverse name, when ingress has looked it up. */
  readonly name: string | null
  readonly helo: string | null
  readonly tls: boolean
  /** The connection comes from this machine's loopback. */
  readonly loopback: boolean
}

export type Verdict = 'pass' | 'fail' | 'softfail' | 'neutral' | 'none' | 'temperror' | 'permerror'

/** What ingress knows of a transaction beside the body. A body without facts is untrusted outside mail. */
export interface TransactionFacts {
  readonly transaction: TransactionId
  readonly remote: RemoteEnd
  /** Signed-in account, or null for mail exchange. */
  readonly account: string | null
  readonly service: 'exchange' | 'submission'
  /** '' for the null sender. */
  readonly sender: string
  readonly recipients: readonly string[]
  readonly sizeBytes: number
  readonly receivedAtMs: number
  /** `null` = not checked or not reachable ("not scanned"). */
  readonly spf: { readonly result: Verdict; readonly domain: string } | null
  readonly dkim: readonly { readonly result: Verdict; readonly domain: string; readonly selector: string }[] | null
  readonly dmarc: { readonly result: Verdict; readonly policy: 'none' | 'quarantine' | 'reject'; readonly domain: string } | null
  readonly spam: { readonly engine: string; readonly score: number; readonly required: number; readonly action: string } | null
  readonly virus: { readonly engine: string; readonly found: string | null } | null
  readonly dnsLists: readonly string[]
  /** Services that were configured but gave no answer, by name. */
  readonly unanswered: readonly string[]
  /** The body is not coming: the sender was told to try again, because a scanner gave no verdict. */
  readonly putOff?: true
}

export interface SmtpReply {
  readonly code: number
  /** RFC 3463, e.g. `5.1.1`. */
  readonly enhanced: string
  readonly text: string
}

/** Said by an ingress node that runs apart from core: where, on its own address, it takes outgoing mail. */
export interface Taking {
  readonly port: number
  /** Of this run of its Haraka, which has lost whatever an earlier one was handed. */
  readonly run: string
}

/** Under which core leases outbox rows to this run of the node (core/submission/holder.ts). */
export function holderName(node: string, run: string): string {
  return `${node}#${run}`
}

export interface Questions {
  /** First line on the link; anything else before it closes the link. */
  hello: { ask: { token: string; node: string; pid: number; takes?: Taking }; answer: { maxMessageBytes: number } }
  /** One per RCPT. `accept: null` = take it. */
  recipient: {
    ask: { transaction: TransactionId; address: string; sender: string; account: string | null; remote: RemoteEnd; sizeBytes: number | null }
    answer: { refuse: SmtpReply | null }
  }
  /** AUTH PLAIN and LOGIN. Core slows repeated failures down itself: the answer simply comes later. */
  authenticate: {
    ask: { user: string; password: string; remote: RemoteEnd; mechanism: 'PLAIN' | 'LOGIN' }
    answer: { account: string; address: string } | { refuse: SmtpReply }
  }
  /** MAIL FROM of a signed-in account: may it send as this address? */
  sender: { ask: { account: string; sender: string; sizeBytes: number | null }; answer: { refuse: SmtpReply | null } }
  /** Posted before the body goes over LMTP (need not be awaited before LMTP starts; core waits for it at the end of DATA). */
  facts: { ask: TransactionFacts; answer: Record<string, never> }
  /** What became of outbox rows handed over for delivery. */
  report: {
    ask: {
      outcome: 'delivered' | 'deferred' | 'bounced'
      rows: readonly string[]
      /** Reply of the other server or our own reason. */
      reply: string
      /** RFC 3463 status when known. */
      status: string | null
      host: string | null
      tls: boolean
      /** For `deferred`: when Haraka tries again. */
      nextTryAtMs: number | null
      /** A server had the whole message, and its reply did not come: the message may arrive twice (RFC 5321 §4.5.3.2.6). */
      inDoubt?: boolean
    }
    answer: Record<string, never>
  }
  /** Before each attempt: which of its rows must not go out any more (cancelled, settled, in another node's hands)? */
  wanted: { ask: { rows: readonly string[] }; answer: { cancelled: readonly string[] } }
}

export type Question = keyof Questions
export type Ask<Q extends Question> = Questions[Q]['ask']
export type Answer<Q extends Question> = Questions[Q]['answer']

/** One line from ingress. */
export type AskLine = { [Q in Question]: { readonly id: number; readonly question: Q; readonly ask: Ask<Q> } }[Question]
/** One line from core. `fault` = core could not answer (a bug or an unavailable store): ingress answers 451. */
export type AnswerLine = { readonly id: number; readonly answer: unknown } | { readonly id: number; readonly fault: string }

/** LMTP: `MAIL FROM:<…> XTRANSACTION=<id>` names the transaction; one LMTP transaction carries all recipients of one SMTP transaction. */
export const transactionParameter = 'XTRANSACTION'

/** Before anything else on an LMTP connection between machines. */
export function tokenLine(token: string): string {
  return `XTOKEN ${token}\r\n`
}
