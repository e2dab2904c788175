/**
 * Makes Haraka's rspamd plugin safe against mail and answers that it does not foresee. The plugin stays what asks; the
 * functions that it offers for inheriting are wrapped.
 *
 * Known of haraka-plugin-rspamd 1.x: an envelope in UTF-8 (RFC 6531) or a HELO of odd bytes makes an HTTP header that
 * Node refuses, and the message went unscanned; an answer of `null` ended the process; an answer without end filled
 * its memory.
 */
import type { ClientRequest, IncomingMessage } from 'node:http'
import { harakaPlugins } from '../haraka.ts'
import type { HarakaConnection, HarakaPlugin } from '../haraka-types.ts'

/** A verdict on a message with every symbol there is has some 20 KB. */
const maxAnswerBytes = 1024 * 1024
/** rspamd reads this many bytes of request header at most; thousands of recipients tell it nothing that some do not. */
const maxRecipients = 100

interface RequestOptions {
  headers: Record<string, unknown>
}

interface RequestClient {
  request(options: RequestOptions, then: (response: IncomingMessage) => void): ClientRequest
}

/** The part of haraka-plugin-rspamd that is wrapped. */
export interface RspamdPlugin extends HarakaPlugin {
  get_options(connection: HarakaConnection): RequestOptions
  get_request_client(options: RequestOptions): RequestClient
  parse_response(answer: string, connection: HarakaConnection): unknown
}

export function register(this: HarakaPlugin): void {
  const rspamd = harakaPlugins.registered_plugins['rspamd'] as RspamdPlugin | undefined
  if (rspamd !== undefined) guard(rspamd)
}

export function guard(rspamd: RspamdPlugin): void {
  const { get_options: optionsOf, get_request_client: clientOf, parse_response: parse } = rspamd

  rspamd.get_options = function (connection) {
    const options = optionsOf.call(this, connection)
    for (const [name, value] of Object.entries(options.headers)) options.headers[name] = headerValue(value)
    return options
  }

  rspamd.get_request_client = function (options) {
    const client = clientOf.call(this, options)
    return {
      request: (about, then) =>
        client.request(about, (response) => {
          endAt(response, maxAnswerBytes)
          then(response)
        }),
    }
  }

  rspamd.parse_response = function (answer, connection) {
    if (isObject(answer)) return parse.call(this, answer, connection)
    connection.transaction?.results.add(this, { err: 'answered with something that is no verdict' })
    return undefined
  }
}

function isObject(json: string): boolean {
  try {
    const value: unknown = JSON.parse(json)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
  } catch (error) {
    if (error instanceof SyntaxError) return false
    throw error
  }
}

/** Without its end the plugin takes the answer for none, once its time is over. */
function endAt(response: IncomingMessage, limitBytes: number): void {
  let bytes = 0
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > limitBytes) response.destroy()
  })
}

/** Header values go out as latin1: UTF-8 as its bytes, which is how rspamd reads them, and no control characters. */
export function headerValue(value: unknown): unknown {
  if (Array.isArray(value)) return value.slice(0, maxRecipients).map(headerValue)
  // eslint-disable-next-line no-control-regex
  return typeof value === 'string' ? Buffer.from(value, 'utf8').toString('latin1').replace(/[\x00-\x1f\x7f]/g, '?') : value
}
