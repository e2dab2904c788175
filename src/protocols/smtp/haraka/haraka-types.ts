/**
 * The part of Haraka 3.3.4 that we touch, typed. Haraka has no types of its own; names and shapes are those of its
 * `connection.js`, `transaction.js`, `plugins.js` and `outbound/*.js`.
 */
import type { Duplex, Writable } from 'node:stream'

export interface HarakaAddress {
  readonly user: string
  readonly host: string | null
  readonly is_utf8?: boolean
  /** `<user@host>`, or `<>` for the null sender. */
  format(): string
  dsn_smtp_code?: string
  dsn_smtp_extc?: string
  dsn_smtp_response?: string
  dsn_status?: string
  dsn_remote_mta?: string
  dsn_msg?: string
  reason?: string
}

export interface HarakaResults {
  get(name: string): Record<string, unknown> | undefined
  add(plugin: { readonly name: string }, result: Readonly<Record<string, unknown>>): void
}

export interface HarakaMessageStream {
  pipe(destination: Writable, options?: { clamd_style?: boolean; end?: boolean }): Writable
  unpipe(): void
  destroy(): void
  on(event: 'error', listener: (error: Error) => void): unknown
}

export interface HarakaTransaction {
  uuid: string
  mail_from: HarakaAddress
  rcpt_to: HarakaAddress[]
  data_bytes: number
  data_post_start: number | null
  message_stream: HarakaMessageStream
  header: { parse(lines: string[]): void }
  header_lines: string[]
  header_pos: number
  found_hb_sep: boolean
  notes: Record<string, unknown>
  results: HarakaResults
}

export interface HarakaConnection {
  readonly uuid: string
  readonly client: Duplex & { setNoDelay?: (on: boolean) => void; targetsocket?: { setNoDelay?: (on: boolean) => void } }
  readonly server: { address(): { port: number } | string | null }
  readonly remote: { ip: string; port: number; host: string | null; is_local: boolean; is_private: boolean }
  readonly hello: { host: string | null; verb: string | null }
  readonly tls: { enabled: boolean; advertised: boolean }
  /** `type` is null until a load balancer has said whom it speaks for. */
  readonly proxy: { allowed: boolean; type: string | null }
  readonly notes: Record<string, unknown>
  readonly results: HarakaResults
  transaction: HarakaTransaction | null
  capabilities: string[]
  current_data: Buffer | null
  current_line: string | null
  state: number
  prev_state: number | null
  awaiting_data_reply: boolean
  early_talker: boolean
  pipelining: boolean
  esmtp: boolean
  relaying: boolean
  errors: number
  totalbytes: number
  msg_count: { accept: number; tempfail: number; reject: number }
  set(path: string, value: unknown): void
  respond(code: number, text: string | string[], then?: () => void): unknown
  disconnect(): void
  pause(): void
  resume(): void
  process_data(data: Buffer): void
  _process_data(): void
  process_line(line: Buffer): void
  data_done(): void
  cmd_mail(line: string): void
  cmd_auth?(line: string): void
  lognotice(...about: unknown[]): void
  logwarn(...about: unknown[]): void
  logerror(...about: unknown[]): void
}

export interface HarakaPlugin {
  readonly name: string
  register_hook(hook: string, method: string, priority?: number): void
  loginfo(...about: unknown[]): void
  logwarn(...about: unknown[]): void
  logerror(...about: unknown[]): void
}

/** Ends a hook. With a text, or with a HarakaReply whose code then replaces the one of the hook. */
export type Next = (code?: number, about?: unknown) => void

/** A queued message to one domain (`outbound/hmail.js`). */
export interface HarakaQueuedMail {
  /** null until the queue file has been read. */
  readonly todo: { domain: string; rcpt_to: HarakaAddress[]; notes: Record<string, unknown> } | null
  readonly notes: Record<string, unknown>
  /** Of its queue file; another one after each attempt. */
  readonly filename: string
  num_failures: number
  /** Gives its place among the deliveries at work to the next one. */
  next_cb: () => void
  /** Ends it without a word. */
  discard(): void
  try_deliver_host_on_socket(mx: { exchange: string }, host: string, port: number, socket: HarakaOutgoingSocket): void
}

/** A connection to another server; `line` is emitted for each line of its replies. */
export interface HarakaOutgoingSocket {
  write(data: string | Uint8Array, ...rest: unknown[]): boolean
  setTimeout(ms: number): void
  prependListener(event: 'line', listener: (line: string) => void): unknown
}

export interface HarakaOutbound {
  readonly qfile: { name(): string }
  readonly HMailItem: { new (filename: string, path: string, notes: object): HarakaQueuedMail; readonly prototype: HarakaQueuedMail }
  /** `tasks`: those that wait for their turn. */
  readonly delivery_queue: { push(mail: HarakaQueuedMail): void; readonly tasks: readonly HarakaQueuedMail[] }
  /** Mail that was put off, by the name of its queue file. */
  readonly temp_fail_queue: { add(id: string, ms: number, then: () => void): unknown; readonly queue: { readonly id: string; readonly cb: (() => void) | null }[] }
}

/** `haraka-constants` under the names of the hooks' documentation. */
export interface HarakaConstants {
  readonly cont: number
  readonly ok: number
  readonly deny: number
  readonly denysoft: number
  readonly delay: number
  readonly denydisconnect: number
  readonly denysoftdisconnect: number
  readonly connection: { readonly state: Record<'CMD' | 'LOOP' | 'DATA' | 'PAUSE' | 'PAUSE_SMTP' | 'PAUSE_DATA' | 'DISCONNECTING', number> }
}
