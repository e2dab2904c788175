/**
 * Haraka's own modules, loaded once for all our files. They are CommonJS without types; they read `process.env.HARAKA` when
 * they are loaded, so this file is imported only in the process that `boot.ts` has prepared.
 */
import { createRequire } from 'node:module'
import type { HarakaAddress, HarakaConnection, HarakaConstants, HarakaOutbound } from './haraka-types.ts'
import type { SmtpReply } from '../link-types.ts'

const require = createRequire(import.meta.url)

export const constants = require('haraka-constants') as HarakaConstants

export const connectionPrototype = (
  require('haraka/connection.js') as { Connection: { prototype: HarakaConnection } }
).Connection.prototype

export const harakaPlugins = require('haraka/plugins.js') as {
  run_hooks(hook: string, on: object, about?: unknown): void
}

export const harakaAddress = (
  require('@haraka/email-address') as { Address: new (text: string) => HarakaAddress }
).Address

export const harakaOutbound = require('haraka/outbound/index.js') as HarakaOutbound

export const harakaQueueFolder = (require('haraka/outbound/queue.js') as { queue_dir: string }).queue_dir

export const harakaServer = require('haraka/server.js') as {
  stopListeners(): void
  /** Ends the process. */
  performShutdown(): void
  readonly listeners: readonly { address(): { port: number } | string | null }[]
}

/** How Haraka opens connections to other servers. */
export const harakaTlsSocket = require('haraka/tls_socket.js') as {
  connect(options: Record<string, unknown>): unknown
}

/** The resolver that Haraka's outbound uses for MX look-ups. */
export const harakaResolver = (
  require('haraka-net-utils/lib/dns_config.js') as { getDnsResolver(): { setServers(servers: string[]): void } }
).getDnsResolver()

/**
 * A reply with a code of its own. Haraka takes the code and text of whatever is called `DSN`, in place of the one code that
 * it has for each kind of refusal (`connection.js`, respond).
 */
class DSN {
  readonly code: number
  readonly reply: string
  constructor(reply: SmtpReply) {
    this.code = reply.code
    this.reply = replyText(reply)
  }
}

export function replyText(reply: SmtpReply): string {
  return reply.enhanced === '' ? reply.text : `${reply.enhanced} ${reply.text}`
}

/** The two arguments of `next` for a refusal: soft for 4xx, with the exact reply. */
export function refusal(reply: SmtpReply): [number, DSN] {
  return [reply.code < 500 ? constants.denysoft : constants.deny, new DSN(reply)]
}
