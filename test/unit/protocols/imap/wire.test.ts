/** The grammar of IMAP by table: names, patterns, sets, dates, fetch items, search keys, responses. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { flagsOf } from '../../../../src/core/mailbox/flags.ts'
import { isMailError } from '../../../../src/core/errors.ts'
import { SyntaxFault } from '../../../../src/protocols/shared/lexer.ts'
import { formatDateTime, parseDate, parseDateTime } from '../../../../src/protocols/imap/wire/date.ts'
import { encodeFlags, encodeMailbox, encodeString, encodeUntagged, type TextResponse } from '../../../../src/protocols/imap/wire/encoder.ts'
import { parseFetchItems } from '../../../../src/protocols/imap/wire/fetch-items.ts'
import { listMatcher } from '../../../../src/protocols/imap/wire/list-pattern.ts'
import { decodeMailboxName, decodeModifiedUtf7, encodeModifiedUtf7 } from '../../../../src/protocols/imap/wire/mailbox-name.ts'
import { UnknownCharset, parseSearch } from '../../../../src/protocols/imap/wire/search-keys.ts'
import { formatSet, parseSequenceSet } from '../../../../src/protocols/imap/wire/sequence-set.ts'
import { lexerOf } from '../../../support/imap-parse.ts'

test('modified UTF-7, both ways (RFC 3501 §5.1.3)', () => {
  const pairs = [
    ['INBOX', 'INBOX'],
    ['A & B', 'A &- B'],
    ['~peter/mail/台北/日本語', '~peter/mail/&U,BTFw-/&ZeVnLIqe-'],
    ['Công việc', 'C&APQ-ng vi&Hsc-c'],
    ['Đã gửi', '&ARAA4w- g&Hu0-i'],
    ['😀', '&2D3eAA-'],
    ['', ''],
    ['&', '&-'],
    ['&&', '&-&-'],
  ] as const
  for (const [name, wire] of pairs) {
    assert.equal(encodeModifiedUtf7(name), wire)
    assert.equal(decodeModifiedUtf7(wire), name)
  }
})

test('what is no modified UTF-7 is no name', () => {
  for (const wire of ['&', 'a&', '&AP', '&APQ', '&A-', '&APQ=-', '&AP!-', 'Công', '&2D0-', '&3gA-', 'a\tb', '&APQA-']) {
    assert.equal(decodeModifiedUtf7(wire), null, wire)
    assert.throws(() => decodeMailboxName(wire, false), (error) => isMailError(error, 'name-invalid'))
  }
  // Forbidden to write, harmless to read.
  assert.equal(decodeModifiedUtf7('&AEE-'), 'A')
  assert.equal(decodeModifiedUtf7('&APQ-&APQ-'), 'ôô')
  assert.equal(decodeMailboxName('Co&AwI-ng', false), 'Công')
  assert.equal(decodeMailboxName(Buffer.from('Công').toString('latin1'), true), 'Công')
  assert.throws(() => decodeMailboxName('\xff', true), (error) => isMailError(error, 'name-invalid'))
})

test('LIST patterns', () => {
  const cases: readonly [string, string, boolean][] = [
    ['*', 'a/b/c', true], ['%', 'a', true], ['%', 'a/b', false], ['%/%', 'a/b', true], ['a/%', 'a/b', true], ['a/%', 'a/b/c', false],
    ['a/*', 'a/b/c', true], ['a/*', 'a', false], ['*c', 'a/b/c', true], ['*b', 'a/b/c', false], ['%b', 'ab', true], ['inbox', 'INBOX', true],
    ['InB*', 'INBOX', true], ['inbox/x', 'INBOX/x', true], ['sent', 'Sent', false], ['', '', true], ['', 'a', false], ['%%%**%', 'a/b', true],
    ['Công%', 'Công việc', true], ['😀*', '😀/a', true], ['a.c', 'abc', false], ['%', '', true],
  ]
  for (const [pattern, name, matches] of cases) assert.equal(listMatcher(pattern, '/')(name), matches, `${pattern} ${name}`)
  // Time is bounded whatever the pattern.
  assert.equal(listMatcher('*a'.repeat(200), '/')('a'.repeat(199)), false)
})

test('sequence sets', () => {
  const cases: readonly [string, readonly (readonly [number, number])[]][] = [
    ['1', [[1, 1]]], ['1:3,5', [[1, 3], [5, 5]]], ['*', [[Infinity, Infinity]]], ['4:*', [[4, Infinity]]], ['*:4', [[4, Infinity]]], ['9:2', [[2, 9]]], ['4294967295', [[4294967295, 4294967295]]],
  ]
  for (const [text, set] of cases) assert.deepEqual(parseSequenceSet(lexerOf(text)), set)
  for (const text of ['0', '1:0', '', ',', '1,', '1:2:3', ':', '1:', '01', '4294967296', '**', 'x', '$']) assert.throws(() => parseSequenceSet(lexerOf(text)), SyntaxFault, text)
  assert.equal(formatSet([1, 2, 3, 5, 7, 8]), '1:3,5,7:8')
  assert.equal(formatSet(Uint32Array.of(9)), '9')
  assert.equal(formatSet([]), '')
})

test('dates', () => {
  assert.equal(parseDate(lexerOf('1-Feb-2026')), '2026-02-01')
  assert.equal(parseDate(lexerOf('"29-feb-2024"')), '2024-02-29')
  for (const text of ['29-Feb-2026', '0-Jan-2026', '32-Jan-2026', '1-Foo-2026', '1-Jan-26', '2026-01-01']) assert.throws(() => parseDate(lexerOf(text)), SyntaxFault, text)
  const times: readonly [string, number][] = [
    ['"17-Jul-1996 02:44:25 -0700"', Date.UTC(1996, 6, 17, 9, 44, 25)],
    ['" 7-Jul-1996 02:44:25 +0730"', Date.UTC(1996, 6, 6, 19, 14, 25)],
    ['"31-Dec-2016 23:59:60 +0000"', Date.UTC(2017, 0, 1)],
    ['"01-Jan-0099 00:00:00 +0000"', new Date('0099-01-01T00:00:00Z').getTime()],
  ]
  for (const [text, ms] of times) assert.equal(parseDateTime(lexerOf(text)), ms)
  for (const text of ['"7-Jul-1996 02:44:25 -0700"', '"17-Jul-1996 24:44:25 -0700"', '"17-Jul-1996 02:60:25 -0700"', '"17-Jul-1996 02:44:61 -0700"', '"17-Jul-1996 02:44:25 0700"', '"17-Jul-1996"', '17-Jul-1996']) {
    assert.throws(() => parseDateTime(lexerOf(text)), SyntaxFault, text)
  }
  assert.equal(formatDateTime(Date.UTC(1996, 6, 17, 9, 44, 25)), '17-Jul-1996 16:44:25 +0700')
  assert.equal(formatDateTime(Date.UTC(2026, 0, 1, 17, 0, 0)), ' 2-Jan-2026 00:00:00 +0700')
  assert.equal(formatDateTime(Number.NaN), ' 1-Jan-1970 00:00:00 +0700')
})

test('fetch items', () => {
  const labels = (text: string): string[] => parseFetchItems(lexerOf(text)).map((item) => (item.item === 'section' ? `${item.label}${item.peek ? ' peek' : ''}` : item.item))
  const cases: readonly [string, readonly string[]][] = [
    ['FAST', ['flags', 'internaldate', 'size']],
    ['full', ['flags', 'internaldate', 'size', 'envelope', 'body']],
    ['(UID FLAGS)', ['uid', 'flags']],
    ['BODY', ['body']],
    ['BODY[]', ['BODY[]']],
    ['BODY.PEEK[]<0.100>', ['BODY[]<0> peek']],
    ['body.peek[1.2.mime]', ['BODY[1.2.MIME] peek']],
    ['BODY[HEADER.FIELDS (From "To" {4}\r\nDate)]', ['BODY[HEADER.FIELDS (From To Date)]']],
    ['BODY[HEADER.FIELDS ("a b")]', ['BODY[HEADER.FIELDS ("a b")]']],
    ['BODY[1.2.HEADER.FIELDS.NOT (X)]', ['BODY[1.2.HEADER.FIELDS.NOT (X)]']],
    ['(RFC822 RFC822.HEADER RFC822.TEXT RFC822.SIZE)', ['RFC822', 'RFC822.HEADER peek', 'RFC822.TEXT', 'size']],
    ['(BODY.PEEK[1] BODY[1] BODY.PEEK[1])', ['BODY[1]']],
    ['MODSEQ', ['modseq']],
  ]
  for (const [text, expected] of cases) assert.deepEqual(labels(text), expected, text)
  for (const text of ['', '()', 'FOO', 'BODY[', 'BODY[1', 'BODY[0]', 'BODY[1..2]', 'BODY[1.]', 'BODY[.1]', 'BODY[MIME]', 'BODY[FOO]', 'BODY[HEADER.FIELDS]', 'BODY[HEADER.FIELDS ()]', 'BODY[]<0>', 'BODY[]<0.0>', 'BODY[]<a.b>', '(FLAGS', 'FLAGS UID)', '(FAST)', 'BODY.PEEK']) {
    assert.throws(() => {
      const lexer = lexerOf(text)
      parseFetchItems(lexer)
      lexer.end()
    }, SyntaxFault, text)
  }
})

test('search keys', () => {
  const key = (text: string): unknown => parseSearch(lexerOf(text)).key
  const cases: readonly [string, unknown][] = [
    ['ALL', { key: 'all' }],
    ['UNSEEN', { key: 'flag', flag: '\\Seen', set: false }],
    ['keyword $x', { key: 'flag', flag: '$x', set: true }],
    ['1:3', { key: 'sequence', set: [[1, 3]] }],
    ['UID *', { key: 'uid', set: [[Infinity, Infinity]] }],
    ['(SEEN (DRAFT))', { key: 'and', keys: [{ key: 'flag', flag: '\\Seen', set: true }, { key: 'flag', flag: '\\Draft', set: true }] }],
    ['OR NOT SEEN ALL', { key: 'or', left: { key: 'not', inner: { key: 'flag', flag: '\\Seen', set: true } }, right: { key: 'all' } }],
    ['FROM "a b"', { key: 'header', name: 'from', text: 'a b' }],
    ['HEADER Message-ID <x>', { key: 'header', name: 'message-id', text: '<x>' }],
    ['CHARSET utf-8 SUBJECT {4}\r\nqu\xc3\xbd', { key: 'header', name: 'subject', text: 'quý' }],
    ['TEXT qu\xc3\xbd', null],
    ['SINCE 1-Feb-2026', { key: 'date', of: 'received', compare: 'since', date: '2026-02-01' }],
    ['LARGER 4294967296', { key: 'larger', bytes: 4294967296 }],
    ['NEW', { key: 'and', keys: [{ key: 'recent', set: true }, { key: 'flag', flag: '\\Seen', set: false }] }],
    ['OLD', { key: 'recent', set: false }],
    ['MODSEQ 620', { key: 'modseq', from: 620 }],
    ['MODSEQ "/flags/\\\\Draft" all 620', { key: 'modseq', from: 620 }],
  ]
  for (const [text, expected] of cases) {
    if (expected === null) assert.throws(() => key(text), SyntaxFault, text)
    else assert.deepEqual(key(text), expected, text)
  }
  assert.throws(() => key('CHARSET KOI8-R ALL'), UnknownCharset)
  for (const text of ['', 'FOO', '()', '(ALL', 'ALL)', 'NOT', 'OR ALL', 'FROM', 'KEYWORD "x"', 'SINCE 1', 'UID', 'LARGER x', 'CHARSET UTF-8', 'ALL ', 'SUBJECT {1}\r\n\xff']) {
    assert.throws(() => key(text), SyntaxFault, text)
  }
})

test('untagged responses', () => {
  const plain = { utf8: false }
  const cases: readonly [TextResponse, string][] = [
    [{ type: 'capability', names: ['A', 'B'] }, '* CAPABILITY A B\r\n'],
    [{ type: 'enabled', names: [] }, '* ENABLED\r\n'],
    [{ type: 'namespace', separator: '/' }, '* NAMESPACE (("" "/")) NIL NIL\r\n'],
    [{ type: 'list', attributes: ['\\X'], separator: '/', name: 'Công "việc"' }, '* LIST (\\X) "/" "C&APQ-ng \\"vi&Hsc-c\\""\r\n'],
    [{ type: 'lsub', attributes: [], separator: '/', name: '' }, '* LSUB () "/" ""\r\n'],
    [{ type: 'status', name: 'INBOX', items: [['MESSAGES', 1], ['UNSEEN', 0]] }, '* STATUS "INBOX" (MESSAGES 1 UNSEEN 0)\r\n'],
    [{ type: 'flags', names: ['\\Seen', '$x'] }, '* FLAGS (\\Seen $x)\r\n'],
    [{ type: 'exists', count: 3 }, '* 3 EXISTS\r\n'],
    [{ type: 'recent', count: 0 }, '* 0 RECENT\r\n'],
    [{ type: 'expunge', sequence: 2 }, '* 2 EXPUNGE\r\n'],
    [{ type: 'search', numbers: [] }, '* SEARCH\r\n'],
    [{ type: 'search', numbers: Uint32Array.of(1, 9) }, '* SEARCH 1 9\r\n'],
    [{ type: 'flags-of', sequence: 1, uid: null, flags: flagsOf(['\\Seen']), modseq: null }, '* 1 FETCH (FLAGS (\\Seen))\r\n'],
    [{ type: 'flags-of', sequence: 1, uid: 7, flags: flagsOf([]), modseq: 9 }, '* 1 FETCH (UID 7 FLAGS () MODSEQ (9))\r\n'],
    [{ type: 'condition', status: 'OK', code: 'X 1', text: 'y' }, '* OK [X 1] y\r\n'],
    [{ type: 'condition', status: 'BYE', text: 'y' }, '* BYE y\r\n'],
    [{ type: 'continuation', text: '' }, '+ \r\n'],
    [{ type: 'id', parameters: { name: 'x' } }, '* ID ("name" "x")\r\n'],
  ]
  for (const [response, text] of cases) assert.equal(encodeUntagged(response, plain), text)
  assert.equal(encodeString('a"\\b'), '"a\\"\\\\b"')
  assert.equal(encodeString('a\r\nb'), '{4}\r\na\r\nb')
  assert.equal(encodeMailbox('Công', { utf8: true }), `"${Buffer.from('Công').toString('latin1')}"`)
  assert.equal(encodeFlags(flagsOf(['b', '\\Seen', 'a'])), '(\\Seen a b)')
})
