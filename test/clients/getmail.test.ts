/** getmail6: collects over IMAP into a Maildir, all once, then deletes what was collected. */
import assert from 'node:assert/strict'
import { readdir, readFile, mkdir } from 'node:fs/promises'
import { after, before, describe, it } from 'node:test'
import { type Person, type RunningServer, startServer } from '../support/running-server.ts'
import { viewAccount } from './support/account-view.ts'
import { letter } from './support/letters.ts'
import { type Home, missing, openHome, says } from './support/program.ts'

const subjects = ['Công văn một', 'Công văn hai', 'Công văn ba']

describe('getmail6', { skip: missing({ getmail: 'getmail6' }) }, () => {
  let server: RunningServer
  let home: Home
  let an: Person

  before(async () => {
    server = await startServer()
    home = await openHome()
    an = await server.person('an', 'Nguyễn Văn An')
    for (const part of ['cur', 'new', 'tmp']) await mkdir(home.path(`Maildir/${part}`), { recursive: true })
  })
  after(async () => {
    await server.stop()
    await home[Symbol.asyncDispose]()
  })

  const settings = (options: readonly string[], password = an.password): string =>
    [
      '[retriever]', 'type = SimpleIMAPSSLRetriever', 'server = localhost', `port = ${server.ports.imaps}`, `username = ${an.address}`, `password = ${password}`,
      `ca_certs = ${server.certificateFile}`, 'mailboxes = ("INBOX", "Archive")',
      '[destination]', 'type = Maildir', `path = ${home.path('Maildir')}/`,
      '[options]', 'delivered_to = false', 'received = false', ...options, '',
    ].join('\n')
  const getmail = async (name: string, text: string, codes: readonly number[] = [0]) => {
    await home.write(`getmail/${name}`, text)
    return await home.run('getmail', ['--getmaildir', home.path('getmail'), '--rcfile', name], { codes })
  }
  const collected = async (): Promise<string[]> => {
    const files = await readdir(home.path('Maildir/new'))
    return await Promise.all(files.map((file) => readFile(home.path(`Maildir/new/${file}`), 'utf8')))
  }

  it('collects each message once, leaving it on the server', async () => {
    await using view = await viewAccount(server, an)
    const letters = subjects.map((subject) => letter({ subject, attachment: { name: 'so-lieu.bin', content: Buffer.alloc(30_000, 7) } }))
    for (const [index, one] of letters.entries()) await view.append(index === 2 ? 'Archive' : 'INBOX', one)
    says(await getmail('keep', settings(['delete = false', 'read_all = false'])), /3 messages/)
    const sent = letters.map((one) => one.replaceAll('\r\n', '\n').trimEnd()).sort()
    assert.deepEqual((await collected()).map((text) => text.slice(text.indexOf('From: ')).replaceAll('\r\n', '\n').trimEnd()).sort(), sent)
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
    says(await getmail('wrong', settings(['delete = false'], 'Sai-mat-khau#1'), [0, 1]), /AUTHENTICATIONFAILED|credential|failed/i)
  })
})
