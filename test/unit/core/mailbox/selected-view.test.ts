/** What each session of a mailbox sees and is told, step by step (RFC 9051 §5.5, §6.4.6, §7.5.1; RFC 7162 §3.2.5). */
import assert from 'node:assert/strict'
import { beforeEach, describe, test } from 'node:test'
import { createLocalBus } from '../../../../src/adapters/local/bus.ts'
import { MailError, isMailError } from '../../../../src/core/errors.ts'
import { type FlagChange, flagNames, flagsOf, noFlags } from '../../../../src/core/mailbox/flags.ts'
import type { SelectedView, ViewEvent } from '../../../../src/core/mail.ts'
import { createViews, type OpenViews } from '../../../../src/core/mailbox/views.ts'
import type { Bus } from '../../../../src/core/ports/world.ts'
import { MemoryStore } from '../../../support/memory-store.ts'

let store: MemoryStore
let bus: Bus
let views: OpenViews
let reads: { view: number; since: number; rows: number; text: number }

const content = { body: 'b', bodyBytes: 1, forms: new Uint8Array(0), text: new Uint8Array(0), sentAtMs: null, messageId: null, references: [], baseSubject: '' }
const clock = { nowMs: () => 0, sleep: async () => true }
const blobs = { read: async () => new Uint8Array(0) }

beforeEach(() => {
  store = new MemoryStore()
  bus = createLocalBus({ onError: (error) => { throw error } })
  views = createViews({ store, blobs, bus, clock })
  reads = { view: 0, since: 0, rows: 0, text: 0 }
  store.onRead = (what) => reads[what]++
})

function append(...flags: string[][]): void {
  store.append(store.inbox, flags.map((names) => ({ content, prefix: new Uint8Array(0), flags: flagsOf(names), receivedAtMs: 0 })))
}

function expunge(...uids: number[]): void {
  store.expunge(store.inbox, Uint32Array.from(uids), false)
}

function flag(mode: FlagChange['mode'], names: string[], ...uids: number[]) {
  return store.changeFlags(store.inbox, Uint32Array.from(uids), { mode, flags: flagsOf(names) })
}

function ring(): void {
  bus.ring({ account: store.account, modseq: store.modseq })
}

function select(): Promise<SelectedView> {
  return views.select(store.account, store.inbox)
}

function told(events: readonly ViewEvent[]): string[] {
  return events.map((event) => {
    if (event.type === 'expunge') return `${event.sequence} EXPUNGE`
    if (event.type === 'exists') return `${event.count} EXISTS`
    return event.type === 'removed' ? 'removed' : `${event.sequence} FETCH (${flagNames(event.flags).join(' ')})`
  })
}

async function hear(view: SelectedView, mayExpunge: boolean): Promise<string[]> {
  await view.refresh()
  return told(view.events(mayExpunge))
}

function uids(view: SelectedView): number[] {
  return Array.from({ length: view.count }, (_, i) => view.uidAt(i + 1))
}

