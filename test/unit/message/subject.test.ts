import assert from 'node:assert/strict'
import { test } from 'node:test'
import { baseSubject, extractBaseSubject } from '../../../src/message/subject.ts'

/** RFC 5256 §2.1 and the ABNF of §5. */
const table: readonly (readonly [string, string])[] = [
  ['', ''],
  ['Báo cáo', 'Báo cáo'],
  ['Re: Báo cáo', 'Báo cáo'],
  ['RE: re: Fwd: FW: Báo cáo', 'Báo cáo'],
  ['Re[2]: x', 'x'],
  ['Re [PATCH]: x', 'x'],
  ['Re:x', 'x'],
  ['Re :x', 'x'],
  ['[list] x', 'x'],
  ['[list] Re: [other] x', 'x'],
  ['Re: [list] Re: [list] x', 'x'],
  ['x (fwd)', 'x'],
  ['x (fwd) (FWD)  ', 'x'],
  ['Re: x (fwd)', 'x'],
  ['[Fwd: x]', 'x'],
  ['[fwd: Re: [fwd: x] (fwd)]', 'x'],
  ['[only a blob]', '[only a blob]'],
  ['Re: [only a blob]', '[only a blob]'],
  ['  many   spaces\there ', 'many spaces here'],
  ['Request: x', 'Request: x'],
  ['Fwdx: y', 'Fwdx: y'],
  ['Re:', ''],
  ['Re: Re:', ''],
  ['a [b] c', 'a [b] c'],
]

test('base subjects', () => {
  for (const [subject, base] of table) assert.equal(extractBaseSubject(subject), base, JSON.stringify(subject))
})

test('compared without accents and case', () => {
  assert.equal(baseSubject('RE: Báo cáo  THÁNG 3 về Đất đai'), 'bao cao thang 3 ve dat dai')
})

test('long and hostile subjects end', () => {
  assert.ok(baseSubject('re: '.repeat(50_000)).length < 2000)
  assert.ok(baseSubject('['.repeat(100_000)).length <= 2000)
  assert.ok(baseSubject('(fwd)'.repeat(50_000)).length < 2000)
  assert.ok(baseSubject('[fwd: '.repeat(1000) + ']'.repeat(1000)).length <= 2000)
})
