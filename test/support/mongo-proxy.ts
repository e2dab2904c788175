/** A door to a member of the replica set that a test can shut: connections are cut, and new ones fail until it is opened again. */
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'

export interface Door extends AsyncDisposable {
  /** Asks this member alone, through the door. */
  readonly url: string
  /** Cuts what goes through; it can be gone through again. */
  cut(): void
  shut(): void
  open(): void
}

export async function doorTo(url: string): Promise<Door> {
  const { hostname, port } = new URL(url.replace('mongodb://', 'http://'))
  const sockets = new Set<Socket>()
  let isShut = false
  const server = createServer((client) => {
    if (isShut) return client.destroy()
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
  return {
    url: `mongodb://127.0.0.1:${(server.address() as AddressInfo).port}/?directConnection=true`,
    cut,
    shut() {
      isShut = true
      cut()
    },
    open() {
      isShut = false
    },
    async [Symbol.asyncDispose]() {
      cut()
      server.close()
      await once(server, 'close')
    },
  }
}
