/** Addresses of the SMTP envelope, as text that is safe on a line of its own. */
import type { HarakaAddress } from './haraka-types.ts'

/** `user@host`; '' for the null sender; null for what must not go on (RFC 5321 §4.1.2 has no place for it). */
export function pathAddress(address: HarakaAddress): string | null {
  const path = address.format().slice(1, -1)
  // eslint-disable-next-line no-control-regex
  return /[\x00-\x1f\x7f<>]/.test(path) ? null : path
}
