/** Commands on records (Điều 7.2): search and verification. */
import type { RecordKind } from '../../../core/record/record.ts'
import { recordKinds } from '../../../core/record/record.ts'
import { MailError } from '../../../core/errors.ts'
import { instant, type CommandRun } from './command.ts'

const byNames = ['message-id', 'sender', 'recipient', 'address', 'actor', 'transaction'] as const
const pageRecords = 500
/** The socket is closed when nothing is said for long. */
const tellEvery = 50_000

export const search: CommandRun<'records.search'> = async ({ administration, args, caller, item }) => {
  const [kind, by, text] = [args.optionalChoice('kind', recordKinds) ?? 'audit', args.optionalChoice('by', byNames), args.optionalText('text')]
  const [from, to, limit] = [instantArgument('from', args.optionalText('from')), instantArgument('to', args.optionalText('to')), args.optionalCount('limit') ?? 100]
  args.end()
  if ((by === undefined) !== (text === undefined)) throw new MailError('argument-invalid', 'by and text belong together', { field: 'by' })
  const query = { kind, by: by === undefined ? null : { name: by, text: text! }, fromMs: from, toMs: to, descending: true }
  let [told, after]: [number, { atMs: number; seq: number } | null] = [0, null]
  while (told < limit) {
    const size = Math.min(pageRecords, limit - told)
    const page = await administration.records.search(caller, { ...query, after, limit: size })
    for (const { seq, atMs, actor, action, subject, clause, detail } of page) await item({ kind, seq, at: instant(atMs), actor, action, subject, clause, detail })
    told += page.length
    if (page.length < size) break
    after = page.at(-1)!
  }
  return {}
}

export const verify: CommandRun<'audit.verify'> = async ({ administration, args, caller, item }) => {
  const everything = args.flag('all')
  args.end()
  const kinds: readonly RecordKind[] = everything ? recordKinds : ['audit']
  let told = 0
  for (const kind of kinds) {
    const verified = await administration.records.verify(caller, kind, {
      async onProgress(records) {
        if (records - told < tellEvery) return
        told = records
        await item({ kind, records, done: null })
      },
    })
    told = 0
    await item({ kind, records: verified.records, done: verified })
  }
  return {}
}

function instantArgument(field: string, text: string | undefined): number | null {
  if (text === undefined) return null
  const day = /^\d{4}-\d{2}-\d{2}$/.test(text)
  try {
    return Temporal.Instant.from(day ? `${text}T00:00+07:00` : text).epochMilliseconds
  } catch {
    throw new MailError('argument-invalid', 'a day or an instant', { field })
  }
}
