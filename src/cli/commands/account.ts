/** `congvu account …` */
import type { AccountView, CompromiseGround, LockClause, Role } from '../../protocols/control/messages.ts'
import { UsageError } from '../usage-error.ts'
import { text, type CliCommand, type CommandInput } from './command.ts'

const lockClauses: readonly LockClause[] = ['6.2a', '6.2b', '6.2c', '6.2d', 'manual']
const grounds: readonly CompromiseGround[] = ['hijacked', 'leaked', 'forgotten', 'lost', 'spam-or-malware']
const roles: readonly Role[] = ['individual', 'agency-administrator', 'operator', 'super-administrator', 'inspector']

export const accountCommands: readonly CliCommand[] = [
  {
    name: 'account create',
    synopsis: 'ADDRESS [--name NAME] [--role ROLE] [--quota BYTES] [--password-stdin] [--active] [--free-form]',
    vietnamese: 'tạo tài khoản; không có --password-stdin thì in mật khẩu tạm',
    english: 'makes an account; without --password-stdin it prints a temporary password',
    positionals: ['ADDRESS'],
    options: {
      name: { type: 'string' },
      role: { type: 'string' },
      quota: { type: 'string' },
      'password-stdin': { type: 'boolean' },
      active: { type: 'boolean' },
      'free-form': { type: 'boolean' },
    },
    async run(input) {
      const { options, print } = input
      const name = text(options, 'name')
      const role = choice(options['role'], '--role', roles)
      const quotaBytes = count(text(options, 'quota'), '--quota')
      const password = await passwordFromInput(input)
      const { account, temporaryPassword } = await input.ask('account.create', {
        address: input.positionals[0] ?? '',
        active: options['active'] === true,
        freeForm: options['free-form'] === true,
        ...(name === undefined ? {} : { name }),
        ...(role === undefined ? {} : { role }),
        ...(quotaBytes === undefined ? {} : { quotaBytes }),
        ...(password === undefined ? {} : { password }),
      })
      await print.answer({ account, temporaryPassword }, [temporaryPassword === null ? [account.address] : [account.address, temporaryPassword]])
    },
  },
  {
    name: 'account list',
    synopsis: '[--agency LABEL]',
    vietnamese: 'liệt kê tài khoản: địa chỉ, trạng thái, vai trò, dung lượng đã dùng, tên',
    english: 'lists accounts: address, state, role, used bytes, name',
    positionals: [],
    options: { agency: { type: 'string' } },
    async run({ options, ask, print }) {
      const agency = text(options, 'agency')
      await ask('account.list', agency === undefined ? {} : { agency }, (account) => print.item(account, listed(account)))
      await print.end()
    },
  },
  {
    name: 'account password',
    synopsis: 'ADDRESS [--password-stdin] [--active]',
    vietnamese: 'đặt lại mật khẩu; không có --password-stdin thì in mật khẩu tạm',
    english: 'resets the password; without --password-stdin it prints a temporary one',
    positionals: ['ADDRESS'],
    options: { 'password-stdin': { type: 'boolean' }, active: { type: 'boolean' } },
    async run(input) {
      const password = await passwordFromInput(input)
      const answer = await input.ask('account.password', {
        address: input.positionals[0] ?? '',
        active: input.options['active'] === true,
        ...(password === undefined ? {} : { password }),
      })
      await input.print.answer(answer, answer.temporaryPassword === null ? [] : [[answer.temporaryPassword]])
    },
  },
  {
    name: 'account change-password',
    synopsis: 'ADDRESS',
    vietnamese: 'chủ tài khoản đổi mật khẩu: mật khẩu cũ, rồi mật khẩu mới (hỏi, hoặc hai dòng của đầu vào chuẩn)',
    english: 'by the owner: old password, then the new one (asked for, or two lines of standard input)',
    positionals: ['ADDRESS'],
    options: {},
    async run({ positionals, secrets, ask, print }) {
      const [oldPassword = '', newPassword = ''] = await secrets(['Mật khẩu cũ / Old password', 'Mật khẩu mới / New password'])
      await ask('account.change-password', { user: positionals[0] ?? '', oldPassword, newPassword })
      await print.answer({}, [])
    },
  },
  {
    name: 'account alias',
    synopsis: 'ADDRESS ALIAS',
    vietnamese: 'thêm một địa chỉ nữa cho tài khoản',
    english: 'adds another address to the account',
    positionals: ['ADDRESS', 'ALIAS'],
    options: {},
    async run({ positionals, ask, print }) {
      await ask('account.alias', { address: positionals[0] ?? '', alias: positionals[1] ?? '' })
      await print.answer({}, [])
    },
  },
  {
    name: 'account lock',
    synopsis: 'ADDRESS [--clause 6.2b --ground GROUND [--warning NUMBER] | --clause 6.2c --case ID | --reason TEXT]',
    vietnamese: 'khóa tài khoản (Điều 6.2b, 6.2c hoặc khẩn cấp); thư vẫn được nhận. GROUND: hijacked, leaked, forgotten, lost, spam-or-malware',
    english: 'locks the account (Điều 6.2b, 6.2c, or an emergency); it still receives mail',
    positionals: ['ADDRESS'],
    options: { clause: { type: 'string' }, ground: { type: 'string' }, warning: { type: 'string' }, case: { type: 'string' }, reason: { type: 'string' } },
    async run({ positionals, options, ask, print }) {
      const clause = choice(options['clause'], '--clause', lockClauses)
      const ground = choice(options['ground'], '--ground', grounds)
      const [warning, file, reason] = ['warning', 'case', 'reason'].map((name) => text(options, name))
      const { account } = await ask('account.lock', {
        address: positionals[0] ?? '',
        ...(clause === undefined ? {} : { clause }),
        ...(ground === undefined ? {} : { ground }),
        ...(warning === undefined ? {} : { warning }),
        ...(file === undefined ? {} : { case: file }),
        ...(reason === undefined ? {} : { reason }),
      })
      await print.answer({ account }, [[account.address, account.state]])
    },
  },
  {
    name: 'account unlock',
    synopsis: 'ADDRESS [--active]',
    vietnamese: 'khôi phục theo văn bản đề nghị của cơ quan và lệnh của Sở (--order; Điều 6.3); in mật khẩu tạm, phải đổi ở lần đăng nhập tới',
    english: "restores what its agency has asked for in writing, on the department's order (--order; Điều 6.3); prints a temporary password",
    positionals: ['ADDRESS'],
    options: { active: { type: 'boolean' } },
    async run({ positionals, options, ask, print }) {
      const { account, temporaryPassword } = await ask('account.unlock', { address: positionals[0] ?? '', active: options['active'] === true })
      await print.answer({ account, temporaryPassword }, [[account.address, account.state, ...(temporaryPassword === null ? [] : [temporaryPassword])]])
    },
  },
]

async function passwordFromInput({ options, secrets }: CommandInput): Promise<string | undefined> {
  if (options['password-stdin'] !== true) return undefined
  return (await secrets(['Mật khẩu / Password']))[0]
}

function listed(account: AccountView): readonly string[] {
  const state = account.lockClause === null ? account.state : `${account.state} ${account.lockClause}`
  return [account.address, state, account.role, String(account.usedBytes), account.name]
}

function choice<T extends string>(value: unknown, option: string, choices: readonly T[]): T | undefined {
  if (value === undefined) return undefined
  const found = choices.find((one) => one === value)
  if (found === undefined) throw new UsageError(`${option}: phải là ${choices.join(', ')}.`, `${option}: expected ${choices.join(', ')}.`)
  return found
}

function count(value: string | undefined, option: string): number | undefined {
  if (value === undefined) return undefined
  if (!/^\d{1,15}$/.test(value)) throw new UsageError(`${option}: phải là một số nguyên.`, `${option}: expected a whole number.`)
  return Number(value)
}
