/**
 * What the server says it can: one table. A capability stands here once it is done and tested, never before.
 * RFC 9051 §6.1.1, §7.2.2. `scripts/imap-capabilities.ts` prints it with the dialogues that show each.
 *
 * Two requirements are not met, on purpose: an APPEND with 8-bit header fields is kept although UTF8=ACCEPT was not turned on
 * (RFC 6855 §4 says NO: mail of the old Vietnamese charsets could then not be brought here), and a message that came with
 * binary parts is described as it is (RFC 3516 §6).
 */
import type { StateKind } from './state.ts'

export interface Capability {
  readonly name: string
  readonly rfc: string
  /** In which states it is announced. */
  readonly states: readonly StateKind[]
  /** Announced only while this holds. */
  readonly when?: (channel: Channel) => boolean
  /** What stands behind the name and `=`. */
  readonly value?: (channel: Channel) => string
  /** ENABLE turns it on (RFC 5161). */
  readonly enable?: true
}

/** What of the connection decides on capabilities. */
export interface Channel {
  /** Passwords may pass: TLS, or a connection that never leaves the machine. */
  readonly secure: boolean
  readonly tlsOffered: boolean
  readonly compressed: boolean
  /** Largest message of an APPEND. */
  readonly maxMessageBytes: number
}

const always: readonly StateKind[] = ['not-authenticated', 'authenticated', 'selected']
const before: readonly StateKind[] = ['not-authenticated']
const after: readonly StateKind[] = ['authenticated', 'selected']

export const capabilityTable: readonly Capability[] = [
  { name: 'IMAP4rev1', rfc: 'RFC 3501', states: always },
  { name: 'IMAP4rev2', rfc: 'RFC 9051', states: always, enable: true },
  { name: 'LITERAL+', rfc: 'RFC 7888', states: always },
  { name: 'SASL-IR', rfc: 'RFC 4959', states: before },
  { name: 'STARTTLS', rfc: 'RFC 9051 §6.2.1', states: before, when: (channel) => channel.tlsOffered },
  { name: 'LOGINDISABLED', rfc: 'RFC 9051 §6.2.3', states: before, when: (channel) => !channel.secure },
  { name: 'AUTH=PLAIN', rfc: 'RFC 4616', states: before, when: (channel) => channel.secure },
  { name: 'ID', rfc: 'RFC 2971', states: always },
  { name: 'ENABLE', rfc: 'RFC 5161', states: always },
  { name: 'NAMESPACE', rfc: 'RFC 2342', states: after },
  { name: 'UNSELECT', rfc: 'RFC 3691', states: after },
  { name: 'CHILDREN', rfc: 'RFC 3348', states: after },
  { name: 'SPECIAL-USE', rfc: 'RFC 6154', states: after },
  { name: 'CREATE-SPECIAL-USE', rfc: 'RFC 6154', states: after },
  { name: 'LIST-EXTENDED', rfc: 'RFC 5258', states: after },
  { name: 'LIST-STATUS', rfc: 'RFC 5819', states: after },
  { name: 'STATUS=SIZE', rfc: 'RFC 8438', states: after },
  { name: 'IDLE', rfc: 'RFC 2177', states: always },
  { name: 'UIDPLUS', rfc: 'RFC 4315', states: after },
  { name: 'MOVE', rfc: 'RFC 6851', states: after },
  { name: 'MULTIAPPEND', rfc: 'RFC 3502', states: after },
  { name: 'APPENDLIMIT', rfc: 'RFC 7889', states: after, value: (channel) => String(channel.maxMessageBytes) },
  { name: 'BINARY', rfc: 'RFC 3516', states: after },
  { name: 'PREVIEW', rfc: 'RFC 8970', states: after },
  { name: 'ESEARCH', rfc: 'RFC 4731', states: after },
  { name: 'SEARCHRES', rfc: 'RFC 5182', states: after },
  { name: 'WITHIN', rfc: 'RFC 5032', states: after },
  { name: 'CONDSTORE', rfc: 'RFC 7162', states: after, enable: true },
  { name: 'QRESYNC', rfc: 'RFC 7162', states: after, enable: true },
  { name: 'OBJECTID', rfc: 'RFC 8474', states: after },
  { name: 'UTF8=ACCEPT', rfc: 'RFC 6855', states: after, enable: true },
  { name: 'QUOTA', rfc: 'RFC 9208', states: after },
  { name: 'QUOTA=RES-STORAGE', rfc: 'RFC 9208 §5.1', states: after },
  { name: 'COMPRESS=DEFLATE', rfc: 'RFC 4978', states: after, when: (channel) => !channel.compressed },
]

/** Names to announce now, in the order of the table. */
export function capabilitiesIn(state: StateKind, channel: Channel): string[] {
  return capabilityTable
    .filter((one) => one.states.includes(state) && (one.when?.(channel) ?? true))
    .map((one) => (one.value === undefined ? one.name : `${one.name}=${one.value(channel)}`))
}

/** The name as it is announced of what ENABLE can turn on; null for anything else. */
export function enableableName(upperCase: string): string | null {
  return capabilityTable.find((one) => one.enable === true && one.name.toUpperCase() === upperCase)?.name ?? null
}
