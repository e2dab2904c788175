/** GETQUOTA and GETQUOTAROOT: RFC 9208 §4.1. One root an account; its limit is set by the agency, so there is no SETQUOTA. */
import { MailError } from '../../../core/errors.ts'
import type { SignedIn } from '../../../core/mail.ts'
import type { AccountId } from '../../../core/mailbox/mailbox.ts'
import { decodeUtf8 } from '../../shared/lexer.ts'
import { command, type Context } from '../command.ts'
import { placeOf } from '../place.ts'
import { signedInStates } from '../state.ts'
import type { Untagged } from '../wire/encoder.ts'

/** The name of the account's own root; of another's it is the prefix. What it is called is of no meaning to clients. */
const ownRoot = ''
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
    const account = name === null ? null : await accountOfRoot(context, user, name)
    if (name === null || account === null) return { status: 'NO', code: 'NONEXISTENT', text: 'No such quota root' }
    yield await quotaOf(context, account, name)
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
    const { account, prefix: root } = await placeOf(context, user, name)
    yield { type: 'quota-root', name, root }
    yield await quotaOf(context, account, root)
    return {}
  },
})

async function accountOfRoot(context: Context, user: SignedIn, root: string): Promise<AccountId | null> {
  if (root === ownRoot) return user.account
  const { account, name, shared } = await placeOf(context, user, root)
  return shared !== null && name === '' ? account : null
}

async function quotaOf({ mail }: Context, id: AccountId, root: string): Promise<Untagged> {
  const account = await mail.accounts.get(id)
  if (account === null) throw new MailError('account-unknown')
  return { type: 'quota', root, resources: [['STORAGE', Math.ceil(account.usedBytes / unitBytes), Math.floor(account.quotaBytes / unitBytes)]] }
}
