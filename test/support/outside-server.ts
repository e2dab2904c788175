/**
 * The outside: an SMTP server on loopback that takes mail, refuses it for now or for ever, hangs or hangs up, at the stage
 * that a test names, and keeps what it got.
 */
import { once } from 'node:events'
import net from 'node:net'
import tls from 'node:tls'

export type Stage = 'connect' | 'ehlo' | 'starttls' | 'mail' | 'rcpt' | 'data' | 'end'

/** A reply line with its code, or what happens instead of one. */
export type Behaviour = string | 'hang' | 'disconnect'

export interface OutsideMessage {
  readonly sender: string
  readonly recipients: readonly string[]
  /** Unstuffed, without the closing dot line. */
  readonly bytes: Buffer
  readonly tls: boolean
}

export interface OutsideServer extends AsyncDisposable {
  readonly port: number
  readonly messages: OutsideMessage[]
  /** Stages that were reached, in order, over all connections. */
  readonly stages: Stage[]
  /** Called for each stage; `null` is the usual answer. `about` is the recipient at `rcpt`. */
  behave: (stage: Stage, about: string) => Behaviour | null
  /** Resolves with the first message for which `wanted` is true, past or to come. */
  message(wanted?: (message: OutsideMessage) => boolean): Promise<OutsideMessage>
}

const usual: Readonly<Record<Stage, string>> = {
  connect: '220 outside.example ESMTP',
  ehlo: '250-outside.example\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 SIZE 100000000',
  starttls: '220 2.0.0 go ahead',
  mail: '250 2.1.0 ok',
  rcpt: '250 2.1.5 ok',
  data: '354 go on',
  end: '250 2.0.0 taken',
}

export async function outsideServer(options: { tls?: { key: Buffer; cert: Buffer } } = {}): Promise<OutsideServer> {
  const sockets = new Set<net.Socket>()
  const waiting: { wanted: (message: OutsideMessage) => boolean; resolve: (message: OutsideMessage) => void }[] = []
  const server = net.createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    serve(socket, outside, options.tls ?? null, (message) => {
      outside.messages.push(message)
      for (const waiter of waiting.slice()) {
        if (!waiter.wanted(message)) continue
        waiting.splice(waiting.indexOf(waiter), 1)
        waiter.resolve(message)
      }
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const outside: OutsideServer = {
    port: (server.address() as net.AddressInfo).port,
    messages: [],
    stages: [],
    behave: () => null,
    message: (wanted = () => true) =>
      new Promise((resolve) => {
        const known = outside.messages.find(wanted)
        if (known === undefined) waiting.push({ wanted, resolve })
        else resolve(known)
      }),
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
  return outside
}

function serve(
  first: net.Socket,
  outside: OutsideServer,
  offer: { key: Buffer; cert: Buffer } | null,
  keep: (message: OutsideMessage) => void,
): void {
  let socket = first
  let pending: Buffer = Buffer.alloc(0)
  let data: Buffer[] = []
  let inData = false
  let secured = false
  let silent = false
  let sender = ''
  let recipients: string[] = []

  /** Answers a stage; true when the dialogue goes on as usual. */
  const at = (stage: Stage, about = ''): boolean => {
    outside.stages.push(stage)
    const own = outside.behave(stage, about)
    if (own === 'hang') silent = true
    else if (own === 'disconnect') socket.destroy()
    else if (own !== null) socket.write(`${own}\r\n`)
    else {
      const extra = stage === 'ehlo' && offer !== null && !secured ? '250-STARTTLS\r\n' : ''
      socket.write(`${extra}${usual[stage]}\r\n`)
    }
    return own === null || own.startsWith('2') || own.startsWith('3')
  }
  const upgrade = (): void => {
    const refused = !at('starttls')
    if (refused) return
    socket.removeAllListeners('data')
    // An answer of the test's own that says yes: then no TLS follows it.
    if (outside.behave('starttls', '') !== null) return void socket.once('data', () => socket.end('this is not TLS\r\n'))
    const secure = new tls.TLSSocket(socket, { isServer: true, ...offer! })
    secured = true
    socket = secure
    attach()
  }
  const command = (line: string): void => {
    const verb = line.slice(0, 4).toUpperCase()
    const path = /<(.*?)>/.exec(line)?.[1] ?? ''
    if (verb === 'EHLO' || verb === 'HELO') at('ehlo')
    else if (verb === 'MAIL') {
      sender = path
      recipients = []
      at('mail', path)
    } else if (verb === 'RCPT') {
      if (at('rcpt', path)) recipients.push(path)
    } else if (verb === 'DATA') inData = at('data')
    else if (verb === 'STAR') upgrade()
    else if (verb === 'QUIT') socket.end('221 2.0.0 bye\r\n')
    else socket.write('250 2.0.0 ok\r\n')
  }
  const takeData = (chunk: Buffer): Buffer => {
    const tail = data.length === 0 ? Buffer.from('\r\n') : Buffer.concat(data.slice(-4)).subarray(-4)
    const end = Buffer.concat([tail, chunk]).indexOf('\r\n.\r\n')
    const used = end < 0 ? chunk.length : end + 5 - tail.length
    data.push(chunk.subarray(0, used))
    if (end < 0) return chunk.subarray(used)
    const stuffed = Buffer.concat(data).subarray(0, -3).toString('latin1')
    data = []
    inData = false
    const bytes = Buffer.from(stuffed.replace(/(^|\r\n)\./g, '$1'), 'latin1')
    if (at('end')) keep({ sender, recipients, bytes, tls: secured })
    return chunk.subarray(used)
  }
  const read = (chunk: Buffer): void => {
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk])
    while (pending.length > 0 && !silent && !socket.destroyed) {
      if (inData) {
        pending = takeData(pending)
        continue
      }
      const end = pending.indexOf('\r\n')
      if (end < 0) return
      const line = pending.toString('utf8', 0, end)
      pending = pending.subarray(end + 2)
      command(line)
    }
  }
  const attach = (): void => {
    socket.on('data', read)
    socket.on('error', () => socket.destroy())
  }
  attach()
  at('connect')
}
