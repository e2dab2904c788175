/**
 * What people are told for each refusal: Vietnamese first, English second (design §5.10). Protocols whose replies must be
 * ASCII (SMTP, IMAP) have tables of their own; screens, the command line and bounces read this one.
 */
import type { MailErrorCode } from '../errors.ts'

export interface Text {
  readonly vi: string
  readonly en: string
}

export const errorTexts: Readonly<Record<MailErrorCode, Text>> = {
  'authentication-failed': { vi: 'Tên đăng nhập hoặc mật khẩu không đúng.', en: 'Wrong user name or password.' },
  'authentication-throttled': {
    vi: 'Sai mật khẩu quá nhiều lần; hãy đợi một lát rồi thử lại.',
    en: 'Too many failed sign-ins; wait a while and try again.',
  },
  'encryption-required': { vi: 'Phải dùng kết nối mã hóa (TLS).', en: 'An encrypted connection (TLS) is required.' },
  'account-locked': {
    vi: 'Tài khoản đang bị khóa; hãy liên hệ cán bộ đầu mối của cơ quan.',
    en: 'The account is locked; ask the focal officer of your agency.',
  },
  'account-revoked': { vi: 'Tài khoản đã bị thu hồi.', en: 'The account has been revoked.' },
  'password-change-required': {
    vi: 'Phải đổi mật khẩu trước khi sử dụng tài khoản.',
    en: 'The password must be changed before the account can be used.',
  },
  'not-permitted': { vi: 'Không được phép thực hiện việc này.', en: 'This is not permitted.' },
  'account-unknown': { vi: 'Không có tài khoản này.', en: 'There is no such account.' },
  'agency-unknown': { vi: 'Không có cơ quan này.', en: 'There is no such agency.' },
  'address-unknown': { vi: 'Không có địa chỉ này.', en: 'There is no such address.' },
  'address-taken': { vi: 'Địa chỉ này đã được dùng.', en: 'The address is already in use.' },
  'agency-taken': { vi: 'Tên miền hoặc ký hiệu cơ quan này đã được dùng.', en: 'The agency label or domain is already in use.' },
  'mailbox-unknown': { vi: 'Không có hộp thư này.', en: 'There is no such mailbox.' },
  'mailbox-exists': { vi: 'Đã có hộp thư mang tên này.', en: 'A mailbox of this name already exists.' },
  'mailbox-has-children': { vi: 'Hộp thư này còn hộp thư con.', en: 'The mailbox still has child mailboxes.' },
  'message-unknown': { vi: 'Không có thư này.', en: 'There is no such message.' },
  'entry-unknown': { vi: 'Không có mục này.', en: 'There is no such thing.' },
  'outbox-row-unknown': { vi: 'Không có thư này trong hàng đợi gửi đi.', en: 'There is no such row in the queue of outgoing mail.' },
  'address-invalid': { vi: 'Địa chỉ không hợp lệ.', en: 'The address is not valid.' },
  'name-invalid': { vi: 'Tên không hợp lệ.', en: 'The name is not valid.' },
  'password-invalid': { vi: 'Mật khẩu không đáp ứng quy định.', en: 'The password does not meet the rules.' },
  'argument-invalid': { vi: 'Yêu cầu không hợp lệ.', en: 'The request is not valid.' },
  'message-too-large': { vi: 'Thư vượt quá dung lượng cho phép.', en: 'The message is larger than the limit.' },
  'quota-exceeded': { vi: 'Hộp thư đã đầy.', en: 'The mailbox is full.' },
  'too-many-recipients': { vi: 'Thư có quá nhiều người nhận.', en: 'The message has too many recipients.' },
  'limit-reached': { vi: 'Đã đạt giới hạn cho phép; hãy thử lại sau.', en: 'A limit has been reached; try again later.' },
  'relay-denied': { vi: 'Máy chủ không chuyển tiếp thư tới địa chỉ này.', en: 'The server does not relay mail to this address.' },
  'sender-not-owned': { vi: 'Địa chỉ người gửi không thuộc tài khoản này.', en: 'The sender address does not belong to this account.' },
  'mail-loop': { vi: 'Thư bị gửi lòng vòng.', en: 'The message is in a loop.' },
  'message-malformed': { vi: 'Thư không đúng định dạng.', en: 'The message is malformed.' },
  'message-refused': { vi: 'Thư bị từ chối theo chính sách của hệ thống.', en: 'The message was refused by policy.' },
  'virus-found': { vi: 'Thư chứa mã độc.', en: 'The message contains malware.' },
  'storage-full': { vi: 'Hệ thống hết chỗ lưu trữ; hãy thử lại sau.', en: 'The system is out of storage; try again later.' },
  unavailable: { vi: 'Hệ thống tạm thời không phục vụ được; hãy thử lại sau.', en: 'The system cannot serve this now; try again later.' },
  conflict: { vi: 'Dữ liệu vừa được thay đổi; hãy thử lại.', en: 'The data has just been changed; try again.' },
}