describe('numbering', () => {
  test('what selecting shows', async () => {
    append(['\\Seen', 'Gấp'], [], ['\\Seen'], ['gấp', '\\Deleted'])
    expunge(3)
    const view = await select()
    assert.deepEqual(uids(view), [1, 2, 4])
    assert.deepEqual([view.count, view.unseen, view.firstUnseen, view.modseq], [3, 2, 2, 3])
    assert.deepEqual(view.keywords, ['Gấp'])
    const { uidNext, highestModseq, messages, unseen, deleted, name, sizeBytes } = view.mailbox
    assert.deepEqual({ uidNext, highestModseq, messages, unseen, deleted, name, sizeBytes }, { uidNext: 5, highestModseq: 3, messages: 3, unseen: 2, deleted: 1, name: 'INBOX', sizeBytes: 3 })
    assert.deepEqual([view.sequenceOf(4), view.sequenceOf(3), view.sequenceOf(9)], [3, 0, 0])
    for (const sequence of [0, 4, -1, 1.5, Number.NaN]) assert.throws(() => view.uidAt(sequence), (error) => isMailError(error, 'argument-invalid'))
    assert.throws(() => view.flagsAt(4), (error) => isMailError(error, 'argument-invalid'))
  })

  test('nothing moves before it is told, whatever is read meanwhile', async () => {
    append(['a'], ['b'], ['c'], ['d'])
    const view = await select()
    expunge(2, 3)
    append([])
    await view.refresh()
    assert.deepEqual(uids(view), [1, 2, 3, 4])
    assert.deepEqual(view.flagsAt(3).keywords, ['c'])
    assert.equal(view.modseqAt(2), 2)
    assert.deepEqual([...view.resolve([[2, 3]], 'sequence')], [2, 3])
    assert.deepEqual([...view.resolve([[3, Infinity]], 'uid')], [3, 4])
    assert.deepEqual(told(view.events(false)), ['5 EXISTS'])
    assert.deepEqual(uids(view), [1, 2, 3, 4, 5])
    assert.equal(view.sequenceOf(5), 5)
    assert.deepEqual(told(view.events(true)), ['2 EXPUNGE', '2 EXPUNGE'])
    assert.deepEqual(uids(view), [1, 4, 5])
  })

  test('sets of numbers', async () => {
    append([], [], [], [], [])
    expunge(2)
    const view = await select()
    assert.deepEqual([...view.resolve([[4, 2], [3, Infinity]], 'sequence')], [3, 4, 5])
    assert.deepEqual([...view.resolve([[Infinity, Infinity], [1, 1]], 'sequence')], [1, 5])
    assert.deepEqual([...view.resolve([[1, 3]], 'uid')], [1, 3])
    assert.deepEqual([...view.resolve([[900, Infinity]], 'uid')], [5])
    assert.deepEqual([...view.resolve([[6, 4_000_000_000]], 'uid')], [])
    assert.deepEqual([...view.resolve([], 'uid')], [])
    for (const bad of [[5, 5], [0, 1], [1, 9]] as const) assert.throws(() => view.resolve([bad], 'sequence'), (error) => isMailError(error, 'argument-invalid'))
    expunge(1, 3, 4, 5)
    await hear(view, true)
    assert.deepEqual([...view.resolve([[1, Infinity]], 'uid')], [])
    assert.throws(() => view.resolve([[Infinity, Infinity]], 'sequence'), (error) => isMailError(error, 'argument-invalid'))
  })
})

describe('events', () => {
  test('expunges, then arrivals, then flags; none twice', async () => {
    append([], [], [])
    const view = await select()
    flag('add', ['\\Seen'], 3)
    expunge(1)
    append(['x'])
    assert.deepEqual(await hear(view, true), ['1 EXPUNGE', '3 EXISTS', '2 FETCH (\\Seen)'])
    assert.deepEqual(await hear(view, true), [])
  })

  test('without leave to expunge, numbers of flags count what is gone', async () => {
    append([], [], [])
    const view = await select()
    expunge(1)
    flag('add', ['\\Seen'], 3)
    append([])
    assert.deepEqual(await hear(view, false), ['4 EXISTS', '3 FETCH (\\Seen)'])
    assert.deepEqual(await hear(view, true), ['1 EXPUNGE'])
  })

  test('a message that came and went in between is never told', async () => {
    append([])
    const view = await select()
    append([], [])
    await view.refresh()
    expunge(2)
    assert.deepEqual(await hear(view, false), ['2 EXISTS'])
    assert.equal(view.uidAt(2), 3)
    append([])
    expunge(4)
    assert.deepEqual(await hear(view, true), [])
  })

  test('each session is told at its own time', async () => {
    append([], [])
    const [one, two] = [await select(), await select()]
    expunge(1)
    assert.deepEqual(await hear(one, true), ['1 EXPUNGE'])
    append([])
    assert.deepEqual(told(two.events(false)), [])
    assert.deepEqual(uids(two), [1, 2])
    const three = await select()
    assert.deepEqual(uids(three), [2, 3])
    assert.deepEqual(await hear(two, true), ['1 EXPUNGE', '2 EXISTS'])
    assert.deepEqual(await hear(one, true), ['2 EXISTS'])
    assert.deepEqual(await hear(three, true), [])
  })

  test('modseq is held back by an expunge that was not told', async () => {
    append([], [])
    const view = await select()
    expunge(1)
    flag('add', ['\\Seen'], 2)
    await hear(view, false)
    assert.equal(view.modseq, 2)
    await hear(view, true)
    assert.equal(view.modseq, 4)
  })

  test('a mailbox that is removed is told once, and cannot be selected again', async () => {
    const [made] = await store.mailboxes.create(store.account, [{ name: 'Tạm', role: null }])
    const view = await views.select(store.account, made!.id)
    let woken = 0
    view.onChange(() => woken++)
    await store.mailboxes.remove(store.account, made!.id)
    assert.deepEqual(await hear(view, false), ['removed'])
    assert.deepEqual(await hear(view, true), [])
    assert.equal(woken, 1)
    view.close()
    await assert.rejects(views.select(store.account, made!.id), (error) => isMailError(error, 'mailbox-unknown'))
    await assert.rejects(views.select(store.account, 'b77'), (error) => isMailError(error, 'mailbox-unknown'))
  })

  test('a new name is seen by those who have it open', async () => {
    const [made] = await store.mailboxes.create(store.account, [{ name: 'Cũ', role: null }])
    const view = await views.select(store.account, made!.id)
    await store.mailboxes.rename(store.account, [{ mailbox: made!.id, name: 'Mới' }])
    assert.deepEqual(await hear(view, true), [])
    assert.equal(view.mailbox.name, 'Mới')
  })
})

