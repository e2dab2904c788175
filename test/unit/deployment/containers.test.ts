/** Dockerfile and docker-compose.yml are checked by parsing: all that they name must exist. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { test } from 'node:test'
import { parse } from 'yaml'
import { loadConfig } from '../../../src/config/load.ts'

const root = resolve(import.meta.dirname, '../../..')
const read = (file: string): string => readFileSync(join(root, file), 'utf8')

interface ComposeFile {
  readonly services: Readonly<Record<string, {
    readonly profiles: readonly string[]
    readonly environment: Readonly<Record<string, string>>
    readonly ports: readonly string[]
    readonly volumes: readonly string[]
    readonly read_only: boolean
    readonly cap_drop: readonly string[]
  }>>
  readonly volumes: Readonly<Record<string, unknown>>
}

/** Instructions of a Dockerfile, continuation lines joined. */
function instructions(text: string): { name: string; rest: string }[] {
  return text
    .replace(/\\\n/g, ' ')
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('#'))
    .map((line) => ({ name: line.split(/\s/, 1)[0]!, rest: line.slice(line.split(/\s/, 1)[0]!.length).trim() }))
}

const known = new Set(['FROM', 'ENV', 'WORKDIR', 'RUN', 'COPY', 'USER', 'VOLUME', 'EXPOSE', 'STOPSIGNAL', 'HEALTHCHECK', 'ENTRYPOINT', 'CMD'])
const defaultPorts = (() => {
  const { smtp, imap, http } = loadConfig()
  return [smtp.port, smtp.submission_port, smtp.submissions_port, imap.port, imap.tls_port, http.port, http.tls_port]
})()

test('the Dockerfile has only instructions that exist and copies only what is in the repository', () => {
  const all = instructions(read('Dockerfile'))
  assert.deepEqual(all.filter((one) => !known.has(one.name)), [])
  const copied = all.filter((one) => one.name === 'COPY' && !one.rest.startsWith('--from')).flatMap((one) => one.rest.split(/\s+/).slice(0, -1))
  assert.deepEqual(copied.filter((file) => !existsSync(join(root, file))), [])
  assert.ok(all.findIndex((one) => one.name === 'USER') > 0, 'runs as its own user')
})

test('the image exposes the default ports and its settings exist', () => {
  const all = instructions(read('Dockerfile'))
  const exposed = all.find((one) => one.name === 'EXPOSE')!.rest.split(/\s+/).map(Number)
  assert.deepEqual(exposed, defaultPorts)
  const settings = all.filter((one) => one.name === 'ENV').flatMap((one) => [...one.rest.matchAll(/(CONGVU_\w+)=(\S+)/g)].map((match) => [match[1]!, match[2]!]))
  assert.ok(settings.length > 0)
  const config = loadConfig({ env: Object.fromEntries(settings) })
  assert.equal(config.security.allow_active_accounts, false)
})

test('docker-compose.yml: profile embedded, settings and ports that exist, volumes that are declared, least privilege', () => {
  const compose = parse(read('docker-compose.yml')) as ComposeFile
  const service = compose.services.congvu!
  assert.deepEqual(service.profiles, ['embedded'])
  const environment = Object.fromEntries(Object.entries(service.environment).map(([key, value]) => [key, value.replace(/\$\{\w+:-([^}]*)\}/, '$1')]))
  assert.equal(loadConfig({ env: environment }).security.allow_active_accounts, false)
  const targets = service.ports.map((port) => Number(port.split(':').at(-1)))
  assert.deepEqual(targets.filter((port) => !defaultPorts.includes(port)), [])
  assert.deepEqual(service.volumes.map((volume) => volume.split(':')[0]!).filter((name) => !(name in compose.volumes)), [])
  assert.equal(service.read_only, true)
  assert.deepEqual(service.cap_drop, ['ALL'])
})
