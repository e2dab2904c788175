/**
 * Generated Vietnamese mail for SEARCH, and what SEARCH must find in it, worked out from what the mail was made of and not
 * from what was stored (RFC 9051 §6.4.4).
 */
import { flagNames, flagsOf, type Flags } from '../../src/core/mailbox/flags.ts'
import type { SearchKey } from '../../src/core/mailbox/search-key.ts'

export interface MadeMail {
  uid: number
  modseq: number
  id: string
  threadId: string
  readonly flags: Flags
  readonly receivedAtMs: number
  readonly trace: readonly (readonly [name: string, value: string])[]
  readonly fields: readonly (readonly [name: string, value: string])[]
  readonly body: string
  /** Of the Date field as it is written; null without a valid one. */
  readonly sentDate: string | null
  readonly bytes: Buffer
  sizeBytes: number
}

type Below = (limit: number) => number

const words = ['Công văn', 'số 12/UBND', 'họp giao ban', 'Đặng Quốc Khánh', 'báo cáo', 'tháng 3', 'đề nghị', 'NGHỊ QUYẾT', 'gửi', 'ThS. Ng. Văn A']
const people = ['Nguyễn Văn Bình <binh.nv@sotc.tinh.gov.vn>', 'Trần Thị Hồng <hong.tt@ubnd.tinh.gov.vn>', 'van.thu@xa-an-binh.tinh.gov.vn', '"Đỗ, An" <an.do@vd.example>']
export const needles = ['cong van', 'CÔNG VĂN', 'công văn', 'Đặng', 'dang quoc', 'số 12', 'nghị quyết', 'binh', 'gov.vn', 'o', 'không có đâu', 'thang 3 de', 'ng. van', 'do, an', '', 'list-id', 'unit 7']
const keywords = ['\\Seen', '\\Flagged', '\\Answered', '$Forwarded', 'Việc-gấp']

/** RFC 2047 for what is not ASCII. */
function encoded(value: string): string {
  const encode = (text: string): string => (/^[\x20-\x7e]*$/.test(text) ? text : `=?UTF-8?B?${Buffer.from(text).toString('base64')}?=`)
  const match = /^"?([^"<]*)"?( <.*>)$/.exec(value)
  return match === null ? encode(value) : /^[\x20-\x7e]*$/.test(match[1]!) ? value : `${encode(match[1]!)}${match[2]!}`
}

export function makeMail(below: Below): MadeMail {
  const one = <T>(of: readonly T[]): T => of[below(of.length)]!
  const phrase = (count: number): string => Array.from({ length: count }, () => one(words)).join(' ')
  const day = 1 + below(28)
  const month = below(3)
  const sentDate = below(6) === 0 ? null : `2026-0${month + 1}-${String(day).padStart(2, '0')}`
  const zone = one(['+0700', '-1100', '+1400', '+0000'])
  const date = `${day} ${['Jan', 'Feb', 'Mar'][month]!} 2026 ${one(['00:10', '12:00', '23:50'])}:00 ${zone}`
  const fields: [string, string][] = [['From', one(people)], ['To', Array.from({ length: 1 + below(2) }, () => one(people)).join(', ')], ['Subject', phrase(1 + below(3))]]
  if (sentDate !== null) fields.push(['Date', date])
  if (below(3) === 0) fields.push(['Cc', one(people)])
  if (below(4) === 0) fields.push(['List-Id', `Văn thư <unit ${below(9)}.example>`], ['X-Priority', ''])
  const body = phrase(2 + below(8))
  const lines = fields.map(([name, value]) => `${name}: ${name === 'Date' ? value : encoded(value)}`)
  const bytes = Buffer.from([...lines, 'MIME-Version: 1.0', 'Content-Type: text/plain; charset=UTF-8', 'Content-Transfer-Encoding: 8bit', '', body.normalize(one(['NFC', 'NFD'])), ''].join('\r\n'))
  const trace: [string, string][] = below(2) === 0 ? [] : [['Return-Path', '<gui@ngoai.example>'], ['Delivered-To', `unit${below(3)}@tinh.gov.vn`]]
  return {
    uid: 0, modseq: 0, id: '', threadId: '', sizeBytes: 0,
    flags: flagsOf(keywords.filter(() => below(3) === 0)),
    receivedAtMs: Date.UTC(2026, below(3), 1 + below(28), below(24), below(60)),
    trace, fields, body, sentDate, bytes,
  }
}

export function tracePrefix(mail: MadeMail): Buffer {
  return Buffer.from(mail.trace.map(([name, value]) => `${name}: ${value}\r\n`).join(''))
}

