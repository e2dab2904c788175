/**
 * How a written request is kept (Điều 5.3, 6.2, 6.3a, 10.4): kind `request` of the registry, with the file of its document; and beside
 * it, under the same id, what is still to be told of it (kind `request-notice`), so that telling does not change the request's version.
 */
import type { Untold } from '../account/lifecycle/untold.ts'
import { instantKey } from '../administration/access.ts'
import { entry, entryKind, put } from '../administration/entries.ts'
import type { BlobId } from '../mailbox/mailbox.ts'
import type { EntryWrite, RegistryStore } from '../ports/registry.ts'
import type { ReminderKind } from './deadline.ts'
import { progressOf, type WrittenRequest } from './request.ts'

export interface KeptRequest {
  readonly request: WrittenRequest
  /** The document's bytes; null when only its name, size and hash were given. */
  readonly body: BlobId | null
  readonly reminded: readonly ReminderKind[]
}

export const openRequestsKey = 'open:'

export const requestKind = entryKind<KeptRequest>({
  name: 'request',
  keys({ request }) {
    const received = instantKey(request.receivedAtMs)
    const isOpen = progressOf(request.rows).state !== 'closed'
    return [
      `received:${received}`,
      `agency:${request.agency}:${received}`,
      ...(isOpen ? [`${openRequestsKey}${received}`, `agency-open:${request.agency}:${received}`] : []),
    ]
  },
  bodies: ({ body }) => (body === null ? [] : [body]),
})

export interface RequestNotices {
  readonly untold: readonly Untold[]
}

export const requestNoticeKind = entryKind<RequestNotices>({ name: 'request-notice', keys: () => [] })

/** For the commit of the act that they are about. */
export async function noticesOf(registry: RegistryStore, id: string, untold: readonly Untold[]): Promise<readonly EntryWrite[]> {
  if (untold.length === 0) return []
  const kept = await entry(registry, requestNoticeKind, id)
  return [put(requestNoticeKind, id, { untold: [...(kept?.value.untold ?? []), ...untold] }, kept?.version ?? 0)]
}
