/**
 * Reads every mailbox back with imapflow and compares: each message that was accepted must be there once for each of its
 * recipients, and all that follows our trace lines must be the sender's bytes (SHA-256).
 */
import { createHash } from 'node:crypto'
import { ImapFlow } from 'imapflow'
import type { DemoMessage } from './corpus.ts'

/** Our trace lines are never longer than this in all. */
const maxPrefixBytes = 8192
const traceFields = new Set(['return-path', 'delivered-to', 'received', 'authentication-results'])

export interface Expectation {
  readonly kind: string
  readonly length: number
  readonly hash: string
  readonly added: ReadonlySet<string>
  arrived: number
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

export function expectations(messages: readonly DemoMessage[]): Map<string, Expectation[]> {
  const byAddress = new Map<string, Expectation[]>()
  for (const message of messages) {
    const hash = sha256(message.expected)
    for (const recipient of message.recipients) {
      const list = byAddress.get(recipient) ?? []
      list.push({ kind: message.kind, length: message.expected.length, hash, added: new Set(message.added), arrived: 0 })
      byAddress.set(recipient, list)
    }
  }
  return byAddress
}

/** Reads the mailboxes of one address; what matches nothing that was sent is returned as altered or foreign. */
export async function readBack(address: string, wanted: readonly Expectation[], options: { readonly port: number; readonly password: string; readonly sinceUids: ReadonlyMap<string, number> }): Promise<{ read: number; strange: string[] }> {
  const client = new ImapFlow({ host: '127.0.0.1', port: options.port, secure: true, auth: { user: address, pass: options.password }, tls: { rejectUnauthorized: false }, logger: false })
  await client.connect()
  const strange: string[] = []
  let read = 0
  try {
    for (const mailbox of ['INBOX', 'Junk']) {
      const lock = await client.getMailboxLock(mailbox)
      try {
        if (client.mailbox === false || client.mailbox.exists === 0) continue
        const first = options.sinceUids.get(`${address} ${mailbox}`) ?? 1
        for await (const message of client.fetch(`${first}:*`, { source: true, uid: true }, { uid: true })) {
          if (message.uid < first) continue
          read += 1
          if (!match(message.source!, wanted)) strange.push(`${address} ${mailbox} UID ${message.uid} (${message.source!.length} bytes)`)
        }
      } finally {
        lock.release()
      }
    }
  } finally {
    await client.logout()
  }
  return { read, strange }
}

/** Where the next messages of each mailbox will start, so that a second demo on the same data counts only its own. */
export async function nextUids(address: string, options: { readonly port: number; readonly password: string }): Promise<Map<string, number>> {
  const client = new ImapFlow({ host: '127.0.0.1', port: options.port, secure: true, auth: { user: address, pass: options.password }, tls: { rejectUnauthorized: false }, logger: false })
  await client.connect()
  try {
    const found = new Map<string, number>()
    for (const mailbox of ['INBOX', 'Junk']) {
      const status = await client.status(mailbox, { uidNext: true })
      found.set(`${address} ${mailbox}`, status === false ? 1 : (status.uidNext ?? 1))
    }
    return found
  } finally {
    await client.logout()
  }
}

function match(source: Buffer, wanted: readonly Expectation[]): boolean {
  const hashes = new Map<number, string>()
  for (const one of wanted) {
    const prefix = source.length - one.length
    if (one.arrived > 0 || prefix < 0 || prefix > maxPrefixBytes || !onlyTrace(source.subarray(0, prefix), one.added)) continue
    let hash = hashes.get(one.length)
    if (hash === undefined) hashes.set(one.length, (hash = sha256(source.subarray(prefix))))
    if (hash !== one.hash) continue
    one.arrived += 1
    return true
  }
  return false
}

/** What stands before the sender's bytes: whole fields of ours, and what submission had to add. */
function onlyTrace(prefix: Buffer, added: ReadonlySet<string>): boolean {
  const text = prefix.toString('latin1')
  if (text !== '' && !text.endsWith('\r\n')) return false
  return text.split(/\r\n(?![ \t])/).filter((line) => line !== '').every((line) => {
    const name = line.split(':')[0]!.toLowerCase()
    return traceFields.has(name) || added.has(name)
  })
}
