/** One-time codes of authenticator programs (port `OneTimeCodes`; RFC 6238: SHA-1, six digits, 30 seconds), by otpauth. */
import { Secret, TOTP } from 'otpauth'
import type { OneTimeCodes } from '../../core/ports/secrets.ts'

const stepSeconds = 30
/** RFC 4226 §4: 160 bits. */
const secretBytes = 20
const shape = { algorithm: 'SHA1', digits: 6, period: stepSeconds } as const

export function createOneTimeCodes(): OneTimeCodes {
  return {
    newSecret: () => new Secret({ size: secretBytes }).base32,
    uri: ({ secret, account, issuer }) => new TOTP({ ...shape, issuer, label: account, secret: Secret.fromBase32(secret) }).toString(),
    stepOf({ secret, code, nowMs }) {
      const delta = new TOTP({ ...shape, secret: Secret.fromBase32(secret) }).validate({ token: code, timestamp: nowMs, window: 1 })
      return delta === null ? null : Math.floor(nowMs / 1000 / stepSeconds) + delta
    },
  }
}
