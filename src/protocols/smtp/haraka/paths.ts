/** Addresses of the SMTP envelope, as text that is safe on a line of its own. */
import type { HarakaAddress } from './haraka-types.ts'

/** RFC 5321 §4.5.3.1.3 has 256; programs put signed tags into local parts (SRS, BATV). */
const maxPathBytes = 512
/** Controls, of ISO 8859 too; line ends of Unicode; U+FFFD, which is what bytes that are not UTF-8 have become. */
// eslint-disable-next-line no-control-regex
const unsafe = /[\x00-\x1f\x7f-\x9f<>\u2028\u2029\ufffd]/

/** `user@host`; '' for the null sender; null for what must not go on (RFC 5321 §4.1.2 has no place for it). */
export function pathAddress(address: HarakaAddress): string | null {
  const path = address.format().slice(1, -1)
  return unsafe.test(path) || Buffer.byteLength(path) > maxPathBytes ? null : path
}

export function isAscii(path: string): boolean {
  // eslint-disable-next-line no-control-regex
  return /^[\x00-\x7f]*$/.test(path)
}
