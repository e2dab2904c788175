/** `congvu queue …`: outgoing mail. */
import type { OutboxState, OutboxView } from '../../protocols/control/messages.ts'
import { UsageError } from '../usage-error.ts'
import { text, type CliCommand } from './command.ts'

const states: readonly OutboxState[] = ['queued', 'handed', 'deferred', 'delivered', 'bounced', 'cancelled', 'held']

export const queueCommands: readonly CliCommand[] = [
  {
    name: 'queue list',
    synopsis: '[--state STATE[,STATE…]]',
    vietnamese: 'liệt kê thư chờ gửi: mã, trạng thái, giờ gửi tới, số lần thử, người gửi, người nhận, trả lời cuối',
    english: 'lists outgoing mail: id, state, due, attempts, sender, recipient, last reply',
    positionals: [],
    options: { state: { type: 'string' } },
    async run({ options, ask, print }) {
      const wanted = text(options, 'state')?.split(',').map(stateNamed)
      await ask('queue.list', wanted === undefined ? {} : { states: wanted }, (row) => print.item(row, listed(row)))
      await print.end()
    },
  },
  {
    name: 'queue show',
    synopsis: 'ID',
    vietnamese: 'chi tiết của một thư chờ gửi',
    english: 'all facts of one row',
    positionals: ['ID'],
    options: {},
    async run({ positionals, ask, print }) {
      const { row } = await ask('queue.show', { id: positionals[0] ?? '' })
      await print.answer(row, Object.entries(row).map(([field, value]) => [field, value === null ? '' : String(value)]))
    },
  },
  {
    name: 'queue retry',
    synopsis: 'ID',
    vietnamese: 'gửi lại ngay',
    english: 'tries again now',
    positionals: ['ID'],
    options: {},
    async run({ positionals, ask, print }) {
      await ask('queue.retry', { id: positionals[0] ?? '' })
      await print.answer({}, [])
    },
  },
  {
    name: 'queue cancel',
    synopsis: 'ID',
    vietnamese: 'không gửi nữa',
    english: 'gives up sending',
    positionals: ['ID'],
    options: {},
    async run({ positionals, ask, print }) {
      await ask('queue.cancel', { id: positionals[0] ?? '' })
      await print.answer({}, [])
    },
  },
]

function stateNamed(name: string): OutboxState {
  const found = states.find((state) => state === name)
  if (found === undefined) throw new UsageError(`--state: phải là ${states.join(', ')}.`, `--state: expected ${states.join(', ')}.`)
  return found
}

function listed(row: OutboxView): readonly string[] {
  return [row.id, row.state, row.dueAt, String(row.attempts), row.sender === '' ? '<>' : row.sender, row.recipient, row.lastReply ?? '']
}
