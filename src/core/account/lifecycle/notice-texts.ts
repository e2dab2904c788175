/**
 * The words of the notices about accounts (requirements §1.7): Vietnamese first, English second, plain text. Each purpose has
 * a subject and a sentence; the sentence stands in the letter to the owner and as a line in the list for administrators.
 */
import type { Text } from '../../text/errors.ts'
import type { Day } from './civil-day.ts'
import type { NoticePurpose, Untold } from './untold.ts'

export interface NoticeAbout {
  /** Address of the account, or number of the request. */
  readonly subject: string
  readonly name: string
}

interface Wording {
  readonly subject: Text
  readonly sentence: (facts: Facts) => Text
  /** What its owner can do. */
  readonly advice?: (webUrl: string) => Text
}

class Facts {
  readonly #facts: Untold['facts']

  constructor(facts: Untold['facts']) {
    this.#facts = facts
  }

  text(name: string): string {
    const value = this.#facts[name]
    return value === null || value === undefined ? '–' : String(value)
  }

  /** dd/mm/yyyy */
  day(name: string): string {
    return written(this.text(name))
  }

  optional(name: string, before: string): string {
    const value = this.#facts[name]
    return value === null || value === undefined || value === '' ? '' : `${before}${String(value)}`
  }
}

const written = (day: Day): string => (/^\d{4}-\d{2}-\d{2}$/.test(day) ? day.split('-').toReversed().join('/') : day)

const signInToKeep = (webUrl: string): Text => ({
  vi: `Đăng nhập tại ${webUrl} trước ngày đó để tiếp tục sử dụng; nếu vắng mặt có lý do, hãy báo cán bộ đầu mối của cơ quan.`,
  en: `Sign in at ${webUrl} before that day to go on using it; if you are away for a reason, tell the focal officer of your agency.`,
})
const changePassword = (webUrl: string): Text => ({ vi: `Đổi mật khẩu tại ${webUrl}.`, en: `Change the password at ${webUrl}.` })
const askRestoration = (): Text => ({
  vi: 'Hộp thư vẫn nhận thư. Để khôi phục, cơ quan gửi văn bản đề nghị đến Sở Khoa học và Công nghệ (Điều 6.3).',
  en: 'The mailbox still receives mail. For its restoration the agency asks the department in writing (Điều 6.3).',
})

