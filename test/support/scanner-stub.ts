/**
 * Something that listens where rspamd or clamd should, and behaves badly: it takes what it is sent and answers with bytes that a
 * test chooses, or with none. The daemon's place stays the same while its behaviour changes.
 */
import { once } from 'node:events'
import net from 'node:net'

/**
 * Bytes that are sent once the question has begun, and then the end; `silent`: no answer ever; `endless`: bytes without
 * end; `hang-up`: the connection is closed in the middle of the question.
 */
export type Answer = string | Uint8Array | 'silent' | 'endless' | 'hang-up'

export interface ScannerStub extends AsyncDisposable {
  readonly port: number
  answer: Answer
  /** Connections so far. */
  readonly asked: number
  /** Nobody listens any more. */
  close(): Promise<void>
  /** On the same port. */
  listen(): Promise<void>
}

const endlessChunk = Buffer.alloc(64 * 1024, 'x')

/** @param preface sent before an endless answer, so that it is taken for one */
export async function scannerStub(preface = ''): Promise<ScannerStub> {
  const sockets = new Set<net.Socket>()
  let asked = 0
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    asked++
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => socket.destroy())
    socket.once('data', () => answer(socket, stub.answer, preface))
    socket.on('end', () => stub.answer !== 'silent' && socket.end())
    socket.resume()
  })
  let port = 0
  const stub: ScannerStub = {
    get port() {
      return port
    },
    answer: 'silent',
    get asked() {
      return asked
    },
    async close() {
      const closed = once(server, 'close')
      server.close()
      for (const socket of sockets) socket.destroy()
      await closed
    },
    async listen() {
      server.listen(port, '127.0.0.1')
      await once(server, 'listening')
      port = (server.address() as net.AddressInfo).port
    },
    async [Symbol.asyncDispose]() {
      if (server.listening) await stub.close()
    },
  }
  await stub.listen()
  return stub
}

function answer(socket: net.Socket, chosen: Answer, preface: string): void {
  if (chosen === 'silent') return
  if (chosen === 'hang-up') return void socket.resetAndDestroy()
  if (chosen !== 'endless') return void socket.end(chosen)
  const more = (): void => {
    while (!socket.destroyed && socket.write(endlessChunk)) continue
  }
  socket.on('drain', more)
  socket.write(preface)
  more()
}

/** An HTTP answer with this body. */
export function httpAnswer(body: string, status = '200 OK', contentLength = Buffer.byteLength(body)): string {
  return `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: ${contentLength}\r\nConnection: close\r\n\r\n${body}`
}
