/**
 * Who acts through the private socket (requirements §1.1): whoever may open it is the operator; `order` names the Sở's order,
 * `as` an account in use whose role is taken, which the record says.
 */
import type { Actor } from '../../core/administration/actor.ts'
import { MailError } from '../../core/errors.ts'
import type { Mail } from '../../core/mail.ts'
import type { ControlRequest } from './messages.ts'

const maxOrderLength = 100

/** Refuses `argument-invalid`, `account-unknown`, `not-permitted` (the account is not in use). */
export async function callerOf({ order: given, as }: ControlRequest, mail: Pick<Mail, 'accounts'>, name: string): Promise<Actor> {
  const order = orderOf(given)
  const operator: Actor = { name, role: 'operator', account: null, agency: null, via: 'command-line', order, remoteIp: null }
  if (as === undefined) return operator
  if (typeof as !== 'string') throw new MailError('argument-invalid', 'an address', { field: 'as' })
  const account = await mail.accounts.byAddress(as)
  if (account === null) throw new MailError('account-unknown', 'no such account', { address: as.slice(0, 320) })
  if (account.state !== 'active') throw new MailError('not-permitted', 'the account is not in use', { reason: 'state', state: account.state })
  return { ...operator, name: `${name} for ${account.address}`, role: account.role, account: account.id, agency: account.agency }
}

function orderOf(given: unknown): string | null {
  if (given === undefined) return null
  const order = typeof given === 'string' ? given.normalize('NFC').trim() : ''
  if (order === '' || order.length > maxOrderLength || /\p{Cc}/u.test(order)) throw new MailError('argument-invalid', "number of the department's order", { field: 'order' })
  return order
}
