/** `congvu request …`: written requests of agencies (Điều 5.3, 6.3, 10.4). */
import type { RequestSummary } from '../../protocols/control/messages.ts'
import { text, type CliCommand } from './command.ts'

export const requestCommands: readonly CliCommand[] = [
  {
    name: 'request list',
    synopsis: '[--open]',
    vietnamese: 'văn bản đề nghị: mã, loại, số văn bản, hạn, tình trạng, số tài khoản chờ; mới nhất trước',
    english: 'requests: id, kind, document, due, state, accounts that wait; newest first',
    positionals: [],
    options: { open: { type: 'boolean' } },
    async run({ options, ask, print }) {
      await ask('request.list', { open: options['open'] === true }, (one) => print.item(one, listed(one)))
      await print.end()
    },
  },
  {
    name: 'request show',
    synopsis: 'ID',
    vietnamese: 'một văn bản đề nghị và từng tài khoản trong đó',
    english: 'a request and each of its accounts',
    positionals: ['ID'],
    options: {},
    async run({ positionals, ask, print }) {
      const request = await ask('request.show', { id: positionals[0] ?? '' })
      const { rows, ...facts } = request
      await print.answer(request, [
        ...Object.entries(facts).map(([name, value]) => [name, value === null ? '' : String(value)]),
        ...rows.map(({ address, status, runsOn, reason }) => ['account', address, status, runsOn ?? reason ?? '']),
      ])
    },
  },
  {
    name: 'request decide',
    synopsis: 'ID ADDRESS [--deny REASON]',
    vietnamese: 'chấp thuận (hoặc từ chối) cho một tài khoản; khôi phục theo lệnh của Sở (--order); in mật khẩu tạm',
    english: "grants (or denies) it for one account; restores on the department's order (--order); prints a temporary password",
    positionals: ['ID', 'ADDRESS'],
    options: { deny: { type: 'string' } },
    async run({ positionals, options, ask, print }) {
      const deny = text(options, 'deny')
      const decided = await ask('request.decide', { id: positionals[0] ?? '', address: positionals[1] ?? '', ...(deny === undefined ? { grant: true } : { deny }) })
      await print.answer(decided, [[decided.address, decided.state, ...(decided.temporaryPassword === null ? [] : [decided.temporaryPassword])]])
    },
  },
]

function listed({ id, kind, document, due, provisional, state, open }: RequestSummary): readonly string[] {
  return [id, kind, document, due === null ? '' : `${due}${provisional ? '*' : ''}`, state, String(open)]
}
