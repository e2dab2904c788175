// Fuzzes every route of the REST API from its own description, with schemathesis (PyPI; a tool of the tests, never a
// dependency, laid out in the cache folder): no 500, answers as described, wrong requests refused, bounded in time. Starts a
// server of its own on free ports, with the first administrator signed in as a person would be. Runs on any Node >= 20.
//   node scripts/api-fuzz.mjs [--seconds 60] [--seed 1] [--only PATTERN]
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { TOTP } from 'otpauth'
import { ensureInstalled, node } from './install.mjs'

// The server's certificate is its own.
process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'
process.removeAllListeners('warning')

const version = '4.32.5'
const cache = process.env.CONGVU_TEST_CACHE ?? join(homedir(), '.cache', 'congvu')
const root = resolve(import.meta.dirname, '..')
const startWithinMs = 60_000
const domain = 'congvu.test'

/** Throws when it can't be fetched. Returns the folder of Python's modules. */
function layOut() {
  const folder = join(cache, `schemathesis-${version}-modules`)
  if (existsSync(folder)) return folder
  mkdirSync(cache, { recursive: true })
  const filling = mkdtempSync(join(cache, 'fetching-'))
  try {
    run('python3', ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--target', filling, `schemathesis==${version}`])
    renameSync(filling, folder)
    return folder
  } finally {
    rmSync(filling, { recursive: true, force: true })
  }
}

function run(program, args) {
  const { status, stderr, error } = spawnSync(program, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${program} ${args.slice(0, 3).join(' ')} failed: ${error?.message ?? stderr}`)
}

const ports = ['SMTP__PORT', 'SMTP__SUBMISSION_PORT', 'SMTP__SUBMISSIONS_PORT', 'IMAP__PORT', 'IMAP__TLS_PORT', 'HTTP__PORT', 'HTTP__TLS_PORT', 'ADMIN__PORT', 'ADMIN__TLS_PORT']

/** Resolves when it listens: its origin, the first administrator, and how to end it. */
async function startServer() {
  const data = mkdtempSync(join(tmpdir(), 'congvu-fuzz-'))
  const env = {
    ...process.env,
    ...Object.fromEntries(ports.map((key) => [`CONGVU_${key}`, '0'])),
    CONGVU_SERVER__DATA_DIRECTORY: data,
    CONGVU_PROVINCE__DOMAIN: domain,
    CONGVU_SMTP__HOST: '127.0.0.1',
    CONGVU_IMAP__HOST: '127.0.0.1',
    CONGVU_OUTBOUND__ROUTES: '*=127.0.0.1:9',
    CONGVU_ADMIN__REQUESTS_PER_MINUTE: '1000000',
    CONGVU_LOG__LEVEL: 'error',
  }
  const child = spawn(node, [join(root, 'src', 'main.ts'), 'serve'], { env, cwd: data, stdio: ['ignore', 'pipe', 'pipe'] })
  let told = ''
  let faults = ''
  child.stdout.on('data', (chunk) => (told += chunk))
  child.stderr.on('data', (chunk) => (faults += chunk))
  const ended = once(child, 'exit')
  const signal = AbortSignal.timeout(startWithinMs)
  while (!told.includes('Ctrl-C')) {
    await Promise.race([once(child.stdout, 'data', { signal }), ended.then(() => Promise.reject(new Error(`the server ended:\n${faults}`)))])
  }
  const port = /Administration, HTTPS\s+\S+:(\d+)/.exec(told)[1]
  const [, user, password] = new RegExp(`(\\S+@${domain})\\s+(\\S+)`).exec(told)
  return {
    origin: `https://127.0.0.1:${port}`,
    user,
    password,
    faults: () => faults,
    async end() {
      child.kill('SIGTERM')
      await ended
      rmSync(data, { recursive: true, force: true })
    },
  }
}

const described = async (origin) => (await fetch(`${origin}/api/v1/openapi.json`)).json()

/** Signs in as a person does for the first time: second factor, new password; then makes a token with every scope. */
async function signIn({ origin, user, password }) {
  const headers = { 'content-type': 'application/json' }
  const ask = async (method, path, body) => {
    const answer = await fetch(`${origin}/api/v1${path}`, { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) })
    const text = await answer.text()
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`)
    const cookie = answer.headers.get('set-cookie')
    if (cookie !== null) headers.cookie = cookie.split(';')[0]
    const told = JSON.parse(text)
    if (told.csrfToken !== undefined) headers['x-csrf-token'] = told.csrfToken
    return told
  }
  await ask('POST', '/session', { user, password })
  const { secret } = await ask('POST', '/second-factor', {})
  await ask('POST', '/second-factor/confirmation', { code: new TOTP({ secret }).generate() })
  await ask('PUT', '/me/password', { oldPassword: password, newPassword: 'Fuzz-cua-Cong-Vu-2026!' })
  const description = await described(origin)
  const scopes = description.paths['/api/v1/tokens'].post.requestBody.content['application/json'].schema.properties.scopes.items.enum
  const { token } = await ask('POST', '/tokens', { name: 'fuzz', scopes, days: 1 })
  return { token, cookie: headers.cookie, csrfToken: headers['x-csrf-token'] }
}

/** What ends the very session that asks; and signing in, whose throttle makes those wait who guess. */
const endings = ['POST /api/v1/session', 'DELETE /api/v1/session', 'DELETE /api/v1/sessions/{id}', 'PUT /api/v1/me/password']

/** 422 is a rule of the regulation, which no schema can tell; 404, 409, 412 and 429 are the state's. */
const settings = `
[checks.positive_data_acceptance]
expected-statuses = ["2xx", "401", "403", "404", "409", "412", "422", "429"]
[checks.negative_data_rejection]
expected-statuses = ["400", "401", "403", "404", "405", "409", "412", "413", "415", "422", "428", "429"]
[checks.missing_required_header]
expected-statuses = ["400", "401", "403", "404", "412", "428"]
`

/**
 * No schema tells a cursor that a list gave from one that only looks like it (test/protocol/admin tries those), and texts of
 * megabytes at their very limit are more than schemathesis makes.
 */
function fuzzable(description) {
  for (const path of Object.values(description.paths)) {
    for (const operation of Object.values(path)) operation.parameters = operation.parameters.filter(({ name }) => name !== 'cursor')
  }
  return JSON.parse(JSON.stringify(description), (key, value) => (key === 'maxLength' && value > 1_000_000 ? undefined : value))
}

async function fuzz(modules, { origin }, { auth, headers, filters, seconds, seed }) {
  const folder = mkdtempSync(join(tmpdir(), 'congvu-schemathesis-'))
  writeFileSync(join(folder, 'schemathesis.toml'), `${settings}\n[auth.openapi.${auth.scheme}]\n${auth.kind} = ${JSON.stringify(auth.value)}\n`)
  writeFileSync(join(folder, 'openapi.json'), JSON.stringify(fuzzable(await described(origin))))
  const args = [
    '-m', 'schemathesis.cli', 'run', join(folder, 'openapi.json'), '--url', origin, '--tls-verify', 'false', '--max-time', String(seconds), '--max-examples', '20',
    '--checks', 'all', '--continue-on-failure', '--suppress-health-check', 'all', '--no-color', '--warnings', 'off', '--no-shrink',
    ...(seed === undefined ? [] : ['--seed', seed]),
    ...Object.entries(headers).flatMap(([name, value]) => ['--header', `${name}: ${value}`]),
    ...filters,
  ]
  const child = spawn('python3', args, { cwd: folder, env: { ...process.env, PYTHONPATH: modules }, stdio: ['ignore', 'pipe', 'pipe'] })
  let told = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (told += chunk))
  const killed = setTimeout(() => child.kill('SIGKILL'), (seconds + 60) * 1000)
  const [code] = await once(child, 'exit')
  clearTimeout(killed)
  rmSync(folder, { recursive: true, force: true })
  const [summary = ''] = /\d+ generated.*/.exec(told) ?? []
  const good = code === 0 && /^[1-9]/.test(summary) && !/failed|errored/.test(summary)
  console.log(good ? `API fuzz: ${summary}` : told)
  return good
}

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '60' }, seed: { type: 'string' }, only: { type: 'string' } } })
ensureInstalled()
const modules = layOut()
const server = await startServer()
let good = false
try {
  const { token, cookie, csrfToken } = await signIn(server)
  const only = values.only === undefined ? [] : ['--include-path-regex', values.only]
  const shared = { seconds: Number(values.seconds), seed: values.seed }
  const byToken = await fuzz(modules, server, { ...shared, auth: { scheme: 'token', kind: 'bearer', value: token }, headers: {}, filters: ['--exclude-tag', 'session', ...only] })
  const without = endings.flatMap((name) => ['--exclude-name', name])
  // Half the time: what is about one's own sign-in is a small part of the API.
  const bySession = await fuzz(modules, server, { ...shared, seconds: Math.ceil(shared.seconds / 2), auth: { scheme: 'session', kind: 'api_key', value: cookie.split('=')[1] }, headers: { 'X-CSRF-Token': csrfToken }, filters: ['--include-tag', 'session', ...without, ...only] })
  good = byToken && bySession
} finally {
  const faults = server.faults()
  await server.end()
  if (faults !== '') {
    console.error(faults.slice(0, 20_000))
    good = false
  }
}
if (!good) process.exitCode = 1
