/**
 * Hashes and sealed texts (port `Secrets`): SHA-256, AES-256-GCM. The key is derived from a file that all nodes share, or
 * from one that is made in the data folder when the installation is one machine.
 */
import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import type { Secrets } from '../../core/ports/secrets.ts'

const nonceBytes = 12
const tagBytes = 16
const madeKeyBytes = 32

/** `keyText`: at least 32 characters that are hard to guess. */
export function createSecrets(keyText: string): Secrets {
  const key = Buffer.from(hkdfSync('sha256', keyText, '', 'congvu sealed texts', 32))
  const digest = (text: string): Buffer => createHash('sha256').update(text, 'utf8').digest()
  return {
    sha256: (text) => digest(text).toString('hex'),
    // Of their digests: they may differ in length.
    same: (left, right) => timingSafeEqual(digest(left), digest(right)),
    seal(text) {
      const nonce = randomBytes(nonceBytes)
      const cipher = createCipheriv('aes-256-gcm', key, nonce)
      const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
      return Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64url')
    },
    open(sealed) {
      const bytes = Buffer.from(sealed, 'base64url')
      if (bytes.length < nonceBytes + tagBytes) return null
      const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, nonceBytes))
      decipher.setAuthTag(bytes.subarray(nonceBytes, nonceBytes + tagBytes))
      try {
        return Buffer.concat([decipher.update(bytes.subarray(nonceBytes + tagBytes)), decipher.final()]).toString('utf8')
      } catch {
        return null
      }
    },
  }
}

/** The text of the key file at `path`, which is made, for its owner alone, when it is not there. */
export async function ownKeyText(path: string): Promise<string> {
  try {
    await writeFile(path, `${randomBytes(madeKeyBytes).toString('hex')}\n`, { mode: 0o600, flag: 'wx' })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  return (await readFile(path, 'utf8')).trim()
}
