/** The packed list of a mailbox against a plain one. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Flags, flagsOf, noFlags } from '../../../../src/core/mailbox/flags.ts'
import { MessageList } from '../../../../src/core/mailbox/message-list.ts'

interface Plain {
  uid: number
  modseq: number
  flags: Flags
}

function same(list: MessageList, plain: readonly Plain[]): void {
  const read = Array.from({ length: list.count }, (_, i) => ({ uid: list.uidAt(i), modseq: list.modseqAt(i), flags: list.flagsAt(i) }))
  assert.deepEqual(read, plain)
}

test('random appends, changes and removals leave what a plain list holds', () => {
  const flags = fc.array(fc.constantFrom('\\Seen', '\\Deleted', 'Hẹn', 'a', 'b')).map((names) => flagsOf(names))
  const step = fc.record({
    what: fc.constantFrom('append', 'append', 'append', 'change', 'remove'),
    at: fc.nat(200),
    width: fc.nat(20),
    flags,
  })
  fc.assert(fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
    const list = MessageList.of({ uids: new Uint32Array(0), modseqs: new Float64Array(0), flags: new Uint16Array(0), flagSets: [] })
    let plain: Plain[] = []
    let modseq = 1
    let uid = 1
    for (const one of steps) {
      modseq++
      if (one.what === 'append') {
        plain.push({ uid, modseq, flags: one.flags })
        list.append(uid, modseq, one.flags)
        uid += 1 + (one.at % 3)
      } else if (one.what === 'change' && plain.length > 0) {
        const index = one.at % plain.length
        plain[index] = { ...plain[index]!, modseq, flags: one.flags }
        list.change(index, modseq, one.flags)
      } else if (one.what === 'remove') {
        const ranges = [[one.at, one.at + one.width], [one.at + 40, one.at + 41]] as const
        const goes = (message: Plain): boolean => ranges.some(([first, last]) => message.uid >= first && message.uid <= last)
        const removed = list.remove(ranges)
        assert.deepEqual([...(removed?.uids ?? [])], plain.filter(goes).map((message) => message.uid))
        assert.deepEqual([...(removed?.flags ?? [])], plain.filter(goes).map((message) => message.flags))
        plain = plain.filter((message) => !goes(message))
      }
    }
    same(list, plain)
    assert.equal(list.summary().unseen, plain.filter((message) => (message.flags.bits & 1) === 0).length)
    assert.equal(list.firstUnseen(), plain.findIndex((message) => (message.flags.bits & 1) === 0))
  }), { numRuns: 300 })
})

test('more sets of flags than a 16-bit index can name', () => {
  const count = 70_000
  const list = MessageList.of({
    uids: Uint32Array.from({ length: count }, (_, i) => i + 1),
    modseqs: new Float64Array(count).fill(1),
    flags: new Uint16Array(count),
    flagSets: [noFlags],
  })
  for (let i = 0; i < count; i++) list.change(i, 2, flagsOf([`nhãn-${i}`]))
  for (const i of [0, 1, 65_535, 65_536, count - 1]) assert.deepEqual(list.flagsAt(i).keywords, [`nhãn-${i}`])
})

test('sets of flags that no message has any more do not pile up', () => {
  const list = MessageList.of({ uids: Uint32Array.of(1), modseqs: Float64Array.of(1), flags: Uint16Array.of(0), flagSets: [noFlags] })
  for (let i = 0; i < 100_000; i++) list.change(0, i, flagsOf([`k${i}`]))
  assert.deepEqual(list.flagsAt(0).keywords, ['k99999'])
  assert.ok(list.sizeBytes < 1_000_000, `${list.sizeBytes} bytes`)
  assert.deepEqual(list.summary().keywords, ['k99999'])
})

test('equal flags are one object', () => {
  const list = MessageList.of({ uids: Uint32Array.of(1), modseqs: Float64Array.of(1), flags: Uint16Array.of(0), flagSets: [flagsOf(['\\Seen', 'a'])] })
  list.append(2, 2, flagsOf(['a', '\\Seen']))
  assert.equal(list.flagsAt(0), list.flagsAt(1))
})