describe('own changes of flags', () => {
  test('are not repeated to the session that knows them, and told to others', async () => {
    append([], [])
    const [one, two] = [await select(), await select()]
    one.acknowledgeFlags(flag('add', ['\\Seen'], 1).changed)
    flag('add', ['\\Flagged'], 2)
    assert.deepEqual(await hear(one, false), ['2 FETCH (\\Flagged)'])
    assert.deepEqual(await hear(two, false), ['1 FETCH (\\Seen)', '2 FETCH (\\Flagged)'])
    flag('add', ['\\Flagged'], 1)
    assert.deepEqual(await hear(one, false), ['1 FETCH (\\Seen \\Flagged)'])
  })

  test('are not undone by news that are older', async () => {
    append([])
    const view = await select()
    flag('add', ['x'], 1)
    await view.refresh()
    view.acknowledgeFlags(flag('replace', ['\\Seen'], 1).changed)
    assert.deepEqual(told(view.events(false)), [])
    assert.deepEqual(await hear(view, false), [])
  })

  const silent = { mode: 'add', flags: flagsOf(['\\Seen']) } as const

  test('silent: told after all where another change came between', async () => {
    append([], [], [])
    const view = await select()
    flag('add', ['\\Flagged'], 1)
    await view.refresh()
    flag('add', ['\\Answered'], 2)
    view.acknowledgeFlags(flag('add', ['\\Seen'], 1, 2, 3).changed, silent)
    assert.deepEqual(await hear(view, false), ['1 FETCH (\\Seen \\Flagged)', '2 FETCH (\\Seen \\Answered)'])
  })

  test('silent: also when another session has read the change before it was acknowledged', async () => {
    append([], [])
    const [one, two] = [await select(), await select()]
    const { changed } = flag('add', ['\\Seen'], 1, 2)
    await hear(two, false)
    one.acknowledgeFlags(changed, silent)
    assert.deepEqual(await hear(one, false), [])
  })
})

