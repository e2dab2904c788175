/** The client's end of an IMAP connection as lines, for tests that want to see every byte. */
import type { Duplex } from 'node:stream'

export class ImapClient {
  readonly stream: Duplex
  #text = ''
  #ended = false
  #wake: (() => void) | null = null
  #tag = 0

  constructor(stream: Duplex) {
    this.stream = stream
    stream.on('data', (chunk: Buffer) => {
      this.#text += chunk.toString('latin1')
      this.#ring()
    })
    const ended = (): void => {
      this.#ended = true
      this.#ring()
    }
    stream.on('end', () => {
      ended()
      stream.end()
    })
    stream.on('close', ended)
    stream.on('error', ended)
  }

  #ring(): void {
    const wake = this.#wake
    this.#wake = null
    wake?.()
  }

  /** Latin1. */
  send(text: string): void {
    this.stream.write(Buffer.from(text, 'latin1'))
  }

  /** The next line without its CRLF; null when the server has closed the connection. */
  async line(): Promise<string | null> {
    for (;;) {
      const end = this.#text.indexOf('\r\n')
      if (end !== -1) {
        const line = this.#text.slice(0, end)
        this.#text = this.#text.slice(end + 2)
        return line
      }
      if (this.#ended) return null
      await new Promise<void>((resolve) => (this.#wake = resolve))
    }
  }

  /** Sends a command and gives all lines up to its tagged reply, the last of them without its tag; null: the server hung up. */
  async command(text: string): Promise<string[] | null> {
    const tag = `t${++this.#tag}`
    this.send(`${tag} ${text}\r\n`)
    return this.until(tag)
  }

  async until(tag: string): Promise<string[] | null> {
    const lines: string[] = []
    for (;;) {
      const line = await this.line()
      if (line === null) return null
      if (line.startsWith(`${tag} `)) return [...lines, line.slice(tag.length + 1)]
      lines.push(line)
    }
  }

  /** Everything up to the end of the connection. */
  async rest(): Promise<string> {
    while (!this.#ended) await new Promise<void>((resolve) => (this.#wake = resolve))
    return this.#text
  }

  /** The client is gone; a destroyed end of an in-memory pair would not tell the other one. */
  close(): void {
    this.stream.end()
  }
}
