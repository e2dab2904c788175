/** Search keys of the wire, bound to what the session knows: `$` (RFC 5182) and EMAILID (RFC 8474 §6). */
import type { Mail } from '../../core/mail.ts'
import type { UidRange } from '../../core/mailbox/mailbox.ts'
import type { SearchKey } from '../../core/mailbox/search-key.ts'
import { savedUids } from './commands/message-set.ts'
import { emailIdOf } from './email-id.ts'
import type { Selected } from './state.ts'
import { savedResult } from './wire/sequence-set.ts'

export interface Binding {
  readonly mail: Pick<Mail, 'messages'>
  readonly state: Selected
}

/** RFC 9051 §9 (seq-number): one that there is not is the client's error. `*` is whatever is last. */
export function highestSequence(key: SearchKey): number {
  switch (key.key) {
    case 'and':
      return key.keys.reduce((highest, inner) => Math.max(highest, highestSequence(inner)), 0)
    case 'or':
      return Math.max(highestSequence(key.left), highestSequence(key.right))
    case 'not':
      return highestSequence(key.inner)
    case 'sequence':
      return key.set.reduce((highest, [first, last]) => Math.max(highest, first === Infinity ? 0 : first, last === Infinity ? 0 : last), 0)
    default:
      return 0
  }
}

/** A key that core can answer. */
export async function bindSearchKey(key: SearchKey, binding: Binding): Promise<SearchKey> {
  switch (key.key) {
    case 'and': {
      const keys: SearchKey[] = []
      for (const inner of key.keys) keys.push(await bindSearchKey(inner, binding))
      return { key: 'and', keys }
    }
    case 'or':
      return { key: 'or', left: await bindSearchKey(key.left, binding), right: await bindSearchKey(key.right, binding) }
    case 'not':
      return { key: 'not', inner: await bindSearchKey(key.inner, binding) }
    case 'sequence':
    case 'uid':
      return key.set === savedResult ? { key: 'uid', set: Array.from(savedUids(binding.state), (uid): UidRange => [uid, uid]) } : key
    case 'email-id':
      return { key: 'uid', set: await uidsOfEmail(key.id, binding) }
    default:
      return key
  }
}

/** Every row is looked at: what an id was made of cannot be read from it. */
async function uidsOfEmail(id: string, { mail, state }: Binding): Promise<UidRange[]> {
  const { view } = state
  const found: UidRange[] = []
  for await (const slice of mail.messages.read(view.mailbox.account, view.mailbox.id, 'all', { forms: false, text: false })) {
    for (const message of slice) if (emailIdOf(message) === id) found.push([message.uid, message.uid])
  }
  return found
}
