/**
 * Core's answers to what ingress asks on the link: every decision of SMTP on plain data, testable without Haraka (design §3).
 * Haraka's plugins translate a hook into one question, and the answer into a reply.
 */
import type { Mail } from '../../core/mail.ts'
import type { Answer, Ask, Question, RemoteEnd, SmtpReply } from './link-types.ts'
import { authenticationReplyOf, replyOf } from './replies.ts'
import type { FactsStore } from './transaction-facts.ts'

export type IngressAnswers = { readonly [Q in Question]: (ask: Ask<Q>, link: { readonly node: string }) => Promise<Answer<Q>> }

export interface IngressParts {
  readonly mail: Pick<Mail, 'signIn' | 'delivery' | 'outbox'>
  readonly facts: FactsStore
  readonly settings: { readonly maxMessageBytes: number }
}

const nothing: Record<string, never> = {}

export function createIngressAnswers({ mail, facts, settings }: IngressParts): IngressAnswers {
  return {
    hello: async () => ({ maxMessageBytes: settings.maxMessageBytes }),

    recipient: async ({ address, sender, account, sizeBytes }) => ({
      refuse: await refusalOf(() => mail.delivery.checkRecipient({ recipient: address, sender, account, sizeBytes })),
    }),

    async authenticate({ user, password, remote }) {
      try {
        const signedIn = await mail.signIn.authenticate({ user, password, protocol: 'smtp', remoteIp: remote.ip, secure: isSecure(remote) })
        // Who writes in an agency's name is the author: the mail log and the audit name him (Điều 10.1).
        const { account, address } = signedIn.by ?? signedIn
        return { account, address }
      } catch (error) {
        return { refuse: authenticationReplyOf(error) }
      }
    },

    sender: async ({ account, sender, sizeBytes }) => ({
      refuse: await refusalOf(() => mail.delivery.checkSender({ account, sender, sizeBytes })),
    }),

    async facts(ask) {
      if (ask.putOff === true) {
        const { transaction, sender, unanswered } = ask
        await mail.delivery.putOff({ transaction, sender, remoteIp: ask.remote.ip, unanswered })
      } else facts.put(ask)
      return nothing
    },

    async report(report) {
      await mail.outbox.report(report)
      return nothing
    },

    wanted: async ({ rows }, { node }) => ({ cancelled: await mail.outbox.unwanted(rows, node) }),
  }
}

/** A bug or a store that is away is thrown on: the link answers with a fault, and ingress with 451. */
async function refusalOf(check: () => Promise<void>): Promise<SmtpReply | null> {
  try {
    await check()
    return null
  } catch (error) {
    return replyOf(error)
  }
}

/** Encrypted, or never leaves the machine. */
function isSecure(remote: RemoteEnd): boolean {
  return remote.tls || remote.loopback
}
