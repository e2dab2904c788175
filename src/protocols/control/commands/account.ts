/** Commands on accounts. */
import type { Account, LockClause, Role } from '../../../core/account/account.ts'
import type { AccountView } from '../messages.ts'
import { instant, type CommandRun } from './command.ts'

const roles: readonly Role[] = ['individual', 'agency-administrator', 'operator', 'super-administrator']
const lockClauses: readonly LockClause[] = ['6.2a', '6.2b', '6.2c', '6.2d', 'manual']
const pageSize = 500
/** The private socket is reached from this machine only. */
const localIp = '127.0.0.1'

export const create: CommandRun<'account.create'> = async ({ mail, args, actor }) => {
  const request = defined({
    address: args.text('address'),
    name: args.optionalText('name'),
    role: args.optionalChoice('role', roles),
    password: args.optionalText('password'),
    active: args.flag('active'),
    freeForm: args.flag('freeForm'),
    quotaBytes: args.optionalCount('quotaBytes'),
  })
  args.end()
  const made = await mail.accounts.create(request, actor)
  return { account: accountView(made.account), temporaryPassword: made.temporaryPassword }
}

export const list: CommandRun<'account.list'> = async ({ mail, args, item }) => {
  const agency = args.optionalText('agency')
  args.end()
  let after: string | undefined
  for (;;) {
    const page = await mail.accounts.list(defined({ agency, after, limit: pageSize }))
    for (const account of page) await item(accountView(account))
    after = page.at(-1)?.address
    if (page.length < pageSize) return {}
  }
}

export const alias: CommandRun<'account.alias'> = async ({ mail, args, actor }) => {
  const address = args.text('address')
  const wanted = args.text('alias')
  args.end()
  await mail.accounts.addAlias(address, wanted, actor)
  return {}
}

export const password: CommandRun<'account.password'> = async ({ mail, args, actor }) => {
  const address = args.text('address')
  const given = args.optionalText('password') ?? null
  const active = args.flag('active')
  args.end()
  return mail.accounts.setPassword(address, given, { active }, actor)
}

export const changePassword: CommandRun<'account.change-password'> = async ({ mail, args }) => {
  const user = args.text('user')
  const oldPassword = args.text('oldPassword')
  const newPassword = args.text('newPassword')
  args.end()
  await mail.accounts.changeOwnPassword(user, oldPassword, newPassword, localIp)
  return {}
}

export const lock: CommandRun<'account.lock'> = async ({ mail, args, actor }) => {
  const address = args.text('address')
  const clause = args.optionalChoice('clause', lockClauses) ?? 'manual'
  args.end()
  return { account: accountView(await mail.accounts.lock(address, clause, actor)) }
}

/** `active` needs `security.allow_active_accounts`: core refuses the state otherwise, and the account stays locked. */
export const unlock: CommandRun<'account.unlock'> = async ({ mail, args, actor }) => {
  const address = args.text('address')
  const active = args.flag('active')
  args.end()
  const account = active ? await mail.accounts.setState(address, 'active', actor) : await mail.accounts.unlock(address, actor)
  return { account: accountView(account) }
}

function accountView(account: Account): AccountView {
  const { address, name, kind, role, state, lockClause, quotaBytes, usedBytes, createdAtMs } = account
  return { address, name, kind, role, state, lockClause, quotaBytes, usedBytes, createdAt: instant(createdAtMs) }
}

type Defined<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>
}

/** Without the fields that are undefined. */
function defined<T extends object>(fields: T): Defined<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Defined<T>
}
