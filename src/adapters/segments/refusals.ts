/** What the file system says, as refusals (core/errors.ts). */
import { MailError } from '../../core/errors.ts'

/** No room, or no more allowed. */
export const fullCodes: readonly string[] = ['ENOSPC', 'EDQUOT', 'EFBIG']

function systemCode(error: unknown): string | null {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return null
  return /^E[A-Z0-9]+$/.test(error.code) ? error.code : null
}

export function isSystemError(error: unknown, ...codes: readonly string[]): boolean {
  const code = systemCode(error)
  return code !== null && (codes.length === 0 || codes.includes(code))
}

/** An error of the file system as `storage-full` or `unavailable`; anything else is a bug and stays what it is. */
export function refusal(error: unknown): unknown {
  const code = systemCode(error)
  if (code === null || code.startsWith('ERR_')) return error
  return new MailError(fullCodes.includes(code) ? 'storage-full' : 'unavailable', undefined, { cause: code })
}

/** Bytes on the disk are not what was written. */
export function damaged(what: string): MailError {
  return new MailError('unavailable', 'damaged body', { damaged: what })
}

export function noSuchBlob(): MailError {
  return new MailError('message-unknown', 'no such body')
}

export function closed(): MailError {
  return new MailError('unavailable', 'the store of bodies is closed')
}
