/** getmail6: collects over IMAP, each message once, then deletes what was collected. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readdir, readFile, mkdir } from 'node:fs/promises'
import { after, before, describe, it } from 'node:test'
import { type Person, type RunningServer, startServer } from '../support/running-server.ts'
import { viewAccount } from './support/account-view.ts'
import { letter } from './support/letters.ts'
import { type Home, missing, openHome, says } from './support/program.ts'

/** getmail's exit code. */
const credentialsRefused = 127
const subjects = ['Công văn một', 'Công văn hai', 'Công văn ba']

/** Of what the sender wrote: without our trace lines before it, getmail's own field in it, and with its line ends. */
function digest(text: string): string {
  const own = text.slice(text.indexOf('From: ')).replace(/^X-getmail-.*\r?\n/m, '').replaceAll('\r\n', '\n').trimEnd()
  return createHash('sha256').update(own).digest('hex')
}

describe('getmail6', { skip: missing({ getmail: 'getmail6' }) }, () => {
  const open = new AsyncDisposableStack()
  let server: RunningServer
  let home: Home
  let an: Person

  before(async () => {
    server = open.use(await startServer())
    home = open.use(await openHome())
    an = await server.person('an', 'Nguyễn Văn An')
    await mkdir(home.path('mail'))
  })
  after(() => open.disposeAsync())

  const settings = (options: readonly string[], password = an.password): string =>
    [
      '[retriever]', 'type = SimpleIMAPSSLRetriever', 'server = localhost', `port = ${server.ports.imaps}`, `username = ${an.address}`, `password = ${password}`,
      `ca_certs = ${server.certificateFile}`, 'mailboxes = ("INBOX", "Archive")',
      // Its own Maildir writer refuses to work for root. The pause: getmail looks for its child's end only once it has forked, and
      // waits a minute for one that was quicker.
      '[destination]', 'type = MDA_external', 'path = /bin/sh', `arguments = ("-c", "cat >$(mktemp ${home.path('mail')}/XXXXXXXX); sleep 0.2")`, 'allow_root_commands = true',
      '[options]', 'delivered_to = false', 'received = false', ...options, '',
    ].join('\n')
  const getmail = async (name: string, text: string, codes: readonly number[] = [0]) => {
    await home.write(`getmail/${name}`, text)
    return await home.run('getmail', ['--getmaildir', home.path('getmail'), '--rcfile', name], { codes })
  }
  const collected = async (): Promise<string[]> => {
    const files = await readdir(home.path('mail'))
    return await Promise.all(files.map((file) => readFile(home.path(`mail/${file}`), 'utf8')))
  }

  it('collects each message once, leaving it on the server', async () => {
    await using view = await viewAccount(server, an)
    const letters = subjects.map((subject) => letter({ subject, attachment: { name: 'so-lieu.bin', content: Buffer.alloc(30_000, 7) } }))
    for (const [index, one] of letters.entries()) await view.append(index === 2 ? 'Archive' : 'INBOX', one)
    says(await getmail('keep', settings(['delete = false', 'read_all = false'])), /3 messages/)
    // By digest: a failure that prints 40 KB helps nobody.
    assert.deepEqual((await collected()).map(digest).sort(), letters.map(digest).sort())
    says(await getmail('keep', settings(['delete = false', 'read_all = false'])), /0 messages/)
    assert.equal((await collected()).length, 3)
  })

  it('deletes what it collects', async () => {
    await getmail('delete', settings(['delete = true', 'read_all = true']))
    assert.equal((await collected()).length, 6)
    await using view = await viewAccount(server, an)
    assert.deepEqual([...(await view.subjects('INBOX')), ...(await view.subjects('Archive'))], [])
  })

  it('is told of a wrong password', async () => {
    says(await getmail('wrong', settings(['delete = false'], 'Sai-mat-khau#1'), [credentialsRefused]), 'AUTHENTICATIONFAILED')
  })
})
