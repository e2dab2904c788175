/**
 * The end of DATA, read by three of ours that must agree: ingress's scanner, LMTP's, and a plain search for the text that
 * RFC 5321 §4.1.1.4 names. What disagrees is how mail is smuggled.
 */
import assert from 'node:assert/strict'
import { KeptMessage, unstuffed } from '../../../src/protocols/smtp/haraka/kept-message.ts'
import { wireForm } from '../../../src/protocols/smtp/haraka/outgoing-bytes.ts'
import { readMessage } from '../../../src/protocols/smtp/lmtp-message.ts'
import { chopped, damaged, latin1, type Damage } from '../mutate.ts'
import type { Rng } from '../rng.ts'
import type { OpenTarget, Target } from '../target.ts'

const seeds = latin1(['Subject: x\r\n\r\nbody\r\n.\r\n', '.\r\n', '..\r\n.\r\n', '\r\n.\r\nMAIL FROM:<x@y>\r\n', 'a\r\n..b\r\n.c\r\n\r\n.\r\nQUIT\r\n', 'a\n.\nb\r\n.\r\n', 'a\r.\rb\r\n.\r\n', 'a\r\n.\rb\r\n.\r\n'])
const tokens = latin1(['\r', '\n', '.', '\r\n', '\r\n.', '\r\n.\r', '\r\n.\r\n', '\n.\n', '\r.\r', '\n.\r\n', '\r\n.\n', '..', '\0', '\x85', 'a'])
const maxMessageBytes = 30_000

export const smtpData: Target = {
  name: 'smtp-data',
  what: "the end of DATA: ingress's scanner, LMTP's and a plain search agree, whatever the pieces",
  share: 110,
  open(): OpenTarget {
    const damage: Damage = { seeds, tokens, maxBytes: 40_000 }
    return { make: (rng) => (rng.once(2) ? Buffer.concat(Array.from({ length: rng.below(14) }, () => rng.pick(tokens))) : damaged(rng, damage)), run: compare }
  },
}

function compare(input: Buffer, rng: Rng): void {
  const found = Buffer.concat([Buffer.from('\r\n'), input]).indexOf('\r\n.\r\n')
  const end = found < 0 ? null : found + 3
  const budget = { heldBytes: 0, maxHeldBytes: 10_000_000 }
  const kept = new KeptMessage(maxMessageBytes, budget)
  const lmtp = readMessage(maxMessageBytes)
  const pieces = chopped(rng, input)
  assert.equal(takenBy((piece) => kept.take(piece), () => kept.ended, pieces), end ?? input.length)
  assert.equal(takenBy((piece) => lmtp.take(piece), () => lmtp.ended, pieces), end ?? input.length)
  assert.deepEqual([kept.ended, lmtp.ended], [end !== null, end !== null])
  if (end === null) return
  const stuffed = input.toString('latin1', 0, end - 3)
  assert.equal(kept.bareLineEnds, /\r(?!\n)|(?<!\r)\n/.test(stuffed))
  const message = stuffed.replace(/(^|\r\n)\./g, '$1')
  checkKept(kept, message, stuffed)
  const whole = lmtp.bytes()
  assert.equal(whole?.toString('latin1') ?? null, message.length > maxMessageBytes ? null : message)
  if (whole !== null) checkOutgoing(whole, rng)
  kept.drop()
  assert.equal(budget.heldBytes, 0, 'memory is given back')
}

function takenBy(take: (piece: Buffer) => number, ended: () => boolean, pieces: readonly Buffer[]): number {
  let taken = 0
  for (const piece of pieces) {
    if (ended()) break
    taken += take(piece)
  }
  return taken
}

function checkKept(kept: KeptMessage, message: string, stuffed: string): void {
  assert.equal(kept.tooLarge, stuffed.length > maxMessageBytes)
  if (kept.tooLarge) return assert.equal(kept.chunks().length, 0)
  assert.equal(Buffer.concat(kept.chunks()).toString('latin1'), `${stuffed}.\r\n`)
  // Scanners see messages with whole lines only: others are refused.
  if (!kept.bareLineEnds) assert.equal(Buffer.concat([...unstuffed(kept.chunks(), kept.bytes)]).toString('latin1'), message)
}

/** What we send ends where we say and nowhere before, for every server: no bare CR or LF is in it. */
function checkOutgoing(message: Buffer, rng: Rng): void {
  const sent = Buffer.concat([...wireForm(message), Buffer.from('.\r\n')])
  assert.ok(!/\r(?!\n)|(?<!\r)\n|\0/.test(sent.toString('latin1')), 'bare line ends or NUL go out')
  const read = readMessage(1_000_000)
  assert.equal(takenBy((piece) => read.take(piece), () => read.ended, chopped(rng, sent)), sent.length)
  const lines = message.toString('latin1').replace(/\r\n|\r|\n/g, '\r\n').replaceAll('\0', '')
  assert.equal(read.bytes()!.toString('latin1'), lines === '' || lines.endsWith('\r\n') ? lines : `${lines}\r\n`)
}
