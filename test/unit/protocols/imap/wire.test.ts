/** The grammar of IMAP by table: names, patterns, sets, dates, fetch items, search keys, responses. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { flagsOf } from '../../../../src/core/mailbox/flags.ts'
import { isMailError } from '../../../../src/core/errors.ts'
import { SyntaxFault } from '../../../../src/protocols/shared/lexer.ts'
import { formatDateTime, parseDate, parseDateTime } from '../../../../src/protocols/imap/wire/date.ts'
import { encodeFlags, encodeMailbox, encodeString, encodeUntagged, type TextResponse } from '../../../../src/protocols/imap/wire/encoder.ts'
import { parseFetchItems, parseFetchModifiers, type FetchItem } from '../../../../src/protocols/imap/wire/fetch-items.ts'
import { parseList } from '../../../../src/protocols/imap/wire/list-arguments.ts'
import { listMatcher } from '../../../../src/protocols/imap/wire/list-pattern.ts'
import { decodeMailboxName, decodeModifiedUtf7, encodeModifiedUtf7 } from '../../../../src/protocols/imap/wire/mailbox-name.ts'
import { parseModseqValue } from '../../../../src/protocols/imap/wire/modseq.ts'
import { parseSearch } from '../../../../src/protocols/imap/wire/search-keys.ts'
import { parseSelectParameters } from '../../../../src/protocols/imap/wire/select-parameters.ts'
import { formatRanges, formatSet, parseKnownSet, parseSequenceSet, savedResult } from '../../../../src/protocols/imap/wire/sequence-set.ts'
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
  for (const text of ['0', '1:0', '', ',', '1,', '1:2:3', ':', '1:', '01', '4294967296', '**', 'x', '1,$']) assert.throws(() => parseSequenceSet(lexerOf(text)), SyntaxFault, text)
  assert.equal(parseSequenceSet(lexerOf('$')), savedResult)
  assert.deepEqual(parseKnownSet(lexerOf('1:3,5')), [[1, 3], [5, 5]])
  for (const text of ['$', '1:*', '*']) assert.throws(() => parseKnownSet(lexerOf(text)), SyntaxFault, text)
  assert.equal(formatRanges([[1, 3], [5, 5]]), '1:3,5')
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
  const label = (item: FetchItem): string => ('label' in item ? `${item.item === 'binary' ? 'binary ' : ''}${item.label}${item.peek ? ' peek' : ''}` : item.item)
  const labels = (text: string): string[] => parseFetchItems(lexerOf(text)).map(label)
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
    ['(EMAILID THREADID)', ['emailid', 'threadid']],
    ['(PREVIEW (LAZY) UID)', ['preview', 'uid']],
    ['BINARY[1.2]<5.10>', ['binary BINARY[1.2]<5>']],
    ['(BINARY.PEEK[1] BINARY[1])', ['binary BINARY[1]']],
    ['(BINARY.PEEK[] BINARY.SIZE[])', ['binary BINARY[] peek', 'binary BINARY.SIZE[] peek']],
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

test('modification sequences and what changed since', () => {
  const modseq = (text: string, zero = false): number => parseModseqValue(lexerOf(text), { zero })
  assert.equal(modseq('1'), 1)
  assert.equal(modseq('0', true), 0)
  assert.equal(modseq('9223372036854775807'), Number.MAX_SAFE_INTEGER)
  for (const text of ['0', '', 'x', '9223372036854775808', '99999999999999999999', '-1']) assert.throws(() => modseq(text), SyntaxFault, text)
  assert.deepEqual(parseFetchModifiers(lexerOf(' (CHANGEDSINCE 5 VANISHED)')), { changedSince: 5, vanished: true })
  assert.deepEqual(parseFetchModifiers(lexerOf('')), { changedSince: null, vanished: false })
})

test('what a client knows of a mailbox (RFC 7162 §7)', () => {
  const known = (text: string): unknown => parseSelectParameters(lexerOf(text))
  assert.deepEqual(known(''), { condstore: false, qresync: null })
  assert.deepEqual(known(' (CONDSTORE)'), { condstore: true, qresync: null })
  assert.deepEqual(known(' (QRESYNC (7 8))'), { condstore: false, qresync: { uidValidity: 7, modseq: 8, uids: null, match: null } })
  assert.deepEqual(known(' (QRESYNC (7 8 1:3,5 (1,2 4:5)))'), {
    condstore: false,
    qresync: { uidValidity: 7, modseq: 8, uids: [[1, 3], [5, 5]], match: { sequences: [[1, 1], [2, 2]], uids: [[4, 5]] } },
  })
})

test('what LIST is asked (RFC 5258 §6)', () => {
  const plain = { subscribed: false, specialUse: false, recursive: false }
  const give = { subscribed: false, children: false, specialUse: false, status: [] }
  const cases: readonly [string, unknown][] = [
    [' "" ""', { patterns: [''], separatorOnly: true, extended: false, select: plain, give }],
    [' "a/" %', { patterns: ['a/%'], separatorOnly: false, extended: false, select: plain, give }],
    [' () "" ""', { patterns: [], separatorOnly: false, extended: true, select: plain, give }],
    [' "" ("a" "" b)', { patterns: ['a', 'b'], separatorOnly: false, extended: true, select: plain, give }],
    [' (subscribed recursivematch) "" * RETURN (STATUS (MESSAGES messages))', { patterns: ['*'], separatorOnly: false, extended: true, select: { subscribed: true, specialUse: false, recursive: true }, give: { ...give, status: ['MESSAGES'] } }],
    [` "" ${'x'.repeat(2000)}`, { patterns: [], separatorOnly: false, extended: false, select: plain, give }],
  ]
  for (const [text, expected] of cases) assert.deepEqual(parseList(lexerOf(text), false), expected, text)
})

test('search results and charsets', () => {
  const program = (text: string, utf8Accept = false): unknown => parseSearch(lexerOf(text), { utf8Accept })
  const base = { key: { key: 'all' }, options: null, save: false, modseq: false, sequences: false }
  assert.deepEqual(program('ALL'), base)
  assert.deepEqual(program('RETURN () ALL'), { ...base, options: ['ALL'] })
  assert.deepEqual(program('RETURN (SAVE) ALL'), { ...base, options: [], save: true })
  assert.deepEqual(program('return (count max min all save) ALL'), { ...base, options: ['MIN', 'MAX', 'COUNT', 'ALL'], save: true })
  assert.deepEqual(program('RETURN (SAVE) CHARSET KOI8-R TEXT {1}\r\n\xff'), { ...base, key: null, options: [], save: true })
  assert.deepEqual(program('OR MODSEQ 5 1'), { ...base, key: { key: 'or', left: { key: 'modseq', from: 5 }, right: { key: 'sequence', set: [[1, 1]] } }, modseq: true, sequences: true })
  assert.deepEqual(program('$'), { ...base, key: { key: 'sequence', set: savedResult } })
  assert.deepEqual(program('(OLDER 5 YOUNGER 6 EMAILID Mx THREADID t1)'), {
    ...base,
    key: { key: 'and', keys: [{ key: 'within', compare: 'older', seconds: 5 }, { key: 'within', compare: 'younger', seconds: 6 }, { key: 'email-id', id: 'Mx' }, { key: 'thread-id', id: 't1' }] },
  })
  assert.throws(() => program('CHARSET UTF-8 ALL', true), SyntaxFault)
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
  assert.equal(key('CHARSET KOI8-R ALL'), null)
  for (const text of ['', 'FOO', '()', '(ALL', 'ALL)', 'NOT', 'OR ALL', 'FROM', 'KEYWORD "x"', 'SINCE 1', 'UID', 'LARGER x', 'CHARSET UTF-8', 'ALL ', 'SUBJECT {1}\r\n\xff']) {
    assert.throws(() => key(text), SyntaxFault, text)
  }
})

test('untagged responses', () => {
  const plain = { utf8: false }
  const cases: readonly [TextResponse, string][] = [
    [{ type: 'capability', names: ['A', 'B'] }, '* CAPABILITY A B\r\n'],
    [{ type: 'enabled', names: [] }, '* ENABLED\r\n'],
    [{ type: 'namespace', separator: '/', others: null }, '* NAMESPACE (("" "/")) NIL NIL\r\n'],
    [{ type: 'namespace', separator: '/', others: 'Other Users/' }, '* NAMESPACE (("" "/")) (("Other Users/" "/")) NIL\r\n'],
    [{ type: 'list', attributes: ['\\X'], separator: '/', name: 'Công "việc"' }, '* LIST (\\X) "/" "C&APQ-ng \\"vi&Hsc-c\\""\r\n'],
    [{ type: 'lsub', attributes: [], separator: '/', name: '' }, '* LSUB () "/" ""\r\n'],
    [{ type: 'status', name: 'INBOX', items: [['MESSAGES', 1], ['UNSEEN', 0]] }, '* STATUS "INBOX" (MESSAGES 1 UNSEEN 0)\r\n'],
    [{ type: 'flags', names: ['\\Seen', '$x'] }, '* FLAGS (\\Seen $x)\r\n'],
    [{ type: 'exists', count: 3 }, '* 3 EXISTS\r\n'],
    [{ type: 'recent', count: 0 }, '* 0 RECENT\r\n'],
    [{ type: 'expunge', sequence: 2 }, '* 2 EXPUNGE\r\n'],
    [{ type: 'search', numbers: [] }, '* SEARCH\r\n'],
    [{ type: 'search', numbers: Uint32Array.of(1, 9) }, '* SEARCH 1 9\r\n'],
    [{ type: 'search', numbers: Uint32Array.of(1, 9), modseq: 7 }, '* SEARCH 1 9 (MODSEQ 7)\r\n'],
    [{ type: 'search', numbers: [], modseq: 7 }, '* SEARCH\r\n'],
    [{ type: 'esearch', tag: 'a1', uid: true, results: [] }, '* ESEARCH (TAG "a1") UID\r\n'],
    [{ type: 'esearch', tag: 'a1', uid: false, results: [['MIN', '2'], ['ALL', '2,4:9']] }, '* ESEARCH (TAG "a1") MIN 2 ALL 2,4:9\r\n'],
    [{ type: 'vanished', earlier: true, uids: '1:3' }, '* VANISHED (EARLIER) 1:3\r\n'],
    [{ type: 'vanished', earlier: false, uids: '7' }, '* VANISHED 7\r\n'],
    [{ type: 'list', attributes: [], separator: '/', name: 'a', childInfo: ['SUBSCRIBED', 'SPECIAL-USE'] }, '* LIST () "/" "a" ("CHILDINFO" ("SUBSCRIBED" "SPECIAL-USE"))\r\n'],
    [{ type: 'status', name: 'a', items: [['MAILBOXID', '(b1)']] }, '* STATUS "a" (MAILBOXID (b1))\r\n'],
    [{ type: 'quota-root', name: 'a', root: '' }, '* QUOTAROOT "a" ""\r\n'],
    [{ type: 'quota', root: '', resources: [['STORAGE', 1, 512]] }, '* QUOTA "" (STORAGE 1 512)\r\n'],
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
