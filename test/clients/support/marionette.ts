/**
 * Marionette, the wire by which Mozilla's programs let themselves be driven: JSON frames `length:[type, id, …]` over TCP.
 * Scripts run with the rights of the program's own windows.
 */
import { connect, type Socket } from 'node:net'
import { once } from 'node:events'

const scriptTimeoutMs = 60_000

type Reply = readonly [type: 1, id: number, error: { readonly error: string; readonly message: string; readonly stacktrace?: string } | null, result: { readonly value?: unknown } | null]

export interface Marionette extends AsyncDisposable {
  /** Runs the body of an async function with `args` as its parameters; what it returns must be JSON. */
  script<T>(body: string, args?: readonly unknown[]): Promise<T>
  /** A picture of the window, PNG. */
  picture(): Promise<Buffer>
}

export async function openMarionette(port: number): Promise<Marionette> {
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  const waiting = new Map<number, (reply: Reply) => void>()
  let broken: Error | null = null
  let lastId = 0
  const fail = (error: Error): void => {
    broken ??= error
    for (const [id, settle] of waiting) settle([1, id, { error: 'gone', message: error.message }, null])
    waiting.clear()
  }
  socket.on('error', fail).on('close', () => fail(new Error('the program closed the connection')))
  readFrames(socket, (frame) => {
    // The first frame is the greeting, an object.
    if (!Array.isArray(frame)) return
    const reply = frame as unknown as Reply
    waiting.get(reply[1])?.(reply)
    waiting.delete(reply[1])
  })
  const command = async (name: string, parameters: unknown): Promise<unknown> => {
    if (broken !== null) throw broken
    const id = ++lastId
    const frame = JSON.stringify([0, id, name, parameters])
    const answered = new Promise<Reply>((resolve) => waiting.set(id, resolve))
    socket.write(`${Buffer.byteLength(frame)}:${frame}`)
    const [, , error, result] = await answered
    if (error !== null) throw new Error(`${name}: ${error.error}: ${error.message}\n${error.stacktrace ?? ''}`)
    return result?.value
  }
  await command('WebDriver:NewSession', {})
  await command('WebDriver:SetTimeouts', { script: scriptTimeoutMs })
  await command('Marionette:SetContext', { value: 'chrome' })
  return {
    script: async <T>(body: string, args: readonly unknown[] = []) =>
      (await command('WebDriver:ExecuteScript', { script: `return (async (...args) => {${body}\n})(...arguments)`, args, newSandbox: true })) as T,
    picture: async () => Buffer.from((await command('WebDriver:TakeScreenshot', { full: true, hash: false })) as string, 'base64'),
    async [Symbol.asyncDispose]() {
      if (socket.destroyed) return
      socket.destroy()
      await once(socket, 'close')
    },
  }
}

function readFrames(socket: Socket, take: (frame: unknown) => void): void {
  let pending: Buffer = Buffer.alloc(0)
  socket.on('data', (chunk: Buffer) => {
    pending = Buffer.concat([pending, chunk])
    for (;;) {
      const colon = pending.indexOf(':')
      if (colon === -1) return
      const end = colon + 1 + Number(pending.toString('latin1', 0, colon))
      if (pending.length < end) return
      const frame: unknown = JSON.parse(pending.toString('utf8', colon + 1, end))
      pending = pending.subarray(end)
      take(frame)
    }
  })
}
