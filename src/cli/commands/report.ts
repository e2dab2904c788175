/** `congvu report show`: statistics of a period (R-10.8s). */
import { text, type CliCommand } from './command.ts'

export const reportCommands: readonly CliCommand[] = [
  {
    name: 'report show',
    synopsis: 'PERIOD [--agency LABEL]',
    vietnamese: 'thống kê theo cơ quan; PERIOD: 2026-05, 2026-Q2 hoặc 2026; cột: ký hiệu, tài khoản, hoạt động, đang khóa, thư gửi, thư nhận, byte đã dùng',
    english: 'statistics by agency; columns: label, accounts, active, locked, sent, received, bytes used; everything with --json',
    positionals: ['PERIOD'],
    options: { agency: { type: 'string' } },
    async run({ positionals, options, ask, print }) {
      const agency = text(options, 'agency')
      const all = (accounts: Readonly<Record<string, number>>): number => Object.values(accounts).reduce((left, right) => left + right, 0)
      await ask('report.show', { period: positionals[0] ?? '', ...(agency === undefined ? {} : { agency }) }, (row) => {
        const { standing, happened } = row.statistics
        const shown = [all(standing.accounts), standing.accounts['active'] ?? 0, standing.accounts['locked'] ?? 0, happened.sent, happened.received, standing.usedBytes]
        return print.item(row, [row.agency?.label ?? '-', ...shown.map(String)])
      })
      await print.end()
    },
  },
]
