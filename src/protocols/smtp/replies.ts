/**
 * Every refusal of core as an SMTP reply: RFC 5321 §4.2, RFC 3463. The one table of SMTP and LMTP; texts are ASCII, for
 * RFC 5321 knows nothing else: Vietnamese without marks, then English.
 */
import { MailError, type MailErrorCode } from '../../core/errors.ts'
import { foldKey } from '../../vietnamese/fold.ts'
import { signInText } from '../../core/text/sign-in.ts'
import type { SmtpReply } from './link-types.ts'

function reply(code: number, enhanced: string, vi: string, en: string): SmtpReply {
  return { code, enhanced, text: `${en} (${vi})` }
}

export const replies: Readonly<Record<MailErrorCode, SmtpReply>> = {
  'authentication-failed': reply(535, '5.7.8', 'Sai ten dang nhap hoac mat khau', 'Wrong user name or password'),
  'authentication-throttled': reply(454, '4.7.0', 'Sai mat khau qua nhieu lan, hay doi mot lat', 'Too many failed sign-ins, try again later'),
  'encryption-required': reply(538, '5.7.11', 'Phai dung ket noi ma hoa TLS', 'Encryption is required for this sign-in'),
  'account-locked': reply(535, '5.7.13', 'Tai khoan dang bi khoa, hay lien he can bo dau moi', 'The account is locked'),
  'account-revoked': reply(550, '5.2.1', 'Hop thu da ngung hoat dong', 'The mailbox is disabled'),
  'password-change-required': reply(535, '5.7.13', 'Phai doi mat khau truoc khi dung', 'The password must be changed first'),
  'not-permitted': reply(550, '5.7.1', 'Khong duoc phep', 'Not permitted'),
  'account-unknown': reply(550, '5.1.1', 'Khong co tai khoan nay', 'No such account'),
  'agency-unknown': reply(550, '5.1.2', 'Khong co co quan nay', 'No such agency'),
  'address-unknown': reply(550, '5.1.1', 'Khong co dia chi nay', 'No such address here'),
  'address-taken': reply(550, '5.7.1', 'Dia chi da duoc dung', 'The address is in use'),
  'agency-taken': reply(550, '5.7.1', 'Ten mien da duoc dung', 'The domain is in use'),
  'mailbox-unknown': reply(550, '5.2.0', 'Khong co hop thu nay', 'No such mailbox'),
  'mailbox-exists': reply(550, '5.2.0', 'Da co hop thu nay', 'The mailbox exists'),
  'mailbox-has-children': reply(550, '5.2.0', 'Hop thu con hop thu con', 'The mailbox has children'),
  'message-unknown': reply(550, '5.6.0', 'Khong co thu nay', 'No such message'),
  'entry-unknown': reply(550, '5.6.0', 'Khong co du lieu nay', 'No such thing'),
  'outbox-row-unknown': reply(550, '5.6.0', 'Khong co thu nay trong hang doi', 'No such message in the queue'),
  'address-invalid': reply(553, '5.1.3', 'Dia chi khong hop le', 'The address is not valid'),
  'name-invalid': reply(550, '5.5.4', 'Ten khong hop le', 'The name is not valid'),
  'password-invalid': reply(550, '5.7.0', 'Mat khau khong dap ung quy dinh', 'The password does not meet the rules'),
  'argument-invalid': reply(550, '5.5.4', 'Yeu cau khong hop le', 'The request is not valid'),
  'message-too-large': reply(552, '5.3.4', 'Thu vuot qua dung luong cho phep', 'The message is larger than the limit'),
  'quota-exceeded': reply(552, '5.2.2', 'Hop thu da day', 'The mailbox is full'),
  'too-many-recipients': reply(452, '4.5.3', 'Qua nhieu nguoi nhan', 'Too many recipients'),
  'limit-reached': reply(451, '4.7.1', 'Da gui qua nhieu thu, hay thu lai sau', 'Sending limit reached, try again later'),
  'relay-denied': reply(550, '5.7.1', 'Khong chuyen tiep thu toi dia chi nay', 'Relaying is not permitted'),
  'sender-not-owned': reply(553, '5.7.1', 'Dia chi nguoi gui khong thuoc tai khoan nay', 'The sender address does not belong to this account'),
  'mail-loop': reply(554, '5.4.6', 'Thu bi gui long vong', 'Mail loop'),
  'message-malformed': reply(554, '5.6.0', 'Thu khong dung dinh dang', 'The message is malformed'),
  'message-refused': reply(550, '5.7.1', 'Thu bi tu choi theo chinh sach', 'The message was refused by policy'),
  'virus-found': reply(554, '5.7.1', 'Thu chua ma doc', 'The message contains malware'),
  'storage-full': reply(452, '4.3.1', 'He thong het cho luu tru, hay thu lai sau', 'The system is out of storage, try again later'),
  unavailable: reply(451, '4.3.0', 'He thong tam thoi khong phuc vu duoc', 'Temporarily unavailable, try again later'),
  conflict: reply(451, '4.3.0', 'He thong ban, hay thu lai', 'Busy, try again'),
}

/** Điều 6.1: a locked account may still receive, and its owner cannot make room, so the sender keeps the message a while. */
export const fullWhileLocked = reply(452, '4.2.2', 'Hop thu da day', 'The mailbox is full, try again later')

/** 451 for what no one foresaw: nothing of the fault is told. */
export const fault: SmtpReply = replies.unavailable

/** RFC 4954 §6: a refused AUTH is 535 whatever is wrong with the account; what is told of a revoked one is for senders to it. */
const revokedSignIn = reply(535, '5.7.13', 'Tai khoan da bi thu hoi', 'The account has been revoked')

/** The password is right, the agency mailbox is not open to this person (RFC 4954 §6 has one code for all failures). */
const notOpenSignIn = reply(535, '5.7.8', 'Hop thu nay khong mo cho ban', 'That mailbox is not open to you')

/** The reply to AUTH. */
export function authenticationReplyOf(error: unknown): SmtpReply {
  if (!(error instanceof MailError)) return replyOf(error)
  if (error.code === 'not-permitted') return notOpenSignIn
  if (error.code === 'account-revoked') return revokedSignIn
  const why = signInText(error)
  return why === null ? replyOf(error) : { ...replyOf(error), text: `${why.en} (${why.vi})` }
}

/** Điều 10.1: which display name an agency's mailbox has, without marks: RFC 5321 knows no other letters. */
function otherName(name: string): SmtpReply {
  const shown = foldKey(name).replace(/[^\x20-\x7e]/g, '?').slice(0, 200)
  return reply(550, '5.7.1', `Ten hien thi cua hop thu nay phai la: ${shown}`, 'The display name of this mailbox is fixed')
}

/** The reply of a refusal. Anything but a MailError is a bug and is thrown on, for the caller to log. */
export function replyOf(error: unknown): SmtpReply {
  if (!(error instanceof MailError)) throw error
  if (error.code === 'quota-exceeded' && error.detail.locked === true) return fullWhileLocked
  if (typeof error.detail['displayName'] === 'string') return otherName(error.detail['displayName'])
  return replies[error.code]
}
