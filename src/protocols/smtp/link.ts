/**
 * The link between ingress (Haraka) and core: one kept socket, newline-framed JSON, pipelined (design §2). `link-types.ts`
 * says what is spoken; this file only carries it. It knows nothing of mail and imports nothing of core, so that it loads
 * inside Haraka as it is.
 *
 * Invariants: nothing but a `hello` with the right token is read before the greeting; every question gets exactly one
 * answer, fault or LinkError; a question that was pending when the link broke is rejected, never asked again by itself.
 */
import net from 'node:net'
import {
  connectPrivately,
  listenPrivately,
  openJsonLines,
  sameSecret,
  type JsonLines,
  type PrivatePlace,
} from './json-lines.ts'
import { holderName, type Answer, type Ask, type AskLine, type Question, type Taking } from './link-types.ts'

export type { PrivatePlace } from './json-lines.ts'

const maxLineBytes = 1024 * 1024
const maxGreetingBytes = 4096
const greetingTimeoutMs = 5_000
/** Each ingress node keeps one; a stranger loses his in the time of a greeting. */
const maxConnections = 256
/** Questions of one ingress node that core works on at a time; beyond that its socket is not read for a while. */
const maxOpenQuestions = 4096

/** `node`: under which the asking one holds outbox rows ({@link LinkedNode.holder}). */
export type LinkAnswers = {
  readonly [Q in Question]: (ask: Ask<Q>, link: { readonly node: string }) => Promise<Answer<Q>>
}

export interface LinkServerOptions {
  readonly place: PrivatePlace
  readonly token: string
  readonly answer: LinkAnswers
  /** An answer threw: a bug or an unavailable store. The node only hears `fault`. */
  readonly onFault?: (question: string, error: unknown) => void
  readonly onNode?: (event: 'up' | 'down', node: LinkedNode) => void
}

/** One connection of an ingress node. */
export interface LinkedNode {
  readonly name: string
  /** Under which it holds outbox rows: its name, and its run when it runs apart from core. */
  readonly holder: string
  /** Where it takes outgoing mail, when it runs apart from core. */
  readonly takes: { readonly host: string; readonly port: number } | null
}

export interface LinkServer extends AsyncDisposable {
  /** Where it listens; the port is the real one when 0 was asked for. */
  readonly place: PrivatePlace
  /** Ingress nodes that are connected now. */
  nodes(): string[]
}

/** Core's end. */
export async function listenLink(options: LinkServerOptions): Promise<LinkServer> {
  const open = new Map<JsonLines, string | null>()
  const server = net.createServer({ noDelay: true }, (socket) => serveNode(socket, options, open))
  server.maxConnections = maxConnections
  await listenPrivately(server, options.place)
  const address = server.address()
  const place =
    'path' in options.place || address === null || typeof address === 'string'
      ? options.place
      : { host: options.place.host, port: address.port }
  return {
    place,
    nodes: () => [...open.values()].filter((node) => node !== null),
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      for (const lines of open.keys()) lines.close()
      await closed
    },
  }
}

function serveNode(socket: net.Socket, options: LinkServerOptions, open: Map<JsonLines, string | null>): void {
  let node: string | null = null
  let linked: LinkedNode | null = null
  let openQuestions = 0
  const lines = openJsonLines(socket, {
    maxLineBytes: () => (node === null ? maxGreetingBytes : maxLineBytes),
    onLine: (value) => {
      if (!isAskLine(value)) return lines.close(new Error('not a question'))
      if (node === null) {
        if (value.question !== 'hello' || !sameSecret(value.ask?.token, options.token)) return lines.close()
        node = String(value.ask.node)
        open.set(lines, node)
        clearTimeout(greeting)
        linked = linkedNode(socket, node, value.ask.takes)
        options.onNode?.('up', linked)
      }
      openQuestions += 1
      if (openQuestions >= maxOpenQuestions) socket.pause()
      void answerLine(value, { node: linked!.holder }, options).then((line) => {
        openQuestions -= 1
        if (openQuestions < maxOpenQuestions / 2 && socket.isPaused()) socket.resume()
        lines.send(line)
      })
    },
    onClose: () => {
      clearTimeout(greeting)
      open.delete(lines)
      if (linked !== null) options.onNode?.('down', linked)
    },
  })
  open.set(lines, null)
  const greeting = setTimeout(() => lines.close(), greetingTimeoutMs)
}

/** It says its port; its address is the one that it speaks from. */
function linkedNode(socket: net.Socket, name: string, takes: Taking | undefined): LinkedNode {
  const { remoteAddress } = socket
  const isPort = Number.isInteger(takes?.port) && takes!.port > 0 && takes!.port < 65_536
  if (takes === undefined || remoteAddress === undefined || !isPort) return { name, holder: name, takes: null }
  return { name, holder: holderName(name, String(takes.run)), takes: { host: remoteAddress, port: takes.port } }
}

function isAskLine(value: unknown): value is AskLine {
  return (
    typeof value === 'object' &&
    value !== null &&
    'id' in value &&
    typeof value.id === 'number' &&
    'question' in value &&
    typeof value.question === 'string' &&
    'ask' in value
  )
}

