/** Standard input and output of a command: the answer on one, questions and complaints on the other. */
import { once } from 'node:events'
import type { Readable, Writable } from 'node:stream'
import { UsageError } from './usage-error.ts'

export interface TerminalInput extends Readable {
  readonly isTTY?: boolean
  setRawMode?(raw: boolean): unknown
}

export interface Terminal {
  readonly stdin: TerminalInput
  readonly stdout: Writable
  readonly stderr: Writable
}

/** More than any password needs. */
const maxInputBytes = 64 * 1024
const backspace = new Set(['\u0008', '\u007f'])

/** Waits when the reader is slow. */
export async function write(stream: Writable, text: string): Promise<void> {
  if (!stream.write(text)) await once(stream, 'drain')
}

/**
 * As many secrets as there are labels: the first lines of a pipe (line ends are not part of them), or asked for one by
 * one on a terminal, without showing what is typed. Throws UsageError when there are too few.
 */
export async function readSecrets(terminal: Terminal, labels: readonly string[]): Promise<readonly string[]> {
  if (!terminal.stdin.isTTY) return linesOfPipe(terminal.stdin, labels)
  const secrets: string[] = []
  for (const label of labels) secrets.push(await prompt(terminal, label))
  return secrets
}

async function linesOfPipe(stdin: Readable, labels: readonly string[]): Promise<readonly string[]> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of stdin as AsyncIterable<Buffer | string>) {
    const part = Buffer.from(chunk)
    bytes += part.length
    if (bytes > maxInputBytes) throw new UsageError('Dữ liệu vào quá dài.', 'Standard input is too long.')
    chunks.push(part)
  }
  const lines = Buffer.concat(chunks).toString('utf8').split(/\r?\n/)
  if (lines.at(-1) === '') lines.pop()
  if (lines.length < labels.length) {
    throw new UsageError(`Thiếu dữ liệu vào: ${labels.join(', ')}, mỗi dòng một mục.`, `Standard input must have ${labels.length} line(s).`)
  }
  return lines.slice(0, labels.length)
}

async function prompt({ stdin, stderr }: Terminal, label: string): Promise<string> {
  stderr.write(`${label}: `)
  stdin.setRawMode?.(true)
  stdin.setEncoding('utf8')
  let typed: string[] = []
  try {
    for (;;) {
      const [keys] = (await once(stdin.resume(), 'data')) as [string]
      for (const key of keys) {
        if (key === '\r' || key === '\n') return typed.join('')
        if (key === '\u0003' || key === '\u0004') throw new UsageError('Đã hủy.', 'Cancelled.')
        if (backspace.has(key)) typed.pop()
        else if (key === '\u0015') typed = []
        else typed.push(key)
      }
    }
  } finally {
    stdin.pause()
    stdin.setRawMode?.(false)
    stderr.write('\n')
  }
}
