/**
 * Another server whose answers the test holds back: it takes everything, but says nothing to DATA, or to the end of a
 * message, until it is told to. It keeps what it had whole, and what it said yes to.
 */
import { once } from 'node:events'
import net from 'node:net'

export interface HeldOutside extends AsyncDisposable {
  readonly port: number
  /** Message-IDs whose whole message it had, as often as it had them; with or without an answer of its own. */
  readonly had: string[]
  /** Those that it answered 250. */
  readonly took: string[]
  /** From now on: where it holds back; null: nowhere, and all that wait get their answer. */
  hold(at: 'data' | 'end' | null): void
  /** Resolves when so many connections wait for an answer. */
  waiting(count: number): Promise<void>
  /** Resolves when nobody is connected. */
  alone(): Promise<void>
  /** Resolves when it has said yes to this message. */
  taken(messageId: string): Promise<void>
}

export async function heldOutside(): Promise<HeldOutside> {
  const sockets = new Set<net.Socket>()
  const held = new Map<net.Socket, () => void>()
  const [had, took]: [string[], string[]] = [[], []]
  let holding: 'data' | 'end' | null = null
  let checks: { readonly isDone: () => boolean; readonly resolve: () => void }[] = []
  const changed = (): void => {
    for (const check of checks) if (check.isDone()) check.resolve()
    checks = checks.filter(({ isDone }) => !isDone())
  }
  const when = (isDone: () => boolean): Promise<void> => (isDone() ? Promise.resolve() : new Promise((resolve) => checks.push({ isDone, resolve })))
  const answer = (socket: net.Socket, at: 'data' | 'end', reply: () => void): void => {
    if (holding === at) held.set(socket, reply)
    else reply()
    changed()
  }
  const server = net.createServer((socket) => {
    sockets.add(socket)
    const dialogue = { text: '', inData: false }
    socket.setEncoding('latin1')
    socket.on('error', () => socket.destroy())
    socket.on('close', () => {
      sockets.delete(socket)
      held.delete(socket)
      changed()
    })
    const say = (line: string): void => void socket.write(`${line}\r\n`)
    const command = (line: string): void => {
      const verb = line.slice(0, 4).toUpperCase()
      if (verb === 'QUIT') return void socket.end('221 2.0.0 bye\r\n')
      if (verb !== 'DATA') return say('250 2.0.0 ok')
      answer(socket, 'data', () => {
        dialogue.inData = true
        say('354 go on')
      })
    }
    const message = (text: string): void => {
      const id = /^Message-ID: <(.*)>\r$/im.exec(text)?.[1] ?? ''
      had.push(id)
      answer(socket, 'end', () => {
        took.push(id)
        say('250 2.0.0 taken')
      })
    }
    socket.on('data', (chunk: string) => {
      dialogue.text += chunk
      for (;;) {
        const mark = dialogue.inData ? '\r\n.\r\n' : '\r\n'
        const end = dialogue.text.indexOf(mark)
        if (end < 0) return
        const part = dialogue.text.slice(0, end)
        dialogue.text = dialogue.text.slice(end + mark.length)
        if (!dialogue.inData) command(part)
        else {
          dialogue.inData = false
          message(`${part}\r\n`)
        }
      }
    })
    say('220 outside.example ESMTP')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as net.AddressInfo).port,
    had,
    took,
    hold(at) {
      holding = at
      if (at !== null) return
      for (const reply of held.values()) reply()
      held.clear()
      changed()
    },
    waiting: (count) => when(() => held.size >= count),
    alone: () => when(() => sockets.size === 0),
    taken: (messageId) => when(() => took.includes(messageId)),
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}
