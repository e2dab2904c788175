/** LMTP command lines as data: RFC 2033, RFC 5321 §4.1.1. Pure; addresses come out exactly as they were written. */

export type LmtpCommand =
  | { readonly verb: 'LHLO'; readonly name: string }
  | { readonly verb: 'MAIL'; readonly address: string; readonly parameters: ReadonlyMap<string, string> }
  | { readonly verb: 'RCPT'; readonly address: string; readonly parameters: ReadonlyMap<string, string> }
  | { readonly verb: 'DATA' | 'RSET' | 'NOOP' | 'QUIT' | 'VRFY' }
  | { readonly verb: 'syntax' }
  | { readonly verb: 'unknown' }

const plain: ReadonlySet<string> = new Set(['DATA', 'RSET', 'NOOP', 'QUIT', 'VRFY'])
const syntax: LmtpCommand = { verb: 'syntax' }

/** @param line without its line end */
export function parseCommand(line: string): LmtpCommand {
  const verb = /^[A-Za-z]*/.exec(line)![0].toUpperCase()
  if (plain.has(verb)) return { verb: verb as 'DATA' }
  if (verb === 'LHLO') {
    const name = line.slice(4).trim()
    return name === '' ? syntax : { verb, name }
  }
  if (verb !== 'MAIL' && verb !== 'RCPT') return { verb: 'unknown' }
  const lead = (verb === 'MAIL' ? /^MAIL FROM: */i : /^RCPT TO: */i).exec(line)
  const path = lead === null ? null : parsePath(line, lead[0].length)
  if (path === null || (verb === 'RCPT' && path.address === '')) return syntax
  const parameters = parseParameters(line.slice(path.end))
  return parameters === null ? syntax : { verb, address: path.address, parameters }
}

/** `<…>`, quotes respected, without the source route of RFC 5321 §4.1.2 (`@a,@b:`). */
function parsePath(line: string, start: number): { readonly address: string; readonly end: number } | null {
  if (line[start] !== '<') return null
  let quoted = false
  for (let at = start + 1; at < line.length; at++) {
    const char = line[at]
    if (quoted && char === '\\') at++
    else if (char === '"') quoted = !quoted
    else if (char === '>' && !quoted) {
      const address = line.slice(start + 1, at).replace(/^@[^":]*:/, '')
      return /[\x00-\x1f\x7f]/.test(address) ? null : { address, end: at + 1 }
    }
  }
  return null
}

/** Names in upper case; a parameter without a value has ''. Null when one is given twice. */
function parseParameters(text: string): ReadonlyMap<string, string> | null {
  const found = new Map<string, string>()
  if (text === '') return found
  for (const word of text.trim().split(/ +/)) {
    const [, name, value] = /^([A-Za-z0-9-]+)(?:=(.+))?$/.exec(word) ?? []
    if (name === undefined || found.has(name.toUpperCase())) return null
    found.set(name.toUpperCase(), value ?? '')
  }
  return found
}
