/**
 * The ingress nodes that are linked to this core and run apart from it: who takes outgoing mail now (design §2). A node says on
 * the link where it takes it; one is in turn when its hand-over answers.
 *
 * Invariants: rows are handed to the run of the node that they are leased to, and to no other; of each node only the latest run
 * that greeted is in turn. What earlier runs held is released with each greeting, in whatever order a node greets the cores: nothing
 * that the present run was handed is among it.
 */
import net from 'node:net'
import { createHandover, HandoverLost, type Handover, type HandoverResult, type OutgoingBatch } from './handover.ts'
import type { LinkedNode } from './link.ts'

export interface IngressNodes extends Disposable {
  /** Of `listenLink`. */
  onNode(event: 'up' | 'down', node: LinkedNode): void
  /** Holder name of the node that is in turn, or null when none takes mail now. */
  next(): string | null
  names(): readonly string[]
  /** Rejects with HandoverLost when the node is gone. */
  hand(holder: string, batch: OutgoingBatch): Promise<HandoverResult>
}

export interface IngressNodesOptions {
  readonly token: string
  /** It has greeted: whatever other runs of its node held is lost. */
  readonly onRun: (holder: string) => void
  /** There is one more that takes mail. */
  readonly onTaking: (holder: string) => void
}

interface Taker {
  readonly node: string
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
  /** By holder name, as the links. */
  readonly #takers = new Map<string, Taker>()
  /** Each may be linked more than once for a moment: the new connection before the old one is known to be lost. */
  readonly #links = new Map<string, Set<LinkedNode>>()
  #turn = 0

  constructor(options: IngressNodesOptions) {
    this.#options = options
  }

  onNode(event: 'up' | 'down', node: LinkedNode): void {
    const { name, holder, takes } = node
    if (takes === null) return
    const links = this.#links.get(holder) ?? new Set<LinkedNode>()
    if (event === 'down') {
      links.delete(node)
      if (links.size > 0) return
      this.#links.delete(holder)
      this.#drop(holder)
      return
    }
    this.#links.set(holder, links.add(node))
    for (const [other, taker] of this.#takers) if (taker.node === name && other !== holder) this.#drop(other)
    this.#options.onRun(holder)
    const { host, port } = takes
    const known = this.#takers.get(holder)
    if (known !== undefined && known.place.host === host && known.place.port === port) return
    this.#drop(holder)
    const taker: Taker = { node: name, place: { host, port }, handover: createHandover({ place: { host, port }, token: this.#options.token }), gone: new AbortController(), answers: false }
    this.#takers.set(holder, taker)
    void this.#awaitAnswer(holder, taker)
  }

  next(): string | null {
    const names = this.names()
    return names.length === 0 ? null : names[this.#turn++ % names.length]!
  }

  names(): readonly string[] {
    return [...this.#takers].filter(([, { answers }]) => answers).map(([holder]) => holder)
  }

  async hand(holder: string, batch: OutgoingBatch): Promise<HandoverResult> {
    const taker = this.#takers.get(holder)
    if (taker === undefined) throw new HandoverLost(`ingress ${holder} is gone`)
    try {
      return await taker.handover.hand(batch)
    } catch (error) {
      if (error instanceof HandoverLost && taker.answers && this.#takers.get(holder) === taker) {
        taker.answers = false
        void this.#awaitAnswer(holder, taker)
      }
      throw error
    }
  }

  [Symbol.dispose](): void {
    for (const holder of this.#takers.keys()) this.#drop(holder)
  }

  #drop(holder: string): void {
    const taker = this.#takers.get(holder)
    if (taker === undefined) return
    this.#takers.delete(holder)
    taker.gone.abort()
    taker.handover[Symbol.dispose]()
  }

  /** A node is linked before it takes mail, and may be linked still when it does not any more. */
  async #awaitAnswer(holder: string, taker: Taker): Promise<void> {
    while (!taker.gone.signal.aborted) {
      if (await accepts(taker.place)) {
        if (taker.gone.signal.aborted) return
        taker.answers = true
        this.#options.onTaking(holder)
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
