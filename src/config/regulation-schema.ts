/**
 * The numbers of the regulation (design §5.9): one schema that gives types, defaults, clauses, documentation and limits.
 * `config/regulation.toml` is written from it and read by regulation.ts. Each key names its clause and the decision D-… that
 * reads it (requirements §1.0). The limits keep the regulation: a term that protects people cannot be made shorter, a duty
 * not later, a password not weaker than the text says.
 */
import { boolean, integer, integers, oneOf, section, string, type FileOf, type ValuesOf } from './keys.ts'

/** Where a number comes from; kept beside it in the schema, so that the console can show it. */
export interface Source {
  readonly clause: string
  readonly decisions?: string
}

type Range = readonly [minimum: number, maximum: number]

const count = (value: number, range: Range, description: string, source: Source) => integer(value, range, { description, ...source })
const counts = (value: number[], range: Range, description: string, source: Source) => integers(value, range, { minItems: 1, maxItems: 12 }, { description, ...source })
const flag = (value: boolean, description: string, source: Source) => boolean(value, { description, ...source })
const text = (value: string, pattern: string, description: string, source: Source) => string(value, { pattern, maxLength: 200 }, { description, ...source })
const choice = <const T extends string>(values: readonly T[], value: NoInfer<T>, description: string, source: Source) => oneOf(values, value, { description, ...source })

const dayPattern = '^[0-9]{4}-[0-9]{2}-[0-9]{2}$'
const MiB = 1_048_576
const GiB = 1024 * MiB
const maxQuotaBytes = 16 * 1024 * GiB