export const noticeWordings: Readonly<Record<NoticePurpose, Wording>> = {
  'warn-idle': {
    subject: { vi: 'Tài khoản sắp bị tạm khóa do không sử dụng', en: 'Account about to be locked: not used' },
    sentence: (f) => ({
      vi: `không có hoạt động từ ngày ${f.day('from')}, sẽ bị tạm khóa vào 00:00 ngày ${f.day('lockOn')} (còn ${f.text('daysBefore')} ngày; Điều 6.2a)`,
      en: `not used since ${f.day('from')}, will be locked at 00:00 on ${f.day('lockOn')} (${f.text('daysBefore')} days left; Điều 6.2a)`,
    }),
    advice: signInToKeep,
  },
  'warn-default-password': {
    subject: { vi: 'Tài khoản sắp bị tạm khóa do chưa đổi mật khẩu', en: 'Account about to be locked: password not changed' },
    sentence: (f) => ({
      vi: `mật khẩu mặc định cấp ngày ${f.day('from')} chưa được đổi, sẽ bị tạm khóa vào 00:00 ngày ${f.day('lockOn')} (còn ${f.text('daysBefore')} ngày; Điều 6.2d)`,
      en: `the temporary password of ${f.day('from')} was not changed, will be locked at 00:00 on ${f.day('lockOn')} (${f.text('daysBefore')} days left; Điều 6.2d)`,
    }),
    advice: changePassword,
  },
  'warn-administrator-idle': {
    subject: { vi: 'Tài khoản quản trị sắp bị khóa do không đăng nhập', en: 'Administrator account about to be locked: no sign-in' },
    sentence: (f) => ({
      vi: `không đăng nhập từ ngày ${f.day('from')}, sẽ bị khóa vào 00:00 ngày ${f.day('lockOn')} (còn ${f.text('daysBefore')} ngày; TCVN 14423:2026)`,
      en: `no sign-in since ${f.day('from')}, will be locked at 00:00 on ${f.day('lockOn')} (${f.text('daysBefore')} days left; TCVN 14423:2026)`,
    }),
    advice: signInToKeep,
  },
  locked: {
    subject: { vi: 'Tài khoản đã bị tạm khóa', en: 'Account locked' },
    sentence: (f) => ({
      vi: `bị tạm khóa ngày ${f.day('on')} theo ${f.text('clause')}`,
      en: `locked on ${f.day('on')} by ${f.text('clause')}`,
    }),
    advice: askRestoration,
  },
  reported: {
    subject: { vi: 'Báo cáo việc tạm khóa tài khoản', en: 'Report of a lock' },
    sentence: (f) => ({
      vi: `bị tạm khóa ngày ${f.day('on')} theo ${f.text('clause')} bởi ${f.text('by')}${f.optional('reason', '; lý do: ')}`,
      en: `locked on ${f.day('on')} by ${f.text('clause')}, by ${f.text('by')}${f.optional('reason', '; reason: ')}`,
    }),
  },
  'loss-reported': {
    subject: { vi: 'Người dùng báo mất an toàn tài khoản', en: 'An owner reports the loss of an account' },
    sentence: (f) => ({
      vi: `chủ tài khoản báo ngày ${f.day('on')}: ${f.text('ground')}${f.optional('text', '; ')} (Điều 6.2b)`,
      en: `reported by its owner on ${f.day('on')}: ${f.text('ground')}${f.optional('text', '; ')} (Điều 6.2b)`,
    }),
  },
  'password-reset': {
    subject: { vi: 'Mật khẩu tài khoản đã được đặt lại', en: 'Password reset' },
    sentence: (f) => ({ vi: `mật khẩu được đặt lại ngày ${f.day('on')} (${f.text('clause')}) và phải đổi ở lần truy cập đầu tiên`, en: `password reset on ${f.day('on')} (${f.text('clause')}); it must be changed at the first access` }),
    advice: changePassword,
  },
  'absence-noted': {
    subject: { vi: 'Đã ghi nhận thông báo vắng mặt', en: 'Absence noted' },
    sentence: (f) => ({
      vi: `vắng mặt từ ${f.day('from')} đến ${f.day('to')}: thời hạn của Điều 6.2a không tính trong thời gian này`,
      en: `away from ${f.day('from')} to ${f.day('to')}: the term of Điều 6.2a does not run meanwhile`,
    }),
  },
  'restoration-asked': {
    subject: { vi: 'Đã nhận đề nghị khôi phục tài khoản', en: 'Request for restoration received' },
    sentence: (f) => ({
      vi: `có đề nghị khôi phục theo văn bản số ${f.text('document')}; hạn xử lý hết ngày ${f.day('due')} (Điều 6.3)`,
      en: `restoration asked for by document ${f.text('document')}; due by the end of ${f.day('due')} (Điều 6.3)`,
    }),
  },
  'restoration-due': {
    subject: { vi: 'Đề nghị khôi phục sắp đến hạn', en: 'Requests for restoration about to be due' },
    sentence: (f) => ({
      vi: `văn bản số ${f.text('document')}: ${f.text('open')} tài khoản chờ quyết định, hạn hết ngày ${f.day('due')} (Điều 6.3b)`,
      en: `document ${f.text('document')}: ${f.text('open')} accounts to be decided by the end of ${f.day('due')} (Điều 6.3b)`,
    }),
  },
  'restoration-overdue': {
    subject: { vi: 'Đề nghị khôi phục ĐÃ QUÁ HẠN', en: 'Requests for restoration OVERDUE' },
    sentence: (f) => ({
      vi: `văn bản số ${f.text('document')}: ${f.text('open')} tài khoản chưa được quyết định, đã hết hạn ngày ${f.day('due')} (Điều 6.3b)`,
      en: `document ${f.text('document')}: ${f.text('open')} accounts not decided, was due by ${f.day('due')} (Điều 6.3b)`,
    }),
  },
  restored: {
    subject: { vi: 'Tài khoản đã được khôi phục', en: 'Account restored' },
    sentence: (f) => ({ vi: `được khôi phục ngày ${f.day('on')}; mật khẩu tạm do cán bộ đầu mối giao và phải đổi khi truy cập (Điều 6.3)`, en: `restored on ${f.day('on')}; the focal officer hands over a temporary password, to be changed at the first access (Điều 6.3)` }),
    advice: changePassword,
  },
  'restoration-refused': {
    subject: { vi: 'Đề nghị khôi phục không được chấp nhận', en: 'Restoration refused' },
    sentence: (f) => ({ vi: `không được khôi phục; lý do: ${f.text('reason')} (Điều 6.3b)`, en: `not restored; reason: ${f.text('reason')} (Điều 6.3b)` }),
  },
  'revocation-proposed': {
    subject: { vi: 'Đề xuất thu hồi tài khoản', en: 'Proposal to revoke an account' },
    sentence: (f) => ({
      vi: `không đăng nhập từ ngày ${f.day('from')}: đề xuất thu hồi, chờ Sở quyết định (Điều 5.4, 8.3đ)${f.optional('absence', '; lý do đã thông báo: ')}`,
      en: `no sign-in since ${f.day('from')}: proposed for revocation, the department decides (Điều 5.4, 8.3đ)${f.optional('absence', '; notified reason: ')}`,
    }),
  },
  'proposal-withdrawn': {
    subject: { vi: 'Rút đề xuất thu hồi tài khoản', en: 'Proposal to revoke withdrawn' },
    sentence: (f) => ({ vi: `đã đăng nhập lại ngày ${f.day('from')}: đề xuất thu hồi được rút (Điều 8.3đ)`, en: `signed in again on ${f.day('from')}: the proposal is withdrawn (Điều 8.3đ)` }),
  },
  'proposal-put-off': {
    subject: { vi: 'Hoãn đề xuất thu hồi tài khoản', en: 'Proposal to revoke put off' },
    sentence: (f) => ({ vi: `chưa thu hồi, xem lại ngày ${f.day('until')}; lý do: ${f.text('reason')} (Điều 8.3đ)`, en: `not revoked, looked at again on ${f.day('until')}; reason: ${f.text('reason')} (Điều 8.3đ)` }),
  },
  'revocation-scheduled': {
    subject: { vi: 'Tài khoản sẽ bị thu hồi', en: 'Account to be revoked' },
    sentence: (f) => ({ vi: `sẽ bị thu hồi vào 00:00 ngày ${f.day('on')} theo văn bản số ${f.text('document')} (${f.text('clause')})`, en: `will be revoked at 00:00 on ${f.day('on')} by document ${f.text('document')} (${f.text('clause')})` }),
  },
  'transfer-announced': {
    subject: { vi: 'Có người chuyển công tác đến cơ quan', en: 'Somebody is transferred to your agency' },
    sentence: (f) => ({
      vi: `chuyển công tác đến cơ quan của bạn sau ngày ${f.day('effectiveOn')} theo văn bản số ${f.text('document')} (Điều 5.3); hãy cấp tài khoản mới`,
      en: `is transferred to your agency after ${f.day('effectiveOn')} by document ${f.text('document')} (Điều 5.3); issue a new account`,
    }),
  },
  'revocation-cancelled': {
    subject: { vi: 'Hủy việc thu hồi tài khoản', en: 'Revocation cancelled' },
    sentence: (f) => ({ vi: `việc thu hồi đã lên lịch bị hủy; lý do: ${f.text('reason')}`, en: `the scheduled revocation is cancelled; reason: ${f.text('reason')}` }),
  },
  revoked: {
    subject: { vi: 'Tài khoản đã bị thu hồi', en: 'Account revoked' },
    sentence: (f) => ({
      vi: `bị thu hồi ngày ${f.day('on')} theo ${f.text('clause')}; nội dung được giữ đến ngày ${f.day('keptUntil')} để bàn giao`,
      en: `revoked on ${f.day('on')} by ${f.text('clause')}; its content is kept until ${f.day('keptUntil')} for the hand-over`,
    }),
  },
  'revocation-undone': {
    subject: { vi: 'Khôi phục tài khoản đã thu hồi', en: 'Revocation undone' },
    sentence: (f) => ({ vi: `việc thu hồi được hủy, tài khoản đang tạm khóa; lý do: ${f.text('reason')}`, en: `the revocation is undone, the account is locked; reason: ${f.text('reason')}` }),
    advice: askRestoration,
  },
  'request-received': {
    subject: { vi: 'Có văn bản đề nghị mới của cơ quan', en: 'New written request of an agency' },
    sentence: (f) => ({
      vi: `văn bản số ${f.text('document')} (${f.text('clause')}): ${f.text('open')} tài khoản${f.optional('due', ', hạn hết ngày ')}`,
      en: `document ${f.text('document')} (${f.text('clause')}): ${f.text('open')} accounts${f.optional('due', ', due by ')}`,
    }),
  },
  'request-denied': {
    subject: { vi: 'Đề nghị của cơ quan không được chấp nhận', en: 'Request denied' },
    sentence: (f) => ({ vi: `văn bản số ${f.text('document')}: không chấp nhận; lý do: ${f.text('reason')}`, en: `document ${f.text('document')}: denied; reason: ${f.text('reason')}` }),
  },
}

