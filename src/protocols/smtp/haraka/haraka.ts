/**
 * Haraka's own modules, loaded once for all our files. They are CommonJS without types; they read `process.env.HARAKA` when
 * they are loaded, so this file is imported only in the process that `boot.ts` has prepared.
 */
import { createRequire } from 'node:module'
import type net from 'node:net'
import type { SmtpReply } from '../link-types.ts'
import type { HarakaAddress, HarakaConnection, HarakaConstants, HarakaOutbound, Next } from './haraka-types.ts'
import type { OutsideSocket } from './outside-replies.ts'
import { replies } from './replies-ingress.ts'

const require = createRequire(import.meta.url)

export const constants = require('haraka-constants') as HarakaConstants

export const connectionPrototype = (
  require('haraka/connection.js') as { Connection: { prototype: HarakaConnection } }
).Connection.prototype

export const harakaPlugins = require('haraka/plugins.js') as {
  run_hooks(hook: string, on: object, about?: unknown): void
  readonly registered_plugins: Readonly<Record<string, unknown>>
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
  readonly listeners: readonly net.Server[]
}

/** How Haraka opens connections to other servers. */
export const harakaTlsSocket = require('haraka/tls_socket.js') as {
  connect(options: Record<string, unknown>): OutsideSocket
}

/** The configuration of Haraka's outbound, as it is used. */
export const harakaOutboundConfig = (
  require('haraka/outbound/config.js') as { cfg: { temp_fail_intervals: number[]; disabled: boolean } }
).cfg

/** Haraka's memory of hosts whose TLS failed; its own is in Redis. */
export const harakaOutboundTls = require('haraka/outbound/tls.js') as {
  check_tls_nogo(host: string, clear: () => void, failed: (since: string) => void): void
  mark_tls_nogo(host: string, then: () => void): void
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

  /** For Haraka's log. */
  toString(): string {
    return `${this.code} ${this.reply}`
  }
}

export function replyText(reply: SmtpReply): string {
  return reply.enhanced === '' ? reply.text : `${reply.enhanced} ${reply.text}`
}

type AsyncHook<About extends unknown[]> = (next: Next, connection: HarakaConnection, ...about: About) => Promise<void>

/**
 * Makes a hook of an asynchronous function. What it throws is a bug of ours: logged, and answered 451. Without this Haraka
 * would end, or take silence for consent.
 */
export function hook<About extends unknown[]>(work: AsyncHook<About>) {
  return async (next: Next, connection: HarakaConnection, ...about: About): Promise<void> => {
    try {
      await work(next, connection, ...about)
    } catch (error) {
      connection.logerror(error instanceof Error ? error : String(error))
      next(constants.denysoft, new DSN(replies.coreAway))
    }
  }
}

/** The two arguments of `next` for a refusal: soft for 4xx, with the exact reply. */
export function refusal(reply: SmtpReply): [number, DSN] {
  return [reply.code < 500 ? constants.denysoft : constants.deny, new DSN(reply)]
}
