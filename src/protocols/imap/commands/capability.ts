/** CAPABILITY: RFC 9051 §6.1.1. */
import { capabilitiesIn } from '../capabilities.ts'
import { command, nothing } from '../command.ts'
import { anyState } from '../state.ts'

export const capability = command({
  name: 'CAPABILITY',
  states: anyState,
  parse: nothing,
  async *run(context, state) {
    yield { type: 'capability', names: capabilitiesIn(state.kind, context.channel) }
    return {}
  },
})
