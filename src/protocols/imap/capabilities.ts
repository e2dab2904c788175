/**
 * What the server says it can: one table. A capability stands here once it is done and tested, never before.
 * RFC 9051 §6.1.1, §7.2.2.
 */
import type { StateKind } from './state.ts'

export interface Capability {
  readonly name: string
  readonly rfc: string
  /** In which states it is announced. */
  readonly states: readonly StateKind[]
  /** Announced only while this holds. */
  readonly when?: (channel: Channel) => boolean
}

/** What of the connection decides on capabilities. */
export interface Channel {
  /** Passwords may pass: TLS, or a connection that never leaves the machine. */
  readonly secure: boolean
  readonly tlsOffered: boolean
}

const before: readonly StateKind[] = ['not-authenticated']
const after: readonly StateKind[] = ['authenticated', 'selected']
const always: readonly StateKind[] = [...before, ...after]

export const capabilityTable: readonly Capability[] = [
  { name: 'IMAP4rev1', rfc: 'RFC 3501', states: always },
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
  { name: 'IDLE', rfc: 'RFC 2177', states: always },
  { name: 'UIDPLUS', rfc: 'RFC 4315', states: after },
  { name: 'MOVE', rfc: 'RFC 6851', states: after },
]

/** Names to announce now, in the order of the table. */
export function capabilitiesIn(state: StateKind, channel: Channel): string[] {
  return capabilityTable.filter((one) => one.states.includes(state) && (one.when?.(channel) ?? true)).map((one) => one.name)
}

/** What ENABLE can turn on (RFC 5161): none of the capabilities above needs it. */
export const enableable: readonly string[] = []
