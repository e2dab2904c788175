/** Commands on outgoing mail. */
import { MailError } from '../../../core/errors.ts'
import type { OutboxRow, OutboxState } from '../../../core/submission/outbox-row.ts'
import type { OutboxView } from '../messages.ts'
import { instant, type CommandRun } from './command.ts'

const states: readonly OutboxState[] = ['queued', 'handed', 'deferred', 'delivered', 'bounced', 'cancelled', 'held']
const pageSize = 200

export const list: CommandRun<'queue.list'> = async ({ mail, args, item }) => {
  const wanted = args.optionalChoices('states', states)
  args.end()
  let after: string | undefined
  for (;;) {
    const page = await mail.outbox.list({
      limit: pageSize,
      ...(wanted === undefined ? {} : { states: wanted }),
      ...(after === undefined ? {} : { after }),
    })
    for (const row of page) await item(outboxView(row))
    after = page.at(-1)?.id
    if (page.length < pageSize) return {}
  }
}

export const show: CommandRun<'queue.show'> = async ({ mail, args }) => {
  const id = args.text('id')
  args.end()
  const row = await mail.outbox.get(id)
  if (row === null) throw new MailError('outbox-row-unknown', 'no such row', { id })
  return { row: outboxView(row) }
}

export const retry: CommandRun<'queue.retry'> = async ({ mail, args }) => {
  const id = args.text('id')
  args.end()
  await mail.outbox.retry(id)
  return {}
}

export const cancel: CommandRun<'queue.cancel'> = async ({ mail, args }) => {
  const id = args.text('id')
  args.end()
  await mail.outbox.cancel(id)
  return {}
}

function outboxView(row: OutboxRow): OutboxView {
  const { id, state, sender, recipient, attempts, node, lastReply } = row
  return {
    id,
    state,
    sender,
    recipient,
    sizeBytes: row.prefix.length + row.bodyBytes,
    createdAt: instant(row.createdAtMs),
    dueAt: instant(row.dueAtMs),
    attempts,
    node,
    lastTryAt: row.lastTryAtMs === null ? null : instant(row.lastTryAtMs),
    lastReply,
  }
}
