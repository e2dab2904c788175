/** The full-text index as searches and jobs use it: up to date before it answers, never in the way. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { MailError, isMailError } from '../../../../src/core/errors.ts'
import { flagsOf, noFlags } from '../../../../src/core/mailbox/flags.ts'
import { CatchUp, Turns } from '../../../../src/core/mailbox/index-catch-up.ts'
import { TextIndex, type TextIndexSettings } from '../../../../src/core/mailbox/text-index.ts'
import type { TextQuestion } from '../../../../src/core/ports/full-text.ts'
import { digest } from '../../../../src/message/digest.ts'
import { MemoryFullText } from '../../../support/memory-full-text.ts'
import { MemoryStore } from '../../../support/memory-store.ts'

const [no, yes, unknown] = [0, 1, 2]
const letters: TextQuestion[] = [{ area: 'body', needle: 'thu' }]
const minuteMs = 60_000
const dayMs = 1_440 * minuteMs

class World {
  nowMs = Date.UTC(2026, 10, 2)
  readonly store = new MemoryStore()
  readonly fullText = new MemoryFullText(() => this.nowMs)
  readonly faults: unknown[] = []
  readonly index: TextIndex

  constructor(settings: Partial<TextIndexSettings> = {}) {
    const { store, fullText } = this
    const clock = { nowMs: () => this.nowMs, sleep: async () => true }
    this.index = new TextIndex({ store, fullText, clock, onFault: (error) => this.faults.push(error) }, { minMessages: 0, maxAwaited: 100, ...settings })
  }

  add(...bodies: readonly string[]): number[] {
    return bodies.map((body) => {
      const bytes = Buffer.from(`Subject: x\r\n\r\n${body}\r\n`)
      const { forms, text, sentAtMs } = digest(bytes)
      const content = { body: 'b', bodyBytes: bytes.length, forms, text, sentAtMs, messageId: null, references: [], baseSubject: '' }
      return this.store.append(this.store.inbox, [{ content, prefix: new Uint8Array(0), flags: noFlags, receivedAtMs: 0 }])[0]!.uid
    })
  }

  async ask(uids: readonly number[], signal?: AbortSignal): Promise<number[] | null> {
    const answers = await this.index.verdicts({ account: this.store.account, mailbox: this.store.inbox, uids: Uint32Array.from(uids), questions: letters }, signal)
    return answers === null ? null : [...answers[0]!]
  }

  /** What was asked of the port since the last time. */
  called(): string[] {
    return this.fullText.calls.splice(0)
  }
}

describe('it is up to date before it answers', () => {
  test('filled at the first question, then kept up with what came, moved and went', async () => {
    const world = new World()
    const uids = world.add('thư một', 'khác', 'thư ba')
    assert.deepEqual(await world.ask(uids), [yes, no, yes])
    assert.deepEqual(world.called(), ['state', 'begin', 'add', 'reach', 'find'])
    assert.deepEqual(await world.ask(uids), [yes, no, yes])
    assert.deepEqual(world.called(), ['find'])
    const [fourth] = world.add('thư bốn')
    world.store.expunge(world.store.inbox, Uint32Array.of(uids[0]!), false)
    assert.deepEqual(await world.ask([...uids, fourth!]), [unknown, no, yes, yes])
    assert.deepEqual(world.called(), ['place', 'add', 'remove', 'reach', 'find'])
  })

  test('flags are nothing to it', async () => {
    const world = new World()
    const uids = world.add('thư một', 'khác')
    await world.ask(uids)
    world.called()
    world.store.changeFlags(world.store.inbox, 'all', { mode: 'add', flags: flagsOf(['\\Seen']) })
    assert.deepEqual(await world.ask(uids), [yes, no])
    assert.deepEqual(world.called(), ['find'])
  })

  test('a moved message is not read again, a copied one is another', async () => {
    const world = new World()
    const uids = world.add('thư một', 'khác')
    await world.ask(uids)
    world.called()
    const [box] = await world.store.mailboxes.create(world.store.account, [{ name: 'Kho', role: null }])
    await world.store.messages.move(world.store.account, world.store.inbox, Uint32Array.of(uids[0]!), box!.id)
    assert.deepEqual(await world.ask(uids), [unknown, no])
    assert.deepEqual(world.called(), ['place', 'reach', 'find'])
    await world.store.messages.copy(world.store.account, box!.id, 'all', world.store.inbox)
    assert.deepEqual(await world.ask([...uids, 3]), [unknown, no, yes])
    assert.deepEqual(world.called(), ['place', 'add', 'reach', 'find'])
  })

  test('a change log that comes in pieces is read to its end; one that does not reach back means filling anew', async () => {
    const world = new World()
    const uids = world.add('thư một')
    await world.ask(uids)
    world.store.maxListed = 2
    uids.push(...world.add('a', 'thư b', 'c', 'd', 'thư e'))
    assert.deepEqual(await world.ask(uids), [yes, no, yes, no, no, yes])
    world.store.expunge(world.store.inbox, Uint32Array.of(uids[0]!), false)
    uids.push(...world.add('thư f'))
    world.store.prunedModseq = world.store.modseq
    world.called()
    assert.deepEqual(await world.ask(uids), [unknown, no, yes, no, no, yes, yes])
    assert.deepEqual(world.called(), ['begin', 'add', 'reach', 'find'])
  })

  test('questions that come together share one run; a message that came after the run began is there all the same', async () => {
    const world = new World()
    const uids = world.add('thư một')
    const held = Promise.withResolvers<void>()
    const begun = Promise.withResolvers<void>()
    world.fullText.pause = async (call) => {
      if (call !== 'reach') return
      begun.resolve()
      await held.promise
    }
    const first = world.ask(uids)
    await begun.promise
    uids.push(...world.add('thư hai'))
    const others = [world.ask(uids), world.ask(uids)]
    held.resolve()
    assert.deepEqual(await first, [yes])
    for (const other of others) assert.deepEqual(await other, [yes, yes])
    assert.equal(world.called().filter((call) => call === 'begin').length, 1)
  })
})

