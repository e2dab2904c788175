/** The wire grammar of IMAP: each command's parser takes what it is given or refuses it with a reason for the client. */
import { isMailError } from '../../../src/core/errors.ts'
import type { ParseOptions } from '../../../src/protocols/imap/command.ts'
import { findCommand } from '../../../src/protocols/imap/commands/index.ts'
import { UnknownCharset } from '../../../src/protocols/imap/wire/search-keys.ts'
import { SyntaxFault } from '../../../src/protocols/shared/lexer.ts'
import { lexerOf } from '../../../test/support/imap-parse.ts'
import { damaged, latin1, type Damage } from '../mutate.ts'
import type { Rng } from '../rng.ts'
import type { OpenTarget, Target } from '../target.ts'

export const commandSeeds = latin1([
  'LOGIN an@so.congvu.test {3}\r\nabc', 'AUTHENTICATE PLAIN AGFuAHA=', 'ID ("name" NIL "os" "x")', 'SELECT "C&APQ-ng"', 'SELECT INBOX (CONDSTORE)', 'SELECT INBOX (QRESYNC (1 2 1:3 (1:2 3:4)))', 'EXAMINE INBOX',
  'CREATE a (USE (\\Sent))', 'DELETE "a/b"', 'LIST "" (a%*', 'LIST (SUBSCRIBED) "" ("%" "INBOX") RETURN (CHILDREN STATUS (MESSAGES UNSEEN SIZE))', 'STATUS INBOX (MESSAGES UNSEEN UIDNEXT HIGHESTMODSEQ SIZE)',
  'APPEND INBOX (\\Seen) " 1-Jan-2026 00:00:00 +0700" {5}\r\nx: y\n', 'APPEND INBOX {5}\r\nx: y\n (\\Draft) {3}\r\nabc', 'APPEND INBOX UTF8 (~{3}\r\nabc)',
  'FETCH 1:*,5 (UID BODY.PEEK[1.2.HEADER.FIELDS (From "To")]<0.100> ENVELOPE)', 'FETCH 1 (FLAGS) (CHANGEDSINCE 12)', 'UID FETCH * (FLAGS MODSEQ)', 'UID FETCH 1:* (FLAGS) (CHANGEDSINCE 1 VANISHED)', 'FETCH 1 (BINARY.PEEK[1] BINARY.SIZE[2] EMAILID THREADID PREVIEW (LAZY))',
  'STORE 1:3 +FLAGS.SILENT (\\Seen $x)', 'UID STORE 1:* (UNCHANGEDSINCE 4) -FLAGS (\\Deleted)', 'UID MOVE 1,2:3 Trash', 'COPY 1 "Sent"', 'SEARCH CHARSET UTF-8 OR (FROM "a" NOT SEEN) HEADER x {2}\r\nyz SINCE 1-Feb-2026 UID 1:*',
  'SEARCH RETURN (MIN MAX COUNT ALL SAVE) MODSEQ "/flags/\\\\draft" all 1', 'UID SEARCH LARGER 5 (KEYWORD $a UNKEYWORD b) YOUNGER 60 EMAILID x', 'UID EXPUNGE 1:*', 'IDLE', 'ENABLE CONDSTORE QRESYNC UTF8=ACCEPT', 'RENAME a "b c"', 'LSUB "" %', 'SUBSCRIBE a', 'GETQUOTAROOT INBOX', 'GETQUOTA ""', 'COMPRESS DEFLATE', 'NOOP', 'CLOSE', 'NAMESPACE',
])

export const commandTokens = latin1([
  '(', ')', '((', '))', '"', '\\', '{5}', '{0+}\r\n', '{3+}\r\nabc', '{99999999999}', '\r\n', '\0', '\xff', '\xe1\xbb\x87', ' ', '  ', '*', '%', ':', ',', 'NIL', '[', ']', '<', '>', '<0.1>', '4294967296', '-1', '0', '~{3}\r\nabc', '&', '&-', '&AP8-', '+', '\t', 'A'.repeat(300), '1:*', ',1', 'NOT ', 'OR ', '(NOT ', 'UID ', 'RETURN (', 'CHARSET x ', 'MODSEQ ',
])

/** Nested to any depth, which mutation alone seldom finds. */
function deepSearch(rng: Rng): Buffer {
  const depth = rng.below(rng.once(20) ? 20_000 : 40)
  const opening = rng.pick(['(', 'NOT ', 'OR ALL ', '(NOT (', 'OR (ALL) ('])
  return Buffer.from(`SEARCH ${opening.repeat(depth)}ALL${')'.repeat(rng.below(2 * depth + 1))}`)
}

export function command(rng: Rng, damage: Damage): Buffer {
  return rng.once(50) ? deepSearch(rng) : damaged(rng, damage)
}

export const imapCommands: Target = {
  name: 'imap-command',
  what: 'IMAP commands: the parsers of all commands, with and without UTF8=ACCEPT',
  share: 150,
  open(): OpenTarget {
    const damage: Damage = { seeds: commandSeeds, tokens: commandTokens, maxBytes: 64 * 1024 }
    return { make: (rng) => command(rng, damage), run: (input, rng) => parse(input.toString('latin1'), { utf8: rng.once(2), utf8Accept: rng.once(2) }) }
  },
}

function parse(text: string, options: ParseOptions): void {
  try {
    const lexer = lexerOf(text)
    findCommand(lexer).prepare(lexer, options)
  } catch (error) {
    if (error instanceof SyntaxFault || error instanceof UnknownCharset || isMailError(error, 'name-invalid', 'limit-reached', 'argument-invalid')) return
    throw error
  }
}
