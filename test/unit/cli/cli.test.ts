import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { after, describe, it } from 'node:test'
import { cliCommands, parseCommand, runCli } from '../../../src/cli/cli.ts'
import { jsonPrinter, textPrinter } from '../../../src/cli/printer.ts'
import { readSecrets, type TerminalInput } from '../../../src/cli/terminal.ts'
import { UsageError } from '../../../src/cli/usage-error.ts'

const folder = await mkdtemp(join(tmpdir(), 'congvu-cli-'))
after(() => rm(folder, { recursive: true }))

/** Runs a command without a server. */
async function run(argv: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const stdout = new PassThrough()
  const stderr = new PassThrough()
  const exitCode = await runCli(argv, { socketPath: join(folder, 'no.sock'), stdin: Readable.from([]), stdout, stderr, env })
  stdout.end()
  stderr.end()
  return { exitCode, stdout: await text(stdout), stderr: await text(stderr) }
}

describe('what was asked', () => {
  const good: readonly (readonly [string, string, readonly string[], Record<string, unknown>])[] = [
    ['account create a@b', 'account create', ['a@b'], {}],
    ['account create a@b --name Lan --password-stdin --active --free-form --json', 'account create', ['a@b'], { name: 'Lan', 'password-stdin': true, active: true, 'free-form': true, json: true }],
    ['account create --name=Lan a@b', 'account create', ['a@b'], { name: 'Lan' }],
    ['account list', 'account list', [], {}],
    ['account list --agency skhcn', 'account list', [], { agency: 'skhcn' }],
    ['account lock a@b --clause 6.2b', 'account lock', ['a@b'], { clause: '6.2b' }],
    ['account alias a@b c@d', 'account alias', ['a@b', 'c@d'], {}],
    ['agency create skhcn --name Sở', 'agency create', ['skhcn'], { name: 'Sở' }],
    ['queue list --state queued,deferred', 'queue list', [], { state: 'queued,deferred' }],
    ['queue show x', 'queue show', ['x'], {}],
    ['check-config', 'check-config', [], {}],
    ['migrate-store --from sqlite --to mongo', 'migrate-store', [], { from: 'sqlite', to: 'mongo' }],
    ['account create --help', 'account create', [], { help: true }],
    ['account create -- --x', 'account create', ['--x'], {}],
  ]
  for (const [line, name, positionals, options] of good) {
    it(line, () => {
      const parsed = parseCommand(line.split(' '))
      assert.deepEqual([parsed.command.name, parsed.positionals, { ...parsed.options }], [name, positionals, options])
    })
  }

  const wrong = [
    'nonsense', 'account', 'account nonsense', 'account create', 'account create a b', 'account create a@b --nonsense', 'account list x',
    'account create a@b --name', 'account create a@b --active=yes', 'queue show', 'check-config x', 'accountcreate a@b', '--json',
  ]
  for (const line of wrong) {
    it(`refuses: ${line}`, async () => {
      assert.throws(() => parseCommand(line.split(' ')), UsageError)
      const { exitCode, stdout, stderr } = await run(line.split(' '))
      assert.deepEqual([exitCode, stdout], [2, ''])
      assert.ok(stderr.length > 0)
    })
  }
  for (const line of ['account create a@b --role boss', 'account create a@b --quota 1GB', 'account lock a@b --clause 9', 'queue list --state x', 'agency create x', 'account password a@b --password-stdin']) {
    it(`refuses before it asks the server: ${line}`, async () => assert.equal((await run(line.split(' '))).exitCode, 2))
  }
})

describe('without a server', () => {
  it('no command: usage on standard error, 2', async () => {
    const { exitCode, stdout, stderr } = await run([])
    assert.deepEqual([exitCode, stdout], [2, ''])
    assert.match(stderr, /congvu account create ADDRESS/)
  })
  for (const word of ['help', '--help', '-h']) {
    it(`${word}: usage on standard output, 0`, async () => {
      const { exitCode, stdout, stderr } = await run([word])
      assert.deepEqual([exitCode, stderr], [0, ''])
      for (const { name } of cliCommands) assert.ok(stdout.includes(`congvu ${name}`))
      assert.match(stdout, /congvu serve/)
    })
  }
  it('--help of a command', async () => {
    const { exitCode, stdout } = await run(['queue', 'list', '--help'])
    assert.equal(exitCode, 0)
    assert.match(stdout, /^congvu queue list/)
  })
  it('says that it does not run, Vietnamese first: 3', async () => {
    const { exitCode, stdout, stderr } = await run(['agency', 'list'])
    assert.deepEqual([exitCode, stdout, stderr], [3, '', 'Máy chủ không chạy.\nThe server is not running.\n'])
  })
  it('the same as JSON', async () => {
    const { exitCode, stdout, stderr } = await run(['agency', 'list', '--json'])
    assert.deepEqual([exitCode, stdout, JSON.parse(stderr).error.code], [3, '', 'not-running'])
  })
})

