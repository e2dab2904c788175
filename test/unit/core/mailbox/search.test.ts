/** SEARCH over a selected mailbox: exact, in the cheapest way, without standing in the way of others. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createLocalBus } from '../../../../src/adapters/local/bus.ts'
import { isMailError } from '../../../../src/core/errors.ts'
import { noFlags } from '../../../../src/core/mailbox/flags.ts'
import type { SelectedView } from '../../../../src/core/mail.ts'
import type { SearchKey } from '../../../../src/core/mailbox/search-key.ts'
import { TextIndex } from '../../../../src/core/mailbox/text-index.ts'
import { createViews } from '../../../../src/core/mailbox/views.ts'
import { digest } from '../../../../src/message/digest.ts'
import { MemoryFullText } from '../../../support/memory-full-text.ts'
import { MemoryStore } from '../../../support/memory-store.ts'
import { type MadeMail, makeMail, matches, randomKey, tracePrefix } from '../../../support/searched-mail.ts'

const nowMs = Date.UTC(2026, 3, 1)

function chance(seed: number): (limit: number) => number {
  let state = seed
  return (limit) => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) % limit
  }
}

class Mailbox {
  readonly store = new MemoryStore()
  readonly bodies = new Map<string, Uint8Array>()
  bodiesRead = 0
  readonly fullText = new MemoryFullText(() => nowMs)
  readonly views: ReturnType<typeof createViews>

  /** `indexFrom`: with an index, which is asked from so many open messages on. */
  constructor(indexFrom: number | null = null) {
    const { store, fullText } = this
    const clock = { nowMs: () => nowMs, sleep: async () => true }
    const onFault = (error: unknown): never => {
      throw error
    }
    const read = async (id: string): Promise<Uint8Array> => {
      this.bodiesRead++
      return this.bodies.get(id)!
    }
    const index = indexFrom === null ? {} : { textIndex: new TextIndex({ store, clock, fullText, onFault }, { minMessages: indexFrom, maxAwaited: Infinity }) }
    this.views = createViews({ store, blobs: { read }, bus: createLocalBus({ onError: onFault }), clock, ...index })
  }

  add(bytes: Uint8Array, options: { prefix?: Uint8Array; flags?: MadeMail['flags']; receivedAtMs?: number } = {}) {
    const { forms, text, sentAtMs } = digest(bytes)
    const body = `b${this.bodies.size}`
    this.bodies.set(body, bytes)
    const [filed] = this.store.append(this.store.inbox, [{
      content: { body, bodyBytes: bytes.length, forms, text, sentAtMs, messageId: null, references: [], baseSubject: '' },
      prefix: options.prefix ?? new Uint8Array(0), flags: options.flags ?? noFlags, receivedAtMs: options.receivedAtMs ?? nowMs,
    }])
    return filed!
  }

  select(): Promise<SelectedView> {
    return this.views.select(this.store.account, this.store.inbox)
  }
}

function message(subject: string, body: string, more = ''): Buffer {
  return Buffer.from(`From: a@example.vn\r\nSubject: ${subject}\r\n${more}Content-Type: text/plain; charset=utf-8\r\n\r\n${body}\r\n`)
}

async function found(mailbox: Mailbox, key: SearchKey): Promise<number[]> {
  return [...await (await mailbox.select()).search(key)]
}

describe('random searches of random mail find what the mail was made of', () => {
  for (let block = 0; block < 4; block++) {
    test(`seeds of block ${block}`, async () => {
      for (let seed = block * 10; seed < block * 10 + 10; seed++) {
        const below = chance(seed)
        const mailbox = new Mailbox()
        const mails = Array.from({ length: 1 + below(30) }, () => {
          const mail = makeMail(below)
          const { uid, modseq, id, threadId, sizeBytes } = mailbox.add(mail.bytes, { prefix: tracePrefix(mail), flags: mail.flags, receivedAtMs: mail.receivedAtMs })
          return Object.assign(mail, { uid, modseq, id, threadId, sizeBytes })
        })
        const view = await mailbox.select()
        // Some leave: their numbers stay, and they are not found.
        const left = new Set(mails.filter(() => below(6) === 0).map(({ uid }) => uid))
        mailbox.store.expunge(mailbox.store.inbox, Uint32Array.from(left), false)
        await view.refresh()
        const moment = { nowMs, numbering: mails.map(({ uid }) => uid) }
        for (let round = 0; round < 60; round++) {
          const key = randomKey(below, mails)
          const expected = mails.filter((mail) => !left.has(mail.uid) && matches(key, mail, moment)).map(({ uid }) => moment.numbering.indexOf(uid) + 1)
          assert.deepEqual([...await view.search(key)], expected, `seed ${seed}: ${JSON.stringify(key)}`)
        }
      }
    })
  }
})

