/** The text of `congvu help`. */
import type { CliCommand } from './commands/command.ts'

export function usage(commands: readonly CliCommand[]): string {
  const lines = commands.map(({ name, synopsis, vietnamese, english }) => `  congvu ${`${name} ${synopsis}`.trim()}\n      ${vietnamese}\n      ${english}`)
  return [
    'Công Vụ: hệ thống thư điện tử công vụ / official mail suite',
    '',
    '  congvu serve [--role all|core|ingress]',
    '      chạy máy chủ; core, ingress: một phần, khi các phần chạy riêng',
    '      runs the server; core, ingress: one part, where the parts run apart',
    ...lines,
    '',
    'Mọi lệnh / every command: --json, --help; --order SỐ: lệnh của Sở / order of the department; --as ĐỊA CHỈ: theo vai trò của tài khoản / with the role of the account',
    'Mã thoát / exit codes: 0 xong/done, 1 bị từ chối/refused, 2 sai cách dùng/usage, 3 máy chủ không chạy/server not running',
    '',
  ].join('\n')
}

export function usageOf({ name, synopsis, vietnamese, english }: CliCommand): string {
  return `congvu ${`${name} ${synopsis}`.trim()}\n  ${vietnamese}\n  ${english}\n`
}
