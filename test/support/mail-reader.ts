/** What a mailbox holds, read over IMAP by a client that signs in for it; for tests that send numbered messages. */
import { once } from 'node:events'
import net from 'node:net'
import { ImapClient } from './imap-client.ts'
import type { Person } from './running-server.ts'

export async function signedIn(port: number, person: Pick<Person, 'address' | 'password'>, from?: { readonly localAddress: string }): Promise<ImapClient> {
  const socket = net.connect({ host: '127.0.0.1', port, noDelay: true, ...from })
  const client = new ImapClient(socket)
  await once(socket, 'connect')
  await client.line()
  const answer = await client.command(`LOGIN "${person.address}" "${person.password}"`)
  if (!answer?.at(-1)?.startsWith('OK')) throw new Error(`LOGIN of ${person.address}: ${answer?.at(-1)}`)
  return client
}

export interface ReadMessage {
  readonly uid: number
  readonly sizeBytes: number
  /** Without angle brackets; '' when it has none. */
  readonly messageId: string
}

/** Every message of a mailbox. */
export async function messagesOf(port: number, person: Pick<Person, 'address' | 'password'>, mailbox = 'INBOX'): Promise<ReadMessage[]> {
  const client = await signedIn(port, person)
  try {
    await client.command(`SELECT ${mailbox}`)
    const lines = await client.command('UID FETCH 1:* (UID RFC822.SIZE ENVELOPE)')
    if (!lines?.at(-1)?.startsWith('OK')) throw new Error(`FETCH: ${lines?.at(-1)}`)
    return lines.flatMap((line) => readMessage(line) ?? [])
  } finally {
    client.close()
  }
}

/** Of a FETCH line with UID and ENVELOPE; the Message-ID is the last thing in the envelope (RFC 9051 §7.5.2). */
export function readMessage(line: string): ReadMessage | null {
  const uid = /^\* \d+ FETCH \(.*?\bUID (\d+)/.exec(line)?.[1]
  if (uid === undefined) return null
  return { uid: Number(uid), sizeBytes: Number(/RFC822\.SIZE (\d+)/.exec(line)?.[1] ?? 0), messageId: /"<([^<>"]+)>"\)/.exec(line)?.[1] ?? '' }
}