export interface Letter {
  readonly subject: string
  readonly text: string
}

/** To the owner, about one account. */
export function letterToOwner(about: NoticeAbout, { purpose, facts }: Untold, webUrl: string): Letter {
  const { subject, sentence, advice } = noticeWordings[purpose]
  const said = sentence(new Facts(facts))
  const advised = advice?.(webUrl)
  const vi = [`Kính gửi ${about.name},`, '', `Tài khoản ${about.subject}: ${said.vi}.`, ...(advised === undefined ? [] : [advised.vi])]
  const en = [`Account ${about.subject}: ${said.en}.`, ...(advised === undefined ? [] : [advised.en])]
  return { subject: `${subject.vi} / ${subject.en}`, text: [...vi, '', '--', ...en, ''].join('\n') }
}

/** To an administrator, about any number of accounts with the same purpose. */
export function letterToAdministrator(purpose: NoticePurpose, about: readonly (NoticeAbout & { readonly untold: Untold })[], webUrl: string): Letter {
  const { subject, sentence } = noticeWordings[purpose]
  const lines = about.map(({ subject: of, name, untold }) => ({ of, name, said: sentence(new Facts(untold.facts)) }))
  const count = about.length === 1 ? '' : ` (${about.length})`
  const text = [
    ...lines.map(({ of, name, said }) => `- ${name === '' ? of : `${of} (${name})`}: ${said.vi}.`),
    '',
    `Xem tại ${webUrl}`,
    '',
    '--',
    ...lines.map(({ of, said }) => `- ${of}: ${said.en}.`),
    '',
  ]
  return { subject: `${subject.vi}${count} / ${subject.en}${count}`, text: text.join('\n') }
}
