/** The command line's end of the private socket (protocols/control/messages.ts). */
import { connect, type Socket } from 'node:net'
import { once } from 'node:events'
import type { ControlAnswer, ControlArgs, ControlCommand, ControlFailure, ControlItem, ControlLine } from '../protocols/control/messages.ts'

/** Nobody answers at the socket, or the server went away before it had answered. */
export class NotRunningError extends Error {}

/** The server refused. */
export class RefusedError extends Error {
  readonly failure: ControlFailure

  constructor(failure: ControlFailure) {
    super(failure.code)
    this.failure = failure
  }
}

/** Calls `onItem` for each item of a list, one after the other, then returns the answer. One connection each. */
export async function ask<C extends ControlCommand>(
  socketPath: string,
  request: { readonly command: C; readonly args: ControlArgs<C>; readonly order?: string; readonly as?: string },
  onItem: (item: ControlItem<C>) => Promise<void> | void = () => undefined,
): Promise<ControlAnswer<C>> {
  const socket = connect(socketPath)
  try {
    await once(socket, 'connect')
    socket.write(`${JSON.stringify(request)}\n`)
    for await (const line of linesOf(socket)) {
      const answer = JSON.parse(line) as ControlLine
      if ('item' in answer) await onItem(answer.item as ControlItem<C>)
      else if ('error' in answer) throw new RefusedError(answer.error)
      else return answer.ok as ControlAnswer<C>
    }
  } catch (error) {
    throw isSocketError(error) ? new NotRunningError(error.code) : error
  } finally {
    socket.destroy()
  }
  throw new NotRunningError('the server closed the connection')
}

async function* linesOf(socket: Socket): AsyncGenerator<string> {
  let rest = ''
  socket.setEncoding('utf8')
  for await (const chunk of socket as AsyncIterable<string>) {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    yield* lines
  }
}

function isSocketError(error: unknown): error is Error & { readonly code: string } {
  const code = error instanceof Error && 'code' in error ? error.code : null
  return typeof code === 'string' && ['ENOENT', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'EACCES', 'EPERM', 'ENOTSOCK', 'EAGAIN'].includes(code)
}
