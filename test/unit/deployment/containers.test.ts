/** Dockerfile and docker-compose.yml are checked by parsing: all that they name must exist. */
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { describe, test } from 'node:test'
import { parse } from 'yaml'
import { loadConfig } from '../../../src/config/load.ts'
import type { Config } from '../../../src/config/schema.ts'
import { programPath } from '../../support/daemon.ts'
import { readSecret, secretUrl } from '../../../src/secrets.ts'
import { corePlacesOf } from '../../../src/settings.ts'

const root = resolve(import.meta.dirname, '../../..')
const read = (file: string): string => readFileSync(join(root, file), 'utf8')

interface Service {
  readonly image?: string
  readonly build?: string
  readonly profiles: readonly string[]
  readonly command?: readonly string[]
  readonly user?: string
  readonly environment?: Readonly<Record<string, string>>
  readonly ports?: readonly string[]
  readonly volumes?: readonly string[]
  readonly secrets?: readonly string[]
  readonly networks?: readonly string[] | Readonly<Record<string, { readonly ipv4_address?: string }>>
  readonly depends_on?: readonly string[] | Readonly<Record<string, { readonly condition: string }>>
  readonly healthcheck?: object
  readonly read_only?: boolean
  readonly cap_drop: readonly string[]
  readonly security_opt: readonly string[]
  readonly hostname?: string
  readonly restart?: string
  readonly deploy?: { readonly resources: { readonly limits: { readonly cpus: string; readonly memory: string } } }
}

interface ComposeFile {
  readonly services: Readonly<Record<string, Service>>
  readonly networks: Readonly<Record<string, { readonly internal?: boolean; readonly ipam?: { readonly config: readonly { readonly subnet: string }[] } } | null>>
  readonly secrets: Readonly<Record<string, { readonly file: string }>>
  readonly volumes: Readonly<Record<string, unknown>>
}

const composeFile = parse(read('docker-compose.yml'), { merge: true }) as ComposeFile
const services = Object.entries(composeFile.services)
const inProvince = services.filter(([, { profiles }]) => profiles.includes('province'))
const ours = (service: Service): boolean => service.image === 'congvu:local'
const names = (list: readonly string[] | Readonly<Record<string, unknown>> | undefined): string[] => (Array.isArray(list) ? [...(list as string[])] : Object.keys(list ?? {}))

/** As Compose fills it in without anything in the environment. */
const filled = (text: string): string => text.replace(/\$\{\w+:-([^}]*)\}/g, '$1').replaceAll('$$', '$')

