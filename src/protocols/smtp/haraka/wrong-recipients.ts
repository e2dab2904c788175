/**
 * Who asks for too many recipients that are not there: a dictionary attack, over any number of connections. Counted by the
 * client's network for an hour; a message that is accepted makes good for as many as it has recipients, so that a list whose
 * members have left is not taken for an attack.
 *
 * Bounded: of very many networks the oldest are forgotten.
 */

const windowMs = 60 * 60_000
const maxNetworks = 10_000
export const defaultMaxWrongRecipients = 100

interface Count {
  readonly sinceMs: number
  wrong: number
}

export class WrongRecipients {
  readonly #max: number
  readonly #counts = new Map<string, Count>()

  constructor(max: number) {
    this.#max = max
  }

  add(network: string, nowMs: number): void {
    const known = this.#present(network, nowMs)
    if (known !== undefined) {
      known.wrong += 1
      return
    }
    this.#counts.delete(network)
    this.#counts.set(network, { sinceMs: nowMs, wrong: 1 })
    // In the order in which their hours began.
    if (this.#counts.size > maxNetworks) this.#counts.delete(this.#counts.keys().next().value!)
  }

  forgive(network: string, recipients: number): void {
    const known = this.#counts.get(network)
    if (known !== undefined) known.wrong = Math.max(0, known.wrong - recipients)
  }

  isOver(network: string, nowMs: number): boolean {
    return (this.#present(network, nowMs)?.wrong ?? 0) > this.#max
  }

  #present(network: string, nowMs: number): Count | undefined {
    const known = this.#counts.get(network)
    return known !== undefined && nowMs - known.sinceMs < windowMs ? known : undefined
  }
}
