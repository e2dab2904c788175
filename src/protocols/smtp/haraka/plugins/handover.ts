/**
 * Takes due outbox rows from core (the other end is `handover.ts`) into Haraka's outbound queue, and tells the supervisor
 * when ingress listens.
 *
 * The message goes into the queue file as the bytes that will be sent: no header is read, added or folded. The files are not
 * synced: the outbox in core is the truth, Haraka's queue only a working copy (design §2).
 */
import { randomUUIDv7 } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import net from 'node:net'
import path from 'node:path'
import { listenPrivately, sameSecret } from '../../json-lines.ts'
import { maxHeadBytes, readFrames, type HandoverAnswer, type HandoverFrame } from '../../handover-frames.ts'
import { harakaAddress, harakaOutbound, harakaQueueFolder } from '../haraka.ts'
import type { HarakaAddress, HarakaPlugin, HarakaQueuedMail, Next } from '../haraka-types.ts'
import { ingressNode } from '../ingress-node.ts'
import { wireForm } from '../outgoing-bytes.ts'
import { pathAddress } from '../paths.ts'
import { forgetQueued, isQueued, noteQueued, tryNow, type QueuedNotes } from '../queued-mail.ts'

export function register(this: HarakaPlugin): void {
  this.register_hook('init_master', 'startTaking')
}

const greetingTimeoutMs = 5_000
const maxGreetingBytes = 4_096
/** Core keeps one. */
const maxConnections = 16

export async function startTaking(next: Next): Promise<void> {
  const { settings, link } = ingressNode()
  const server = net.createServer((socket) => takeFrom(socket, settings.link.token))
  server.maxConnections = maxConnections
  await listenPrivately(server, settings.handover)
  next()
  const stop = link.onUp(() => {
    process.send?.({ event: 'congvu.listening' })
    setImmediate(() => stop())
  })
}

function takeFrom(socket: net.Socket, token: string): void {
  let greeted = false
  const late = setTimeout(() => socket.destroy(), greetingTimeoutMs)
  socket.once('close', () => clearTimeout(late))
  socket.on('error', () => socket.destroy())
  readFrames(socket, {
    onFrame: async (frame, body) => {
      if (!greeted) {
        if (!('token' in frame) || !sameSecret(frame.token, token)) return void socket.destroy()
        greeted = true
        clearTimeout(late)
        return
      }
      if ('token' in frame) return void socket.destroy()
      const answer = await queueBatch(frame, body)
      socket.write(`${JSON.stringify(answer)}\n`)
    },
    maxHeadBytes: () => (greeted ? maxHeadBytes : maxGreetingBytes),
    maxBodyBytes: () => (greeted ? ingressNode().settings.maxMessageBytes * 2 : 0),
  })
}

type Batch = Extract<HandoverFrame, { rows: unknown }>

async function queueBatch(batch: Batch, body: Buffer): Promise<HandoverAnswer> {
  const answer: HandoverAnswer = { id: batch.id, accepted: [], refused: [] }
  const sender = readAddress(batch.sender)
  if (sender === null || pathAddress(sender) === null) {
    const reply = { code: 501, enhanced: '5.1.7', text: 'Bad sender address' }
    answer.refused.push(...batch.rows.map(({ id }) => ({ id, reply })))
    return answer
  }
  const domains = new Map<string, DomainRows>()
  for (const { id, recipient } of batch.rows) {
    const address = readAddress(recipient)
    const name = address === null ? null : pathAddress(address)
    if (address === null || name === null) {
      answer.refused.push({ id, reply: { code: 501, enhanced: '5.1.3', text: 'Bad recipient address' } })
      continue
    }
    answer.accepted.push(id)
    if (isQueued(id)) {
      // Core asks for it again: somebody wants it tried now.
      tryNow(id)
      continue
    }
    const domain = domains.get(address.host ?? '') ?? { recipients: [], rows: emptyRows(), ids: [] }
    domains.set(address.host ?? '', domain)
    domain.ids.push(id)
    if (domain.rows[name] === undefined) domain.recipients.push(address)
    domain.rows[name] = [...(domain.rows[name] ?? []), id]
  }
  const bytes = wireForm(body)
  for (const [domain, { recipients, rows, ids }] of domains) {
    noteQueued(ids, null, Date.now())
    try {
      const mail = await queueForDomain({ domain, recipients, sender, notes: { rows }, bytes })
      noteQueued(ids, mail, Date.now())
    } catch {
      // A full disk, most likely: core keeps the rows and hands them over again.
      forgetQueued(ids)
      answer.accepted = answer.accepted.filter((id) => !ids.includes(id))
      const reply = { code: 451, enhanced: '4.3.1', text: 'Cannot write the queue file' }
      answer.refused.push(...ids.map((id) => ({ id, reply })))
    }
  }
  return answer
}

interface DomainRows {
  readonly recipients: HarakaAddress[]
  readonly rows: Record<string, string[]>
  readonly ids: string[]
}

/** Without a prototype: its keys are addresses from outside. */
function emptyRows(): Record<string, string[]> {
  return Object.create(null) as Record<string, string[]>
}

function readAddress(text: string): HarakaAddress | null {
  try {
    return new harakaAddress(`<${text}>`)
  } catch {
    return null // Not an address of RFC 5321: refused with 501 by the caller.
  }
}

interface DomainMail {
  readonly domain: string
  readonly recipients: readonly HarakaAddress[]
  readonly sender: HarakaAddress
  readonly notes: QueuedNotes
  readonly bytes: readonly Buffer[]
}

/** A queue file of Haraka's (`outbound/index.js`, build_todo): length of the envelope, the envelope as JSON, the message. */
async function queueForDomain(mail: DomainMail): Promise<HarakaQueuedMail> {
  const todo = {
    queue_time: Date.now(),
    domain: mail.domain,
    rcpt_to: mail.recipients,
    mail_from: mail.sender,
    notes: { congvu: mail.notes },
    uuid: randomUUIDv7(),
    force_tls: false,
  }
  const envelope = Buffer.from(`\n${JSON.stringify(todo)}\n`)
  const length = Buffer.alloc(4)
  length.writeUInt32BE(envelope.length)
  const name = harakaOutbound.qfile.name()
  const file = path.join(harakaQueueFolder, name)
  await writeFile(file, Buffer.concat([length, envelope, ...mail.bytes]), { flag: 'wx', mode: 0o600 })
  const queued = new harakaOutbound.HMailItem(name, file, todo.notes)
  harakaOutbound.delivery_queue.push(queued)
  return queued
}
