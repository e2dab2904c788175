/** `congvu delegation …` against a running server's socket (Điều 10.1, 10.3). */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { after, before, describe, it } from 'node:test'
import { runCli } from '../../src/cli/cli.ts'
import type { Account } from '../../src/core/account/account.ts'
import type { Mail } from '../../src/core/mail.ts'
import { listenControl, type ControlServer } from '../../src/protocols/control/server.ts'
import { openAdminApiRig, type AdminApiRig } from '../support/admin-api-rig.ts'

describe('congvu delegation', () => {
  let rig: AdminApiRig
  let folder: string
  let control: ControlServer
  let person: Account
  let mailbox: Account
  const faults: unknown[] = []

  before(async () => {
    rig = await openAdminApiRig()
    folder = await mkdtemp(join(tmpdir(), 'congvu-cli-delegation-'))
    const log = { warn: () => undefined, error: (fields: unknown) => void faults.push(fields) }
    const mail = { accounts: { byAddress: (address: string) => rig.store.accounts.byAddress(address) } } as unknown as Mail
    control = await listenControl({ path: join(folder, 'run', 'control.sock'), mail, administration: rig.administration, actor: 'operator', log })
    const agency = await rig.agency('skhcn')
    person = await rig.account('individual', { agency: agency.id, domain: agency.domains[0]! })
    const { id: _id, modseq: _modseq, credentialVersion: _version, usedBytes: _used, lockClause: _clause, ...like } = person
    mailbox = await rig.store.accounts.create({ ...like, address: `vanthu@${agency.domains[0]}`, kind: 'agency', passwordHash: null, mailboxes: [{ name: 'INBOX', role: 'inbox', subscribed: true }] })
  })
  after(async () => {
    await control[Symbol.asyncDispose]()
    await rig[Symbol.asyncDispose]()
    await rm(folder, { recursive: true })
    assert.deepEqual(faults, [])
  })

  async function congvu(...argv: readonly string[]): Promise<{ readonly exitCode: number; readonly stdout: string; readonly stderr: string }> {
    const [stdout, stderr] = [new PassThrough(), new PassThrough()]
    const answer = Promise.all([text(stdout), text(stderr)])
    const exitCode = await runCli(['delegation', ...argv], { socketPath: control.path, stdin: Readable.from([]), stdout, stderr, env: {} })
    stdout.end()
    stderr.end()
    const [out, err] = await answer
    return { exitCode, stdout: out, stderr: err }
  }

  it('grants by a decision and lists both ways', async () => {
    const line = `${mailbox.address}\t${person.address}\twrite+send-as\tdecision\t15/QĐ-SKHCN\t2026-05-11\t\n`
    assert.deepEqual(await congvu('grant', '--number', '15/QĐ-SKHCN', '--date', '2026-05-11', '--send-as', mailbox.address, person.address), { exitCode: 0, stdout: line, stderr: '' })
    assert.equal((await congvu('list', '--mailbox', mailbox.address)).stdout, line)
    const listed = JSON.parse((await congvu('list', '--person', person.address, '--json')).stdout) as { mailbox: string; inEffect: boolean }[]
    assert.deepEqual(listed.map((one) => [one.mailbox, one.inEffect]), [[mailbox.address, true]])
  })

  it('in the name of an officer of another agency: refused', async () => {
    const other = await rig.agency('stc')
    const officer = await rig.account('agency-administrator', { agency: other.id, domain: other.domains[0]! })
    const refused = await congvu('end', mailbox.address, person.address, '--as', officer.address, '--json')
    assert.deepEqual([refused.exitCode, JSON.parse(refused.stderr).error.detail.reason], [1, 'other-agency'])
  })

  it('says what is wrong with the usage', async () => {
    for (const argv of [['grant', mailbox.address, person.address], ['list'], ['list', '--mailbox', 'a', '--person', 'b'], ['grant', '--date', '2026-05-11', '--rights', 'all', mailbox.address, person.address]]) {
      assert.equal((await congvu(...argv)).exitCode, 2, argv.join(' '))
    }
    assert.equal((await congvu('grant', '--date', '2026-05-11', mailbox.address, person.address)).exitCode, 1, 'a decision has a number')
  })

  it('ends', async () => {
    assert.deepEqual(await congvu('end', mailbox.address, person.address), { exitCode: 0, stdout: '', stderr: '' })
    assert.equal((await congvu('list', '--mailbox', mailbox.address)).stdout, '')
    const again = await congvu('end', mailbox.address, person.address, '--json')
    assert.deepEqual([again.exitCode, JSON.parse(again.stderr).error.code], [1, 'entry-unknown'])
  })
})
