/** Haraka as a supervised child: restarts, orderly ends, its home. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { describe, it } from 'node:test'
import { homeFiles } from '../../../src/protocols/smtp/haraka/home.ts'
import { startIngress } from '../../../src/protocols/smtp/haraka/supervise.ts'
import { fakeCore } from '../../support/fake-core.ts'
import { dataOf, dial } from '../../support/smtp-dialogue.ts'

const text = dataOf(Buffer.from('Subject: x\r\n\r\nhello\r\n'))
const ok = { from: 'a@example.com', to: ['b@congvu.test'], data: text }

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false // ESRCH
  }
}

describe('Haraka, supervised', () => {
  it('listens again after kill -9, with an empty queue, and core is told', { timeout: 10_000 }, async (context) => {
    await using core = await fakeCore()
    const settings = await core.settings()
    const restarted = Promise.withResolvers<string>()
    await using ingress = await startIngress(settings, { log: () => undefined, onRestart: restarted.resolve })
    await writeFile(path.join(settings.home, 'queue', '1_1_0_1_abcdef_1_host'), 'left over')
    const first = ingress.pid!
    const startedAtMs = performance.now()
    const client = await dial(ingress.ports.exchange!)
    process.kill(first, 'SIGKILL')
    await client.closed
    assert.equal(await restarted.promise, 'node-1')
    await ingress.listening()
    const tookMs = performance.now() - startedAtMs
    assert.equal(ingress.restarts, 1)
    assert.notEqual(ingress.pid, first)
    assert.deepEqual(await readdir(path.join(settings.home, 'queue')), [])
    await using again = await dial(ingress.ports.exchange!)
    assert.equal((await again.send(ok)).code, 250)
    // The issue asks for 2 s; on a machine that is busy with other tests the figure is only shown.
    context.diagnostic(`listening again after ${Math.round(tookMs)} ms`)
  })

  it('lets a message get its reply before it stops, and tells the idle to come back', { timeout: 10_000 }, async () => {
    await using core = await fakeCore()
    const ingress = await core.start()
    await using idle = await dial(ingress.ports.exchange!)
    await using busy = await dial(ingress.ports.exchange!)
    const facts = Promise.withResolvers<void>()
    const arrived = Promise.withResolvers<void>()
    core.answers = {
      recipient: async () => ({ refuse: null }),
      facts: async () => {
        arrived.resolve()
        return {}
      },
    }
    core.lmtpDelay = facts.promise
    const sent = busy.send(ok)
    await arrived.promise
    const stopped = ingress[Symbol.asyncDispose]()
    assert.equal((await idle.reply()).code, 421)
    facts.resolve()
    assert.equal((await sent).code, 250)
    await stopped
    assert.equal(ingress.pid, null)
  })

  it('ends when core is killed', { timeout: 20_000 }, async () => {
    await using core = await fakeCore()
    const settings = await core.settings()
    const supervisor = new URL('../../../src/protocols/smtp/haraka/supervise.ts', import.meta.url).href
    const script = `
      const { startIngress } = await import(${JSON.stringify(supervisor)})
      const ingress = await startIngress(${JSON.stringify(settings)}, { log: () => undefined })
      console.log(JSON.stringify({ pid: ingress.pid, port: ingress.ports.exchange }))`
    const parent = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
    const [line] = (await once(parent.stdout, 'data')) as [Buffer]
    const { pid, port } = JSON.parse(line.toString()) as { pid: number; port: number }
    const client = await dial(port)
    parent.kill('SIGKILL')
    assert.equal((await client.reply()).code, 421)
    await client.closed
    while (isAlive(pid)) await new Promise((resolve) => setImmediate(resolve))
  })

  it('rejects a start that cannot be, with Haraka\'s own words', async () => {
    await using core = await fakeCore()
    const ingress = await core.start()
    const settings = await core.settings({ ports: { ...ingress.ports }, home: path.join(core.folder, 'second') })
    await assert.rejects(startIngress(settings, { log: () => undefined }), /EADDRINUSE/)
  })

  it('refuses to start without a port, and starts without karma when its Redis is away', async () => {
    await using core = await fakeCore()
    await assert.rejects(core.start({ ports: { exchange: null, submission: null, submissions: null } }), /no port/)
    const { checks } = await core.settings()
    const ingress = await core.start({ checks: { ...checks, karma: { host: '127.0.0.1', port: 1 } } })
    await using client = await dial(ingress.ports.exchange!)
    assert.equal((await client.send(ok)).code, 250)
    assert.ok(core.logLines.some((line) => line.startsWith('warn karma is off')))
  })

  it('loads an operator\'s files and plugins over its own', async () => {
    await using core = await fakeCore()
    const overlay = path.join(core.folder, 'overlay')
    await mkdir(path.join(overlay, 'plugins.d'), { recursive: true })
    await writeFile(path.join(overlay, 'plugins'), '# mine\nsubject-check\n')
    await writeFile(path.join(overlay, 'subject-check.ini'), '[main]\nword=forbidden\n')
    await writeFile(
      path.join(overlay, 'plugins.d', 'subject-check.js'),
      `exports.hook_data_post = function (next, connection) {
        const word = this.config.get('subject-check.ini').main.word
        next(connection.transaction.header.get('Subject').includes(word) ? DENY : undefined, 'no')
      }`,
    )
    const ingress = await core.start({ overlay })
    await using client = await dial(ingress.ports.exchange!)
    assert.equal((await client.send(ok)).code, 250)
    assert.equal((await client.send({ ...ok, data: 'Subject: forbidden\r\n\r\n.\r\n' })).code, 550)
    assert.equal((await client.send(ok)).code, 250)
  })

  it('writes settings so that none opens a line of its own, and keeps the token to its owner', async () => {
    await using core = await fakeCore()
    const settings = await core.settings({ hostname: 'mx.test\nlisten=0.0.0.0:25' })
    const files = homeFiles(settings)
    assert.equal(files.get('config/me'), 'mx.test listen=0.0.0.0:25\n')
    assert.ok(!files.get('config/smtp.ini')!.includes('\nlisten=0.0.0.0:25'))
    assert.match(files.get('config/dhparams.pem')!, /^-----BEGIN DH PARAMETERS-----\nMIIBCAKCAQEA/)
    assert.ok(files.get('config/connection.ini')!.includes('add_received=false'))
    const readme = await readFile(new URL('../../../config/haraka/README', import.meta.url), 'utf8')
    assert.ok(readme.includes('plugins.d'))
  })
})