describe('what this process has written itself', () => {
  const wroteFlags = (...args: Parameters<typeof flag>) => {
    const stored = flag(...args)
    views.wrote(store.account, store.inbox, { modseq: stored.modseq, flags: stored.changed })
    return stored.changed
  }

  test('is known without reading it back', async () => {
    append([], [], [], [])
    const [one, two] = [await select(), await select()]
    reads = { view: 0, since: 0, rows: 0, text: 0 }
    one.acknowledgeFlags(wroteFlags('add', ['\\Seen', 'Hẹn'], 1, 3))
    assert.deepEqual([told(one.events(true)), told(two.events(true))], [[], ['1 FETCH (\\Seen Hẹn)', '3 FETCH (\\Seen Hẹn)']])
    const gone = store.expunge(store.inbox, Uint32Array.of(1, 2, 4), false)
    views.wrote(store.account, store.inbox, { modseq: gone.modseq, left: gone.uids })
    assert.deepEqual([one.count, uids(one)], [4, [1, 2, 3, 4]])
    assert.deepEqual(told(one.events(true)), ['1 EXPUNGE', '1 EXPUNGE', '2 EXPUNGE'])
    assert.deepEqual([one.modseq, one.mailbox.highestModseq, one.mailbox.messages, one.mailbox.uidNext], [gone.modseq, gone.modseq, 1, 5])
    assert.deepEqual(one.keywords, ['Hẹn'])
    assert.deepEqual(reads, { view: 0, since: 0, rows: 0, text: 0 })
    assert.deepEqual([await hear(one, true), await hear(two, true)], [[], ['1 EXPUNGE', '1 EXPUNGE', '2 EXPUNGE']])
  })

  test('wakes the others of the mailbox', async () => {
    append([])
    const view = await select()
    const woken = new Promise<void>((resolve) => { view.onChange(resolve) })
    wroteFlags('add', ['\\Seen'], 1)
    await woken
    assert.deepEqual(told(view.events(true)), ['1 FETCH (\\Seen)'])
  })

  test('waits for the reading where something else came before it', async () => {
    append([], [])
    const view = await select()
    flag('add', ['x'], 2)
    const changed = wroteFlags('add', ['\\Seen'], 1)
    assert.deepEqual(told(view.events(true)), [])
    view.acknowledgeFlags(changed)
    assert.deepEqual(await hear(view, true), ['2 FETCH (x)'])
  })

  test('while something is read, is left to be read', async () => {
    append([], [])
    const view = await select()
    const reading = view.refresh()
    wroteFlags('add', ['\\Seen'], 1)
    await reading
    assert.deepEqual(await hear(view, true), ['1 FETCH (\\Seen)'])
  })

  test('one change of another session, touching no more than the own one, is not taken for it', async () => {
    append([], [])
    const view = await select()
    const { changed } = flag('add', ['x'], 1, 2)
    await view.refresh()
    // The own change did nothing; its answer tells only the first message.
    view.acknowledgeFlags(changed.slice(0, 1))
    assert.deepEqual(told(view.events(true)), ['2 FETCH (x)'])
  })
})

describe('silent changes one after the other, with nothing read in between', () => {
  const add = (...names: string[]): FlagChange => ({ mode: 'add', flags: flagsOf(names) })

  test('after one that was answered, the client goes on from the answer', async () => {
    append([])
    const view = await select()
    view.acknowledgeFlags(flag('add', ['\\Seen'], 1).changed)
    flag('remove', ['\\Seen'], 1)
    view.acknowledgeFlags(flag('add', ['\\Flagged'], 1).changed, add('\\Flagged'))
    assert.deepEqual(await hear(view, false), ['1 FETCH (\\Flagged)'])
  })

  test('after one that found its work done by others, the client believes what nobody knows', async () => {
    append([])
    const view = await select()
    flag('add', ['x'], 1)
    view.acknowledgeFlags(flag('add', ['x'], 1).changed, add('x'))
    flag('remove', ['x'], 1)
    view.acknowledgeFlags(flag('add', ['\\Seen'], 1).changed, add('\\Seen'))
    assert.deepEqual(await hear(view, false), ['1 FETCH (\\Seen)'])
    view.acknowledgeFlags(flag('add', ['y'], 1).changed, add('y'))
    assert.deepEqual(await hear(view, false), [], 'once all is told, it is believed again')
  })
})

