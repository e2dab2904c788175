/**
 * The core nodes that this ingress node is linked to: one beside it, or several on one store. All links are kept; questions go to
 * the first core that is there and answers, in an order of this node's own, so that ingress nodes spread over the cores.
 *
 * Invariants: the facts of a transaction and its body go to the same core, for core keeps facts in memory; every question may be
 * asked of another core when the link broke, for all cores decide alike and a report counts once.
 */
import { createHash, randomUUID } from 'node:crypto'
import { connectLink, LinkError, type Link } from '../link.ts'
import type { Answer, Ask, Question, Taking } from '../link-types.ts'
import { createLmtpPool, type LmtpPool } from './lmtp-client.ts'
import type { CorePlace, PluginSettings } from './settings.ts'

export interface Core {
  readonly link: Link
  readonly lmtp: LmtpPool
}

export interface Cores {
  /** One link to whichever core answers. */
  readonly link: Link
  /** Those that are there now, in the order in which they are to be tried. */
  present(): readonly Core[]
  /** Ends the LMTP connections: nothing is handed over any more. */
  closeDelivery(): void
}

export interface CoresOptions {
  readonly settings: Pick<PluginSettings, 'node' | 'hostname' | 'link' | 'otherCores' | 'lmtp' | 'handover'>
  /** Whether any core is linked; told when that changes. */
  readonly onLinked: (linked: boolean) => void
}

/** A core that let a question run out of time is asked last for a while: it hangs, or its store does. */
const avoidedMs = 10_000

export function connectCores(options: CoresOptions): Cores {
  return new LinkedCores(options)
}

class LinkedCores implements Cores, Link {
  readonly #cores: readonly Core[]
  readonly #avoidedUntilMs = new Map<Core, number>()
  readonly #onLinked: (linked: boolean) => void
  #linked = false

  constructor({ settings, onLinked }: CoresOptions) {
    const { node, hostname, link, otherCores = [], lmtp, handover } = settings
    const taking: Taking | null = 'port' in handover ? { port: handover.port, run: randomUUID() } : null
    this.#onLinked = onLinked
    const places: readonly CorePlace[] = [{ link: link.place, lmtp: lmtp.place }, ...otherCores]
    this.#cores = inOrderOf(node, places).map((place) => ({
      link: connectLink({ place: place.link, token: link.token, node, ...(taking !== null && { takes: taking }), onDown: () => queueMicrotask(() => this.#look()) }),
      lmtp: createLmtpPool({ ...lmtp, place: place.lmtp, token: link.token, hostname }),
    }))
    for (const core of this.#cores) core.link.onUp(() => this.#look())
  }

  get link(): Link {
    return this
  }

  get connected(): boolean {
    return this.#cores.some((core) => core.link.connected)
  }

  get maxMessageBytes(): number | null {
    return this.#cores.find((core) => core.link.maxMessageBytes !== null)?.link.maxMessageBytes ?? null
  }

  present(): readonly Core[] {
    const connected = this.#cores.filter((core) => core.link.connected)
    const isAvoided = (core: Core): boolean => (this.#avoidedUntilMs.get(core) ?? 0) > performance.now()
    return [...connected.filter((core) => !isAvoided(core)), ...connected.filter(isAvoided)]
  }

  async ask<Q extends Question>(question: Q, ask: Ask<Q>, timeoutMs?: number): Promise<Answer<Q>> {
    let failure = new LinkError('down', question)
    for (const core of this.present()) {
      try {
        return await core.link.ask(question, ask, timeoutMs)
      } catch (error) {
        if (!(error instanceof LinkError)) throw error
        failure = error
        if (error.reason === 'timeout') this.#avoidedUntilMs.set(core, performance.now() + avoidedMs)
        // Time has run out for whoever asked; a fault is an answer, and the store's most likely, which is the same everywhere.
        if (error.reason !== 'down') break
      }
    }
    throw failure
  }

  onUp(listener: () => void): () => void {
    const stops = this.#cores.map((core) => core.link.onUp(listener))
    return () => {
      for (const stop of stops) stop()
    }
  }

  closeDelivery(): void {
    for (const core of this.#cores) core.lmtp.close()
  }

  close(): void {
    for (const core of this.#cores) core.link.close()
  }

  #look(): void {
    const linked = this.connected
    if (linked === this.#linked) return
    this.#linked = linked
    this.#onLinked(linked)
  }
}

/** Begins with another one for another node, and is the same after every start. */
function inOrderOf(node: string, places: readonly CorePlace[]): CorePlace[] {
  const first = createHash('sha256').update(node).digest().readUInt32LE(0) % places.length
  return [...places.slice(first), ...places.slice(0, first)]
}
