/** What is said when `congvu` cannot start: what was in the way and what to change, for the person at the terminal. Pure. */
import { ConfigError } from './config/load.ts'
import { MailError } from './core/errors.ts'

interface SystemError extends Error {
  readonly code: string
  readonly address?: string
  readonly port?: number
}

/** One paragraph; of a bug its stack, which nobody but its mender needs. */
export function startFailure(error: unknown): string {
  if (error instanceof ConfigError) return error.message
  if (error instanceof MailError) {
    if (error.code !== 'unavailable') return error.message
    // Of a database on other machines: why it could not be reached.
    if ('cause' in error.detail) return `không kết nối được cơ sở dữ liệu (store.mongo_url) / ${error.message}: ${String(error.detail['cause'])}`
    return `dữ liệu đang được dùng / the data are in use: ${error.message}`
  }
  if (!isSystemError(error)) return error instanceof Error ? (error.stack ?? error.message) : String(error)
  const place = error.port === undefined ? '' : `${error.address ?? ''}:${error.port}`
  if (error.code === 'EADDRINUSE' && place !== '') {
    return `cổng đang bận / the port is in use: ${place}\nđổi cổng (smtp.port, imap.port, http.port …) hoặc dừng chương trình kia / change the port, or stop the other program`
  }
  if (error.code === 'EACCES' && place !== '') {
    return `không được phép mở cổng / not permitted to listen: ${place}\ncổng dưới 1024 cần quyền đặc biệt / ports below 1024 need a privilege (CAP_NET_BIND_SERVICE)`
  }
  return error.message
}

function isSystemError(error: unknown): error is SystemError {
  // Node's own ERR_ codes are bugs of ours.
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && !error.code.startsWith('ERR_')
}
