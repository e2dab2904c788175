/** Every command's arguments by table: what its parser takes and what it refuses. Nothing runs. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MailError } from '../../../../src/core/errors.ts'
import { SyntaxFault } from '../../../../src/protocols/shared/lexer.ts'
import { capabilitiesIn, capabilityTable } from '../../../../src/protocols/imap/capabilities.ts'
import { commands, findCommand } from '../../../../src/protocols/imap/commands/index.ts'
import { replies, replyTo } from '../../../../src/protocols/imap/replies.ts'
import { lexerOf } from '../../../support/imap-parse.ts'

function parse(text: string): string {
  const lexer = lexerOf(text)
  const command = findCommand(lexer)
  command.prepare(lexer, { utf8: false })
  return command.name
}

const valid = [
  'CAPABILITY', 'noop', 'LOGOUT', 'STARTTLS', 'CHECK', 'CLOSE', 'UNSELECT', 'EXPUNGE', 'NAMESPACE', 'IDLE',
  'ID NIL', 'ID ()', 'ID ("a" "b" "c" NIL)', 'ID ({1}\r\na {1+}\r\nb)',
  'LOGIN a b', 'LOGIN "a" "b c"', 'LOGIN {1}\r\na {2}\r\nbc', 'LOGIN a]b c',
  'AUTHENTICATE PLAIN', 'AUTHENTICATE plain AGFuAHA=', 'AUTHENTICATE PLAIN =',
  'ENABLE CONDSTORE', 'ENABLE A B C',
  'SELECT INBOX', 'SELECT "a b"', 'EXAMINE {5}\r\nINBOX', 'SELECT C&APQ-ng',
  'CREATE a', 'CREATE a/b/', 'CREATE a (USE (\\Sent))', 'DELETE a', 'RENAME a b', 'SUBSCRIBE a', 'UNSUBSCRIBE "a"',
  'LIST "" *', 'LIST a %', 'LIST "" "*"', 'LIST "" {1}\r\n%', 'LIST "" ""', 'LSUB "" a/%', 'LIST "" a]*',
  'STATUS INBOX (MESSAGES)', 'STATUS a (messages UIDNEXT UIDVALIDITY UNSEEN RECENT)',
  'APPEND INBOX {1}\r\nx', 'APPEND INBOX () {1+}\r\nx', 'APPEND INBOX (\\Seen $a) " 1-Jan-2026 00:00:00 +0700" {1}\r\nx', 'APPEND {1}\r\na "01-Jan-2026 00:00:00 +0700" {1}\r\nx',
  'FETCH 1 FLAGS', 'FETCH 1:*,5 (UID BODY[])', 'UID FETCH * ALL', 'uid fetch 1 BODY.PEEK[1.HEADER.FIELDS (A)]<0.1>',
  'STORE 1 FLAGS \\Seen', 'STORE 1 +FLAGS (\\Seen $a)', 'STORE 1 -flags.silent ()', 'UID STORE 1:* +FLAGS.SILENT a b',
  'COPY 1 a', 'UID COPY 1:3 "a b"', 'MOVE 1 a', 'UID MOVE 1 {1}\r\na', 'UID EXPUNGE 1:*',
  'SEARCH ALL', 'UID SEARCH CHARSET UTF-8 SUBJECT x', 'SEARCH 1:* NOT SEEN',
]

const invalid = [
  '', ' ', 'FOO', 'UID', 'UID FOO', 'UID LOGIN a b', 'NOOP ', 'NOOP x', 'LOGOUT {0}\r\n', 'IDLE x',
  'ID', 'ID ("a")', 'ID (NIL "b")', 'ID "a"', 'ID ("a" "b"', `ID (${Array.from({ length: 70 }, () => '"a"').join(' ')})`,
  'LOGIN', 'LOGIN a', 'LOGIN a b c', 'LOGIN  a b', 'LOGIN (a) b', 'LOGIN "a b', 'LOGIN a \xff', 'LOGIN a {1}\r\n\xff',
  'AUTHENTICATE', 'AUTHENTICATE PLAIN  x', 'AUTHENTICATE PLAIN "x"', 'AUTHENTICATE PLAIN a b',
  'ENABLE', 'ENABLE ', 'ENABLE (A)',
  'SELECT', 'SELECT ', 'SELECT a b', 'SELECT a%', 'SELECT *', 'SELECT (a)', 'CREATE a (FOO)', 'CREATE a (USE)', 'RENAME a', 'RENAME a b c',
  'LIST', 'LIST ""', 'LIST "" "a" b', 'LIST "" (a)', 'LIST % *',
  'STATUS a', 'STATUS a ()', 'STATUS a (FOO)', 'STATUS a MESSAGES', 'STATUS a (MESSAGES', 'STATUS a (toString)',
  'APPEND', 'APPEND a', 'APPEND a "x" {1}\r\ny', 'APPEND a x', 'APPEND a "x"', 'APPEND a (\\Seen) ', 'APPEND a {1}\r\nx y', 'APPEND a (\\) {1}\r\nx', 'APPEND a ("x") {1}\r\ny', 'APPEND a (\\Seen){1}\r\nx',
  'FETCH', 'FETCH 1', 'FETCH x FLAGS', 'FETCH 1 (FLAGS', 'FETCH 1 FLAGS UID', 'FETCH 1  FLAGS', 'UID FETCH FLAGS',
  'STORE 1', 'STORE 1 FLAGS', 'STORE 1 FLAG (\\Seen)', 'STORE 1 +FLAGS (\\Seen', 'STORE 1 FLAGS (\\Seen) x', 'STORE 1 *FLAGS (\\Seen)', 'STORE 1 FLAGS (\\*)', 'STORE 1 FLAGS ("a")', 'STORE 1 FLAGS a  b',
  'COPY 1', 'COPY a b', 'MOVE 1 a b', 'UID EXPUNGE', 'UID EXPUNGE x', 'EXPUNGE 1',
  'SEARCH', 'SEARCH ', 'SEARCH FOO', 'UID SEARCH CHARSET UTF-8',
]

test('every command takes what its grammar allows', () => {
  for (const text of valid) assert.doesNotThrow(() => parse(text), text)
  const named = new Set(valid.map(parse))
  assert.deepEqual(commands.map((command) => command.name).filter((name) => !named.has(name)), [])
})

test('every command refuses what its grammar does not allow, with a text that is ASCII', () => {
  for (const text of invalid) {
    assert.throws(() => parse(text), (error) => error instanceof SyntaxFault && /^[\x20-\x7e]+$/.test(error.message), text)
  }
})

test('no name of a command stands twice, and each has a state', () => {
  assert.equal(new Set(commands.map((command) => command.name)).size, commands.length)
  assert.deepEqual(commands.filter((command) => command.states.length === 0), [])
})

test('capabilities by state and channel', () => {
  const before = capabilitiesIn('not-authenticated', { secure: false, tlsOffered: true })
  assert.ok(before.includes('STARTTLS') && before.includes('LOGINDISABLED') && !before.includes('AUTH=PLAIN') && !before.includes('MOVE'))
  const secure = capabilitiesIn('not-authenticated', { secure: true, tlsOffered: false })
  assert.ok(!secure.includes('STARTTLS') && !secure.includes('LOGINDISABLED') && secure.includes('AUTH=PLAIN'))
  const after = capabilitiesIn('selected', { secure: true, tlsOffered: false })
  for (const name of ['IMAP4rev1', 'LITERAL+', 'ID', 'ENABLE', 'NAMESPACE', 'UNSELECT', 'CHILDREN', 'SPECIAL-USE', 'IDLE', 'UIDPLUS', 'MOVE']) assert.ok(after.includes(name), name)
  assert.ok(!after.includes('AUTH=PLAIN'))
  assert.equal(new Set(capabilityTable.map((one) => one.name)).size, capabilityTable.length)
})

test('replies are ASCII, and a missing target says TRYCREATE', () => {
  for (const reply of Object.values(replies)) assert.match(`${reply.code} ${reply.text}`, /^[\x20-\x7e]+$/)
  assert.equal(replyTo(new MailError('mailbox-unknown')).code, 'NONEXISTENT')
  assert.equal(replyTo(new MailError('mailbox-unknown', undefined, { tryCreate: true })).code, 'TRYCREATE')
})
