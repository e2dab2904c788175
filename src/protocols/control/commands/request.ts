/** Commands on written requests of agencies (Điều 5.3, 6.3, 10.4). */
import { MailError } from '../../../core/errors.ts'
import type { RequestView } from '../../../core/request/request-administration.ts'
import type { RequestRowView, RequestSummary } from '../messages.ts'
import { instant, type CommandRun } from './command.ts'

const pageSize = 100

export const list: CommandRun<'request.list'> = async ({ administration, caller, args, item }) => {
  const openOnly = args.flag('open')
  args.end()
  for (let after: { readonly key: string; readonly id: string } | null | undefined; after !== null; ) {
    const page = await administration.requests.list(caller, { openOnly, limit: pageSize, ...(after === undefined ? {} : { after }) })
    for (const one of page.requests) await item(summaryOf(one))
    after = page.next
  }
  return {}
}

export const show: CommandRun<'request.show'> = async ({ administration, caller, args }) => {
  const id = args.text('id')
  args.end()
  const view = await administration.requests.get(caller, id)
  return { ...summaryOf(view), rows: view.request.rows.map(rowView) }
}

export const decide: CommandRun<'request.decide'> = async ({ administration, caller, args }) => {
  const [id, address] = [args.text('id'), args.text('address')]
  const grant = args.flag('grant')
  const reason = args.optionalText('deny')
  args.end()
  if (grant === (reason !== undefined)) throw new MailError('argument-invalid', 'granted, or denied with a reason', { field: 'grant' })
  const { account, temporaryPassword } = await administration.requests.decide(caller, id, { address, answer: reason === undefined ? { kind: 'grant' } : { kind: 'deny', reason } })
  return { address: account.address, state: account.state, temporaryPassword }
}

function summaryOf({ id, request, progress }: RequestView): RequestSummary {
  const { kind, agency, document, receivedAtMs, deadline } = request
  const { state, open, granted, denied, notAccepted } = progress
  return {
    id,
    kind,
    agency,
    document: document.number,
    documentDate: document.date,
    receivedAt: instant(receivedAtMs),
    due: deadline?.due ?? null,
    provisional: deadline?.provisional ?? false,
    state,
    open,
    granted,
    denied,
    notAccepted,
  }
}

function rowView({ address, status }: RequestView['request']['rows'][number]): RequestRowView {
  return {
    address,
    status: status.kind,
    runsOn: status.kind === 'granted' ? status.runsOn : null,
    reason: status.kind === 'denied' ? status.reason : status.kind === 'not-accepted' ? status.refusal : null,
  }
}