describe('sharing', () => {
  test('a bell wakes all sessions after one read', async () => {
    append([])
    const sessions = await Promise.all(Array.from({ length: 20 }, () => select()))
    reads.view = reads.since = 0
    const woken = Promise.all(sessions.map((view) => new Promise<void>((resolve) => { view.onChange(resolve) })))
    append([])
    ring()
    await woken
    assert.ok(reads.since <= 2 && reads.view === 0, JSON.stringify(reads))
    for (const view of sessions) assert.deepEqual(told(view.events(true)), ['2 EXISTS'])
  })

  test('a bell about another mailbox wakes nobody', async () => {
    const view = await select()
    let woken = 0
    view.onChange(() => woken++)
    const [other] = await store.mailboxes.create(store.account, [{ name: 'Khác', role: null }])
    store.append(other!.id, [{ content, prefix: new Uint8Array(0), flags: noFlags, receivedAtMs: 0 }])
    ring()
    await new Promise<void>((resolve) => setImmediate(resolve))
    assert.equal(woken, 0)
    assert.deepEqual(await hear(view, true), [])
  })

  test('what one session reads after a lost bell wakes the others', async () => {
    const [one, two] = [await select(), await select()]
    const woken = new Promise<void>((resolve) => { two.onChange(resolve) })
    append([])
    await one.refresh()
    await woken
    assert.deepEqual(told(two.events(true)), ['1 EXISTS'])
  })

  test('a refresh does not count on a read that began before it', async () => {
    const view = await select()
    let release: () => void = () => undefined
    const held = new Promise<void>((resolve) => { release = resolve })
    const { since } = store.changes
    const answered = since(store.account, store.modseq, { mailbox: store.inbox })
    let first = true
    store.changes.since = async (...asked) => {
      if (!first) return since(...asked)
      first = false
      await held
      return answered
    }
    const early = view.refresh()
    append([])
    const late = view.refresh()
    release()
    await early
    await late
    assert.deepEqual(told(view.events(false)), ['1 EXISTS'])
  })

  test('a failing store fails the refresh and not the session', async () => {
    const view = await select()
    const { since } = store.changes
    store.changes.since = async () => { throw new MailError('unavailable') }
    await assert.rejects(view.refresh(), (error) => isMailError(error, 'unavailable'))
    const woken = new Promise<void>((resolve) => { view.onChange(resolve) })
    append([])
    ring()
    await woken
    store.changes.since = since
    assert.deepEqual(await hear(view, false), ['1 EXISTS'])
  })

  test('selecting again reads what changed, and only that; beyond the bound on memory all', async () => {
    append([], [])
    ;(await select()).close()
    append([])
    expunge(1)
    const again = await select()
    assert.equal(reads.view, 1)
    assert.deepEqual(uids(again), [2, 3])
    assert.deepEqual([again.mailbox.uidNext, again.mailbox.sizeBytes], [4, 2])
    again.close()
    again.close()

    views = createViews({ store, blobs, bus, clock, maxWarmBytes: 0 })
    ;(await select()).close()
    ;(await select()).close()
    assert.equal(reads.view, 3)
  })

  test('a closed session leaves nothing behind that listens', async () => {
    let listening = 0
    const counting: Bus = {
      ring: (bell) => bus.ring(bell),
      listen: (account, listener) => {
        listening++
        const stop = bus.listen(account, listener)
        return () => {
          listening--
          stop()
        }
      },
    }
    views = createViews({ store, blobs, bus: counting, clock })
    const [one, two] = [await select(), await select()]
    assert.equal(listening, 1)
    one.close()
    assert.equal(listening, 1)
    two.close()
    assert.equal(listening, 0)
    const stop = views.listen(store.account, () => undefined)
    assert.equal(listening, 1)
    stop()
    assert.equal(listening, 0)
  })

  test('a change log that was cut off is made up for by reading all', async () => {
    append([], [], [], [])
    const view = await select()
    flag('add', ['\\Seen'], 1)
    expunge(2)
    append(['neu'])
    expunge(3)
    store.prunedModseq = store.modseq
    assert.deepEqual(await hear(view, false), ['5 EXISTS', '1 FETCH (\\Seen)'])
    assert.deepEqual(await hear(view, true), ['2 EXPUNGE', '2 EXPUNGE'])
    assert.deepEqual(uids(view), [1, 4, 5])
    assert.equal(view.modseq, store.modseq)
  })

  test('more changes than one answer of the log holds', async () => {
    append(...Array.from({ length: 12 }, () => []))
    const view = await select()
    store.maxListed = 1
    flag('add', ['\\Seen'], 3)
    flag('add', ['\\Seen'], ...Array.from({ length: 12 }, (_, i) => i + 1))
    append([], [])
    flag('add', ['\\Flagged'], 13)
    assert.deepEqual((await hear(view, false)).length, 13)
    assert.deepEqual(uids(view).length, 14)
    assert.deepEqual(flagNames(view.flagsAt(13)), ['\\Flagged'])
  })
})
