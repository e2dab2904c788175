/**
 * Enhanced status codes (RFC 2034, RFC 3463) on the replies that Haraka words itself. Ours bring their own; the greeting and the
 * replies to HELO and EHLO have none (RFC 2034 §4), nor do those that ask for more (3yz).
 */
import { connectionPrototype } from './haraka.ts'

const hasCode = /^[245]\.\d{1,3}\.\d{1,3} /
const hello = /^(?:HELO|EHLO)(?: |$)/i

/** Of a command that was done; 2.0.0 of the others. */
const ofDone: Readonly<Record<string, string>> = { MAIL: '2.1.0', RCPT: '2.1.5', VRFY: '2.5.2' }
/** Of a path that can't be read. */
const ofBadPath: Readonly<Record<string, string>> = { MAIL: '5.1.7', RCPT: '5.1.3' }
/** Of a refusal that says no more than its code. */
const ofRefused: Readonly<Record<number, string>> = {
  421: '4.3.0',
  450: '4.7.1',
  451: '4.3.0',
  452: '4.3.1',
  500: '5.5.2',
  501: '5.5.4',
  502: '5.5.1',
  503: '5.5.1',
  504: '5.5.4',
  521: '5.5.2',
  550: '5.7.1',
  552: '5.3.4',
  553: '5.1.3',
  554: '5.5.1',
  555: '5.5.4',
}

/** `line`: the command that is answered, or null before the first one. Null: the reply has no enhanced code. */
export function enhancedCodeOf(code: number, line: string | null): string | null {
  if (code >= 300 && code < 400) return null
  const verb = /^[A-Za-z]*/.exec(line ?? '')![0].toUpperCase()
  if (code < 300) return line === null || hello.test(line) ? null : (ofDone[verb] ?? '2.0.0')
  if (code === 501 && verb in ofBadPath) return ofBadPath[verb]!
  return ofRefused[code] ?? (code < 500 ? '4.0.0' : '5.0.0')
}

/** Once, before there are connections. */
export function addEnhancedCodes(): void {
  const { respond } = connectionPrototype
  connectionPrototype.respond = function (code, text, then) {
    // A refusal of ours is an object with code and text (`haraka.ts`).
    const isText = typeof text === 'string' || Array.isArray(text)
    const enhanced = isText ? enhancedCodeOf(Number(code), this.current_line) : null
    if (enhanced === null) return respond.call(this, code, text, then)
    const lines = (Array.isArray(text) ? text.map(String) : text.split('\n')).filter((line) => /\S/.test(line))
    return respond.call(this, code, lines.map((line) => (hasCode.test(line) ? line : `${enhanced} ${line}`)), then)
  }
}