async function answerLine(line: AskLine, link: { node: string }, options: LinkServerOptions): Promise<object> {
  if (!Object.hasOwn(options.answer, line.question)) return { id: line.id, fault: 'unknown question' }
  // The table is keyed by the question, which is what makes this cast true.
  const answer = options.answer[line.question] as (ask: unknown, link: { node: string }) => Promise<unknown>
  try {
    return { id: line.id, answer: await answer(line.ask, link) }
  } catch (error) {
    options.onFault?.(line.question, error)
    return { id: line.id, fault: 'unavailable' }
  }
}

export class LinkError extends Error {
  readonly reason: 'down' | 'timeout' | 'fault'
  constructor(reason: 'down' | 'timeout' | 'fault', question: string) {
    super(`link: ${question}: ${reason}`)
    this.name = 'LinkError'
    this.reason = reason
  }
}

export interface LinkOptions {
  readonly place: PrivatePlace
  readonly token: string
  /** Name of this ingress node; stable over its restarts. */
  readonly node: string
  /** Absent where core knows by itself. */
  readonly takes?: Taking
  readonly onDown?: () => void
}

/** Ingress's end. It connects by itself, again and again, until it is closed. */
export interface Link {
  readonly connected: boolean
  /** What core said in the greeting; null before the first one. */
  readonly maxMessageBytes: number | null
  /** Rejects with a LinkError: at once when the link is down, after `timeoutMs` (default 10 s) without an answer. */
  ask<Q extends Question>(question: Q, ask: Ask<Q>, timeoutMs?: number): Promise<Answer<Q>>
  /** Calls back now, if the link is up, and after each later greeting. Returns how to stop that. */
  onUp(listener: () => void): () => void
  close(): void
}

const defaultTimeoutMs = 10_000
const sweepEveryMs = 250
const firstRetryMs = 50
const lastRetryMs = 2_000

interface OpenQuestion {
  readonly question: string
  readonly deadlineMs: number
  readonly resolve: (answer: never) => void
  readonly reject: (error: LinkError) => void
}

export function connectLink(options: LinkOptions): Link {
  return new IngressLink(options)
}

class IngressLink implements Link {
  readonly #options: LinkOptions
  readonly #listeners = new Set<() => void>()
  readonly #questions = new Map<number, OpenQuestion>()
  readonly #sweeper: NodeJS.Timeout
  #lines: JsonLines | null = null
  #nextId = 1
  #retryMs = firstRetryMs
  #retryTimer: NodeJS.Timeout | null = null
  #closed = false
  connected = false
  maxMessageBytes: number | null = null

  constructor(options: LinkOptions) {
    this.#options = options
    this.#sweeper = setInterval(() => this.#sweep(), sweepEveryMs)
    this.#sweeper.unref()
    this.#connect()
  }

  ask<Q extends Question>(question: Q, ask: Ask<Q>, timeoutMs = defaultTimeoutMs): Promise<Answer<Q>> {
    return this.connected ? this.#put(question, ask, timeoutMs) : Promise.reject(new LinkError('down', question))
  }

  onUp(listener: () => void): () => void {
    this.#listeners.add(listener)
    if (this.connected) listener()
    return () => this.#listeners.delete(listener)
  }

  close(): void {
    this.#closed = true
    clearInterval(this.#sweeper)
    if (this.#retryTimer !== null) clearTimeout(this.#retryTimer)
    this.#lines?.close()
  }

  #connect(): void {
    const socket = connectPrivately(this.#options.place)
    const opened = openJsonLines(socket, {
      maxLineBytes: () => maxLineBytes,
      onLine: (value) => this.#takeAnswer(value),
      onClose: () => this.#lose(),
    })
    this.#lines = opened
    socket.once('connect', () => void this.#greet().catch(() => opened.close()))
  }

  async #greet(): Promise<void> {
    const { token, node, takes } = this.#options
    const answer = await this.#put('hello', { token, node, pid: process.pid, ...(takes !== undefined && { takes }) }, greetingTimeoutMs)
    this.maxMessageBytes = answer.maxMessageBytes
    this.connected = true
    this.#retryMs = firstRetryMs
    for (const listener of this.#listeners) listener()
  }

  #put<Q extends Question>(question: Q, ask: Ask<Q>, timeoutMs: number): Promise<Answer<Q>> {
    return new Promise((resolve, reject) => {
      const id = this.#nextId++
      this.#questions.set(id, { question, deadlineMs: performance.now() + timeoutMs, resolve, reject })
      this.#lines!.send({ id, question, ask })
    })
  }

  #takeAnswer(value: unknown): void {
    if (typeof value !== 'object' || value === null || !('id' in value) || typeof value.id !== 'number') return
    const open = this.#questions.get(value.id)
    if (open === undefined) return // It came after its deadline.
    this.#questions.delete(value.id)
    if ('answer' in value) open.resolve(value.answer as never)
    else open.reject(new LinkError('fault', open.question))
  }

  #lose(): void {
    if (this.connected) this.#options.onDown?.()
    this.connected = false
    this.#lines = null
    for (const open of this.#questions.values()) open.reject(new LinkError('down', open.question))
    this.#questions.clear()
    if (this.#closed) return
    this.#retryTimer = setTimeout(() => this.#connect(), this.#retryMs)
    this.#retryMs = Math.min(this.#retryMs * 2, lastRetryMs)
  }

  #sweep(): void {
    const now = performance.now()
    for (const [id, open] of this.#questions) {
      if (open.deadlineMs > now) continue
      this.#questions.delete(id)
      open.reject(new LinkError('timeout', open.question))
    }
  }
}
