/**
 * IDLE: RFC 2177, RFC 9051 §6.3.13. Changes are told as they come; a client that does not take them is not written to
 * until it does, and then gets what is true by that time.
 */
import { command, nothing, type Context } from '../command.ts'
import { signedInStates, type Authenticated, type Selected } from '../state.ts'

const maxLineBytes = 8192

export const idle = command({
  name: 'IDLE',
  states: signedInStates,
  alwaysRefresh: true,
  parse: nothing,
  async *run(context, state) {
    yield { type: 'continuation', text: 'idling' }
    const bell = new Bell()
    const stop = state.kind === 'selected' ? state.view.onChange(() => bell.ring()) : (): void => {}
    try {
      let answer: Awaited<ReturnType<Context['readLine']>> | undefined
      const reading = context.readLine(maxLineBytes).then((line) => {
        answer = line
        bell.ring()
      })
      do {
        yield* await changesOf(context, state)
        if (answer === undefined) await bell.rung()
      } while (answer === undefined)
      await reading
      return answer instanceof Buffer && answer.toString('latin1').toUpperCase() === 'DONE' ? {} : { status: 'BAD', text: 'Expected DONE' }
    } finally {
      stop()
    }
  },
})

async function changesOf(context: Context, state: Authenticated | Selected): ReturnType<Context['changes']> {
  return state.kind === 'selected' ? context.changes(state, true) : []
}

/** Rung any number of times, it wakes the one who waits once. */
class Bell {
  #rung = false
  #wake: (() => void) | null = null

  ring(): void {
    this.#rung = true
    this.#wake?.()
  }

  async rung(): Promise<void> {
    if (!this.#rung) await new Promise<void>((resolve) => (this.#wake = resolve))
    this.#rung = false
    this.#wake = null
  }
}