test('accents, đ, case and the form of composition do not matter; letters do', async () => {
  const mailbox = new Mailbox()
  mailbox.add(message('=?UTF-8?Q?=C4=90=E1=BB=81_ngh=E1=BB=8B?=', 'Kính gửi Ủy ban'))
  mailbox.add(message('De nghi', 'Kinh gui Uy ban'))
  mailbox.add(message('Tề nghi', 'Kính gửi UBND'))
  assert.deepEqual(await found(mailbox, { key: 'header', name: 'subject', text: 'đề nghị' }), [1, 2])
  assert.deepEqual(await found(mailbox, { key: 'header', name: 'subject', text: 'ĐỀ NGHỊ'.normalize('NFD') }), [1, 2])
  assert.deepEqual(await found(mailbox, { key: 'body', text: 'ủy BAN' }), [1, 2])
  assert.deepEqual(await found(mailbox, { key: 'text', text: 'nghi' }), [1, 2, 3])
})

test('a phrase is found over the end of a line', async () => {
  const mailbox = new Mailbox()
  mailbox.add(message('x', 'kế hoạch số\r\n  15 của tỉnh'))
  assert.deepEqual(await found(mailbox, { key: 'body', text: 'hoạch số 15 của' }), [1])
  assert.deepEqual(await found(mailbox, { key: 'body', text: 'số \t 15' }), [1])
})

test('a header search for nothing asks whether the field is there', async () => {
  const mailbox = new Mailbox()
  mailbox.add(message('x', 'y', 'X-Empty.a+b: \r\nX-Odd_(1): 5\r\n'))
  mailbox.add(message('x', 'y', 'X-Other: x-empty: 5\r\n'))
  const cases = [['x-other', '', [2]], ['x-odd_(1)', '5', [1]], ['x-empty.a+b', '', [1]], ['x-empty', '', []], ['x-other: x-empty', '', []]] as const
  for (const [name, text, sequences] of cases) assert.deepEqual(await found(mailbox, { key: 'header', name, text }), sequences, name)
})

test('text beyond what is stored is found in the message itself', async () => {
  const mailbox = new Mailbox()
  mailbox.add(message('dài', `${'dòng chữ dài '.repeat(150_000)} cuối cùng ở đây`))
  mailbox.add(message('đầu', 'ngắn', `X-Pad: ${'p'.repeat(200)}\r\n`.repeat(2_000) + 'X-Late: Muộn màng\r\n'))
  assert.deepEqual(await found(mailbox, { key: 'body', text: 'cuối cùng ở đây' }), [1])
  assert.deepEqual(await found(mailbox, { key: 'header', name: 'x-late', text: 'muon' }), [2])
  assert.deepEqual(await found(mailbox, { key: 'text', text: 'không có' }), [])
  const before = mailbox.bodiesRead
  assert.deepEqual(await found(mailbox, { key: 'header', name: 'subject', text: 'dai' }), [1])
  assert.equal(mailbox.bodiesRead, before + 1, 'only the one whose header may have been cut off')
})

test('the day of the Date field is the one that is written there', async () => {
  const mailbox = new Mailbox()
  mailbox.add(message('a', '', 'Date: Sun, 01 Mar 2026 23:30:00 -1200\r\n'))
  mailbox.add(message('b', '', 'Date: Mon, 02 Mar 2026 00:30:00 +1400\r\n'))
  mailbox.add(message('c', '', 'Date: gibberish\r\n'))
  mailbox.add(message('d', ''))
  assert.deepEqual(await found(mailbox, { key: 'date', of: 'sent', compare: 'on', date: '2026-03-01' }), [1])
  assert.deepEqual(await found(mailbox, { key: 'date', of: 'sent', compare: 'since', date: '2026-03-02' }), [2])
  assert.deepEqual(await found(mailbox, { key: 'date', of: 'sent', compare: 'before', date: '2026-03-02' }), [1])
  assert.deepEqual(await found(mailbox, { key: 'not', inner: { key: 'date', of: 'sent', compare: 'since', date: '1990-01-01' } }), [3, 4])
})

test('texts are read only of messages that cheaper keys leave open', async () => {
  const mailbox = new Mailbox()
  for (let i = 0; i < 50; i++) mailbox.add(message(`số ${i}`, 'nội dung', ''), { flags: { bits: i === 7 ? 4 : 0, keywords: [] } })
  const reads = { view: 0, since: 0, rows: 0, text: 0 }
  mailbox.store.onRead = (what) => reads[what]++
  const flagged: SearchKey = { key: 'flag', flag: '\\Flagged', set: true }
  assert.deepEqual(await found(mailbox, { key: 'and', keys: [{ key: 'text', text: 'nội dung' }, flagged] }), [8])
  assert.deepEqual({ rows: reads.rows, text: reads.text }, { rows: 0, text: 1 })
  assert.deepEqual(await found(mailbox, { key: 'and', keys: [{ key: 'body', text: 'nội' }, { key: 'larger', bytes: 1_000_000 }] }), [])
  assert.deepEqual({ rows: reads.rows, text: reads.text }, { rows: 50, text: 1 })
  assert.deepEqual((await found(mailbox, { key: 'or', left: { key: 'text', text: 'nội' }, right: { key: 'all' } })).length, 50)
  assert.deepEqual(reads.text, 1)
})

