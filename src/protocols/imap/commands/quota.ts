/** GETQUOTA and GETQUOTAROOT: RFC 9208 §4.1. One root, the account; its limit is set by the agency, so there is no SETQUOTA. */
import { MailError } from '../../../core/errors.ts'
import type { AccountId } from '../../../core/mailbox/mailbox.ts'
import { decodeUtf8 } from '../../shared/lexer.ts'
import { command, type Context } from '../command.ts'
import { signedInStates } from '../state.ts'
import type { Untagged } from '../wire/encoder.ts'

/** The name of the root; what it is called is of no meaning to clients. */
const root = ''
const unitBytes = 1024

export const getQuota = command({
  name: 'GETQUOTA',
  states: signedInStates,
  parse(lexer) {
    lexer.space()
    const name = decodeUtf8(lexer.astring())
    lexer.end()
    return name
  },
  async *run(context, { user }, name) {
    if (name !== root) return { status: 'NO', code: 'NONEXISTENT', text: 'No such quota root' }
    yield await quotaOf(context, user.account)
    return {}
  },
})

/** The mailbox need not exist (RFC 9208 §4.1.2). */
export const getQuotaRoot = command({
  name: 'GETQUOTAROOT',
  states: signedInStates,
  parse(lexer, { utf8 }) {
    lexer.space()
    const name = lexer.mailbox(utf8)
    lexer.end()
    return name
  },
  async *run(context, { user }, name) {
    yield { type: 'quota-root', name, root }
    yield await quotaOf(context, user.account)
    return {}
  },
})

async function quotaOf({ mail }: Context, id: AccountId): Promise<Untagged> {
  const account = await mail.accounts.get(id)
  if (account === null) throw new MailError('account-unknown')
  return { type: 'quota', root, resources: [['STORAGE', Math.ceil(account.usedBytes / unitBytes), Math.floor(account.quotaBytes / unitBytes)]] }
}