describe('it is never in the way', () => {
  test('while much is to be taken in, a search goes on without; the index comes up by itself', async () => {
    const world = new World({ maxAwaited: 10 })
    const uids = world.add(...Array.from({ length: 50 }, (_, i) => `thư ${i}`))
    const held = Promise.withResolvers<void>()
    world.fullText.pause = async (call) => (call === 'add' ? held.promise : undefined)
    assert.equal(await world.ask(uids), null)
    assert.equal(await world.ask(uids), null, 'and so does the next')
    held.resolve()
    await world.index.upkeep()
    assert.deepEqual(await world.ask(uids), uids.map(() => yes))
    assert.equal(world.called().filter((call) => call === 'begin').length, 1)
  })

  test('a refusal leaves the account alone for a minute', async () => {
    const world = new World()
    const uids = world.add('thư một')
    for (const code of ['storage-full', 'unavailable'] as const) {
      world.fullText.fail = { call: 'state', error: new MailError(code) }
      assert.equal(await world.ask(uids), null)
      world.called()
      assert.equal(await world.ask(uids), null)
      assert.equal(await world.index.keepUp(), 0)
      assert.deepEqual(world.called(), [])
      world.nowMs += minuteMs
    }
    assert.deepEqual(await world.ask(uids), [yes])
    assert.deepEqual(world.faults, [])
    world.fullText.fail = { call: 'find', error: new MailError('unavailable') }
    assert.equal(await world.ask(uids), null)
    world.nowMs -= 10 * dayMs
    assert.deepEqual(await world.ask(uids), [yes], 'a clock that was set back does not make the rest longer')
  })

  test('a bug is told, and the search goes on', async () => {
    const world = new World()
    const uids = world.add('thư một')
    world.fullText.fail = { call: 'add', error: new TypeError('bug') }
    assert.equal(await world.ask(uids), null)
    assert.deepEqual(world.faults.map(String), ['TypeError: bug'])
  })

  test('an index that is thrown away is made again', async () => {
    const world = new World()
    const uids = world.add('thư một')
    await world.ask(uids)
    await world.fullText.drop(world.store.account)
    assert.equal(await world.ask(uids), null)
    assert.deepEqual(await world.ask(uids), [yes])
    // In the midst of taking in.
    uids.push(...world.add('thư hai'))
    await world.fullText.drop(world.store.account)
    assert.deepEqual(await world.ask(uids), [yes, yes])
    assert.deepEqual(world.faults, [])
  })

  test('a search that is given up ends at once, the index does not', async () => {
    const world = new World()
    const uids = world.add('thư một')
    const held = Promise.withResolvers<void>()
    world.fullText.pause = async (call) => (call === 'add' ? held.promise : undefined)
    const given = new AbortController()
    const asked = world.ask(uids, given.signal)
    given.abort(new Error('given up'))
    await assert.rejects(asked, /given up/)
    held.resolve()
    assert.deepEqual(await world.ask(uids), [yes])
    assert.equal(world.called().filter((call) => call === 'begin').length, 1)
    await assert.rejects(world.ask(uids, AbortSignal.abort(new Error('before'))), /before/)
  })

  test('many questions are answered in part', async () => {
    const world = new World()
    const uids = Uint32Array.from(world.add('thư một'))
    const questions = Array.from({ length: 100 }, (_, i): TextQuestion => ({ area: 'body', needle: `x${i}` }))
    const answers = await world.index.verdicts({ account: world.store.account, mailbox: world.store.inbox, uids, questions })
    assert.equal(answers?.length, 100)
    assert.deepEqual([answers[63]?.[0], answers[64]], [no, null])
  })

  test('a message itself is asked elsewhere, or not at all', async () => {
    const world = new World()
    const body = Buffer.from('Subject: x\r\n\r\nthư\r\n')
    assert.deepEqual(await world.index.ask(body, new Uint8Array(0), letters), Uint8Array.of(yes))
    world.fullText.fail = { call: 'ask', error: new MailError('unavailable') }
    assert.equal(await world.index.ask(body, new Uint8Array(0), letters), null)
    assert.deepEqual(world.faults, [])
  })

  test('the end of the process does not wait for what is being filled', async () => {
    const world = new World({ maxAwaited: 1 })
    const uids = world.add(...Array.from({ length: 30 }, (_, i) => `thư ${i}`))
    assert.equal(await world.ask(uids), null)
    await world.index[Symbol.asyncDispose]()
    const calls = world.called()
    assert.ok(!calls.includes('reach'), calls.join(' '))
    assert.equal(await world.ask(uids), null)
    assert.deepEqual(world.faults, [])
  })
})

