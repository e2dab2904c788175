/**
 * Lines of another process's output. A line ends with LF and nothing else: what Haraka logs has names and replies from
 * outside in it, and a reader that splits at CR or U+2028 too would let them write lines of their own.
 */
import type { Readable } from 'node:stream'

const maxLineChars = 8_192

export function eachLine(output: Readable, take: (line: string) => void): void {
  let rest = ''
  output.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop()!.slice(0, maxLineChars)
    for (const line of lines) take(printable(line.slice(0, maxLineChars)))
  })
  output.on('end', () => {
    if (rest !== '') take(printable(rest))
  })
}

/** A terminal that shows the log is not steered by it. */
function printable(line: string): string {
  return line.replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]/g, '?')
}
