/**
 * Debian's rspamd with our configuration (config/rspamd/local.d) over the package's own, and a Redis of its own for Bayes.
 * It asks no DNS but the one it is given, and starts in a second: a handful of top-level domains, no compiled patterns.
 */
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import net from 'node:net'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { freePort, startDaemon, withoutPrograms, type Daemon } from './daemon.ts'

export const controllerPassword = 'chi-de-thu-nghiem'

export interface Rspamd extends AsyncDisposable {
  readonly port: number
  readonly controllerPort: number
  /** With the password of the controller. */
  readonly passwordFile: string
  readonly pid: number
  stop(signal?: NodeJS.Signals): Promise<void>
  /** On the same ports, with what it had learned. */
  start(): Promise<void>
  /** What it has learned since the start of its Redis. */
  learned(): Promise<{ readonly spam: number; readonly ham: number }>
  /** Its Redis goes away. */
  stopRedis(): Promise<void>
  output(): string
}

export interface RspamdOptions {
  /** `address:port`; without it rspamd finds no name. */
  readonly dnsServer?: string
  /** Messages of either kind before Bayes says anything. */
  readonly minLearns?: number
}

export const rspamdMissing = withoutPrograms('rspamd', 'redis-server')

const ours = resolve(import.meta.dirname, '../../config/rspamd/local.d')
const packaged = '/etc/rspamd/rspamd.conf'

export async function startRspamd(options: RspamdOptions = {}): Promise<Rspamd> {
  const folder = await mkdtemp(join(tmpdir(), 'congvu-rspamd-'))
  const ports = { scanner: await freePort(), controller: await freePort() }
  const redisSocket = join(folder, 'redis.sock')
  const passwordFile = join(folder, 'password')
  await writeFile(passwordFile, `${controllerPassword}\n`, { mode: 0o600 })
  await cp(ours, join(folder, 'local.d'), { recursive: true })
  await mkdir(join(folder, 'override.d'))
  for (const part of ['db', 'run', 'log']) await mkdir(join(folder, part))
  await writeFile(join(folder, 'tld.txt'), 'com\norg\ntest\nexample\nvn\ngov.vn\n')
  for (const [name, text] of Object.entries(overrides({ folder, ports, redisSocket, options }))) await writeFile(join(folder, 'override.d', name), text)

  const redis = await startRedis(redisSocket)
  const start = (): Promise<Daemon> => startDaemon({ program: 'rspamd', args: argumentsOf(folder), ready: () => answers(ports) })
  let daemon: Daemon
  try {
    daemon = await start()
  } catch (error) {
    await redis.stop('SIGKILL')
    throw error
  }
  return {
    port: ports.scanner,
    controllerPort: ports.controller,
    passwordFile,
    get pid() {
      return daemon.pid
    },
    stop: (signal) => daemon.stop(signal),
    async start() {
      daemon = await start()
    },
    learned: () => learned(redisSocket),
    stopRedis: () => redis.stop('SIGKILL'),
    output: () => daemon.output(),
    async [Symbol.asyncDispose]() {
      await daemon.stop('SIGKILL')
      await redis.stop('SIGKILL')
      await rm(folder, { recursive: true, force: true })
    },
  }
}

interface Places {
  readonly folder: string
  readonly ports: { readonly scanner: number; readonly controller: number }
  readonly redisSocket: string
  readonly options: RspamdOptions
}

function overrides({ folder, ports, redisSocket, options }: Places): Record<string, string> {
  return {
    'options.inc': [
      `url_tld = "${folder}/tld.txt";`,
      `pidfile = "${folder}/run/rspamd.pid";`,
      `dns { nameserver = ["${options.dnsServer ?? '127.0.0.1:9'}"]; timeout = 0.3s; retransmits = 1; }`,
      'disable_hyperscan = true;',
      // The GTUBE texts that ask for less than "reject".
      'enable_test_patterns = true;',
    ].join('\n'),
    'worker-normal.inc': `bind_socket = "127.0.0.1:${ports.scanner}";\ncount = 1;\n`,
    'worker-controller.inc': `bind_socket = "127.0.0.1:${ports.controller}";\npassword = "${controllerPassword}";\nsecure_ip = [];\n`,
    'logging.inc': 'type = "console";\nlevel = "warning";\n',
    'redis.conf': `servers = "${redisSocket}";\n`,
    'classifier-bayes.conf': `min_learns = ${options.minLearns ?? 200};\n`,
    // Lists of the Internet, which tests do not ask.
    'rbl.conf': 'enabled = false;\n',
    'surbl.conf': 'enabled = false;\n',
    'fuzzy_check.conf': 'enabled = false;\n',
    'rspamd_update.conf': 'enabled = false;\n',
  }
}

/** `-i`: also as root, as in a container. */
function argumentsOf(folder: string): string[] {
  const variables = { DBDIR: join(folder, 'db'), RUNDIR: join(folder, 'run'), LOGDIR: join(folder, 'log'), LOCAL_CONFDIR: folder }
  return ['-f', '-i', '-c', packaged, ...Object.entries(variables).map(([name, value]) => `--var=${name}=${value}`)]
}

async function answers({ scanner, controller }: Places['ports']): Promise<boolean> {
  const pings = await Promise.all([scanner, controller].map(async (port) => (await fetch(`http://127.0.0.1:${port}/ping`)).text()))
  return pings.every((text) => text.startsWith('pong'))
}

async function startRedis(socket: string): Promise<Daemon> {
  return await startDaemon({
    program: 'redis-server',
    args: ['--port', '0', '--unixsocket', socket, '--save', '', '--appendonly', 'no', '--daemonize', 'no'],
    ready: async () => (await askRedis(socket, 'PING')).startsWith('+PONG'),
  })
}

/** Counted by rspamd in the hashes of its classifier. */
async function learned(socket: string): Promise<{ spam: number; ham: number }> {
  const count = async (field: string): Promise<number> => Number(/^\$\d+\r\n(\d+)/.exec(await askRedis(socket, `HGET RS ${field}`))?.[1] ?? 0)
  return { spam: await count('learns_spam'), ham: await count('learns_ham') }
}

/** One inline command; the answer is short enough for one packet. */
async function askRedis(path: string, command: string): Promise<string> {
  const socket = net.connect({ path })
  try {
    await once(socket, 'connect')
    socket.write(`${command}\r\n`)
    const [answer] = (await once(socket, 'data')) as [Buffer]
    return answer.toString('utf8')
  } finally {
    socket.destroy()
  }
}
