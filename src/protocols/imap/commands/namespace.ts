/**
 * NAMESPACE: RFC 2342, RFC 9051 §6.3.10. One personal namespace without a prefix; that of other users for whoever may open an
 * agency's mailbox, so that nobody else is shown an empty one.
 */
import { hierarchySeparator } from '../../../core/mailbox/mailbox.ts'
import { command, nothing } from '../command.ts'
import { hasOtherUsers, otherUsers } from '../place.ts'
import { signedInStates } from '../state.ts'

export const namespace = command({
  name: 'NAMESPACE',
  states: signedInStates,
  parse: nothing,
  async *run(context, { user }) {
    yield { type: 'namespace', separator: hierarchySeparator, others: (await hasOtherUsers(context, user)) ? otherUsers : null }
    return {}
  },
})
