/**
 * What signing in to the administration needs of cryptography (Điều 9; ): hashes of random secrets, secrets that must
 * be read again (sealed), and one-time codes (TOTP, RFC 6238). Passwords have their own port (world.ts).
 */

export interface Secrets {
  /** Hex SHA-256 of the UTF-8 text. For secrets of 80 random bits at least, never for passwords. */
  sha256(text: string): string
  /** Compares in a time that tells nothing of where they differ. */
  same(left: string, right: string): boolean
  /** Authenticated encryption with the installation's key. */
  seal(text: string): string
  /** Null when it was not sealed with this key, or was changed since. */
  open(sealed: string): string | null
}

export interface OneTimeCodes {
  /** A new secret, in base 32 as authenticator programs take it. */
  newSecret(): string
  /** `otpauth://` URI for a QR code. */
  uri(of: { readonly secret: string; readonly account: string; readonly issuer: string }): string
  /** The time step that a code of six digits belongs to, one step earlier or later allowed; null when it is none. */
  stepOf(given: { readonly secret: string; readonly code: string; readonly nowMs: number }): number | null
}