export const regulationSchema = {
  regulation: section('Quy chế quản lý, sử dụng hệ thống thư điện tử công vụ tỉnh Gia Lai.', {
    effective_from: text('2026-05-10', dayPattern, 'Day on which it comes into force. No clock starts earlier.', { clause: 'Quyết định, Điều 2', decisions: 'D-15' }),
  }),
  idle: section('Lock of accounts that are not used (Điều 6.2a).', {
    months: count(3, [3, 24], 'Months without sign-in, sending or receiving after which an account is locked.', { clause: 'Điều 6.2a', decisions: 'D-15, D-16' }),
    receive: choice(['literal-filtered', 'literal', 'ignore'], 'literal-filtered', "Whether mail that comes in counts as use. literal-filtered: what is neither spam nor the system's own; literal: spam too; ignore: none. Mail of the system and mail that arrives during a lock never counts.", { clause: 'Điều 6.2a', decisions: 'D-8' }),
    warn_days_before: counts([30, 14, 7, 1], [1, 90], 'Days before the lock on which its owner and the focal officer are warned.', { clause: 'Điều 6.2a' }),
    absence_needs_document: flag(false, 'Whether the notice of a reason for absence must name a document; the clause asks for a reason only.', { clause: 'Điều 6.2a' }),
    max_absence_months: count(24, [1, 120], 'Longest absence that one notice may cover.', { clause: 'Điều 6.2a' }),
  }),
  default_password: section('Lock of accounts whose temporary password was not changed (Điều 6.2d).', {
    months: count(1, [1, 3], 'Months after the current temporary password was set.', { clause: 'Điều 6.2d', decisions: 'D-12, D-16' }),
    warn_days_before: counts([14, 7, 1], [1, 27], 'Days before the lock on which its owner and the focal officer are warned.', { clause: 'Điều 6.2d' }),
    restart_after_restoration: flag(true, 'Whether the term runs again after a restoration (Điều 6.3).', { clause: 'Điều 6.2d', decisions: 'D-12' }),
  }),
  administrators: section('Accounts of focal officers, operators and the Sở (D-19).', {
    idle_days: count(45, [15, 90], 'Days without sign-in after which an administrator is locked.', { clause: 'TCVN 14423:2026 5.6.2.3', decisions: 'D-19, D-16' }),
    warn_days_before: counts([14, 7, 1], [1, 30], 'Days before that lock on which they are warned.', { clause: 'TCVN 14423:2026 5.6.2.3', decisions: 'D-19' }),
  }),
  reminders: section('Lists that lock nobody.', {
    idle_report_days: count(45, [7, 365], 'Days without sign-in after which an account is on the security list.', { clause: 'TCVN 14423:2026 5.6.2.3', decisions: 'D-19' }),
    no_sign_in_days: count(7, [1, 90], "Days without sign-in after which an account is on the focal officer's weekly list.", { clause: 'Điều 10.9, 11.1' }),
  }),
  revocation: section('Revocation of accounts (Điều 5.3, 5.4, 8.3đ).', {
    propose_after_months: count(6, [6, 36], 'Months without sign-in after which a revocation is proposed. A person at the Sở decides.', { clause: 'Điều 5.4, 8.3đ', decisions: 'D-9, D-15, D-16' }),
    max_snooze_months: count(12, [1, 36], 'Longest time for which a proposal may be put off.', { clause: 'Điều 8.3đ', decisions: 'D-9' }),
    keep_content_months: count(3, [3, 120], 'Months for which the content of a revoked account is kept for hand-over; at least retention.log_months.', { clause: 'Điều 5.3, 5.4', decisions: 'D-14' }),
    reissue_address_after_months: count(0, [0, 600], 'Months after which the address of a revoked account may go to another person. 0: never; else at least 24.', { clause: 'Điều 5.3, 5.4', decisions: 'D-14' }),
  }),
  restoration: section('Restoration of locked accounts (Điều 6.3).', {
    working_days: count(3, [1, 3], 'Working days after receipt by the end of which the Sở has restored or refused.', { clause: 'Điều 6.3b', decisions: 'D-11' }),
    remind_working_days_before: count(1, [1, 3], 'Working days before the due day on which the Sở is reminded.', { clause: 'Điều 6.3b' }),
  }),
  documents: section('Written requests of agencies.', {
    max_rows: count(1000, [1, 10_000], 'Accounts of one request.', { clause: 'Điều 6.3a, 10.4' }),
    max_age_months: count(12, [1, 120], 'Oldest document that is taken.', { clause: 'Điều 5.3, 6.3a, 10.4' }),
    max_file_bytes: count(50 * MiB, [64 * 1024, GiB], 'Largest file of a document.', { clause: 'Điều 5.3, 6.3a, 10.4' }),
  }),
  outage: section('Announced outages (Điều 8.2).', {
    full_working_days: count(3, [3, 30], 'Full working days between the notice and the start.', { clause: 'Điều 8.2', decisions: 'D-22' }),
    max_hours: count(168, [1, 720], 'Longest outage that can be announced.', { clause: 'Điều 8.2' }),
    max_days_ahead: count(366, [7, 1000], 'How far ahead an outage can be announced.', { clause: 'Điều 8.2' }),
  }),
  incident: section('Incidents (Điều 8.3d). Hours are counted from the minute.', {
    report_hours: count(24, [1, 24], 'Hours from the occurrence for the report to the Sở.', { clause: 'Điều 8.3d', decisions: 'D-23' }),
    escalate_at_hours: counts([12, 20, 23], [1, 24], 'Hours after the occurrence at which somebody is alarmed when no report went out.', { clause: 'Điều 8.3d' }),
    first_notice_hours: count(24, [1, 24], 'Hours from the detection of a serious incident for the first notice to the Ministry of Public Security.', { clause: 'NĐ 331/2026 31.2d', decisions: 'D-23' }),
    full_report_hours: count(72, [1, 72], 'Hours from the detection of a serious incident for cause, scope and remedy.', { clause: 'NĐ 331/2026 31.2d', decisions: 'D-23' }),
    personal_data_hours: count(72, [1, 72], 'Hours from the detection of a breach of personal data.', { clause: 'Luật 91/2025 Điều 23', decisions: 'D-23' }),
  }),
  quota: section('Sizes of mailboxes (Điều 7.3).', {
    default_class: text('staff', '^[a-z][a-z0-9-]{0,30}$', 'Class of a mailbox for which none is set.', { clause: 'Điều 7.3a' }),
    warn_percent: counts([80, 90, 95, 100], [10, 100], 'Per cent of the quota at which the mailbox is warned, once per crossing.', { clause: 'Điều 7.3d' }),
    rearm_percent: count(5, [1, 20], 'A warning is armed again when the use falls more than so many points below it.', { clause: 'Điều 7.3d' }),
    max_quota_bytes: count(1024 * GiB, [GiB, maxQuotaBytes], 'Largest quota that can be set for one mailbox.', { clause: 'Điều 7.3b' }),
  }),
  retention: section('How long records are kept (Điều 7.2).', {
    log_months: count(3, [3, 120], 'Calendar months of the system, mail, sign-in and error logs.', { clause: 'Điều 7.2' }),
    evidence_months: count(120, [24, 1200], 'Months of the audit, requests, cases, decisions and tombstones.', { clause: 'Điều 5, 6, 10, 12' }),
  }),
  password: section('Passwords (Điều 9).', {
    min_length: count(12, [12, 128], 'Fewest characters.', { clause: 'Điều 9.2', decisions: 'D-17, D-18' }),
    min_length_without_second_factor: count(12, [12, 128], 'Fewest characters for accounts without a second factor; at least min_length.', { clause: 'Điều 9.2', decisions: 'D-18' }),
    history: count(5, [1, 50], 'Last passwords that may not be used again.', { clause: 'Điều 9.1' }),
    history_of_administrators: count(10, [10, 50], 'The same for administrators.', { clause: 'TCVN 14423:2026 5.6.2.2' }),
    change_months_of_administrators: count(2, [1, 12], 'Months after which administrators are asked to change their password.', { clause: 'TCVN 14423:2026 5.6.2.2' }),
  }),
  address: section('Addresses (Điều 4).', {
    max_full_unit_label: count(15, [12, 18], "Longest full form of a unit's local part; above it its initials are proposed.", { clause: 'Điều 4.1c', decisions: 'D-7' }),
  }),
}

/** One class of mailboxes; `[quota_classes.NAME]`. */
export const quotaClassSchema = section('Classes of mailboxes (Điều 7.3a, 7.3b).', {
  name: text('', '^[^\\u0000-\\u001f]{1,100}$', 'Name for people.', { clause: 'Điều 7.3a' }),
  quota_bytes: count(5 * GiB, [100 * MiB, maxQuotaBytes], 'Quota.', { clause: 'Điều 7.3a' }),
  max_attachment_bytes: count(25 * MiB, [MiB, 700 * MiB], 'Largest attached file, before base64; larger ones go as links (7.3c).', { clause: 'Điều 7.3b' }),
})

export const classNamePattern = '^[a-z][a-z0-9-]{0,30}$'

export const defaultQuotaClasses: Readonly<Record<string, ValuesOf<typeof quotaClassSchema>>> = {
  staff: { name: 'Cá nhân', quota_bytes: 5 * GiB, max_attachment_bytes: 25 * MiB },
  leader: { name: 'Lãnh đạo', quota_bytes: 10 * GiB, max_attachment_bytes: 50 * MiB },
  agency: { name: 'Cơ quan, đơn vị', quota_bytes: 20 * GiB, max_attachment_bytes: 50 * MiB },
}

export type RegulationFile = FileOf<typeof regulationSchema>
