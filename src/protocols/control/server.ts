/**
 * The private socket of a running server: the command line asks here (messages.ts). A unix socket of mode 0600 in a
 * folder of mode 0700: whoever can open it is the operator of this installation.
 *
 * A socket that a killed server left behind is replaced; one that a living server holds is an error.
 */
import { chmod, mkdir, rm } from 'node:fs/promises'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { dirname } from 'node:path'
import { once } from 'node:events'
import type { Administration } from '../../core/administration/administration.ts'
import type { Mail } from '../../core/mail.ts'
import { PeerGoneError, answerRequest, type ControlLog } from './answer.ts'
import { LineReader, LineTooLongError } from './lines.ts'
import { fileRequestStarts, maxFileRequestBytes, maxRequestBytes } from './messages.ts'

export interface ControlSettings {
  /** Absolute; at most 107 bytes, which is what a unix socket's name may have. */
  readonly path: string
  readonly mail: Mail
  readonly administration: Administration
  /** Whom the records name. */
  readonly actor: string
  readonly log: ControlLog
  /** A connection that says nothing for so long is closed. */
  readonly idleMs?: number
}

export interface ControlServer extends AsyncDisposable {
  readonly path: string
}

const defaultIdleMs = 60_000
const maxConnections = 512
const maxPathBytes = 107

/** Throws a plain Error when the path is too long or another server listens there. */
export async function listenControl(settings: ControlSettings): Promise<ControlServer> {
  const { path } = settings
  if (Buffer.byteLength(path) > maxPathBytes) {
    throw new Error(`the path of the control socket has more than ${maxPathBytes} bytes; choose a shorter data folder: ${path}`)
  }
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  await chmod(dirname(path), 0o700)
  if (await answers(path)) throw new Error(`another server is running: ${path}`)
  await rm(path, { force: true })
  const sockets = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    serve(socket, settings)
  })
  server.maxConnections = maxConnections
  server.listen(path)
  await once(server, 'listening')
  await chmod(path, 0o600)
  return { path, [Symbol.asyncDispose]: () => close(server, sockets) }
}

async function close(server: Server, sockets: ReadonlySet<Socket>): Promise<void> {
  const closed = once(server, 'close')
  server.close()
  for (const socket of sockets) socket.destroy()
  await closed
}

/** Whether somebody accepts connections at this path. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

/** Resolves when the reader has caught up, or is gone. */
function drained(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      socket.off('drain', done).off('close', done)
      resolve()
    }
    socket.on('drain', done).on('close', done)
  })
}

function serve(socket: Socket, settings: ControlSettings): void {
  const reader = new LineReader(maxRequestBytes, { starts: fileRequestStarts, maxBytes: maxFileRequestBytes })
  let busy: Promise<void> = Promise.resolve()
  const write = async (line: string): Promise<void> => {
    if (socket.destroyed) throw new PeerGoneError('the command line went away')
    if (!socket.write(`${line}\n`)) await drained(socket)
  }
  const fail = (error: unknown): void => {
    if (!(error instanceof PeerGoneError)) settings.log.warn({ err: error }, 'control connection')
    socket.destroy()
  }
  socket.setTimeout(settings.idleMs ?? defaultIdleMs, () => socket.destroy())
  socket.on('error', () => socket.destroy())
  socket.on('end', () => void busy.then(() => socket.end()))
  socket.on('data', (chunk: Buffer) => {
    let lines: string[]
    try {
      lines = reader.push(chunk)
    } catch (error) {
      if (!(error instanceof LineTooLongError)) throw error
      return fail(error)
    }
    if (lines.length === 0) return
    // What comes while a request is worked on waits in the kernel.
    socket.pause()
    busy = busy.then(async () => {
      for (const line of lines) await answerRequest(line, settings, write)
    }).then(() => void socket.resume(), fail)
  })
}
