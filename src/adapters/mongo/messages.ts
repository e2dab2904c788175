/** The messages of the store port. */
import type { StoredMessage, Uids } from '../../core/mailbox/mailbox.ts'
import type { MessageStore } from '../../core/ports/store.ts'
import { keyOf, packKey } from './ids.ts'
import { knownMailboxPlace, mailboxPlace } from './parts.ts'
import type { Parts } from './parts.ts'
import { readByKeys, readSlice, sliceSize } from './read/messages.ts'
import type { SliceRequest, Slice } from './read/messages.ts'
import { mailboxView } from './read/view.ts'
import { appendMessages } from './write/filing.ts'
import { storeFlags } from './write/flags.ts'
import { copyMessages, expungeMessages, moveMessages } from './write/moving.ts'
import type { MoveMessages } from './write/moving.ts'

export function messageStore({ reads, writes, nowMs }: Parts): MessageStore {
  return {
    async append(account, mailbox, messages) {
      const { accountNo, mailboxNo } = knownMailboxPlace(account, mailbox)
      return messages.length === 0 ? [] : writes.write(appendMessages(accountNo, mailboxNo, messages))
    },

    async view(account, mailbox) {
      const place = mailboxPlace(account, mailbox)
      return place === null ? null : mailboxView(reads, place.accountNo, place.mailboxNo)
    },

    async *read(account, mailbox, uids, want) {
      const place = mailboxPlace(account, mailbox)
      if (place === null || (uids !== 'all' && uids.length === 0)) return
      const request = { mailbox: packKey(place.accountNo, place.mailboxNo), uids: uids === 'all' ? null : uids, fromUid: 0, want }
      yield* inSlices(request, (slice) => readSlice(reads, slice))
    },

    async byId(account, ids, want) {
      const keys = ids.map((message) => keyOf('message', account, message)).filter((key) => key !== null)
      const messages: StoredMessage[] = []
      for (let at = 0; at < keys.length; at += sliceSize(want)) {
        messages.push(...(await readByKeys(reads, keys.slice(at, at + sliceSize(want)), want)))
      }
      return messages
    },

    async changeFlags(account, mailbox, uids, change, unchangedSince) {
      const place = knownMailboxPlace(account, mailbox)
      return writes.write(storeFlags({ ...place, uids, change, unchangedSince: unchangedSince ?? null }))
    },

    copy: async (account, source, uids, target) => writes.write(copyMessages(moving(account, source, uids, target))),

    move: async (account, source, uids, target) => writes.write(moveMessages(moving(account, source, uids, target))),

    async expunge(account, mailbox, uids, onlyDeleted) {
      const place = knownMailboxPlace(account, mailbox)
      return writes.write(expungeMessages({ ...place, uids, onlyDeleted, nowMs: nowMs() }))
    },
  }

  function moving(account: string, source: string, uids: Uids, target: string): MoveMessages {
    const { accountNo, mailboxNo } = knownMailboxPlace(account, source)
    return { accountNo, sourceNo: mailboxNo, targetNo: knownMailboxPlace(account, target).mailboxNo, uids, nowMs: nowMs() }
  }
}

/** The next slice is asked for when one has come, so it is read while the caller works on that; never more than one ahead. */
async function* inSlices(request: SliceRequest, read: (request: SliceRequest) => Promise<Slice>): AsyncGenerator<readonly StoredMessage[]> {
  const ask = (fromUid: number): Promise<Slice> => {
    const slice = read({ ...request, fromUid })
    // A generator that is left early never awaits the slice it asked for last.
    slice.catch(() => undefined) // Whoever awaits it hears of it; nobody may, when the reader stops early.
    return slice
  }
  let asked: Promise<Slice> | null = ask(request.fromUid)
  while (asked !== null) {
    const { messages, nextUid }: Slice = await asked
    asked = nextUid === null ? null : ask(nextUid)
    if (messages.length > 0) yield messages
  }
}
