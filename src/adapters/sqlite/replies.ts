/** What a thread answers to a request: a value, a refusal, or a bug; errors cross as plain data. */
import { MailError } from '../../core/errors.ts'
import type { MailErrorCode } from '../../core/errors.ts'

export type Reply =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly refusal: { readonly code: MailErrorCode; readonly message: string; readonly detail: MailError['detail'] } }
  | { readonly id: number; readonly bug: { readonly message: string; readonly stack: string } }

export function failureReply(id: number, error: unknown): Reply {
  if (error instanceof MailError) return { id, refusal: { code: error.code, message: error.message, detail: error.detail } }
  const bug = error instanceof Error ? error : new Error(String(error))
  return { id, bug: { message: bug.message, stack: bug.stack ?? '' } }
}

/** The error of a reply, or null when it carries a value. A bug keeps the stack of the thread it happened in. */
export function errorOf(reply: Reply): Error | null {
  if ('refusal' in reply) return new MailError(reply.refusal.code, reply.refusal.message, reply.refusal.detail)
  if (!('bug' in reply)) return null
  const error = new Error(reply.bug.message)
  error.stack = reply.bug.stack
  return error
}
