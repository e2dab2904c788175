/** What `congvu serve` tells the person who started it: what listens where, and the first administrator's password, once. */
import type { Served } from './compose.ts'
import type { Config } from './config/schema.ts'

export function welcome(app: Pick<Served, 'listening' | 'firstAdministrator' | 'selfSigned' | 'places'>, config: Config): string {
  const { listening, firstAdministrator } = app
  const rows: readonly (readonly [string, number | null, string])[] = [
    ['SMTP (mail exchange)', listening.smtp, config.smtp.host],
    ['Submission, STARTTLS', listening.submission, config.smtp.host],
    ['Submission, TLS', listening.submissions, config.smtp.host],
    ['IMAP, STARTTLS', listening.imap, config.imap.host],
    ['IMAP, TLS', listening.imaps, config.imap.host],
    ['LMTP', listening.lmtp, config.lmtp.host],
    ['HTTP /healthz /readyz /metrics', listening.http, config.http.host],
    ['HTTPS', listening.https, config.http.host],
    ['Administration, HTTP /api/v1/docs', listening.admin, config.admin.host],
    ['Administration, HTTPS', listening.adminTls, config.admin.host],
  ]
  const lines = ['', `Công Vụ đang chạy / is running: ${config.province.name} (${config.province.domain})`, '']
  for (const [name, port, host] of rows) lines.push(`  ${name.padEnd(32)} ${port === null ? 'tắt / off' : `${host}:${port}`}`)
  lines.push('', `  Dữ liệu / data: ${app.places.data}`)
  if (app.selfSigned) lines.push('  Chứng thư tự ký / self-signed certificate: đặt / set tls.certificate, tls.key')
  if (config.security.allow_active_accounts) lines.push('  security.allow_active_accounts = true: chỉ để thử / for trials only')
  if (firstAdministrator !== null) {
    lines.push(
      '',
      '  Quản trị viên đầu tiên (mật khẩu chỉ hiện một lần) / first administrator (shown only once):',
      `    ${firstAdministrator.address}`,
      `    ${firstAdministrator.temporaryPassword}`,
      `  Đổi mật khẩu trước khi dùng / change it first: npx congvu account change-password ${firstAdministrator.address}`,
    )
  }
  lines.push('', '  Ctrl-C để dừng / to stop', '')
  return `${lines.join('\n')}\n`
}
