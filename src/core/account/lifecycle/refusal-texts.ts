/** What people are told for each refusal of the regulation: Vietnamese first, English second (design §5.10). */
import type { Text } from '../../text/errors.ts'
import type { RefusalCode } from './basis.ts'

export const refusalTexts: Readonly<Record<RefusalCode, Text>> = {
  role: { vi: 'Vai trò của bạn không được làm việc này.', en: 'Your role may not do this.' },
  'other-agency': { vi: 'Tài khoản này thuộc cơ quan khác.', en: 'The account belongs to another agency.' },
  'other-account': { vi: 'Chỉ chủ tài khoản mới được làm việc này.', en: 'Only the owner of the account may do this.' },
  state: { vi: 'Trạng thái hiện tại của tài khoản không cho phép việc này.', en: 'The present state of the account does not allow this.' },
  locked: {
    vi: 'Tài khoản đang bị tạm khóa: cơ quan phải gửi văn bản đề nghị khôi phục (Điều 6.3).',
    en: 'The account is locked: the agency must ask for its restoration in writing (Điều 6.3).',
  },
  'already-decided': { vi: 'Việc này đã có quyết định.', en: 'This has been decided already.' },
  'content-purged': { vi: 'Nội dung của tài khoản đã bị xóa.', en: 'The content of the account has been purged.' },
  'legal-hold': { vi: 'Dữ liệu đang được giữ theo yêu cầu pháp lý.', en: 'The data are under a legal hold.' },
  'order-missing': { vi: 'Cần có lệnh của Sở Khoa học và Công nghệ.', en: 'An order of the department is needed.' },
  'document-missing': { vi: 'Cần số, ngày và tệp của văn bản.', en: 'Number, date and file of the document are needed.' },
  'document-invalid': { vi: 'Số, ngày hoặc tệp của văn bản không hợp lệ.', en: 'Number, date or file of the document is not valid.' },
  'ground-missing': { vi: 'Cần nêu căn cứ tạm khóa theo Điều 6.2b.', en: 'The ground of Điều 6.2b must be named.' },
  'warning-missing': {
    vi: 'Cần số cảnh báo của cơ quan chức năng an toàn thông tin.',
    en: "The number of the information security authority's warning is needed.",
  },
  'case-missing': { vi: 'Cần hồ sơ vụ việc (Điều 3.3).', en: 'A case file is needed (Điều 3.3).' },
  'case-invalid': { vi: 'Hồ sơ vụ việc thiếu hoặc sai chứng cứ.', en: 'The evidence of the case file is missing or wrong.' },
  'proposal-missing': { vi: 'Cần đề xuất thu hồi đang chờ quyết định (Điều 8.3đ).', en: 'An open proposal to revoke is needed (Điều 8.3đ).' },
  'decision-missing': { vi: 'Cần ghi quyết định và lý do.', en: 'The decision and its reason must be recorded.' },
  'approval-missing': { vi: 'Chưa có phê duyệt của Sở Khoa học và Công nghệ.', en: 'The department has not approved this.' },
  'reason-missing': { vi: 'Cần nêu lý do.', en: 'A reason is needed.' },
  'effective-date-missing': { vi: 'Cần ngày có hiệu lực.', en: 'The effective date is needed.' },
  'date-invalid': { vi: 'Ngày không hợp lệ.', en: 'The date is not valid.' },
  'too-early': { vi: 'Chưa đến ngày được thực hiện.', en: 'It is too early for this.' },
  'notice-too-late': {
    vi: 'Không còn đủ số ngày làm việc để thông báo trước (Điều 8.2); trường hợp khẩn cấp phải nêu lý do.',
    en: 'Too few working days are left for the notice (Điều 8.2); an urgent outage must give its reason.',
  },
  'time-invalid': { vi: 'Thời điểm không hợp lệ.', en: 'The time is not valid.' },
  'size-invalid': { vi: 'Dung lượng không hợp lệ.', en: 'The size is not valid.' },
  'too-many-rows': { vi: 'Danh sách quá dài.', en: 'The list is too long.' },
  'no-valid-row': { vi: 'Không có dòng nào hợp lệ.', en: 'No row is valid.' },
  'account-unknown': { vi: 'Không có tài khoản này.', en: 'There is no such account.' },
  'duplicate-row': { vi: 'Tài khoản được nêu hai lần.', en: 'The account is listed twice.' },
}
