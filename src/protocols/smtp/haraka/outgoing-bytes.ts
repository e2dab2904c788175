/**
 * A message as it goes over the wire in DATA, without the closing dot line: dot-stuffed (RFC 5321 §4.5.2), every line end
 * CR LF, the last one too. A message without bare CR or LF keeps every byte; in one that has them (an imported message that
 * is redirected, say) they become CR LF, because a client must not send them (§2.3.8) and they let others be smuggled to.
 * NUL is left out for the same reason: 8BITMIME has no place for it (RFC 6152 §3), and a server that drops it first sees the
 * end of the message in CR LF NUL . CR LF.
 */

const carriageReturn = 0x0d
const lineFeed = 0x0a
const dot = 0x2e
const nul = 0
const crlf = Buffer.from('\r\n')
const stuffing = Buffer.from('.')

export function wireForm(message: Buffer): Buffer[] {
  const pieces: Buffer[] = []
  let start = 0
  let atLineStart = true
  const cut = (end: number, ...add: Buffer[]): void => {
    if (end > start) pieces.push(message.subarray(start, end))
    pieces.push(...add)
    start = end
  }
  for (let index = 0; index < message.length; index++) {
    const byte = message[index]!
    if (byte === nul) {
      cut(index)
      start = index + 1
      continue
    }
    if (atLineStart && byte === dot) cut(index, stuffing)
    atLineStart = false
    if (byte === carriageReturn && message[index + 1] === lineFeed) {
      index += 1
      atLineStart = true
    } else if (byte === carriageReturn || byte === lineFeed) {
      cut(index, crlf)
      start = index + 1
      atLineStart = true
    }
  }
  cut(message.length)
  if (!atLineStart) pieces.push(crlf)
  return pieces
}