describe('its jobs', () => {
  test('only accounts that were searched of late are kept up', async () => {
    const world = new World()
    const uids = world.add('thư một')
    assert.equal(await world.index.keepUp(), 0)
    await world.ask(uids)
    world.called()
    assert.equal(await world.index.keepUp(), 0)
    uids.push(...world.add('thư hai'))
    assert.equal(await world.index.keepUp(), 1)
    assert.deepEqual(world.called(), ['place', 'add', 'reach'])
    world.add('thư ba')
    world.nowMs += 8 * dayMs
    assert.equal(await world.index.keepUp(), 0)
  })

  test('daily: up to date and tidy, as long as somebody asks or the account is there', async () => {
    const world = new World()
    const uids = world.add('thư một', 'thư hai')
    await world.ask(uids)
    world.store.expunge(world.store.inbox, Uint32Array.of(uids[0]!), false)
    world.called()
    assert.deepEqual(await world.index.upkeep(), { kept: 1, removed: 0 })
    assert.deepEqual(world.called(), ['remove', 'reach', 'tidy'])
    await world.fullText.begin('khong-con')
    world.store.changes.states = async (accounts) => new Map(accounts.filter((one) => one === world.store.account).map((one) => [one, world.store.modseq]))
    assert.deepEqual(await world.index.upkeep(), { kept: 1, removed: 1 })
    world.nowMs += 31 * dayMs
    assert.deepEqual(await world.index.upkeep(), { kept: 0, removed: 1 })
    assert.equal(world.fullText.indexes.size, 0)
    assert.deepEqual(await world.ask(uids), [unknown, yes])
  })

  test('an account that is gone takes its index along', async () => {
    const world = new World()
    const fills = new Turns(1)
    world.store.changes.states = async () => new Map()
    await world.fullText.begin(world.store.account)
    const catchUp = new CatchUp(world.store.account, { fullText: world.fullText, store: world.store, fills })
    await assert.rejects(catchUp.run(new AbortController().signal), (error) => isMailError(error, 'account-unknown'))
    assert.equal(world.fullText.indexes.size, 0)
    assert.ok(fills.isFree)
  })

  test('so many are filled at once, the others in turn, and who is given up loses his place', async () => {
    const turns = new Turns(2)
    const { signal } = new AbortController()
    const given = new AbortController()
    const done: string[] = []
    const ends = ['a', 'b', 'c', 'd', 'e'].map((name) => ({ name, end: Promise.withResolvers<void>() }))
    const works = ends.map(({ name, end }) =>
      turns.take(async () => {
        done.push(`+${name}`)
        await end.promise
      }, name === 'c' ? given.signal : signal),
    )
    works[2]!.catch(() => undefined)
    await Promise.resolve()
    assert.deepEqual(done, ['+a', '+b'])
    assert.ok(!turns.isFree)
    given.abort(new Error('given up'))
    for (const { end } of ends) end.resolve()
    await assert.rejects(works[2]!, /given up/)
    await Promise.all([works[0], works[1], works[3], works[4]])
    assert.deepEqual(done, ['+a', '+b', '+d', '+e'])
    assert.ok(turns.isFree)
  })
})
