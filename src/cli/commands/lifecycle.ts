/** `congvu lifecycle …`: what the clock does with accounts, and by which clause (Điều 5, 6). Days are YYYY-MM-DD. */
import type { IdleListName, PreviewView } from '../../protocols/control/messages.ts'
import { UsageError } from '../usage-error.ts'
import { text, type CliCommand } from './command.ts'

const lists: readonly IdleListName[] = ['receiving-without-sign-in', 'long-idle', 'no-sign-in-lately']

export const lifecycleCommands: readonly CliCommand[] = [
  {
    name: 'lifecycle preview',
    synopsis: '--on DATE [--agency LABEL]',
    vietnamese: 'việc sẽ xảy ra vào ngày DATE nếu không ai làm gì: địa chỉ, việc, điều khoản, ngày, họ tên; * là dự kiến theo lịch chưa chính thức',
    english: 'what happens on DATE if nobody does anything: address, act, clause, day, name; * depends on a calendar that is not final',
    positionals: [],
    options: { on: { type: 'string' }, agency: { type: 'string' } },
    async run({ options, ask, print }) {
      const on = text(options, 'on')
      const agency = text(options, 'agency')
      if (on === undefined) throw new UsageError('Thiếu --on.', '--on is missing.')
      await ask('lifecycle.preview', { on, ...(agency === undefined ? {} : { agency }) }, (one) => print.item(one, [one.address, ...listed(one), one.name]))
      await print.end()
    },
  },
  {
    name: 'lifecycle show',
    synopsis: 'ADDRESS',
    vietnamese: 'tình trạng của một tài khoản và những việc sắp tới',
    english: 'the state of an account and what is to come',
    positionals: ['ADDRESS'],
    options: {},
    async run({ positionals, ask, print }) {
      const life = await ask('lifecycle.show', { address: positionals[0] ?? '' })
      const { coming, absences, ...facts } = life
      await print.answer(life, [
        ...Object.entries(facts).map(([name, value]) => [name, value ?? '']),
        ...absences.map(({ from, to, reason }) => ['absence', from, to, reason]),
        ...coming.map((one) => ['coming', ...listed(one)]),
      ])
    },
  },
  {
    name: 'lifecycle idle',
    synopsis: '[--list LIST] [--agency LABEL]',
    vietnamese: `danh sách theo dõi, không khóa ai; LIST: ${lists.join(', ')}`,
    english: 'lists that lock nobody',
    positionals: [],
    options: { list: { type: 'string' }, agency: { type: 'string' } },
    async run({ options, ask, print }) {
      const wanted = text(options, 'list') ?? 'long-idle'
      const list = lists.find((one) => one === wanted)
      if (list === undefined) throw new UsageError(`--list: phải là ${lists.join(', ')}.`, `--list: expected ${lists.join(', ')}.`)
      const agency = text(options, 'agency')
      await ask('lifecycle.idle', { list, ...(agency === undefined ? {} : { agency }) }, (one) => print.item(one, [one.address, one.name]))
      await print.end()
    },
  },
]

function listed({ act, daysBefore, clause, on, provisional }: Omit<PreviewView, 'address' | 'name'>): readonly string[] {
  return [daysBefore === null ? act : `${act}-${daysBefore}`, clause, `${on}${provisional ? '*' : ''}`]
}
