/**
 * What ingress needs to know, in the shape that it wants it. `compose.ts` makes it from the configuration; `home.ts` turns
 * it into Haraka's files; the plugins read their part of it from `<home>/config/congvu.json`.
 */
import type { PrivatePlace } from '../json-lines.ts'

export interface ScannerPlace {
  readonly host: string
  readonly port: number
}

export interface IngressLimits {
  /** Open connections of one client address other than loopback: mail exchange, and submission (where an agency may share one address). */
  readonly exchangeConnectionsPerIp: number
  readonly submissionConnectionsPerIp: number
  /** Open connections in all. */
  readonly maxConnections: number
  /** Replies of 5xx on one connection, before it is closed with 421. */
  readonly maxErrors: number
  /** Commands on one connection since its last accepted message, before it is closed with 421. */
  readonly maxCommands: number
  /** Recipients refused with 5xx of one network in an hour, before it is answered 421; 100 when it is not set. */
  readonly maxWrongRecipients?: number
  /**
   * A client that says nothing for this long is closed with 421 (RFC 5321 §4.5.3.2.7 asks for 5 minutes), and one that takes
   * longer over a command or a message unless it is a long one.
   */
  readonly idleTimeoutMs: number
  /** Bytes of messages that are being received or handed over, all connections together; beyond it: 452 4.3.1. */
  readonly maxHeldBytes: number
}

export interface IngressChecks {
  readonly rspamd: ScannerPlace | null
  readonly clamd: ScannerPlace | null
  readonly spf: boolean
  readonly dkim: boolean
  readonly dmarc: boolean
  /** Zones of DNS block lists that the client's address is looked up in. */
  readonly dnsLists: readonly string[]
  /** Redis for the karma plugin, or null when karma is off. */
  readonly karma: ScannerPlace | null
  /** What to do with mail that a configured scanner gave no verdict on. */
  readonly unscanned: 'accept' | 'defer'
  /** How long a check may take before it counts as unanswered. */
  readonly timeoutMs: number
}

export interface OutboundRoute {
  /** A domain, `*.domain` for all below it, or `*` for all. The first that fits wins. */
  readonly pattern: string
  readonly host: string
  readonly port: number
}

export interface OutboundSettings {
  readonly routes: readonly OutboundRoute[]
  /** Waits between attempts; after the last one the row bounces. */
  readonly retryAfterSeconds: readonly number[]
  /** Connecting, and each wait for a reply of the other server. */
  readonly timeoutMs: number
  /** The wait for the reply to the whole message; the 10 minutes of RFC 5321 §4.5.3.2.6 when it is not set. */
  readonly lastReplyTimeoutMs?: number
  readonly maxConnections: number
}

/** The ways into one core node. */
export interface CorePlace {
  readonly link: PrivatePlace
  readonly lmtp: PrivatePlace
}

export interface IngressSettings {
  /** Name of this ingress node, stable over restarts. */
  readonly node: string
  /** Folder of Haraka's home: written anew at every start. */
  readonly home: string
  /** Folder with an operator's own Haraka files, or null. */
  readonly overlay: string | null
  readonly hostname: string
  readonly listenHost: string
  /** null = not offered; 0 = any free port (tests). */
  readonly ports: {
    readonly exchange: number | null
    /** STARTTLS. */
    readonly submission: number | null
    /** Implicit TLS. */
    readonly submissions: number | null
  }
  readonly tls: { readonly keyPath: string; readonly certPath: string } | null
  readonly maxMessageBytes: number
  readonly maxRecipients: number
  readonly limits: IngressLimits
  readonly checks: IngressChecks
  readonly outbound: OutboundSettings
  readonly link: { readonly place: PrivatePlace; readonly token: string }
  /** Other core nodes on the same store, which are asked when the first one is away. */
  readonly otherCores?: readonly CorePlace[]
  readonly lmtp: { readonly place: PrivatePlace; readonly maxConnections: number; readonly replyTimeoutMs: number }
  /** Where ingress takes due outbox rows from core; guarded by the link's token. A port is told to each core by the link. */
  readonly handover: PrivatePlace
  /** DNS servers instead of the machine's own, `address` or `address:port`; null = the machine's. */
  readonly dnsServers: readonly string[] | null
  /** Load balancers whose PROXY lines (HAProxy) are believed. */
  readonly proxies: readonly string[]
  readonly logLevel: 'error' | 'warn' | 'notice' | 'info' | 'debug'
}

/** Ports as they are once chosen: no zero is left. */
export type ChosenPorts = IngressSettings['ports']

/** What `config/congvu.json` in the home holds for the plugins. */
export interface PluginSettings extends Omit<IngressSettings, 'tls' | 'overlay' | 'logLevel'> {
  readonly startTls: boolean
  /** An operator's plugins are loaded too: they expect Haraka's parsed header. */
  readonly parseHeader: boolean
}
