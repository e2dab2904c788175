/** Commands on accounts. */
import type { Account, LockClause, Role } from '../../../core/account/account.ts'
import type { CompromiseGround } from '../../../core/account/lifecycle/transition.ts'
import type { LockWanted } from '../../../core/account/lifecycle-administration.ts'
import { MailError } from '../../../core/errors.ts'
import type { AccountView } from '../messages.ts'
import { instant, type CommandRun } from './command.ts'

const roles: readonly Role[] = ['individual', 'agency-administrator', 'operator', 'super-administrator', 'inspector']
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

const grounds: readonly CompromiseGround[] = ['hijacked', 'leaked', 'forgotten', 'lost', 'spam-or-malware']

/** Điều 6.2a and 6.2d are the clock's; 6.2b needs its ground, 6.2c its case, every other lock a reason. */
export const lock: CommandRun<'account.lock'> = async ({ administration, caller, args }) => {
  const address = args.text('address')
  const clause = args.optionalChoice('clause', lockClauses) ?? 'manual'
  const ground = args.optionalChoice('ground', grounds) ?? null
  const [warning, caseId, reason] = [args.optionalText('warning') ?? null, args.optionalText('case') ?? '', args.optionalText('reason') ?? '']
  args.end()
  return { account: accountView(await administration.lifecycle.lock(caller, address, lockOf(clause, { ground, warning, case: caseId, reason }))) }
}

function lockOf(clause: LockClause, given: { readonly ground: CompromiseGround | null; readonly warning: string | null; readonly case: string; readonly reason: string }): LockWanted {
  switch (clause) {
    case '6.2b':
      return { act: 'lock-compromised', ground: given.ground, warning: given.warning }
    case '6.2c':
      return { act: 'lock-prohibited-use', case: given.case }
    case 'manual':
      return { act: 'suspend', reason: given.reason }
    case '6.2a':
    case '6.2d':
      throw new MailError('not-permitted', 'the clock alone locks by this clause', { reason: 'role', clause: `Điều ${clause}` })
  }
}

/**
 * R-6.3: the restoration that its agency has asked for in writing, on the Sở's order. `active` needs
 * `security.allow_active_accounts` and is for trials and service mailboxes.
 */
export const unlock: CommandRun<'account.unlock'> = async ({ mail, administration, caller, args, actor }) => {
  const address = args.text('address')
  const active = args.flag('active')
  args.end()
  if (active) return { account: accountView(await mail.accounts.activate(address, actor)), temporaryPassword: null }
  const { account, record } = await administration.lifecycle.get(caller, address)
  const request = record.restorationRequest
  if (request === null) throw new MailError('not-permitted', 'its agency has not asked for the restoration', { reason: 'document-missing', clause: 'Điều 6.3a', state: account.state })
  const decided = await administration.requests.decide(caller, request, { address: account.address, answer: { kind: 'grant' } })
  return { account: accountView(decided.account), temporaryPassword: decided.temporaryPassword }
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
