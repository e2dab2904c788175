/**
 * A door to a member of the replica set that a test can shut: connections are cut, and new ones fail until it is opened again; or
 * nothing comes through any more while all connections stay, as when a cable is pulled.
 */
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'

export interface Door extends AsyncDisposable {
  /** Asks this member alone, through the door. */
  readonly url: string
  readonly port: number
  /** Cuts what goes through; it can be gone through again. */
  cut(): void
  shut(): void
  /** Connections stay and new ones are taken, but not a byte goes through. */
  stall(): void
  /** What was stalled is cut. */
  open(): void
}

export async function doorTo(url: string): Promise<Door> {
  const { hostname, port } = new URL(url.replace('mongodb://', 'http://'))
  const sockets = new Set<Socket>()
  let isShut = false
  let isStalled = false
  const server = createServer((client) => {
    if (isShut) return client.destroy()
    if (isStalled) {
      sockets.add(client.on('error', () => undefined).on('close', () => sockets.delete(client)))
      return
    }
    const member = connect(Number(port), hostname)
    for (const [from, to] of [[client, member], [member, client]] as const) {
      sockets.add(from)
      from.on('error', () => to.destroy())
      from.on('close', () => {
        sockets.delete(from)
        to.destroy()
      })
      from.pipe(to)
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const cut = (): void => {
    for (const socket of sockets) socket.destroy()
  }
  const { port: ownPort } = server.address() as AddressInfo
  return {
    url: `mongodb://127.0.0.1:${ownPort}/?directConnection=true`,
    port: ownPort,
    cut,
    shut() {
      isShut = true
      cut()
    },
    stall() {
      isStalled = true
      for (const socket of sockets) socket.unpipe().pause()
    },
    open() {
      isShut = false
      if (isStalled) cut()
      isStalled = false
    },
    async [Symbol.asyncDispose]() {
      cut()
      server.close()
      await once(server, 'close')
    },
  }
}
