/** Commands on who opens an agency's mailbox (Điều 10.1, 10.3). */
import type { DelegationView } from '../../../core/account/delegation-administration.ts'
import { MailError } from '../../../core/errors.ts'
import type { DelegationLine } from '../messages.ts'
import { instant, type CommandRun } from './command.ts'

export const grant: CommandRun<'delegation.grant'> = async ({ administration, caller, args }) => {
  const [mailbox, person] = [args.text('mailbox'), args.text('person')]
  const rights = args.optionalChoice('rights', ['read', 'write'] as const) ?? 'write'
  const sendAs = args.flag('sendAs')
  const kind = args.optionalChoice('kind', ['decision', 'assignment', 'duty'] as const) ?? 'decision'
  const number = args.optionalText('number') ?? null
  const date = args.text('date')
  args.end()
  return lineOf(await administration.delegations.grant(caller, mailbox, { person, rights, sendAs, decision: { kind, number, date } }))
}

export const end: CommandRun<'delegation.end'> = async ({ administration, caller, args }) => {
  const [mailbox, person] = [args.text('mailbox'), args.text('person')]
  args.end()
  await administration.delegations.end(caller, mailbox, person)
  return {}
}

export const list: CommandRun<'delegation.list'> = async ({ administration, caller, args, item }) => {
  const [mailbox, person] = [args.optionalText('mailbox'), args.optionalText('person')]
  args.end()
  if ((mailbox === undefined) === (person === undefined)) throw new MailError('argument-invalid', 'of a mailbox, or of a person', { field: 'mailbox' })
  const { delegations } = administration
  const found = mailbox === undefined ? await delegations.ofPerson(caller, person!) : await delegations.ofMailbox(caller, mailbox)
  for (const one of found) await item(lineOf(one))
  return {}
}

function lineOf({ mailbox, person, rights, sendAs, decision, atMs, inEffect }: DelegationView): DelegationLine {
  return { mailbox: mailbox.address, person: person.address, name: person.name, rights, sendAs, decision: decision.kind, number: decision.number, date: decision.date, grantedAt: instant(atMs), inEffect }
}
