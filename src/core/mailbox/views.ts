/**
 * Which mailboxes are selected in this process: one shared view each, held by its sessions (design §5.4).
 *
 * When the last session leaves, the view stays warm for a while, within a bound on bytes, so that selecting it again only
 * reads what changed. A warm view hears no bell and does no work.
 */
import { MailError } from '../errors.ts'
import type { Views } from '../mail.ts'
import type { AccountId, MailboxId } from './mailbox.ts'
import type { Searcher } from './search.ts'
import { SessionView } from './selected-view.ts'
import { type OwnWrite, SharedView, type SharedViewPorts } from './shared-view.ts'

export type ViewPorts = SharedViewPorts &
  Searcher & {
    /** Bytes of views that nobody has selected; 32 MiB hold some 200 mailboxes of 10,000 messages. */
    readonly maxWarmBytes?: number
  }

interface Open {
  readonly shared: SharedView
  sessions: number
}

export interface OpenViews extends Views {
  /** Tells the sessions' views what this process has just written, before the bell rings. */
  wrote(account: AccountId, mailbox: MailboxId, write: OwnWrite): void
}

export function createViews(ports: ViewPorts): OpenViews {
  const open = new Map<string, Open>()
  const warm = new WarmViews(ports.maxWarmBytes ?? 32 * 1024 * 1024, (key) => open.delete(key))

  const release = (key: string, one: Open): void => {
    one.sessions--
    if (one.sessions > 0) return
    if (!one.shared.gone) warm.keep(key, one.shared.sizeBytes)
    else if (open.get(key) === one) open.delete(key)
  }

  return {
    wrote: (account, mailbox, write) => open.get(keyOf(account, mailbox))?.shared.take(write),

    async select(account: AccountId, mailbox: MailboxId) {
      const key = keyOf(account, mailbox)
      const one = open.get(key) ?? { shared: new SharedView(ports, account, mailbox), sessions: 0 }
      open.set(key, one)
      one.sessions++
      warm.take(key)
      try {
        await one.shared.open()
        if (one.shared.gone) throw new MailError('mailbox-unknown')
      } catch (error) {
        // What others still have open may be gone for good: the next who selects starts anew.
        if (one.shared.gone && open.get(key) === one) open.delete(key)
        release(key, one)
        throw error
      }
      return new SessionView({ shared: one.shared, searcher: ports, release: () => release(key, one) })
    },

    listen: (account, listener) => ports.bus.listen(account, () => listener()),
  }
}

function keyOf(account: AccountId, mailbox: MailboxId): string {
  return `${account}\0${mailbox}`
}

/** Views without a session, the longest unused first; the oldest go when they take more than the bound. */
class WarmViews {
  readonly #sizes = new Map<string, number>()
  readonly #maxBytes: number
  readonly #drop: (key: string) => void
  #bytes = 0

  constructor(maxBytes: number, drop: (key: string) => void) {
    this.#maxBytes = maxBytes
    this.#drop = drop
  }

  take(key: string): void {
    this.#bytes -= this.#sizes.get(key) ?? 0
    this.#sizes.delete(key)
  }

  keep(key: string, sizeBytes: number): void {
    this.#sizes.set(key, sizeBytes)
    this.#bytes += sizeBytes
    for (const oldest of this.#sizes.keys()) {
      if (this.#bytes <= this.#maxBytes) break
      this.take(oldest)
      this.#drop(oldest)
    }
  }
}
