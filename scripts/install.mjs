// Installs what is missing (`npm ci`), so that `npm start` and `npm test` work on a fresh clone. Runs on any Node >= 20.
import { createHash } from 'node:crypto'
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

export const root = resolve(import.meta.dirname, '..')
/** The Node 26 of the lock file, whatever the machine's own is. */
export const node = join(root, 'node_modules', '.bin', 'node')

const stamp = join(root, 'node_modules', '.congvu-installed')

/** Throws when the installation fails. */
export function ensureInstalled() {
  const lock = createHash('sha256').update(readFileSync(join(root, 'package-lock.json'))).digest('hex')
  if (existsSync(node) && existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return
  console.error('Cài đặt các gói (npm ci) … / installing packages …')
  const npm = spawnSync('npm', ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: root, stdio: ['ignore', 2, 2] })
  if (npm.status !== 0) throw new Error('npm ci không thành công / npm ci failed')
  const version = spawnSync(node, ['--version'], { encoding: 'utf8' })
  if (!/^v(2[6-9]|[3-9]\d)\./.test(version.stdout ?? '')) {
    throw new Error(`Node 26 không chạy được trên máy này / Node 26 does not run on this machine: ${version.stderr ?? version.error?.message ?? ''}`)
  }
  writeFileSync(stamp, lock)
}
