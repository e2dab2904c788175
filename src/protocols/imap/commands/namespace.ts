/** NAMESPACE: RFC 2342, RFC 9051 §6.3.10. One personal namespace without a prefix. */
import { hierarchySeparator } from '../../../core/mailbox/mailbox.ts'
import { command, nothing } from '../command.ts'
import { signedInStates } from '../state.ts'

export const namespace = command({
  name: 'NAMESPACE',
  states: signedInStates,
  parse: nothing,
  async *run() {
    yield { type: 'namespace', separator: hierarchySeparator }
    return {}
  },
})