describe('check-config', () => {
  it('a good one', async () => {
    const { exitCode, stdout } = await run(['check-config', '--json'], { CONGVU_PROVINCE__DOMAIN: 'gialai.gov.vn' })
    assert.deepEqual([exitCode, JSON.parse(stdout)], [0, { valid: true }])
  })
  it('a wrong value in the environment', async () => {
    const { exitCode, stdout, stderr } = await run(['check-config'], { CONGVU_PROVINCE__DOMAIN: 'not a domain' })
    assert.deepEqual([exitCode, stdout], [1, ''])
    assert.match(stderr, /province\.domain.*not a domain/)
  })
  it('a wrong key in the file that is named', async () => {
    const file = join(folder, 'wrong.toml')
    await writeFile(file, '[province]\ndomian = "gialai.gov.vn"\n')
    for (const [argv, env] of [[['check-config', '--config', file], {}], [['check-config'], { CONGVU_CONFIG: file }]] as const) {
      const { exitCode, stderr } = await run(argv, env)
      assert.equal(exitCode, 1)
      assert.match(stderr, /domian/)
    }
  })
})

describe('secrets', () => {
  const from = (typed: string): Readable => Readable.from([Buffer.from(typed)])
  const read = (stdin: TerminalInput, ...labels: string[]) => readSecrets({ stdin, stdout: new PassThrough(), stderr: new PassThrough() }, labels)

  const pipes: readonly (readonly [typed: string, labels: number, secrets: readonly string[] | null])[] = [
    ['Mật khẩu#1\n', 1, ['Mật khẩu#1']],
    ['pw', 1, ['pw']],
    ['pw\r\n', 1, ['pw']],
    [' pw \n', 1, [' pw ']],
    ['one\ntwo\nthree\n', 2, ['one', 'two']],
    ['\n', 1, ['']],
    ['', 1, null],
    ['one\n', 2, null],
    ['x'.repeat(100_000), 1, null],
  ]
  for (const [typed, labels, secrets] of pipes) {
    it(`from a pipe: ${JSON.stringify(typed.slice(0, 20))}`, async () => {
      const answer = read(from(typed), ...Array<string>(labels).fill('Mật khẩu'))
      if (secrets === null) await assert.rejects(answer, UsageError)
      else assert.deepEqual(await answer, secrets)
    })
  }

  it('typed on a terminal they are not shown, and can be corrected', async () => {
    const stdin = Object.assign(new PassThrough(), { isTTY: true, raw: [] as boolean[], setRawMode: (raw: boolean) => stdin.raw.push(raw) })
    const stderr = new PassThrough()
    const answer = readSecrets({ stdin, stdout: new PassThrough(), stderr }, ['Mật khẩu cũ', 'Mật khẩu mới'])
    stdin.write('wrong\u0015odx\u007f')
    setImmediate(() => {
      stdin.write('d\r')
      setImmediate(() => stdin.write('new\r'))
    })
    assert.deepEqual(await answer, ['odd', 'new'])
    assert.deepEqual(stdin.raw, [true, false, true, false])
    stderr.end()
    assert.equal(await text(stderr), 'Mật khẩu cũ: \nMật khẩu mới: \n')
  })

  it('Ctrl-C cancels', async () => {
    const stdin = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => undefined })
    const answer = readSecrets({ stdin, stdout: new PassThrough(), stderr: new PassThrough() }, ['Mật khẩu'])
    stdin.write('abc\u0003')
    await assert.rejects(answer, UsageError)
  })
})

describe('printing', () => {
  async function printed(make: typeof textPrinter, items: readonly (readonly string[])[]): Promise<string> {
    const stdout = new PassThrough()
    const printer = make(stdout)
    for (const item of items) await printer.item({ item }, item)
    await printer.end()
    stdout.end()
    return text(stdout)
  }

  it('text has a line an item and tabs between fields, and nothing that steers a terminal', async () => {
    assert.equal(await printed(textPrinter, [['a', 'b'], ['550 no\r\n\u001b[31mred\u009b', 'Nguyễn']]), 'a\tb\n550 no   [31mred \tNguyễn\n')
    assert.equal(await printed(textPrinter, []), '')
  })
  it('a JSON list is one array', async () => {
    assert.deepEqual(JSON.parse(await printed(jsonPrinter, [['a'], ['b\u001b']])), [{ item: ['a'] }, { item: ['b\u001b'] }])
    assert.deepEqual(JSON.parse(await printed(jsonPrinter, [])), [])
  })
})
