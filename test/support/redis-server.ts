/** A Redis of the test's own, on a free port of loopback and without files, that can be killed, stopped, emptied and started again. */
import { createClient } from 'redis'
import { freePort, startDaemon, withoutPrograms, type Daemon } from './daemon.ts'

export const withoutRedis = withoutPrograms('redis-server')

export interface RedisServer extends AsyncDisposable {
  readonly port: number
  readonly url: string
  /** SIGKILL: what it held is gone. */
  kill(): Promise<void>
  start(): Promise<void>
  /** SIGSTOP: connections stay, nothing is answered. */
  halt(): void
  goOn(): void
  /** One command on a connection of its own. */
  command(...words: string[]): Promise<unknown>
}

export async function redisServer(): Promise<RedisServer> {
  const port = await freePort()
  let daemon: Daemon | null = null
  const command = async (...words: string[]): Promise<unknown> => {
    const client = createClient({ url: `redis://127.0.0.1:${port}`, socket: { reconnectStrategy: false } })
    client.on('error', () => undefined)
    await client.connect()
    try {
      return await client.sendCommand(words)
    } finally {
      client.destroy()
    }
  }
  // A test run that ends early does not leave it behind.
  const endWithProcess = (): void => {
    if (daemon !== null) process.kill(daemon.pid, 'SIGKILL')
  }
  process.once('exit', endWithProcess)
  const server: RedisServer = {
    port,
    url: `redis://127.0.0.1:${port}`,
    async start() {
      daemon = await startDaemon({
        program: 'redis-server',
        args: ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', '/tmp'],
        ready: async () => (await command('PING')) === 'PONG',
      })
    },
    async kill() {
      await daemon?.stop('SIGKILL')
      daemon = null
    },
    halt() {
      process.kill(daemon!.pid, 'SIGSTOP')
    },
    goOn() {
      process.kill(daemon!.pid, 'SIGCONT')
    },
    command,
    async [Symbol.asyncDispose]() {
      await server.kill()
      process.off('exit', endWithProcess)
    },
  }
  await server.start()
  return server
}
