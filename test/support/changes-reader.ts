/**
 * A reader of `changes.since` on a connection of its own to the store, through all faults of it. It keeps what it was told, and never
 * looks at the mailbox: if a change became visible below a modseq that it had been told before, it would miss that change for ever.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { isMailError } from '../../src/core/errors.ts'
import type { AccountId, MailboxId } from '../../src/core/mailbox/mailbox.ts'
import type { Store } from '../../src/core/ports/store.ts'

const pollPauseMs = 20

export class ChangesReader {
  readonly address: string
  readonly problems: string[] = []
  polls = 0
  refusals = 0
  readonly #store: Store
  readonly #account: AccountId
  readonly #inbox: MailboxId
  readonly #modseqs = new Map<number, number>()
  #modseq = 0

  private constructor(store: Store, address: string, account: AccountId, inbox: MailboxId) {
    this.#store = store
    this.address = address
    this.#account = account
    this.#inbox = inbox
  }

  static async of(store: Store, address: string): Promise<ChangesReader> {
    const account = (await store.accounts.byAddress(address))!.id
    return new ChangesReader(store, address, account, (await store.mailboxes.byRole(account, 'inbox'))!.id)
  }

  /** Until `ended`; then it asks once more. */
  async run(ended: () => boolean, signal: AbortSignal): Promise<void> {
    while (!ended()) {
      await this.#poll()
      await pause(pollPauseMs, undefined, { signal })
    }
    while (!(await this.#poll())) await pause(pollPauseMs, undefined, { signal })
  }

  /** Compares all that it was ever told with what there is. */
  compare(found: readonly { readonly uid: number; readonly modseq: number }[]): void {
    for (const { uid, modseq } of found) {
      const told = this.#modseqs.get(uid)
      if (told !== modseq) this.problems.push(`${this.address}: UID ${uid} has modseq ${modseq}, ${told ?? 'nothing'} was told`)
    }
    if (this.#modseqs.size !== found.length) this.problems.push(`${this.address}: ${this.#modseqs.size} UIDs were told, ${found.length} are there`)
  }

  /** False when the store was away. */
  async #poll(): Promise<boolean> {
    this.polls++
    try {
      const { messages, modseq, tooOld, vanished } = await this.#store.changes.since(this.#account, this.#modseq, { mailbox: this.#inbox })
      if (tooOld || vanished.length > 0) this.problems.push(`${this.address}: ${tooOld ? 'too old' : 'something vanished'}`)
      if (modseq < this.#modseq) this.problems.push(`${this.address}: modseq ${modseq} after ${this.#modseq}`)
      for (const message of messages) {
        if (message.modseq <= this.#modseq || message.modseq > modseq) this.problems.push(`${this.address}: change ${message.modseq} in the answer from ${this.#modseq} to ${modseq}`)
        const known = this.#modseqs.get(message.uid)
        if (known !== undefined && known >= message.modseq) this.problems.push(`${this.address}: UID ${message.uid} was at ${known}, then at ${message.modseq}`)
        this.#modseqs.set(message.uid, message.modseq)
      }
      this.#modseq = Math.max(this.#modseq, modseq)
      return true
    } catch (error) {
      if (!isMailError(error, 'unavailable')) throw error
      this.refusals++
      return false
    }
  }
}
