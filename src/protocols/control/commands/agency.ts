/** Commands on agencies. */
import type { Agency } from '../../../core/agency/agency.ts'
import type { AgencyView } from '../messages.ts'
import { instant, type CommandRun } from './command.ts'

export const create: CommandRun<'agency.create'> = async ({ mail, args, actor }) => {
  const label = args.text('label')
  const name = args.text('name')
  args.end()
  return { agency: agencyView(await mail.agencies.create({ label, name }, actor)) }
}

export const list: CommandRun<'agency.list'> = async ({ mail, args, item }) => {
  args.end()
  for await (const agency of mail.agencies.list()) await item(agencyView(agency))
  return {}
}

function agencyView({ label, name, domains, createdAtMs }: Agency): AgencyView {
  return { label, name, domains, createdAt: instant(createdAtMs) }
}
