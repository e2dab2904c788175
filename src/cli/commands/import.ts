/** `congvu account import`, `account undo-import`, `agency import`: tables of people and agencies (Điều 4.1, 5.2). */
import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import type { ImportRowView } from '../../protocols/control/messages.ts'
import { progressTeller } from '../progress.ts'
import { UsageError } from '../usage-error.ts'
import { text, type CliCommand } from './command.ts'

const maxFileBytes = 20 * 1024 * 1024

export const importCommands: readonly CliCommand[] = [
  {
    name: 'account import',
    synopsis: 'FILE [--agency LABEL] [--preview] [--confirmed] [--convert-legacy]',
    vietnamese: 'cấp tài khoản theo danh sách CSV hoặc XLSX; --preview chỉ xem trước',
    english: 'issues accounts from a CSV or XLSX file; --preview changes nothing',
    positionals: ['FILE'],
    options: { agency: { type: 'string' }, preview: { type: 'boolean' }, confirmed: { type: 'boolean' }, 'convert-legacy': { type: 'boolean' } },
    async run({ positionals, options, ask, print, stderr }) {
      const json = options['json'] === true
      const file = positionals[0] ?? ''
      const content = await bytesOf(file)
      const agency = text(options, 'agency')
      const teller = progressTeller({ stream: stderr, json, nowMs: () => Date.now(), label: () => 'Cấp tài khoản / issuing' })
      const args = {
        fileName: basename(file),
        content: content.toString('base64'),
        preview: options['preview'] === true,
        confirmed: options['confirmed'] === true,
        convertLegacy: options['convert-legacy'] === true,
        ...(agency === undefined ? {} : { agency }),
      }
      let telling = false
      const { import: made } = await ask('account.import', args, async (item) => {
        if ('total' in item) {
          telling = true
          teller.tell({ stage: 'issue', part: 'accounts', done: item.done, total: item.total })
          return
        }
        if (telling) teller.end()
        telling = false
        await print.item(item, shown(item))
      })
      await print.end()
      if (!json) stderr.write(`${made.id}: ${made.rows} dòng / rows, ${made.issued} đã cấp / issued, ${made.faulty} lỗi / faulty\n`)
    },
  },
  {
    name: 'account undo-import',
    synopsis: 'ID',
    vietnamese: 'rút lại những tài khoản chưa ai dùng của một lần nhập',
    english: 'takes back the accounts of an import that nobody has used',
    positionals: ['ID'],
    options: {},
    async run({ positionals, ask, print }) {
      const { undone, kept } = await ask('account.import-undo', { id: positionals[0] ?? '' })
      await print.answer({ undone, kept }, [[`${undone} đã rút / undone`, `${kept} giữ lại / kept`]])
    },
  },
  {
    name: 'agency import',
    synopsis: 'FILE',
    vietnamese: 'nhập danh sách cơ quan: cột code, type, name, label (config/province/communes.csv)',
    english: 'imports agencies: columns code, type, name, label (config/province/communes.csv)',
    positionals: ['FILE'],
    options: {},
    async run({ positionals, ask, print }) {
      const rows = agencyRows((await bytesOf(positionals[0] ?? '')).toString('utf8'))
      const counts = await ask('agency.import', { rows }, async (row) => print.item(row, [row.outcome, row.label ?? '', row.name, row.near.join(','), row.reason ?? '']))
      await print.end()
      void counts
    },
  },
]

async function bytesOf(file: string): Promise<Buffer> {
  let bytes: Buffer
  try {
    bytes = await readFile(file)
  } catch (error) {
    throw new UsageError(`Không đọc được tệp ${file}.`, `${file} cannot be read: ${(error as NodeJS.ErrnoException).code ?? String(error)}`)
  }
  if (bytes.byteLength > maxFileBytes) throw new UsageError('Tệp lớn hơn 20 MB.', 'The file has more than 20 MB.')
  return bytes
}

function shown({ row, name, address, rule, clause, flags, error, detail, temporaryPassword }: Extract<ImportRowView, { row: number }>): readonly string[] {
  return [String(row), name, address ?? '', rule ?? '', clause ?? '', flags.join(' '), error === null ? '' : `${error}${detail === null ? '' : `: ${detail}`}`, temporaryPassword ?? '']
}

/** A plain table without quotes: the province's own list. */
function agencyRows(content: string): readonly Readonly<Record<string, string>>[] {
  const [head = '', ...lines] = content.replace(/^\ufeff/, '').split(/\r?\n/).filter((line) => line.trim() !== '')
  const delimiter = head.includes(';') ? ';' : ','
  const columns = head.split(delimiter).map((column) => column.trim().toLowerCase())
  if (!columns.includes('name')) throw new UsageError('Bảng cần cột name.', 'The table needs a column name.')
  return lines.map((line) => {
    const cells = Object.fromEntries(line.split(delimiter).map((cell, at) => [columns[at] ?? '', cell.trim()]))
    const type = cells['type'] ?? ''
    const commune = /^(xã|phường|đặc khu|thị trấn)$/iu.test(type)
    const name = commune ? `${type} ${cells['name'] ?? ''}` : (cells['name'] ?? '')
    return { name, label: cells['label'] ?? '', code: cells['code'] ?? '', kind: commune ? 'commune' : (cells['kind'] ?? 'department') }
  })
}
