/**
 * What every refusal becomes in the REST API: status and texts (RFC 9457). One table over the codes of core, one over reasons
 * that core gives beside them, one over what the API itself refuses. Texts of the regulation's refusals are core's own
 * (lifecycle/refusal-texts.ts). The codes are stable: programs may rely on them.
 */
import type { MailErrorCode } from '../../core/errors.ts'
import type { Text } from '../../core/text/errors.ts'

export const statuses: Readonly<Record<MailErrorCode, number>> = {
  'authentication-failed': 401,
  'authentication-throttled': 429,
  'encryption-required': 403,
  'account-locked': 403,
  'account-revoked': 403,
  'password-change-required': 403,
  'not-permitted': 403,
  'account-unknown': 404,
  'agency-unknown': 404,
  'address-unknown': 404,
  'address-taken': 409,
  'agency-taken': 409,
  'mailbox-unknown': 404,
  'mailbox-exists': 409,
  'mailbox-has-children': 409,
  'message-unknown': 404,
  'outbox-row-unknown': 404,
  'entry-unknown': 404,
  'address-invalid': 422,
  'name-invalid': 422,
  'password-invalid': 422,
  'argument-invalid': 422,
  'message-too-large': 413,
  'quota-exceeded': 409,
  'too-many-recipients': 422,
  'limit-reached': 429,
  'relay-denied': 403,
  'sender-not-owned': 403,
  'mail-loop': 422,
  'message-malformed': 422,
  'message-refused': 422,
  'virus-found': 422,
  'storage-full': 503,
  unavailable: 503,
  conflict: 409,
}

/** The three classes of a refusal of the regulation. */
export const classStatuses: Readonly<Record<string, number>> = { forbidden: 403, conflict: 409, unprocessable: 422 }

/** Reasons that core names in a refusal's detail, where they have texts of their own. */
export const reasonTexts: Readonly<Record<string, Text>> = {
  'second-factor-wrong': { vi: 'Mã xác thực không đúng hoặc đã được dùng.', en: 'The code is wrong, or was used before.' },
  'own-second-factor': { vi: 'Việc này phải do người khác làm.', en: 'Somebody else must do this.' },
  'enrolment-missing': { vi: 'Chưa bắt đầu đăng ký xác thực hai bước.', en: 'No enrolment of a second factor was begun.' },
  'not-agency-mailbox': { vi: 'Chỉ hộp thư cơ quan hoặc đơn vị mới được giao cho người khác mở.', en: "Only an agency's or a unit's mailbox is opened by others." },
  'agency-mailbox': { vi: 'Hộp thư cơ quan không có mật khẩu; người được giao đăng nhập bằng mật khẩu của mình.', en: "An agency's mailbox has no password; whoever opens it signs in with his own." },
  'not-person': { vi: 'Chỉ giao hộp thư cho tài khoản của một người.', en: 'A mailbox is opened to the account of a person.' },
  'person-of-other-agency': { vi: 'Người này không thuộc cơ quan của hộp thư.', en: 'The person is not of the agency of the mailbox.' },
  'account-out-of-use': { vi: 'Tài khoản đã bị thu hồi.', en: 'The account has been revoked.' },
  'idempotency-reused': { vi: 'Khóa Idempotency-Key này đã được dùng cho một yêu cầu khác.', en: 'This Idempotency-Key was used for another request.' },
  'idempotency-running': { vi: 'Yêu cầu đầu tiên với khóa này đang được xử lý.', en: 'The first request with this key is being worked on.' },
  'idempotency-done': {
    vi: 'Yêu cầu với khóa này đã được thực hiện; câu trả lời quá lớn nên không được giữ lại.',
    en: 'The request with this key was carried out; its answer was too large to keep.',
  },
}

interface ApiProblem {
  readonly status: number
  readonly text: Text
}

export const apiProblems = {
  'route-unknown': { status: 404, text: { vi: 'Không có địa chỉ này trong API.', en: 'There is no such route.' } },
  'method-not-allowed': { status: 405, text: { vi: 'Địa chỉ này không nhận phương thức đó.', en: 'The route does not take this method.' } },
  'body-malformed': { status: 400, text: { vi: 'Nội dung yêu cầu không phải JSON hợp lệ.', en: 'The body is not valid JSON.' } },
  'body-too-large': { status: 413, text: { vi: 'Nội dung yêu cầu quá lớn.', en: 'The body is too large.' } },
  'type-unsupported': { status: 415, text: { vi: 'Kiểu nội dung không được hỗ trợ.', en: 'The media type is not supported.' } },
  'request-invalid': { status: 400, text: { vi: 'Yêu cầu không đúng khuôn dạng.', en: 'The request does not fit its schema.' } },
  'header-invalid': { status: 400, text: { vi: 'Một trường tiêu đề của yêu cầu không hợp lệ.', en: 'A header field of the request is not valid.' } },
  'cursor-invalid': { status: 400, text: { vi: 'Con trỏ trang không hợp lệ.', en: 'The cursor is not valid.' } },
  'version-missing': { status: 428, text: { vi: 'Cần If-Match với phiên bản đã đọc.', en: 'If-Match with the version that was read is needed.' } },
  'version-stale': { status: 412, text: { vi: 'Dữ liệu đã được người khác thay đổi; hãy đọc lại.', en: 'It was changed by somebody else; read it again.' } },
  'too-many-requests': { status: 429, text: { vi: 'Quá nhiều yêu cầu; hãy đợi.', en: 'Too many requests; wait.' } },
  'sign-in-needed': { status: 401, text: { vi: 'Cần đăng nhập.', en: 'Sign in first.' } },
  'token-invalid': { status: 401, text: { vi: 'Mã truy cập không đúng, hết hạn hoặc đã bị hủy.', en: 'The token is wrong, has expired or was revoked.' } },
  'session-needed': { status: 403, text: { vi: 'Việc này chỉ làm được sau khi tự đăng nhập, không bằng mã truy cập.', en: 'Only somebody who is signed in may do this, no token.' } },
  'scope-missing': { status: 403, text: { vi: 'Mã truy cập không có phạm vi cần thiết.', en: 'The token lacks the scope.' } },
  'csrf-token-wrong': { status: 403, text: { vi: 'Thiếu hoặc sai X-CSRF-Token.', en: 'X-CSRF-Token is missing or wrong.' } },
  'origin-foreign': { status: 403, text: { vi: 'Yêu cầu đến từ một trang khác.', en: 'The request comes from another site.' } },
  'second-factor-needed': { status: 403, text: { vi: 'Cần mã xác thực hai bước.', en: 'The second factor is needed.' } },
  'enrolment-needed': { status: 403, text: { vi: 'Cần đăng ký xác thực hai bước trước.', en: 'A second factor must be enrolled first.' } },
  'password-change-needed': { status: 403, text: { vi: 'Phải đổi mật khẩu trước.', en: 'The password must be changed first.' } },
  internal: { status: 500, text: { vi: 'Lỗi hệ thống; đã được ghi lại.', en: 'A fault of the system; it has been logged.' } },
} as const satisfies Record<string, ApiProblem>

export type ApiProblemCode = keyof typeof apiProblems
