/**
 * A naive mail client over one selected view: a list of what it was told, changed only by events, as RFC 9051 §7.5.1 has
 * it. Each event and each number is checked against that list.
 */
import assert from 'node:assert/strict'
import { type FlagChange, type Flags, changeFlags, flagNames } from '../../src/core/mailbox/flags.ts'
import type { SelectedView, ViewEvent } from '../../src/core/mail.ts'

export interface KnownMessage {
  readonly uid: number
  flags: Flags
}

export class MailboxClient {
  readonly view: SelectedView
  readonly messages: KnownMessage[] = []
  removed = false

  constructor(view: SelectedView) {
    this.view = view
    this.#fetchFrom(0)
  }

  /** Takes what the server tells now. */
  hear(mayExpunge: boolean): readonly ViewEvent[] {
    const events = this.view.events(mayExpunge)
    let stage = 0
    const order = { removed: 0, expunge: 0, exists: 1, flags: 2 }
    let expected = this.messages.length
    for (const event of events) {
      assert.ok(order[event.type] >= stage, 'expunges, then exists, then flags')
      stage = order[event.type]
      if (event.type === 'removed') this.removed = true
      else if (event.type === 'expunge') {
        assert.ok(mayExpunge, 'an expunge was told when none may be')
        assert.equal(this.messages[event.sequence - 1]?.uid, event.uid, 'EXPUNGE names the message it means')
        this.messages.splice(event.sequence - 1, 1)
        expected--
      } else if (event.type === 'exists') {
        assert.ok(event.count > expected, 'EXISTS only when there are more')
        expected = event.count
      } else {
        const known = this.messages[event.sequence - 1]
        assert.equal(known?.uid, event.uid, 'FETCH FLAGS names the message it means')
        known!.flags = event.flags
      }
    }
    if (!this.removed) {
      assert.equal(this.view.count, expected)
      this.#fetchFrom(this.messages.length)
    }
    return events
  }

  /** What the client makes of its own `STORE …SILENT`. */
  store(uids: ReadonlySet<number>, change: FlagChange): void {
    for (const message of this.messages) if (uids.has(message.uid)) message.flags = changeFlags(message.flags, change)
  }

  toldFlags(changed: readonly { readonly uid: number; readonly flags: Flags }[]): void {
    for (const { uid, flags } of changed) {
      const message = this.messages.find((one) => one.uid === uid)
      if (message !== undefined) message.flags = flags
    }
  }

  /** At every moment the session's numbers are those of the client. */
  checkNumbers(): void {
    if (this.removed) return
    const { view } = this
    assert.equal(view.count, this.messages.length)
    for (const [index, { uid }] of this.messages.entries()) {
      assert.equal(view.uidAt(index + 1), uid)
      assert.equal(view.sequenceOf(uid), index + 1)
      assert.ok(view.flagsAt(index + 1).bits >= 0)
      assert.ok(view.modseqAt(index + 1) > 0)
    }
    assert.deepEqual([...view.resolve([[1, Infinity]], 'uid')], this.messages.map(({ uid }) => uid))
    assert.equal(view.sequenceOf(1_000_000), 0)
  }

  listing(): string[] {
    return this.messages.map(({ uid, flags }) => `${uid} ${flagNames(flags).join(' ')}`)
  }

  #fetchFrom(index: number): void {
    for (let sequence = index + 1; sequence <= this.view.count; sequence++) {
      this.messages.push({ uid: this.view.uidAt(sequence), flags: this.view.flagsAt(sequence) })
    }
  }
}
