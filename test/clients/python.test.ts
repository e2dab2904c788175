/** Python's imaplib and smtplib: every method that speaks to a server, as one script each; what they did is judged here. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { join } from 'node:path'
import { type Person, type RunningServer, startServer } from '../support/running-server.ts'
import { viewAccount } from './support/account-view.ts'
import { type Home, missing, openHome } from './support/program.ts'

const scripts = join(import.meta.dirname, 'support')

describe('Python', { skip: missing({ python3: 'python3' }) }, () => {
  const open = new AsyncDisposableStack()
  let server: RunningServer
  let home: Home
  let an: Person
  let binh: Person

  before(async () => {
    server = open.use(await startServer())
    home = open.use(await openHome())
    an = await server.person('an', 'Nguyễn Văn An')
    binh = await server.person('binh', 'Trần Thị Bình')
  })
  after(() => open.disposeAsync())

  it('imaplib: every method works, or is refused where the server does not announce it', async () => {
    const { stdout } = await home.run('python3', [join(scripts, 'imaplib-methods.py'), String(server.ports.imap), String(server.ports.imaps), an.address, an.password, server.certificateFile])
    assert.ok(stdout.split('\n').filter((line) => line.startsWith('done ')).length >= 55, stdout)
    await using view = await viewAccount(server, an)
    assert.deepEqual((await view.messages('Hoso/Quy1')).map(({ subject, flags }) => [subject, flags]), [['Thu so 4', []], ['Thu so 5', []]])
    assert.deepEqual((await view.messages('Archive')).map(({ subject, flags }) => [subject, flags]), [['Thu so 1', ['\\Seen']], ['Thu so 2', ['\\Flagged']]])
    assert.deepEqual(await view.subjects('Trash'), ['Thu so 3'])
  })

  it('smtplib: sends by submission and exchange, and sees each refusal as its own exception', async () => {
    const { submission, submissions, smtp } = server.ports
    await home.run('python3', [join(scripts, 'smtplib-methods.py'), String(smtp), String(submission), String(submissions), an.address, an.password, binh.address, server.certificateFile])
    await using view = await viewAccount(server, binh)
    for (const subject of ['Thư từ smtplib', 'Một người không có', 'Qua cổng TLS']) await view.arrival('INBOX', subject)
    const first = await view.arrival('INBOX', 'Thư từ smtplib')
    assert.match(first.source.toString(), /Content-Transfer-Encoding: base64\r\n/)
    assert.equal((await view.subjects('INBOX')).length, 3)
  })
})
