/** `congvu audit verify`, `congvu records search` (Điều 7.2). */
import { RefusedError } from '../control-client.ts'
import { UsageError } from '../usage-error.ts'
import { text, type CliCommand } from './command.ts'

const kinds = ['audit', 'sign-in', 'mail', 'error', 'system'] as const
const names = ['message-id', 'sender', 'recipient', 'address', 'actor', 'transaction'] as const

export const recordCommands: readonly CliCommand[] = [
  {
    name: 'audit verify',
    synopsis: '[--all]',
    vietnamese: 'kiểm tra nhật ký quản trị có nguyên vẹn không; --all: mọi nhật ký; mã thoát 1 và chỉ rõ bản ghi đầu tiên bị sửa hoặc mất',
    english: 'whether the audit is as it was written; --all: every log; exit code 1 and the first record that was altered or is missing',
    positionals: [],
    options: { all: { type: 'boolean' } },
    async run({ options, ask, print }) {
      let broken: { readonly kind: string; readonly seq: number; readonly what: string } | null = null
      await ask('audit.verify', options['all'] === true ? { all: true } : {}, async ({ kind, done }) => {
        if (done === null) return
        broken ??= done.break
        const days = [`${done.records} records`, `${done.days} days`, `${done.purgedDays} purged`]
        await print.item(done, [kind, ...(done.break === null ? ['ok', ...days, done.lastHash] : [done.break.what, String(done.break.seq), done.break.day ?? ''])])
      })
      await print.end()
      if (broken !== null) throw new RefusedError(brokenFailure(broken))
    },
  },
  {
    name: 'records search',
    synopsis: '[--kind KIND] [--by NAME --text TEXT] [--from TIME] [--to TIME] [--limit N]',
    vietnamese: `tìm trong nhật ký, mới nhất trước; KIND: ${kinds.join(', ')}; NAME: ${names.join(', ')}; TIME: YYYY-MM-DD hoặc RFC 3339`,
    english: 'searches a log, newest first; a search of mail and sign-ins is itself recorded',
    positionals: [],
    options: { kind: { type: 'string' }, by: { type: 'string' }, text: { type: 'string' }, from: { type: 'string' }, to: { type: 'string' }, limit: { type: 'string' } },
    async run({ options, ask, print }) {
      const [kind, by] = [oneOf(kinds, 'kind', text(options, 'kind')), oneOf(names, 'by', text(options, 'by'))]
      const given = { text: text(options, 'text'), from: text(options, 'from'), to: text(options, 'to') }
      const limit = text(options, 'limit')
      if (limit !== undefined && !/^[1-9]\d{0,6}$/.test(limit)) throw new UsageError('--limit: phải là một số nguyên.', '--limit: expected a whole number.')
      const args = {
        ...(kind !== undefined && { kind }),
        ...(by !== undefined && { by }),
        ...(given.text !== undefined && { text: given.text }),
        ...(given.from !== undefined && { from: given.from }),
        ...(given.to !== undefined && { to: given.to }),
        ...(limit !== undefined && { limit: Number(limit) }),
      }
      await ask('records.search', args, (one) => print.item(one, [one.at, String(one.seq), one.actor, one.action, one.subject, one.clause ?? '', JSON.stringify(one.detail)]))
      await print.end()
    },
  },
]

function oneOf<T extends string>(choices: readonly T[], name: string, given: string | undefined): T | undefined {
  if (given === undefined) return undefined
  const found = choices.find((one) => one === given)
  if (found === undefined) throw new UsageError(`--${name}: phải là ${choices.join(', ')}.`, `--${name}: expected ${choices.join(', ')}.`)
  return found
}

function brokenFailure({ kind, seq, what }: { readonly kind: string; readonly seq: number; readonly what: string }): ConstructorParameters<typeof RefusedError>[0] {
  return { code: 'conflict', message_vi: `Nhật ký không còn nguyên vẹn: ${kind} ${seq} (${what}).`, message_en: `The records are not as they were written: ${kind} ${seq} (${what}).`, detail: { kind, seq, what } }
}
