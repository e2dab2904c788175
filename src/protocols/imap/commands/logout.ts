/** LOGOUT: RFC 9051 §6.1.3. */
import { command, nothing } from '../command.ts'
import { anyState } from '../state.ts'

export const logout = command({
  name: 'LOGOUT',
  states: anyState,
  parse: nothing,
  async *run() {
    yield { type: 'condition', status: 'BYE', text: 'Goodbye' }
    return { state: { kind: 'logout' } }
  },
})
