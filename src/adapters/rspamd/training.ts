/**
 * Training of rspamd over its controller (`/learnspam`, `/learnham`; https://docs.rspamd.com/developers/protocol). A message
 * that was learned as the other kind is learned anew by rspamd itself.
 *
 * Known of rspamd 3.4: 200 learned; 208 learned before; 204 nothing to learn (too few words, or sure of it already);
 * 401 and 403 a wrong password; 404, with a text about something else, when its Redis is away.
 */
import http from 'node:http'
import { MailError } from '../../core/errors.ts'
import type { SpamTraining } from '../../core/ports/training.ts'

export interface RspamdController {
  readonly host: string
  readonly port: number
  /** Null where the controller trusts our address. */
  readonly password: string | null
  readonly timeoutMs: number
}

const maxAnswerBytes = 64 * 1024

export function createRspamdTraining(controller: RspamdController): SpamTraining {
  return {
    async learn(kind, message, signal) {
      const { status, text } = await post(controller, `/learn${kind}`, message, signal)
      if (status === 200) return 'learned'
      if (status === 204 || status === 208) return 'known'
      if (status === 404 || status >= 500) throw new MailError('unavailable', `rspamd controller: ${status} ${text}`)
      throw new MailError('message-refused', `rspamd controller: ${status} ${text}`)
    },
  }
}

interface Answer {
  readonly status: number
  /** Of the status line; never of the body, which may name addresses. */
  readonly text: string
}

/** Whatever keeps an answer from coming is `unavailable`. */
async function post({ host, port, password, timeoutMs }: RspamdController, path: string, message: Uint8Array, signal: AbortSignal): Promise<Answer> {
  const answered = Promise.withResolvers<Answer>()
  const request = http.request({
    host,
    port,
    path,
    method: 'POST',
    headers: { 'Content-Length': message.length, ...(password !== null && { Password: Buffer.from(password, 'utf8').toString('latin1') }) },
    signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    maxHeaderSize: maxAnswerBytes,
  })
  request.on('response', (response) => {
    answered.resolve({ status: response.statusCode ?? 500, text: (response.statusMessage ?? '').slice(0, 200) })
    // The status says it all.
    response.destroy()
  })
  request.on('error', (error) => answered.reject(new MailError('unavailable', `rspamd controller: ${error.message}`)))
  request.end(message)
  return await answered.promise
}
