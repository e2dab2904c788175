/** A fixed sample of damaged commands: parsers only ever refuse, sessions only ever answer or hang up. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isMailError } from '../../src/core/errors.ts'
import { SyntaxFault } from '../../src/protocols/shared/lexer.ts'
import { findCommand } from '../../src/protocols/imap/commands/index.ts'
import { UnknownCharset } from '../../src/protocols/imap/wire/search-keys.ts'
import { ImapClient } from '../support/imap-client.ts'
import { lexerOf } from '../support/imap-parse.ts'
import { openImapRig, password } from '../support/imap-rig.ts'

const seeds = [
  'LOGIN an@so.congvu.test {3}\r\nabc', 'AUTHENTICATE PLAIN AGFuAHA=', 'ID ("name" NIL "os" "x")', 'SELECT "C&APQ-ng"', 'CREATE a (USE (\\Sent))', 'LIST "" (a%*',
  'STATUS INBOX (MESSAGES UNSEEN)', 'APPEND INBOX (\\Seen) " 1-Jan-2026 00:00:00 +0700" {5}\r\nx: y\n', 'FETCH 1:*,5 (UID BODY.PEEK[1.2.HEADER.FIELDS (From "To")]<0.100> ENVELOPE)',
  'UID FETCH * (FLAGS MODSEQ)', 'STORE 1:3 +FLAGS.SILENT (\\Seen $x)', 'UID MOVE 1,2:3 Trash', 'SEARCH CHARSET UTF-8 OR (FROM "a" NOT SEEN) HEADER x {2}\r\nyz SINCE 1-Feb-2026 UID 1:*', 'UID EXPUNGE 1:*', 'IDLE', 'ENABLE A B', 'RENAME a "b c"', 'LSUB "" %',
  'SELECT INBOX (CONDSTORE QRESYNC (67890007 20050715194045000 41,43:211 (1,2 4:5)))', 'UID FETCH 1:* (FLAGS PREVIEW (LAZY) BINARY.PEEK[1.2]<0.5>) (CHANGEDSINCE 12345 VANISHED)', 'STORE $ (UNCHANGEDSINCE 12) +FLAGS (\\Seen)',
  'SEARCH RETURN (MIN MAX SAVE) CHARSET UTF-8 UID $ OLDER 5 EMAILID M1 MODSEQ "/flags/x" all 5', 'LIST (SUBSCRIBED RECURSIVEMATCH) "" ("a" b*) RETURN (CHILDREN STATUS (MESSAGES SIZE))', 'GETQUOTAROOT INBOX', 'COMPRESS DEFLATE',
  'APPEND INBOX (\\Seen) {2}\r\nab " 1-Jan-2026 00:00:00 +0700" ~{2+}\r\ncd UTF8 (~{1}\r\nx)', 'ENABLE QRESYNC CONDSTORE UTF8=ACCEPT IMAP4rev2', 'STATUS INBOX (HIGHESTMODSEQ DELETED-STORAGE MAILBOXID)',
]
const pieces = ['(', ')', '"', '\\', '{5}', '{0+}\r\n', '\r\n', '\0', '\xff', ' ', '*', '%', ':', ',', 'NIL', '[', ']', '<', '>', '4294967296', '-1', '~{3}\r\nabc', '&', '+', '\t', 'A'.repeat(300)]

function random(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

function damaged(pick: (below: number) => number): string {
  let text = seeds[pick(seeds.length)]!
  for (let changes = 1 + pick(4); changes > 0; changes--) {
    const at = pick(text.length + 1)
    const kind = pick(4)
    if (kind === 0) text = text.slice(0, at) + pieces[pick(pieces.length)]! + text.slice(at)
    else if (kind === 1) text = text.slice(0, at) + text.slice(at + 1 + pick(6))
    else if (kind === 2) text = text.slice(0, at) + String.fromCharCode(pick(256)) + text.slice(at + 1)
    else text = text.slice(0, at) + seeds[pick(seeds.length)]!.slice(pick(10))
  }
  return text
}

test('20,000 damaged commands: each parser takes them or refuses them', { timeout: 60_000 }, () => {
  const pick = random(20261102)
  for (let count = 0; count < 20_000; count++) {
    const text = damaged(pick)
    try {
      const lexer = lexerOf(text)
      findCommand(lexer).prepare(lexer, { utf8: count % 2 === 0 })
    } catch (error) {
      if (error instanceof SyntaxFault || error instanceof UnknownCharset || isMailError(error, 'name-invalid')) continue
      throw new Error(`not a refusal of ${JSON.stringify(text)}`, { cause: error })
    }
  }
})

const secret = Buffer.from(password, 'utf8').toString('latin1')
const login = `s1 LOGIN an@so.congvu.test {${secret.length}+}\r\n${secret}\r\n`

for (const [state, preamble] of [['before signing in', ''], ['signed in', login], ['selected', `${login}s2 SELECT INBOX\r\n`], ['idle', `${login}s2 SELECT INBOX\r\ns3 IDLE\r\n`]] as const) {
  test(`${state}: 300 connections with damaged commands end, and the server lives`, { timeout: 60_000 }, async () => {
    await using rig = await openImapRig({ limits: { maxWrongCommands: 1000, maxSessionsPerAccount: 1000 } })
    const pick = random(state.length)
    const heapBefore = process.memoryUsage().heapUsed
    for (let round = 0; round < 30; round++) {
      await Promise.all(Array.from({ length: 10 }, async () => {
        const client = new ImapClient(rig.connect())
        client.send(preamble)
        for (let count = 0; count < 10; count++) client.send(`f${count} ${damaged(pick)}\r\n`)
        client.close()
        const answer = await client.rest()
        assert.match(answer, /^\* OK /)
        assert.doesNotMatch(answer, /SERVERBUG/)
      }))
    }
    const after = new ImapClient(rig.connect())
    await after.line()
    assert.deepEqual(await after.command('NOOP'), ['OK NOOP completed'])
    assert.equal(rig.server.sessions, 1)
    assert.ok(process.memoryUsage().heapUsed - heapBefore < 100_000_000)
  })
}