export function randomKey(below: Below, mails: readonly MadeMail[], depth = 3): SearchKey {
  const one = <T>(of: readonly T[]): T => of[below(of.length)]!
  const inner = (): SearchKey => randomKey(below, mails, depth - 1)
  const number = (): number => (below(5) === 0 ? Infinity : 1 + below(mails.length + 3))
  const date = (): string => `2026-0${1 + below(3)}-${String(1 + below(28)).padStart(2, '0')}`
  if (depth > 0 && below(2) === 0) {
    const what = below(3)
    if (what === 0) return { key: 'and', keys: Array.from({ length: below(4) }, inner) }
    return what === 1 ? { key: 'or', left: inner(), right: inner() } : { key: 'not', inner: inner() }
  }
  const leaves: (() => SearchKey)[] = [
    () => ({ key: 'all' }),
    () => ({ key: 'sequence', set: [[number(), number()], [number(), number()]] }),
    () => ({ key: 'uid', set: [[number(), number()]] }),
    () => ({ key: 'flag', flag: one([...keywords, '$forwarded', 'việc-gấp', '\\DELETED']), set: below(2) === 0 }),
    () => ({ key: 'recent', set: below(2) === 0 }),
    () => ({ key: 'header', name: one(['from', 'to', 'cc', 'subject', 'list-id', 'x-priority', 'delivered-to', 'date', 'x-none', 'x:y']), text: one(needles) }),
    () => ({ key: 'body', text: one(needles) }),
    () => ({ key: 'text', text: one(needles) }),
    () => ({ key: 'larger', bytes: 200 + below(300) }),
    () => ({ key: 'smaller', bytes: 200 + below(300) }),
    () => ({ key: 'date', of: one(['received', 'sent'] as const), compare: one(['before', 'on', 'since'] as const), date: date() }),
    () => ({ key: 'within', compare: one(['older', 'younger'] as const), seconds: below(90) * 86_400 }),
    () => ({ key: 'modseq', from: below(mails.length + 2) }),
    () => ({ key: 'email-id', id: one(mails).id }),
    () => ({ key: 'thread-id', id: one(mails).threadId }),
  ]
  return one(leaves)()
}

/** Of its own making, so that it can't be wrong in the same way. */
function plain(text: string): string {
  return text.normalize('NFD').replace(/\p{M}/gu, '').replace(/đ/gi, 'd').toLowerCase()
}

export interface OracleMoment {
  readonly nowMs: number
  /** UIDs by sequence number - 1. */
  readonly numbering: readonly number[]
}

export function matches(key: SearchKey, mail: MadeMail, moment: OracleMoment): boolean {
  const inSet = (number: number, star: number, set: readonly (readonly [number, number])[]): boolean =>
    set.some((range) => {
      const [a, b] = range.map((n) => (n === Infinity ? star : n)) as [number, number]
      return number >= Math.min(a, b) && number <= Math.max(a, b)
    })
  const has = (text: string, needle: string): boolean => plain(text).includes(plain(needle))
  const header = [...mail.trace, ...mail.fields, ['MIME-Version', '1.0'], ['Content-Type', 'text/plain; charset=UTF-8'], ['Content-Transfer-Encoding', '8bit']] as const
  switch (key.key) {
    case 'all': return true
    case 'and': return key.keys.every((inner) => matches(inner, mail, moment))
    case 'or': return matches(key.left, mail, moment) || matches(key.right, mail, moment)
    case 'not': return !matches(key.inner, mail, moment)
    case 'sequence': return inSet(moment.numbering.indexOf(mail.uid) + 1, moment.numbering.length, key.set)
    case 'uid': return inSet(mail.uid, moment.numbering.at(-1) ?? 0, key.set)
    case 'flag': return flagNames(mail.flags).some((name) => name.toLowerCase() === key.flag.toLowerCase()) === key.set
    case 'recent': return !key.set
    case 'header': return header.some(([name, value]) => name.toLowerCase() === key.name && has(value, key.text))
    case 'body': return has(mail.body, key.text)
    case 'text': return has(mail.body, key.text) || header.some(([name, value]) => has(`${name}: ${value}`, key.text))
    case 'larger': return mail.sizeBytes > key.bytes
    case 'smaller': return mail.sizeBytes < key.bytes
    case 'date': {
      const day = key.of === 'sent' ? mail.sentDate : new Date(mail.receivedAtMs + 7 * 3_600_000).toISOString().slice(0, 10)
      if (day === null) return false
      return key.compare === 'before' ? day < key.date : key.compare === 'on' ? day === key.date : day >= key.date
    }
    case 'within': {
      const age = (moment.nowMs - mail.receivedAtMs) / 1000
      return key.compare === 'older' ? age >= key.seconds : age <= key.seconds
    }
    case 'modseq': return mail.modseq >= key.from
    case 'email-id': return mail.id === key.id
    case 'thread-id': return mail.threadId === key.id
  }
}