test('what the index decides is not read; what it leaves open is', async () => {
  const mailbox = new Mailbox(10)
  for (let i = 0; i < 20; i++) mailbox.add(message(`số ${i}`, i === 3 ? 'công văn' : 'khác'), { flags: { bits: i < 12 ? 0 : 4, keywords: [] } })
  mailbox.add(message('dài', `${'dòng chữ dài '.repeat(150_000)} công văn`))
  const text: SearchKey = { key: 'text', text: 'CÔNG VĂN' }
  assert.deepEqual(await found(mailbox, text), [4, 21])
  const reads = { view: 0, since: 0, rows: 0, text: 0 }
  mailbox.store.onRead = (what) => reads[what]++
  mailbox.bodiesRead = 0
  mailbox.fullText.calls.length = 0
  assert.deepEqual(await found(mailbox, { key: 'or', left: text, right: { key: 'body', text: 'không có' } }), [4, 21])
  assert.deepEqual({ text: reads.text, bodies: mailbox.bodiesRead, calls: mailbox.fullText.calls }, { text: 1, bodies: 1, calls: ['find', 'ask'] })
  assert.deepEqual(await found(mailbox, { key: 'header', name: 'subject', text: 'so 1' }), [2, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20])
  assert.equal(reads.text, 1)
})

test('an index is not asked for a few messages, nor for what is not in texts', async () => {
  const mailbox = new Mailbox(10)
  for (let i = 0; i < 20; i++) mailbox.add(message(`số ${i}`, 'nội dung'), { flags: { bits: i < 12 ? 0 : 4, keywords: [] } })
  const flagged: SearchKey = { key: 'flag', flag: '\\Flagged', set: true }
  assert.equal((await found(mailbox, { key: 'and', keys: [flagged, { key: 'text', text: 'nội dung' }] })).length, 8)
  assert.equal((await found(mailbox, { key: 'date', of: 'sent', compare: 'before', date: '2026-01-01' })).length, 0)
  assert.deepEqual(mailbox.fullText.calls, [])
})

test('the day of a Date field beyond what is stored is found with an index too', async () => {
  const mailbox = new Mailbox(0)
  mailbox.add(message('x', 'y', `X-Pad: ${'p'.repeat(200)}\r\n`.repeat(2_000) + 'Date: Sun, 01 Mar 2026 23:30:00 -1200\r\n'))
  const on = (date: string): SearchKey => ({ key: 'and', keys: [{ key: 'date', of: 'sent', compare: 'on', date }, { key: 'not', inner: { key: 'text', text: 'không có' } }] })
  assert.deepEqual(await found(mailbox, on('2026-03-01')), [1])
  assert.deepEqual(await found(mailbox, on('2026-03-02')), [])
})

test('a search gives way to others and ends when it is given up', async () => {
  const mailbox = new Mailbox()
  for (let i = 0; i < 600; i++) mailbox.add(message(`số ${i}`, 'nội dung '.repeat(400)))
  const view = await mailbox.select()
  let turns = 0
  let searching = true
  const others = (async () => {
    while (searching) {
      await new Promise<void>((resolve) => setImmediate(resolve))
      turns++
    }
  })()
  assert.equal((await view.search({ key: 'text', text: 'không có' })).length, 0)
  searching = false
  await others
  assert.ok(turns >= 3, `${turns} turns`)

  const given = new AbortController()
  const reads = { text: 0 }
  mailbox.store.onRead = () => {
    if (++reads.text === 100) given.abort(new Error('given up'))
  }
  await assert.rejects(view.search({ key: 'text', text: 'không có' }, given.signal), /given up/)
  assert.ok(reads.text < 300, `${reads.text} texts were read`)
  await assert.rejects(view.search({ key: 'all' }, AbortSignal.abort(new Error('before'))), /before/)
})

test('a search of 100,000 sequence numbers and a thousand alternatives is no burden', async () => {
  const mailbox = new Mailbox()
  for (let i = 0; i < 100; i++) mailbox.add(message('x', 'y'))
  const set = Array.from({ length: 100_000 }, (_, i) => [(i % 50) * 2 + 1, (i % 50) * 2 + 1] as const)
  assert.equal((await found(mailbox, { key: 'sequence', set })).length, 50)
  let wide: SearchKey = { key: 'flag', flag: 'k', set: true }
  for (let i = 0; i < 150; i++) wide = { key: 'or', left: { key: 'flag', flag: `k${i}`, set: true }, right: wide }
  assert.deepEqual(await found(mailbox, wide), [])
})

test('too deep a search and a date that does not exist are refused', async () => {
  const mailbox = new Mailbox()
  let deep: SearchKey = { key: 'all' }
  for (let i = 0; i < 10_000; i++) deep = { key: 'not', inner: deep }
  for (const key of [deep, { key: 'date', of: 'sent', compare: 'on', date: '2026-02-30' } as const]) {
    await assert.rejects(found(mailbox, key), (error) => isMailError(error, 'argument-invalid'))
  }
})

test('an empty mailbox has nothing to find', async () => {
  const mailbox = new Mailbox()
  assert.deepEqual(await found(mailbox, { key: 'sequence', set: [[1, Infinity]] }), [])
  assert.deepEqual(await found(mailbox, { key: 'not', inner: { key: 'text', text: 'x' } }), [])
})
