/** Commands on the life of accounts (Điều 5, 6). */
import type { LifecycleAct } from '../../../core/account/lifecycle/acts.ts'
import type { IdleListName } from '../../../core/account/lifecycle/idle-report.ts'
import { MailError } from '../../../core/errors.ts'
import type { PreviewView } from '../messages.ts'
import { instant, type CommandRun } from './command.ts'

export const preview: CommandRun<'lifecycle.preview'> = async ({ mail, administration, caller, args, item }) => {
  const on = args.text('on')
  const label = args.optionalText('agency')
  args.end()
  const agency = label === undefined ? {} : { agency: await agencyNamed(mail, label) }
  for await (const { address, name, act } of administration.lifecycle.preview(caller, { on, ...agency })) await item({ address, name, ...actView(act) })
  return {}
}

const idleListNames: readonly IdleListName[] = ['receiving-without-sign-in', 'long-idle', 'no-sign-in-lately']

export const idle: CommandRun<'lifecycle.idle'> = async ({ mail, administration, caller, args, item }) => {
  const list = args.optionalChoice('list', idleListNames) ?? 'long-idle'
  const label = args.optionalText('agency')
  args.end()
  const agency = label === undefined ? {} : { agency: await agencyNamed(mail, label) }
  for await (const one of administration.lifecycle.idle(caller, { list, ...agency })) await item(one)
  return {}
}

export const show: CommandRun<'lifecycle.show'> = async ({ administration, caller, args }) => {
  const address = args.text('address')
  args.end()
  const { account, record, coming, calendarVersion } = await administration.lifecycle.get(caller, address)
  const { lastSignInAtMs, lastSentAtMs, lastReceivedAtMs, proposal, scheduledRevocation, absences } = record
  return {
    address: account.address,
    state: account.state,
    lockClause: account.lockClause,
    lastSignIn: instantOrNull(lastSignInAtMs),
    lastSent: instantOrNull(lastSentAtMs),
    lastReceived: instantOrNull(lastReceivedAtMs.filtered),
    proposal: proposal === null ? null : proposal.state,
    scheduledRevocation: scheduledRevocation?.effectiveOn ?? null,
    absences: absences.map(({ from, to, reason }) => ({ from, to, reason })),
    coming: coming.map(actView),
    calendarVersion,
  }
}

const instantOrNull = (ms: number | null): string | null => (ms === null ? null : instant(ms))

export const actView = (act: LifecycleAct): Omit<PreviewView, 'address' | 'name'> => ({
  act: act.kind,
  clause: act.clause,
  decisions: act.decisions,
  on: act.on,
  provisional: act.provisional,
  daysBefore: act.kind === 'warn' ? act.daysBefore : null,
})

async function agencyNamed(mail: Parameters<typeof preview>[0]['mail'], label: string): Promise<string> {
  for await (const { id, label: known } of mail.agencies.list()) if (known === label) return id
  throw new MailError('agency-unknown', 'no such agency', { label: label.slice(0, 63) })
}
