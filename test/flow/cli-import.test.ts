/** `congvu agency import`, `account import`, `account undo-import`, `agency propose`, `unit propose` (Điều 4.1, 4.2, 5.2). */
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { after, before, describe, it } from 'node:test'
import { runCli } from '../../src/cli/cli.ts'
import type { Mail } from '../../src/core/mail.ts'
import { listenControl, type ControlServer } from '../../src/protocols/control/server.ts'
import { openAdminApiRig, type AdminApiRig } from '../support/admin-api-rig.ts'

interface Row {
  readonly row: number
  readonly address: string | null
  readonly rule: string | null
  readonly clause: string | null
  readonly flags: readonly string[]
  readonly error: string | null
  readonly temporaryPassword: string | null
}

describe('congvu account import', () => {
  let rig: AdminApiRig
  let folder: string
  let control: ControlServer
  const faults: unknown[] = []

  before(async () => {
    rig = await openAdminApiRig()
    folder = await mkdtemp(join(tmpdir(), 'congvu-cli-import-'))
    const log = { warn: (fields: unknown) => void faults.push(fields), error: (fields: unknown) => void faults.push(fields) }
    const mail = { accounts: { byAddress: (address: string) => rig.store.accounts.byAddress(address) } } as unknown as Mail
    control = await listenControl({ path: join(folder, 'run', 'control.sock'), mail, administration: rig.administration, actor: 'operator', log })
    await rig.agency('skhcn')
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
    const exitCode = await runCli(argv, { socketPath: control.path, stdin: Readable.from([]), stdout, stderr, env: { CONGVU_PROVINCE__DOMAIN: 'gialai.gov.vn' } })
    stdout.end()
    stderr.end()
    const [out, err] = await answer
    return { exitCode, stdout: out, stderr: err }
  }

  async function file(name: string, content: string): Promise<string> {
    const path = join(folder, name)
    await writeFile(path, content)
    return path
  }

  it('previews, issues with temporary passwords, and takes back what nobody has used', async () => {
    const path = await file('ds.csv', 'Họ và tên;Ngày sinh\nHoàng Thị Như Quỳnh;\nTrương Hoàng Tiến Minh;\nTrần Huỳnh Tấn Minh;\nLê 2;\n')
    const preview = await congvu('account', 'import', path, '--agency', 'skhcn', '--preview', '--json')
    assert.equal(preview.exitCode, 0, preview.stderr)
    const rows = JSON.parse(preview.stdout) as Row[]
    const locals = rows.map(({ address }) => address?.split('@')[0] ?? null)
    assert.deepEqual(locals, ['quynhhtn', 'tienminhth', 'tanminhth', null])
    assert.deepEqual(rows.map(({ rule }) => rule), ['4.2a', '4.2b', '4.2b', null])
    assert.deepEqual([rows[1]?.clause, rows[3]?.error], ['Điều 4.2b', 'needs-human'])
    assert.equal(await rig.store.accounts.byAddress(rows[0]!.address!), null)

    const run = await congvu('account', 'import', path, '--agency', 'skhcn', '--json')
    const issued = JSON.parse(run.stdout) as Row[]
    assert.deepEqual(issued.map(({ address }) => address?.split('@')[0] ?? null), locals)
    for (const { address, temporaryPassword } of issued.slice(0, 3)) {
      assert.ok((temporaryPassword ?? '').length >= 12)
      assert.equal((await rig.store.accounts.byAddress(address!))?.state, 'issued')
    }
    const told = await congvu('account', 'import', path, '--agency', 'skhcn', '--preview')
    const id = told.stderr.split(':')[0]!
    assert.equal((await congvu('account', 'undo-import', id)).exitCode, 1, 'a preview has nothing to take back')
    const ran = (await rig.store.registry.find({ kind: 'import', from: 'all', to: 'all~', limit: 10 })).find(({ value }) => (value as { state: string }).state === 'done')
    assert.equal((await congvu('account', 'undo-import', ran!.id, '--json')).stdout.replace(/\s/g, ''), '{"undone":3,"kept":0}')
    assert.equal(await rig.store.accounts.byAddress(issued[0]!.address!), null)
  })

  it('takes a file that no other request may be as long as', async () => {
    const people = Array.from({ length: 3_000 }, (_, i) => `${['Nguyễn', 'Trần', 'Lê'][i % 3]} ${'ABCDEGHIKLMN'[i % 12]}${'aeiou'[Math.floor(i / 12) % 5]} ${'ABCDEGHIKLMN'[Math.floor(i / 60) % 12]}${'aeiou'[Math.floor(i / 720) % 5]}n,01/02/1990,Xã Đak Pơ tỉnh Gia Lai`)
    const { exitCode, stdout, stderr } = await congvu('account', 'import', await file('dai.csv', ['ho_ten,ngay_sinh,que_quan', ...people].join('\n')), '--agency', 'skhcn', '--preview', '--json')
    assert.equal(exitCode, 0, stderr)
    assert.equal((JSON.parse(stdout) as Row[]).length, 3_000)
  })

  it('imports agencies on the order of the department only', async () => {
    const path = await file('xa.csv', 'code,type,name,label\n1,Phường,Pleiku,pleiku\n2,Xã,Đak Pơ,dakpo\n')
    const refused = await congvu('agency', 'import', path, '--json')
    assert.deepEqual([refused.exitCode, JSON.parse(refused.stderr).error.detail.reason], [1, 'order-missing'])
    assert.match(refused.stderr, /Cần có lệnh của Sở/)
    const { exitCode, stdout } = await congvu('agency', 'import', path, '--order', '12/SKHCN', '--json')
    assert.equal(exitCode, 0)
    assert.deepEqual((JSON.parse(stdout) as { label: string; outcome: string }[]).map(({ label, outcome }) => [label, outcome]), [['pleiku', 'made'], ['dakpo', 'made']])
    assert.equal((await rig.store.agencies.byLabel('dakpo'))?.name, 'Xã Đak Pơ')
  })

  it('proposes labels without a server', async () => {
    assert.equal((await congvu('agency', 'propose', 'Sở Khoa học và Công nghệ')).stdout, 'skhcn\tskhcn.gialai.gov.vn\n')
    assert.equal((await congvu('unit', 'propose', 'Phòng Văn hóa – Xã hội', '--agency', 'pleiku')).stdout, 'vanhoa-xahoi\tvanhoa-xahoi@pleiku.gialai.gov.vn\n')
    assert.equal((await congvu('agency', 'propose', 'Sở 中')).exitCode, 2)
    assert.equal((await congvu('account', 'import', '/khong/co/tep.csv')).exitCode, 2)
  })
})
