/**
 * `congvu agency propose NAME`, `congvu unit propose NAME` (Điều 4.1; R-4.1a to R-4.1c): what the rules make of a name. Needs no
 * running server: whether a label is free, the server says when it is created.
 */
import { existsSync } from 'node:fs'
import { UnsupportedLetter } from '../../vietnamese/names/fold-name.ts'
import { proposeAgencyLabel, proposeUnitLocal } from '../../vietnamese/names/labels.ts'
import { UsageError } from '../usage-error.ts'
import { text, type CliCommand, type CommandInput } from './command.ts'

const usualFile = 'config/congvu.toml'

export const proposeCommands: readonly CliCommand[] = [
  {
    name: 'agency propose',
    synopsis: 'NAME',
    vietnamese: 'ký hiệu đề xuất cho tên cơ quan (Điều 4.1)',
    english: 'the label that is proposed for an agency (Điều 4.1)',
    positionals: ['NAME'],
    options: { config: { type: 'string' } },
    async run(input) {
      const name = nameOf(input)
      const label = proposed(() => proposeAgencyLabel(name))
      const domain = `${label}.${await provinceDomain(input)}`
      await input.print.answer({ name, label, domain, address: `${label}@${domain}` }, [[label, domain]])
    },
  },
  {
    name: 'unit propose',
    synopsis: 'NAME [--agency LABEL]',
    vietnamese: 'địa chỉ đề xuất cho đơn vị thuộc cơ quan (Điều 4.1c)',
    english: "the address that is proposed for an agency's unit (Điều 4.1c)",
    positionals: ['NAME'],
    options: { agency: { type: 'string' }, config: { type: 'string' } },
    async run(input) {
      const name = nameOf(input)
      const local = proposed(() => proposeUnitLocal(name))
      const agency = text(input.options, 'agency')
      const address = agency === undefined ? null : `${local}@${agency}.${await provinceDomain(input)}`
      await input.print.answer({ name, local, address }, [address === null ? [local] : [local, address]])
    },
  },
]

function nameOf({ positionals }: CommandInput): string {
  const name = (positionals[0] ?? '').normalize('NFC').trim()
  if (name === '' || name.length > 200 || /\p{Cc}/u.test(name)) throw new UsageError('Tên có từ 1 đến 200 ký tự.', 'A name has 1 to 200 characters.')
  return name
}

function proposed(propose: () => string): string {
  try {
    const text = propose()
    if (text === '') throw new UsageError('Tên không có chữ nào dùng được trong địa chỉ.', 'Nothing of the name can stand in an address.')
    return text
  } catch (error) {
    if (error instanceof UnsupportedLetter) throw new UsageError(`Ký tự không dùng được trong địa chỉ: ${error.message}`, `A letter that has no place in an address: ${error.message}`)
    throw error
  }
}

async function provinceDomain({ options, env }: CommandInput): Promise<string> {
  // Only some commands need the schema, which takes a while to load.
  const { loadConfig } = await import('../../config/load.ts')
  const file = text(options, 'config') ?? env['CONGVU_CONFIG'] ?? (existsSync(usualFile) ? usualFile : undefined)
  return loadConfig({ file, env }).province.domain
}
