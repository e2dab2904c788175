/** HMAC-SHA-256 with a key that is made at start and never leaves the process (port `KeyedDigest`, design §5.16). */
import { createHmac, randomBytes } from 'node:crypto'
import type { KeyedDigest } from '../../core/ports/world.ts'

export function createKeyedDigest(): KeyedDigest {
  const key = randomBytes(32)
  return { of: (text) => createHmac('sha256', key).update(text, 'utf8').digest('base64') }
}
