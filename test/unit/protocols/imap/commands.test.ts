/** Every command's arguments by table: what its parser takes and what it refuses. Nothing runs. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MailError } from '../../../../src/core/errors.ts'
import { SyntaxFault } from '../../../../src/protocols/shared/lexer.ts'
import { capabilitiesIn, capabilityTable, enableableName } from '../../../../src/protocols/imap/capabilities.ts'
import { Enabled } from '../../../../src/protocols/imap/enabled.ts'
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
  'GETQUOTA ""', 'GETQUOTAROOT "a b"', 'COMPRESS DEFLATE', 'compress deflate',
  'SELECT INBOX (CONDSTORE)', 'SELECT a (QRESYNC (1 2))', 'EXAMINE a (QRESYNC (67890007 20050715194045000 41,43:211,214:541))',
  'SELECT a (QRESYNC (1 9223372036854775807 1:29997 (5000,7500,9990:9999 15000,22500,29970:29979)))', 'SELECT a (QRESYNC (1 2 (1 1)))', 'SELECT a (CONDSTORE QRESYNC (1 2))',
  'SELECT INBOX', 'SELECT "a b"', 'EXAMINE {5}\r\nINBOX', 'SELECT C&APQ-ng',
  'CREATE a', 'CREATE a/b/', 'CREATE a (USE (\\Sent))', 'DELETE a', 'RENAME a b', 'SUBSCRIBE a', 'UNSUBSCRIBE "a"',
  'LIST "" *', 'LIST a %', 'LIST "" "*"', 'LIST "" {1}\r\n%', 'LIST "" ""', 'LSUB "" a/%', 'LIST "" a]*',
  'LIST (SUBSCRIBED) "" *', 'LIST () "" % RETURN (CHILDREN)', 'LIST (RECURSIVEMATCH SUBSCRIBED REMOTE) "" *', 'LIST "" ("a" b* "%")', 'LIST "" * RETURN ()',
  'LIST (SPECIAL-USE) "" * RETURN (SUBSCRIBED SPECIAL-USE STATUS (MESSAGES SIZE HIGHESTMODSEQ MAILBOXID))', 'list "" (a) return (status (unseen))',
  'STATUS INBOX (MESSAGES)', 'STATUS a (messages UIDNEXT UIDVALIDITY UNSEEN RECENT)', 'STATUS a (DELETED DELETED-STORAGE SIZE HIGHESTMODSEQ APPENDLIMIT MAILBOXID)',
  'APPEND INBOX {1}\r\nx', 'APPEND INBOX () {1+}\r\nx', 'APPEND INBOX (\\Seen $a) " 1-Jan-2026 00:00:00 +0700" {1}\r\nx', 'APPEND {1}\r\na "01-Jan-2026 00:00:00 +0700" {1}\r\nx',
  'APPEND a {1}\r\nx {1}\r\ny', 'APPEND a (\\Seen) {1}\r\nx "01-Jan-2026 00:00:00 +0700" {1+}\r\ny () ~{1}\r\nz', 'APPEND a UTF8 (~{1}\r\nx)', 'APPEND a () utf8 (~{1+}\r\nx) {1}\r\ny',
  'FETCH 1 FLAGS (CHANGEDSINCE 12345)', 'UID FETCH 1:* (FLAGS) (CHANGEDSINCE 1 VANISHED)', 'UID FETCH $ UID (VANISHED CHANGEDSINCE 1)', 'FETCH $ (EMAILID THREADID PREVIEW (LAZY) MODSEQ)', 'FETCH 1 PREVIEW', 'FETCH 1 (BINARY[1] BINARY.PEEK[1.2]<0.5> BINARY.SIZE[])',
  'STORE $ (UNCHANGEDSINCE 0) +FLAGS (\\Seen)', 'UID STORE 1 (unchangedsince 12) FLAGS.SILENT a', 'COPY $ a', 'UID MOVE $ a', 'UID EXPUNGE $',
  'SEARCH RETURN (MIN MAX COUNT ALL SAVE) ALL', 'SEARCH RETURN () CHARSET UTF-8 TEXT a', 'UID SEARCH UID $ $ OLDER 60 YOUNGER 1 EMAILID M1 THREADID t-1_', 'SEARCH MODSEQ 0',
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
  'LIST', 'LIST ""', 'LIST "" "a" b', 'LIST "" ()', 'LIST % *', 'LSUB "" (a)', 'LIST (FOO) "" *', 'LIST (RECURSIVEMATCH) "" *', 'LIST (RECURSIVEMATCH REMOTE) "" *', 'LIST "" * (CHILDREN)',
  'LIST "" * RETURN', 'LIST "" * RETURN (FOO)', 'LIST "" * RETURN (STATUS)', 'LIST "" * RETURN (STATUS ())', 'LIST "" * RETURN (STATUS (FOO))', `LIST "" (${'a '.repeat(30)}a)`,
  'GETQUOTA', 'GETQUOTAROOT', 'GETQUOTA a b', 'SETQUOTA "" (STORAGE 1)', 'COMPRESS', 'COMPRESS GZIP', 'COMPRESS DEFLATE x',
  'SELECT a ()', 'SELECT a (FOO)', 'SELECT a (CONDSTORE CONDSTORE)', 'SELECT a (QRESYNC)', 'SELECT a (QRESYNC (1))', 'SELECT a (QRESYNC (0 1))', 'SELECT a (QRESYNC (1 0))', 'SELECT a (QRESYNC (1 9223372036854775808))',
  'SELECT a (QRESYNC (1 2 1:*))', 'SELECT a (QRESYNC (1 2 $))', 'SELECT a (QRESYNC (1 2 3 (1)))', 'SELECT a (QRESYNC (1 2 3 (1 2) 4))', 'SELECT a (QRESYNC (1 2)', 'SELECT a (QRESYNC (1 2 (1 *)))',
  'STATUS a', 'STATUS a ()', 'STATUS a (FOO)', 'STATUS a MESSAGES', 'STATUS a (MESSAGES', 'STATUS a (toString)',
  'APPEND', 'APPEND a', 'APPEND a "x" {1}\r\ny', 'APPEND a x', 'APPEND a "x"', 'APPEND a (\\Seen) ', 'APPEND a {1}\r\nx y', 'APPEND a (\\) {1}\r\nx', 'APPEND a ("x") {1}\r\ny', 'APPEND a (\\Seen){1}\r\nx',
  'APPEND a UTF8 ~{1}\r\nx', 'APPEND a UTF8 (x)', 'APPEND a {1}\r\nx ', 'APPEND a {1}\r\nx (\\Seen)', 'APPEND a {1}\r\nx{1}\r\ny',
  'FETCH 1 FLAGS ()', 'FETCH 1 FLAGS (CHANGEDSINCE)', 'FETCH 1 FLAGS (CHANGEDSINCE -1)', 'FETCH 1 FLAGS (CHANGEDSINCE 1 CHANGEDSINCE 1)', 'FETCH 1 FLAGS (CHANGEDSINCE 1 VANISHED)', 'UID FETCH 1 FLAGS (VANISHED)', 'UID FETCH 1 FLAGS (FOO)',
  'FETCH 1 PREVIEW ()', 'FETCH 1 PREVIEW (FAST)', 'FETCH 1 BINARY', 'FETCH 1 BINARY[TEXT]', 'FETCH 1 BINARY[1', 'FETCH 1 BINARY.SIZE[1]<0.5>', 'FETCH $1 FLAGS', 'FETCH $,1 FLAGS',
  'STORE 1 () FLAGS a', 'STORE 1 (UNCHANGEDSINCE) FLAGS a', 'STORE 1 (FOO 1) FLAGS a', 'STORE 1 (UNCHANGEDSINCE 1 UNCHANGEDSINCE 1) FLAGS a', 'STORE 1 (UNCHANGEDSINCE 1)FLAGS a',
  'SEARCH RETURN ALL', 'SEARCH RETURN (FOO) ALL', 'SEARCH RETURN (ALL)', 'SEARCH OLDER 0', 'SEARCH YOUNGER x', 'SEARCH EMAILID', 'SEARCH EMAILID (a)', 'SEARCH THREADID "a"', 'SEARCH MODSEQ', 'SEARCH MODSEQ x',
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

const channel = { secure: true, tlsOffered: false, compressed: false, maxMessageBytes: 1000 }

test('capabilities by state and channel', () => {
  const before = capabilitiesIn('not-authenticated', { ...channel, secure: false, tlsOffered: true })
  assert.ok(before.includes('STARTTLS') && before.includes('LOGINDISABLED') && !before.includes('AUTH=PLAIN') && !before.includes('MOVE'))
  const secure = capabilitiesIn('not-authenticated', channel)
  assert.ok(!secure.includes('STARTTLS') && !secure.includes('LOGINDISABLED') && secure.includes('AUTH=PLAIN'))
  const after = capabilitiesIn('selected', channel)
  for (const name of ['IMAP4rev1', 'LITERAL+', 'ID', 'ENABLE', 'NAMESPACE', 'UNSELECT', 'CHILDREN', 'SPECIAL-USE', 'IDLE', 'UIDPLUS', 'MOVE', 'APPENDLIMIT=1000', 'COMPRESS=DEFLATE']) assert.ok(after.includes(name), name)
  assert.ok(!capabilitiesIn('selected', { ...channel, compressed: true }).includes('COMPRESS=DEFLATE'))
  assert.equal(enableableName('IMAP4REV2'), 'IMAP4rev2')
  assert.equal(enableableName('IDLE'), null)
  // What ENABLE takes, the session knows how to turn on, once.
  for (const { name, enable } of capabilityTable) {
    if (enable !== true) continue
    const enabled = new Enabled()
    assert.deepEqual([enabled.turnOn(name.toUpperCase()), enabled.turnOn(name.toUpperCase())], [true, false], name)
  }
  assert.ok(!after.includes('AUTH=PLAIN'))
  assert.equal(new Set(capabilityTable.map((one) => one.name)).size, capabilityTable.length)
})

test('replies are ASCII, and a missing target says TRYCREATE', () => {
  for (const reply of Object.values(replies)) assert.match(`${reply.code} ${reply.text}`, /^[\x20-\x7e]+$/)
  assert.equal(replyTo(new MailError('mailbox-unknown')).code, 'NONEXISTENT')
  assert.equal(replyTo(new MailError('mailbox-unknown', undefined, { tryCreate: true })).code, 'TRYCREATE')
  const locked = replyTo(new MailError('account-locked', undefined, { lockClause: '6.2a' }))
  assert.deepEqual([locked.status, locked.code], ['NO', 'CONTACTADMIN'])
  assert.match(locked.text, /^Account locked, it was not used \(Dieu 6\.2a\)[\x20-\x7e]*$/)
  assert.match(replyTo(new MailError('password-change-required', undefined, { changeAt: 'https://mail.gialai.gov.vn' })).text, /https:\/\/mail\.gialai\.gov\.vn/)
})
