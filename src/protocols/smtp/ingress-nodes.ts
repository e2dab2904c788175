/**
 * The ingress nodes that are linked to this core and run apart from it: who takes outgoing mail now (design §2). A node says on
 * the link where it takes it; one is in turn when its hand-over answers.
 *
 * Invariant: rows are handed to the node under whose name they are leased, and to no other.
 */
import net from 'node:net'
import { createHandover, HandoverLost, type Handover, type HandoverResult, type OutgoingBatch } from './handover.ts'
import type { LinkedNode } from './link.ts'

export interface IngressNodes extends Disposable {
  /** Of `listenLink`. */
  onNode(event: 'up' | 'down', node: LinkedNode): void
  /** The node that is in turn, or null when none takes mail now. */
  next(): string | null
  names(): readonly string[]
  /** Rejects with HandoverLost when the node is gone. */
  hand(node: string, batch: OutgoingBatch): Promise<HandoverResult>
}

export interface IngressNodesOptions {
  readonly token: string
  /** It holds none of the rows that it was handed: it has just been started. */
  readonly onEmpty: (node: string) => void
  /** There is one more that takes mail. */
  readonly onTaking: (node: string) => void
}

interface Taker {
  readonly place: { readonly host: string; readonly port: number }
  readonly handover: Handover
  readonly gone: AbortController
  answers: boolean
}

const probeEveryMs = 200
const probeTimeoutMs = 2_000

export function createIngressNodes(options: IngressNodesOptions): IngressNodes {
  return new TakingNodes(options)
}

class TakingNodes implements IngressNodes {
  readonly #options: IngressNodesOptions
  readonly #takers = new Map<string, Taker>()
  /** Each node may be linked more than once for a moment: the new connection before the old one is known to be lost. */
  readonly #links = new Map<string, Set<LinkedNode>>()
  #turn = 0

  constructor(options: IngressNodesOptions) {
    this.#options = options
  }

  onNode(event: 'up' | 'down', node: LinkedNode): void {
    if (node.takes === null) return
    const links = this.#links.get(node.name) ?? new Set<LinkedNode>()
    if (event === 'down') {
      links.delete(node)
      if (links.size > 0) return
      this.#links.delete(node.name)
      this.#drop(node.name)
      return
    }
    this.#links.set(node.name, links.add(node))
    const { host, port, rows } = node.takes
    if (rows === 0) this.#options.onEmpty(node.name)
    const known = this.#takers.get(node.name)
    if (known !== undefined && known.place.host === host && known.place.port === port) return
    this.#drop(node.name)
    const taker: Taker = { place: { host, port }, handover: createHandover({ place: { host, port }, token: this.#options.token }), gone: new AbortController(), answers: false }
    this.#takers.set(node.name, taker)
    void this.#awaitAnswer(node.name, taker)
  }

  next(): string | null {
    const names = this.names()
    return names.length === 0 ? null : names[this.#turn++ % names.length]!
  }

  names(): readonly string[] {
    return [...this.#takers].filter(([, { answers }]) => answers).map(([name]) => name)
  }

  async hand(node: string, batch: OutgoingBatch): Promise<HandoverResult> {
    const taker = this.#takers.get(node)
    if (taker === undefined) throw new HandoverLost(`ingress ${node} is gone`)
    try {
      return await taker.handover.hand(batch)
    } catch (error) {
      if (error instanceof HandoverLost && taker.answers && this.#takers.get(node) === taker) {
        taker.answers = false
        void this.#awaitAnswer(node, taker)
      }
      throw error
    }
  }

  [Symbol.dispose](): void {
    for (const name of this.#takers.keys()) this.#drop(name)
  }

  #drop(name: string): void {
    const taker = this.#takers.get(name)
    if (taker === undefined) return
    this.#takers.delete(name)
    taker.gone.abort()
    taker.handover[Symbol.dispose]()
  }

  /** A node is linked before it takes mail, and may be linked still when it does not any more. */
  async #awaitAnswer(name: string, taker: Taker): Promise<void> {
    while (!taker.gone.signal.aborted) {
      if (await accepts(taker.place)) {
        if (taker.gone.signal.aborted) return
        taker.answers = true
        this.#options.onTaking(name)
        return
      }
      await pause(probeEveryMs, taker.gone.signal)
    }
  }
}

function accepts(place: { readonly host: string; readonly port: number }): Promise<boolean> {
  const socket = net.connect({ ...place, timeout: probeTimeoutMs })
  return new Promise((resolve) => {
    const end = (accepted: boolean): void => {
      socket.destroy()
      resolve(accepted)
    }
    socket.once('connect', () => end(true))
    socket.once('timeout', () => end(false))
    socket.once('error', () => end(false))
  })
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, ms)
    signal.addEventListener('abort', end, { once: true })
  })
}
