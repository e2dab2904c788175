/** `congvu delegation …`: who opens an agency's mailbox (Điều 10.1, 10.3). Days are YYYY-MM-DD. */
import type { DelegationLine } from '../../protocols/control/messages.ts'
import { UsageError } from '../usage-error.ts'
import { text, type CliCommand } from './command.ts'

const rightsNames = ['read', 'write'] as const
const kinds = ['decision', 'assignment', 'duty'] as const

export const delegationCommands: readonly CliCommand[] = [
  {
    name: 'delegation grant',
    synopsis: '[--rights read|write] [--send-as] [--kind decision|assignment|duty] [--number NUMBER] --date DATE MAILBOX PERSON',
    vietnamese: 'giao hộp thư cơ quan hoặc đơn vị cho một người trong cơ quan, theo quyết định, phân công hoặc nhiệm vụ',
    english: "opens an agency's or a unit's mailbox to a person of the agency, by a decision, an assignment or the duty of the post",
    positionals: ['MAILBOX', 'PERSON'],
    options: { rights: { type: 'string' }, 'send-as': { type: 'boolean' }, kind: { type: 'string' }, number: { type: 'string' }, date: { type: 'string' } },
    async run({ positionals, options, ask, print }) {
      const [mailbox = '', person = ''] = positionals
      const date = text(options, 'date')
      if (date === undefined) throw new UsageError('Thiếu --date.', '--date is missing.')
      const rights = oneOf('--rights', text(options, 'rights') ?? 'write', rightsNames)
      const kind = oneOf('--kind', text(options, 'kind') ?? 'decision', kinds)
      const number = text(options, 'number')
      const granted = await ask('delegation.grant', { mailbox, person, rights, sendAs: options['send-as'] === true, kind, date, ...(number === undefined ? {} : { number }) })
      await print.answer(granted, [listed(granted)])
    },
  },
  {
    name: 'delegation end',
    synopsis: 'MAILBOX PERSON',
    vietnamese: 'chấm dứt ngay; phiên đang mở hộp thư đó cũng kết thúc',
    english: 'ends it at once; open sessions in the mailbox end too',
    positionals: ['MAILBOX', 'PERSON'],
    options: {},
    async run({ positionals, ask, print }) {
      await ask('delegation.end', { mailbox: positionals[0] ?? '', person: positionals[1] ?? '' })
      await print.answer({}, [])
    },
  },
  {
    name: 'delegation list',
    synopsis: '--mailbox ADDRESS | --person ADDRESS',
    vietnamese: 'ai mở hộp thư, hoặc một người mở những hộp thư nào: hộp thư, người, quyền, căn cứ, số, ngày; - là không có hiệu lực',
    english: 'who opens a mailbox, or what a person opens: mailbox, person, rights, decision, number, date; - is without effect now',
    positionals: [],
    options: { mailbox: { type: 'string' }, person: { type: 'string' } },
    async run({ options, ask, print }) {
      const [mailbox, person] = [text(options, 'mailbox'), text(options, 'person')]
      if ((mailbox === undefined) === (person === undefined)) throw new UsageError('Cần --mailbox hoặc --person.', 'Expected --mailbox or --person.')
      await ask('delegation.list', mailbox === undefined ? { person: person! } : { mailbox }, (one) => print.item(one, listed(one)))
      await print.end()
    },
  },
]

function oneOf<T extends string>(option: string, given: string, values: readonly T[]): T {
  const found = values.find((one) => one === given)
  if (found === undefined) throw new UsageError(`${option}: phải là ${values.join(', ')}.`, `${option}: expected ${values.join(', ')}.`)
  return found
}

function listed({ mailbox, person, rights, sendAs, decision, number, date, inEffect }: DelegationLine): readonly string[] {
  return [mailbox, person, `${rights}${sendAs ? '+send-as' : ''}`, decision, number ?? '', date, inEffect ? '' : '-']
}
