/** NOOP and CHECK: RFC 9051 §6.1.2, RFC 3501 §6.4.1. The moment at which a client asks what changed. */
import { command, nothing } from '../command.ts'
import { anyState } from '../state.ts'

export const noop = command({
  name: 'NOOP',
  states: anyState,
  alwaysRefresh: true,
  parse: nothing,
  async run() {
    return {}
  },
})

export const check = command({
  name: 'CHECK',
  states: ['selected'],
  alwaysRefresh: true,
  parse: nothing,
  async run() {
    return {}
  },
})