function configOf(service: Service): Config {
  return loadConfig({ env: Object.fromEntries(Object.entries(service.environment ?? {}).map(([key, value]) => [key, filled(String(value))])) })
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
const defaults = loadConfig()
const defaultPorts = (() => {
  const { smtp, imap, http } = defaults
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

test('a build takes neither secrets nor data nor what is not needed', () => {
  for (const file of ['.dockerignore', '.gitignore']) assert.match(read(file), /^secrets\/?$/m)
  assert.match(read('.dockerignore'), /^data$/m)
})

describe('docker-compose.yml', () => {
  test('profile embedded: settings and ports that exist', () => {
    const service = composeFile.services.congvu!
    assert.deepEqual(service.profiles, ['embedded'])
    assert.equal(configOf(service).security.allow_active_accounts, false)
    const targets = service.ports!.map((port) => Number(port.split(':').at(-1)))
    assert.deepEqual(targets.filter((port) => !defaultPorts.includes(port)), [])
  })

  for (const [name, service] of services) {
    test(`${name}: all that it names is declared, and it may as little as it can`, () => {
      const { image, volumes = [], secrets = [], networks, depends_on, profiles } = service
      assert.match(image ?? '', /^[\w./-]+:[\w.-]+$/, 'an image with a tag')
      assert.doesNotMatch(image!, /:latest$/)
      for (const volume of volumes) {
        const source = volume.split(':')[0]!
        assert.ok(source.startsWith('./') ? existsSync(join(root, source)) && volume.endsWith(':ro') : source in composeFile.volumes, volume)
      }
      for (const secret of secrets) assert.ok(secret in composeFile.secrets, secret)
      for (const network of names(networks)) assert.ok(network in composeFile.networks, network)
      for (const other of names(depends_on)) {
        const needed = composeFile.services[other]
        assert.ok(needed !== undefined && profiles.every((profile) => needed.profiles.includes(profile)), other)
        const condition = (depends_on as Record<string, { condition: string }>)[other]?.condition
        if (condition === 'service_healthy') assert.ok(needed.healthcheck !== undefined || ours(needed), `${other} says whether it is healthy`)
        if (condition === 'service_completed_successfully') assert.equal(needed.restart, 'on-failure')
      }
      assert.deepEqual(service.cap_drop, ['ALL'])
      assert.deepEqual(service.security_opt, ['no-new-privileges:true'])
      const { cpus, memory } = service.deploy!.resources.limits
      assert.ok(Number(cpus) > 0 && /^\d+[gm]$/.test(memory))
      if (name !== 'clamav') assert.equal(service.read_only, true)
      assert.ok(ours(service) || service.user !== undefined || ['rspamd', 'clamav'].includes(name), 'a user of its own')
      assert.ok(ours(service) || service.healthcheck !== undefined || service.restart === 'on-failure', 'a health check')
      // Nothing is written into the file itself that should be a secret.
      assert.doesNotMatch(JSON.stringify(service.environment ?? {}), /password"?:"[^/"]|:\/\/[^/"]*:[^/"]*@/i)
    })
  }

  test('every volume, secret and network is used', () => {
    const used = (pick: (service: Service) => readonly string[]): Set<string> => new Set(services.flatMap(([, service]) => pick(service)))
    assert.deepEqual(Object.keys(composeFile.volumes).filter((name) => !used(({ volumes = [] }) => volumes.map((volume) => volume.split(':')[0]!)).has(name)), [])
    assert.deepEqual(Object.keys(composeFile.secrets).filter((name) => !used(({ secrets = [] }) => secrets).has(name)), [])
    assert.deepEqual(Object.keys(composeFile.networks).filter((name) => !used(({ networks }) => names(networks)).has(name)), [])
  })

  test('profile province: three members, two core and two ingress nodes, each with a name of its own', () => {
    const role = ({ command = [] }: Service): string => command.join(' ')
    const cores = inProvince.filter(([, service]) => role(service) === 'serve --role core')
    const ingresses = inProvince.filter(([, service]) => role(service) === 'serve --role ingress')
    assert.deepEqual([cores.length, ingresses.length, inProvince.filter(([name]) => /^mongo-\d$/.test(name)).length], [2, 2, 3])
    for (const [name, service] of [...cores, ...ingresses]) {
      assert.equal(service.hostname, name)
      assert.equal(configOf(service).server.node, name)
    }
    for (const [, service] of cores) {
      const { store, security, redis, link } = configOf(service)
      assert.equal(store.kind, 'mongo')
      assert.equal(security.allow_active_accounts, false)
      for (const file of [store.mongo_url_file, redis.url_file, link.token_file]) assert.ok(service.secrets!.includes(file.replace('/run/secrets/', '')), file)
      assert.ok(names(service.networks).includes('back'))
    }
    for (const [, service] of ingresses) {
      const config = configOf(service)
      const cored = corePlacesOf(config, 'x')
      for (const { link, lmtp } of [{ link: cored.link.place, lmtp: cored.lmtp.place }, ...cored.otherCores!]) {
        assert.ok('host' in link && 'host' in lmtp)
        const core = cores.find(([name]) => name === link.host)
        assert.ok(core !== undefined, link.host)
        const { port, lmtp_port } = configOf(core[1]).link
        assert.deepEqual([link.port, lmtp.port], [port, lmtp_port])
      }
      assert.ok(service.secrets!.includes('link_token'))
      assert.ok(!names(service.networks).includes('back'), 'what the Internet talks to does not reach the data')
      for (const scanner of [config.checks.rspamd, config.checks.clamd]) assert.ok(scanner.split(':')[0]! in composeFile.services, scanner)
    }
    assert.ok(composeFile.networks.back?.internal)
    assert.ok(composeFile.networks.link?.internal)
  })

  test('the load balancer sends to nodes that are there, on ports that they listen on, and its PROXY headers are believed', () => {
    const text = read('config/province/haproxy.cfg')
    const bound = [...text.matchAll(/^ {4}bind :(\d+)$/gm)].map((match) => Number(match[1]))
    const balancer = composeFile.services['load-balancer']!
    assert.deepEqual(balancer.ports!.map((port) => Number(port.split(':')[1])).toSorted(), bound.toSorted())
    const address = (balancer.networks as Record<string, { ipv4_address: string }>).front!.ipv4_address
    assert.ok(address.startsWith(composeFile.networks.front!.ipam!.config[0]!.subnet.replace('.0/24', '.')))
    const servers = [...text.matchAll(/^ {4}server (\S+) (\S+):(\d+)( send-proxy)? (?:check|track \w+\/\2)$/gm)]
    assert.equal(servers.length, 12)
    for (const [, name, host, port, proxy] of servers as unknown as [string, string, string, string, string | undefined][]) {
      assert.equal(name, host)
      const config = configOf(composeFile.services[host]!)
      const isCore = config.store.kind === 'mongo'
      const listening = isCore ? [config.imap.port, config.imap.tls_port] : [config.smtp.port, config.smtp.submission_port, config.smtp.submissions_port]
      if (proxy === undefined) assert.equal(Number(port), config.http.tls_port)
      else {
        assert.ok(listening.includes(Number(port)), `${host}:${port}`)
        assert.deepEqual(isCore ? config.imap.proxies : config.smtp.proxies, [address])
      }
      assert.equal(Number(/default-server port (\d+)/.exec(text)![1]), config.http.port)
      assert.ok(names(composeFile.services[host]!.networks).includes('front'))
    }
    if (programPath('haproxy') !== null) {
      const checked = spawnSync(programPath('haproxy')!, ['-c', '-f', join(root, 'config/province/haproxy.cfg')], { encoding: 'utf8' })
      assert.equal(checked.status, 0, checked.stderr)
    }
  })

  test('the scanners are set as beside one machine, but for where they listen', () => {
    const lines = (file: string): string[] => read(file).split('\n').filter((line) => line !== '' && !line.startsWith('#'))
    assert.deepEqual(lines('config/province/clamd.conf'), lines('config/clamd/clamd.conf').map((line) => line.replace('127.0.0.1', '0.0.0.0')))
    const mounted = composeFile.services.rspamd!.volumes!.filter((volume) => volume.startsWith('./')).map((volume) => volume.split(':')[0]!.split('/').at(-1)!)
    for (const file of readdirSync(join(root, 'config/rspamd/local.d'))) assert.ok(mounted.includes(file), file)
    const controller = /secure_ip = "([\d./]+)"/.exec(read('config/province/rspamd/worker-controller.inc'))![1]
    assert.equal(controller, composeFile.networks.scan!.ipam!.config[0]!.subnet)
  })
})

test('make-secrets.sh makes every secret but the certificate, once, for its owner alone, and they are as the program wants them', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'congvu-secrets-'))
  try {
    const secrets = join(folder, 'secrets')
    const make = (): void => void execFileSync('sh', [join(root, 'config/province/make-secrets.sh'), secrets], { stdio: 'ignore' })
    make()
    const made = readdirSync(secrets)
    assert.deepEqual(Object.keys(composeFile.secrets).toSorted(), [...made, 'tls_certificate', 'tls_key'].toSorted())
    assert.equal(statSync(secrets).mode & 0o777, 0o700)
    const first = made.map((name) => readFileSync(join(secrets, name), 'utf8'))
    make()
    assert.deepEqual(made.map((name) => readFileSync(join(secrets, name), 'utf8')), first)
    assert.ok((await readSecret('link.token_file', join(secrets, 'link_token'), 32)).length >= 32)
    const url = new URL((await secretUrl('store.mongo_url', '', join(secrets, 'mongo_url'))).replace(/@([^,/]+),[^/]*\//, '@$1/'))
    assert.equal(url.searchParams.get('replicaSet'), 'congvu')
    const hosts = /@([^/]+)\//.exec(readFileSync(join(secrets, 'mongo_url'), 'utf8'))![1]!.split(',').map((host) => host.split(':')[0]!)
    for (const host of hosts) assert.ok(host in composeFile.services && read('config/province/mongo-setup.js').includes(`'${host}'`), host)
    assert.ok(new URL(await secretUrl('redis.url', '', join(secrets, 'redis_url'))).hostname in composeFile.services)
  } finally {
    rmSync(folder, { recursive: true })
  }
})
