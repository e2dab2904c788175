/** `congvu agency …` */
import type { AgencyView } from '../../protocols/control/messages.ts'
import { UsageError } from '../usage-error.ts'
import { text, type CliCommand } from './command.ts'

export const agencyCommands: readonly CliCommand[] = [
  {
    name: 'agency create',
    synopsis: 'LABEL --name NAME',
    vietnamese: 'tạo cơ quan với tên miền LABEL.<tên miền của tỉnh>',
    english: "makes an agency with the domain LABEL.<the province's domain>",
    positionals: ['LABEL'],
    options: { name: { type: 'string' } },
    async run({ positionals, options, ask, print }) {
      const name = text(options, 'name')
      if (name === undefined) throw new UsageError('Thiếu --name.', '--name is missing.')
      const { agency } = await ask('agency.create', { label: positionals[0] ?? '', name })
      await print.answer({ agency }, [listed(agency)])
    },
  },
  {
    name: 'agency list',
    synopsis: '',
    vietnamese: 'liệt kê cơ quan: tên miền, ký hiệu, tên',
    english: 'lists agencies: domains, label, name',
    positionals: [],
    options: {},
    async run({ ask, print }) {
      await ask('agency.list', {}, (agency) => print.item(agency, listed(agency)))
      await print.end()
    },
  },
]

function listed({ label, name, domains }: AgencyView): readonly string[] {
  return [domains.join(','), label, name]
}
