import assert from 'node:assert/strict'
import { Writable } from 'node:stream'
import { describe, it } from 'node:test'
import { barOf, progressTeller } from '../../../src/cli/progress.ts'

function teller(options: { readonly json?: boolean; readonly isTTY?: boolean }) {
  let written = ''
  const sink = new Writable({
    write(chunk, _encoding, done) {
      written += String(chunk)
      done()
    },
  })
  const stream = Object.assign(sink, { isTTY: options.isTTY ?? false, columns: 60 })
  const clock = { nowMs: 0 }
  const made = progressTeller({ stream, json: options.json ?? false, nowMs: () => clock.nowMs, label: (stage) => `[${stage}]` })
  return { ...made, clock, said: () => written }
}

describe('how far a long command is', () => {
  it('a line at the beginning and end of a part, and now and then in between', () => {
    const { tell, clock, said } = teller({})
    const at = (done: number) => tell({ stage: 'rows', part: 'messages', done, total: 9 })
    at(0)
    at(1)
    clock.nowMs = 2_500
    at(2)
    at(3)
    at(9)
    at(9)
    tell({ stage: 'rows', part: 'outbox', done: 0, total: 1 })
    assert.equal(said(), '[rows]: messages 0/9\n[rows]: messages 2/9\n[rows]: messages 9/9\n[rows]: outbox 0/1\n')
  })

  it('one JSON object a line', () => {
    const { tell, said } = teller({ json: true, isTTY: true })
    tell({ stage: 'rows', part: 'held', done: 0, total: 0 })
    assert.deepEqual(JSON.parse(said()), { progress: { stage: 'rows', part: 'held', done: 0, total: 0 } })
  })

  it('a bar on a terminal, which it leaves clean', () => {
    const { tell, end, said } = teller({ isTTY: true })
    tell({ stage: 'rows', part: 'messages', done: 1, total: 2 })
    end()
    assert.equal(said(), `\r\u001b[K${barOf({ stage: 'rows', part: 'messages', done: 1, total: 2 }, '[rows]', 60)}\r\u001b[K`)
  })

  it('a bar is as long as there is room, and shows the share', () => {
    const progress = { stage: 'rows', part: 'messages', done: 50, total: 200 }
    const bar = barOf(progress, 'chép', 80)
    assert.match(bar, /^\[#{10}\.{30}\]  25% {2}chép: messages 50\/200$/)
    for (const columns of [10, 20, 40, 80, 200]) assert.ok(barOf(progress, 'chép', columns).length < columns, String(columns))
    assert.match(barOf({ ...progress, done: 0, total: 0 }, 'chép', 80), /100%/)
  })
})
