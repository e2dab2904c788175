/** The units under config/systemd are checked by parsing: all that they name must exist. */
import assert from 'node:assert/strict'
import { spawnSync, type SpawnSyncReturns } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { test } from 'node:test'
import { loadConfig } from '../../../src/config/load.ts'
import { programPath } from '../../support/daemon.ts'

const root = resolve(import.meta.dirname, '../../..')
const folder = join(root, 'config/systemd')
const units = readdirSync(folder).filter((name) => name.endsWith('.service'))
const madeByScript = readFileSync(join(root, 'config/province/make-secrets.sh'), 'utf8')

/** Values of each directive, in order. */
function directives(unit: string): Map<string, string[]> {
  const found = new Map<string, string[]>()
  for (const line of readFileSync(join(folder, unit), 'utf8').split('\n')) {
    if (line === '' || line.startsWith('#') || line.startsWith('[')) continue
    const at = line.indexOf('=')
    assert.ok(at > 0, line)
    found.set(line.slice(0, at), [...(found.get(line.slice(0, at)) ?? []), line.slice(at + 1)])
  }
  return found
}

for (const unit of units) {
  test(`${unit}: program, role, settings and secrets exist`, () => {
    const given = directives(unit)
    const [program, file, command, ...role] = given.get('ExecStart')![0]!.split(' ')
    for (const path of [program!.replace('/opt/congvu/', ''), file!]) assert.ok(existsSync(join(root, path)), path)
    assert.equal(command, 'serve')
    assert.deepEqual(role, unit === 'congvu.service' ? [] : ['--role', unit.replace(/congvu-|\.service/g, '')])
    const settings = Object.fromEntries(given.get('Environment')!.map((setting) => setting.split('=') as [string, string]).filter(([key]) => key !== 'CONGVU_CONFIG'))
    const config = loadConfig({ env: settings })
    assert.equal(config.server.data_directory, `/var/lib/${given.get('StateDirectory')![0]}`)
    if (unit !== 'congvu-ingress.service') assert.equal(config.security.allow_active_accounts, false)
    const credentials = new Map((given.get('LoadCredential') ?? []).map((one) => one.split(':') as [string, string]))
    for (const value of Object.values(settings)) if (value.startsWith('%d/')) assert.ok(credentials.has(value.slice(3)), value)
    for (const [name, path] of credentials) {
      assert.equal(path, `/etc/congvu/secrets/${name}`)
      assert.ok(name.startsWith('tls_') || madeByScript.includes(`put ${name}`), name)
    }
    assert.equal(given.get('User')![0], 'congvu')
    assert.equal(given.get('NoNewPrivileges')![0], 'true')
    assert.equal(given.get('ProtectSystem')![0], 'strict')
    const known = ['network-online.target', 'mongod.service', 'redis-server.service', ...units]
    for (const other of given.get('After')![0]!.split(' ')) assert.ok(known.includes(other), other)
    assert.ok(Number(given.get('TimeoutStopSec')![0]) * 1000 > config.server.stop_within_ms)
  })
}

test('the README of the units names each of them', () => {
  const text = readFileSync(join(folder, 'README'), 'utf8')
  for (const unit of units) assert.ok(text.includes(unit), unit)
})

test('systemd takes them, where it is here', (t): void => {
  const program = programPath('systemd-analyze')
  if (program === null) return t.diagnostic('no systemd-analyze here: checked by parsing only')
  const copies = mkdtempSync(join(tmpdir(), 'congvu-units-'))
  try {
    for (const unit of units) {
      const file = join(copies, unit)
      writeFileSync(file, readFileSync(join(folder, unit), 'utf8').replaceAll('/opt/congvu', root))
      const verified: SpawnSyncReturns<string> = spawnSync(program, ['verify', '--man=no', file], { encoding: 'utf8' })
      // Of other units of the machine nothing is said here.
      const told: string[] = verified.stderr.split('\n').filter((line: string) => line.includes(unit))
      assert.equal(told.length, 0, told.join('\n'))
      assert.ok(verified.status === 0, verified.stderr)
    }
  } finally {
    rmSync(copies, { recursive: true })
  }
})
