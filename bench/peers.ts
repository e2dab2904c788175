/**
 * Postfix and Dovecot, as Debian packages them, from private folders on free loopback ports: what ours is compared with.
 * The mail goes Postfix → queue → Dovecot's LMTP → Maildir, all of it durable. Nothing under /etc is touched.
 */
import { spawnSync } from 'node:child_process'
import { closeSync, existsSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs'
import { chmod, mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { freePorts } from './loopback.ts'
import type { Target } from './target.ts'

export const peers = 'Postfix + Dovecot'

const needed: readonly (readonly [program: string, debianPackage: string])[] = [
  ['/usr/sbin/postfix', 'postfix'],
  ['/usr/sbin/dovecot', 'dovecot-core'],
  ['/usr/lib/dovecot/imap', 'dovecot-imapd'],
  ['/usr/lib/dovecot/lmtp', 'dovecot-lmtpd'],
]

/** What keeps the peers from being measured on this machine; empty when nothing does. */
export function peersMissing(): string[] {
  const packages = needed.filter(([program]) => !existsSync(program)).map(([, name]) => name)
  const missing = packages.length === 0 ? [] : [`Debian's packages: apt-get install --no-install-recommends ${packages.join(' ')}`]
  if (process.getuid?.() !== 0) missing.push('the rights of root, which Postfix and Dovecot need to start')
  return missing
}

const filedLine = Buffer.from('saved mail to INBOX')
const filedWithinMs = 300_000

export async function startPeers(folder: string): Promise<Target> {
  const home = await mkdtemp(join(folder, 'congvu-peers-'))
  // Their processes run as users of their own.
  await chmod(home, 0o755)
  const [smtp = 0, lmtp = 0, imap = 0] = await freePorts(3)
  const env = { ...process.env, PEERS_DIR: home, PEERS_SMTP: String(smtp), PEERS_LMTP: String(lmtp), PEERS_IMAP: String(imap) }
  const script = (name: string): void => {
    const { status, stdout, stderr } = spawnSync('bash', [join(import.meta.dirname, 'peers', name)], { env, encoding: 'utf8', timeout: 60_000 })
    if (status !== 0) throw new Error(`${name} failed:\n${stdout}${stderr}`)
  }
  const stop = (): void => script('down.sh')
  try {
    script('up.sh')
    const pids = [join(home, 'dc/run/master.pid'), join(home, 'pf/spool/pid/master.pid')].map((file) => Number(readFileSync(file, 'utf8').trim()))
    return {
      name: peers,
      smtp,
      lmtp,
      imap,
      imaps: null,
      pids,
      // A process each; beyond some hundred it says nothing new.
      maxSessions: 200,
      countFiled: async () => countLines(join(home, 'log/dovecot.log')),
      async [Symbol.asyncDispose]() {
        stop()
      },
    }
  } catch (error) {
    stop()
    throw error
  }
}

/** Postfix says 250 when the message is in its queue, so its deliveries are counted in Dovecot's log as they are filed. */
function countLines(file: string): { filed(count: number): Promise<void> } {
  let position = existsSync(file) ? readFileSync(file).length : 0
  let seen = 0
  return {
    async filed(count) {
      const until = performance.now() + filedWithinMs
      while (seen < count) {
        const added = readFrom(file, position)
        const whole = added.subarray(0, added.lastIndexOf(0x0a) + 1)
        position += whole.length
        seen += occurrences(whole)
        if (seen >= count) return
        if (performance.now() > until) throw new Error(`${seen} of ${count} messages were filed within ${filedWithinMs} ms`)
        await pause(10)
      }
    },
  }
}

function readFrom(file: string, position: number): Buffer {
  const descriptor = openSync(file, 'r')
  try {
    const bytes = Buffer.alloc(Math.max(0, fstatSync(descriptor).size - position))
    return bytes.subarray(0, readSync(descriptor, bytes, 0, bytes.length, position))
  } finally {
    closeSync(descriptor)
  }
}

function occurrences(text: Buffer): number {
  let count = 0
  for (let at = text.indexOf(filedLine); at >= 0; at = text.indexOf(filedLine, at + 1)) count++
  return count
}
