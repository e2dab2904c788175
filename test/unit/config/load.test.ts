import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { ConfigError, defaultToml, loadConfig } from '../../../src/config/load.ts'

function withFile<T>(toml: string, run: (file: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'congvu-config-'))
  try {
    const file = join(folder, 'congvu.toml')
    writeFileSync(file, toml)
    return run(file)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const problemsOf = (run: () => unknown): readonly string[] => {
  try {
    run()
  } catch (error) {
    assert.ok(error instanceof ConfigError)
    return error.problems
  }
  return assert.fail('not refused')
}

test('the default file is the one that the schema makes, and gives the defaults', () => {
  assert.equal(readFileSync(new URL('../../../config/default.toml', import.meta.url), 'utf8'), defaultToml())
  assert.deepEqual(withFile(defaultToml(), (file) => loadConfig({ file })), loadConfig())
})

test('the environment wins over the file, the file over the defaults', () => {
  const config = withFile('[imap]\nport = 1143\ntls_port = 1993\n', (file) => loadConfig({ file, env: { CONGVU_IMAP__PORT: '3143', PATH: '/bin' } }))
  assert.deepEqual([config.imap.port, config.imap.tls_port, config.smtp.port], [3143, 1993, 2525])
})

test('lists, numbers and flags come from the environment in their types', () => {
  const config = loadConfig({
    env: { CONGVU_OUTBOUND__ROUTES: '*=127.0.0.1:26, b.vn=x:25', CONGVU_OUTBOUND__RETRY_SECONDS: '1,2', CONGVU_LMTP__ENABLED: 'true', CONGVU_CHECKS__REFUSE_SCORE: '4.5' },
  })
  assert.deepEqual(config.outbound.routes, ['*=127.0.0.1:26', 'b.vn=x:25'])
  assert.deepEqual(config.outbound.retry_seconds, [1, 2])
  assert.equal(config.lmtp.enabled, true)
  assert.equal(config.checks.refuse_score, 4.5)
})

const wrong: readonly (readonly [string, string, RegExp])[] = [
  ['a value of the wrong type', '[imap]\nport = "x"', /^imap\.port = "x": .*whole number from 0 to 65535/],
  ['a value out of range', '[imap]\nport = 70000', /^imap\.port = 70000: .*whole number/],
  ['a value that is not in the list', '[checks]\nunscanned = "drop"', /^checks\.unscanned = "drop": .*"accept" \| "defer"/],
  ['a domain that is none', '[province]\ndomain = "Gia Lai"', /^province\.domain = "Gia Lai"/],
  ['an unknown key', '[imap]\nprot = 1', /^imap\.prot = 1: .*no such key.*port/],
  ['an unknown section', '[imapd]\nport = 1', /^imapd\.port = 1: .*no such section/],
  ['a key outside of a section', 'port = 1', /^port = 1: .*expected a section/],
  ['no TOML', '[imap', /congvu\.toml: /],
]
for (const [name, toml, pattern] of wrong) {
  test(`refused with key, value and what was expected: ${name}`, () => {
    const problems = problemsOf(() => withFile(toml, (file) => loadConfig({ file })))
    assert.match(problems[0] ?? '', pattern)
  })
}

test('the environment is refused the same way, and all problems are told at once', () => {
  const problems = problemsOf(() => loadConfig({ env: { CONGVU_IMAP__PORT: '', CONGVU_LMTP__ENABLED: 'yes', CONGVU_NOTHING__AT_ALL: '1' } }))
  assert.equal(problems.length, 3)
})

test('a file that is named must be there', () => {
  assert.match(problemsOf(() => loadConfig({ file: '/nowhere/congvu.toml' }))[0] ?? '', /ENOENT/)
})

test('on MongoDB no account skips the first change of its password unless that is asked for', () => {
  const mongo = { CONGVU_STORE__KIND: 'mongo', CONGVU_STORE__MONGO_URL: 'mongodb://a,b,c/?replicaSet=r' }
  assert.equal(loadConfig().security.allow_active_accounts, true)
  assert.equal(loadConfig({ env: mongo }).security.allow_active_accounts, false)
  assert.equal(loadConfig({ env: { ...mongo, CONGVU_SECURITY__ALLOW_ACTIVE_ACCOUNTS: 'true' } }).security.allow_active_accounts, true)
})

test('keys that are needed together are named together', () => {
  const of = (env: Record<string, string>) => problemsOf(() => loadConfig({ env })).join('\n')
  assert.match(of({ CONGVU_STORE__KIND: 'mongo' }), /^store\.mongo_url: .*mongo_url_file/)
  const mongo = { CONGVU_STORE__KIND: 'mongo', CONGVU_STORE__MONGO_URL_FILE: '/x' }
  assert.match(of({ ...mongo, CONGVU_STORE__MONGO_URL: 'mongodb://a' }), /^store\.mongo_url_file: /)
  assert.match(of({ ...mongo, CONGVU_STORE__BODIES: 's3' }), /s3\.endpoint: .*\ns3\.bucket: .*\ns3\.access_key_file: .*\ns3\.secret_key_file: /)
  assert.match(of({ CONGVU_STORE__BODIES: 's3' }), /store\.bodies = "s3": .*store\.kind = "mongo"/)
  assert.match(of({ CONGVU_LINK__CORES: 'core-1,core-2:25' }), /link\.cores: "core-2:25": .*host:port:lmtp_port/)
})

test('a wrong URL is named without its password', () => {
  for (const url of ['mysql://an:mat-khau@host/db', 'an:mat-khau@host']) {
    const told = problemsOf(() => loadConfig({ env: { CONGVU_STORE__KIND: 'mongo', CONGVU_STORE__MONGO_URL: url, CONGVU_REDIS__URL: url } })).join('\n')
    assert.match(told, /store\.mongo_url = .*host/)
    assert.match(told, /redis\.url = /)
    assert.doesNotMatch(told, /mat-khau/)
  }
})
