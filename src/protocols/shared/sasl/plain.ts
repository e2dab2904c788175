/**
 * SASL PLAIN: RFC 4616. `authzid NUL authcid NUL passwd`, UTF-8.
 * Acting for another account is not offered: an authorization identity must be empty or the authentication identity.
 */

export interface PlainCredentials {
  readonly user: string
  readonly password: string
}

/** RFC 4616 §2: 255 octets each would do for the identities; passwords may be longer. Far above any real one. */
const maxMessageBytes = 4096

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** From the client's base64 response (`=` is an empty one); null when it is not a PLAIN message. */
export function decodePlain(response: string): PlainCredentials | null {
  if (response.length > maxMessageBytes || !base64.test(response)) return null
  let message: string
  try {
    message = utf8.decode(Buffer.from(response, 'base64'))
  } catch {
    return null // Not UTF-8: not a PLAIN message.
  }
  const parts = message.split('\0')
  if (parts.length !== 3) return null
  const [authorization, user, password] = parts as [string, string, string]
  if (user === '' || password === '') return null
  if (authorization !== '' && authorization !== user) return null
  return { user, password }
}
