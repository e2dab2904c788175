/** What is spoken on the private sockets, by strangers: lines of JSON, frames of the hand-over. They close; they never throw. */
import assert from 'node:assert/strict'
import { duplexPair, type Duplex } from 'node:stream'
import type { Socket } from 'node:net'
import { readFrames } from '../../../src/protocols/smtp/handover-frames.ts'
import { openJsonLines } from '../../../src/protocols/smtp/json-lines.ts'
import { chopped, damaged, latin1, type Damage } from '../mutate.ts'
import type { Rng } from '../rng.ts'
import type { OpenTarget, Target } from '../target.ts'

const seeds = latin1([
  '{"id":1,"question":"hello","ask":{"token":"t","node":"n"}}\n', '{"id":2,"question":"recipient","ask":{"address":"a@b"}}\n{"id":3,"question":"x","ask":null}\n', '{"token":"t","bytes":0}\n{"id":1,"sender":"a@b","rows":[{"id":"1","recipient":"c@d"}],"bytes":5}\nhello', '{"id":9,"retry":true,"bytes":0}\n', 'null\n', '[]\n', '"x"\n',
])
const tokens = latin1(['\n', '\r\n', '{', '}', '[', ']', '"', '\\', ':', ',', 'null', '1e999', '-1', '"bytes":-1', '"bytes":1e9', '"bytes":5', '__proto__', '\0', '\xff', '\xf0\x9f', '[['.repeat(200), ' '.repeat(300)])
const damage: Damage = { seeds, tokens, maxBytes: 8 * 1024 }
const maxBytes = 2_000

export const privateSockets: Target = {
  name: 'private-sockets',
  what: 'link lines and hand-over frames from strangers',
  share: 20,
  open: (): OpenTarget => ({
    make: (rng) => damaged(rng, damage),
    async run(input, rng) {
      await lines(input, rng)
      await frames(input, rng)
    },
  }),
}

async function lines(input: Buffer, rng: Rng): Promise<void> {
  const [client, server] = duplexPair()
  let closed = 0
  const end = Promise.withResolvers<void>()
  hangsUp(server)
  openJsonLines(server as unknown as Socket, {
    maxLineBytes: () => maxBytes,
    onLine: () => assert.equal(closed, 0, 'a line after the end'),
    onClose: () => {
      closed++
      end.resolve()
    },
  })
  write(client, chopped(rng, input))
  await end.promise
  assert.equal(closed, 1)
}

async function frames(input: Buffer, rng: Rng): Promise<void> {
  const [client, server] = duplexPair()
  const socket = server as unknown as Socket
  const closed = new Promise<void>((resolve) => void server.once('close', resolve))
  server.on('error', () => server.destroy())
  readFrames(socket, {
    onFrame: async (frame, body) => assert.equal(body.length, frame.bytes),
    maxHeadBytes: () => maxBytes,
    maxBodyBytes: () => maxBytes,
  })
  hangsUp(server)
  write(client, chopped(rng, input))
  await closed
}

/** As a socket of the network does when the other side has ended. */
function hangsUp(server: Duplex): void {
  server.once('end', () => server.destroy())
}

function write(client: Duplex, pieces: readonly Buffer[]): void {
  // The other side may be gone by now.
  client.on('error', () => undefined)
  for (const piece of pieces) client.write(piece)
  client.end()
}
