/**
 * Debian's clamd with our configuration (config/clamd/clamd.conf) and a database of one signature: EICAR, the harmless text
 * that every scanner calls a virus.
 */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import net from 'node:net'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { freePort, startDaemon, withoutPrograms, type Daemon } from './daemon.ts'

export interface Clamd extends AsyncDisposable {
  readonly port: number
  readonly pid: number
  stop(signal?: NodeJS.Signals): Promise<void>
  /** On the same port. */
  start(): Promise<void>
}

/** In pieces, so that no scanner finds it in this file. */
export const eicar = ['X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR', 'STANDARD-ANTIVIRUS', 'TEST-FILE!$H+H*'].join('-')

export const clamdMissing = withoutPrograms('clamd')

const ours = resolve(import.meta.dirname, '../../config/clamd/clamd.conf')
/** What belongs to the machine. */
const replaced = /^(TCPSocket|TCPAddr|User|DatabaseDirectory|MaxThreads)\b/

export async function startClamd(): Promise<Clamd> {
  const folder = await mkdtemp(join(tmpdir(), 'congvu-clamd-'))
  const port = await freePort()
  const database = join(folder, 'db')
  await mkdir(database)
  // Name, any kind of file, anywhere in it, its bytes.
  await writeFile(join(database, 'eicar.ndb'), `Eicar-Signature:0:*:${Buffer.from(eicar).toString('hex')}\n`)
  const kept = (await readFile(ours, 'utf8')).split('\n').filter((line) => !replaced.test(line))
  const file = join(folder, 'clamd.conf')
  await writeFile(file, [...kept, `TCPSocket ${port}`, 'TCPAddr 127.0.0.1', 'MaxThreads 2', `DatabaseDirectory ${database}`, `PidFile ${join(folder, 'clamd.pid')}`, `TemporaryDirectory ${folder}`, ''].join('\n'))

  const start = (): Promise<Daemon> => startDaemon({ program: 'clamd', args: ['-c', file], ready: () => answers(port) })
  let daemon = await start()
  return {
    port,
    get pid() {
      return daemon.pid
    },
    stop: (signal) => daemon.stop(signal),
    async start() {
      daemon = await start()
    },
    async [Symbol.asyncDispose]() {
      await daemon.stop('SIGKILL')
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function answers(port: number): Promise<boolean> {
  const socket = net.connect({ host: '127.0.0.1', port })
  try {
    await once(socket, 'connect')
    socket.write('zPING\0')
    const [answer] = (await once(socket, 'data')) as [Buffer]
    return answer.toString('latin1').startsWith('PONG')
  } finally {
    socket.destroy()
  }
}
