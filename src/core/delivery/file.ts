/** Where a message goes in one account's mailbox: junk to the junk mailbox, all else to INBOX. */
import type { DeliveryRecipient } from '../ports/store.ts'
import { noFlags, type Flags } from '../mailbox/flags.ts'
import type { Verdict } from './judge.ts'
import type { LocalRecipient } from './recipients.ts'
import type { Tracer } from './trace.ts'

/** RFC 5788 registers `$Junk`; mail programs show and learn from it. */
const junkFlags: Flags = { bits: 0, keywords: ['$Junk'] }

export function fileInto({ account }: LocalRecipient, verdict: Verdict, tracer: Tracer): DeliveryRecipient {
  const junk = verdict.kind === 'junk'
  return {
    account: account.id,
    target: { role: junk ? 'junk' : 'inbox' },
    prefix: tracer.local(account.address),
    flags: junk ? junkFlags : noFlags,
    extraBytes: 0,
  }
}
