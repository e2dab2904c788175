/** fetchmail: collects over IMAP with TLS and STARTTLS, keeps or empties the mailbox, and waits in IDLE. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, before, describe, it } from 'node:test'
import { type Person, type RunningServer, startServer } from '../support/running-server.ts'
import { viewAccount } from './support/account-view.ts'
import { letter } from './support/letters.ts'
import { type Home, missing, openHome, says } from './support/program.ts'

/** fetchmail ends with 1 when there was nothing to collect, with 3 when it could not sign in. */
const nothingNew = 1
const signInFailed = 3

describe('fetchmail', { skip: missing({ fetchmail: 'fetchmail' }) }, () => {
  const open = new AsyncDisposableStack()
  let server: RunningServer
  let home: Home
  let an: Person

  before(async () => {
    server = open.use(await startServer())
    home = open.use(await openHome())
    an = await server.person('an', 'Nguyễn Văn An')
  })
  after(() => open.disposeAsync())

  /** Writes what it collects to the file `name` in its home, one message after the other. */
  const settings = async (name: string, options: string, tls: boolean, password = an.password): Promise<string[]> => {
    const security = tls ? 'ssl sslproto "TLS1.2+"' : 'sslproto "TLS1.2+"'
    const port = tls ? server.ports.imaps : server.ports.imap
    const file = await home.write(
      `${name}.rc`,
      `poll localhost protocol IMAP service ${port}\n  user "${an.address}" password "${password}" ${security} sslcertck sslcertfile "${server.certificateFile}" mda "cat >>${home.path(name)}" ${options}\n`,
    )
    return ['-v', '--nosyslog', '-f', file, '--pidfile', home.path(`${name}.pid`), '--idfile', home.path('ids')]
  }
  const collected = async (name: string): Promise<string[]> => [...(await readFile(home.path(name), 'utf8')).matchAll(/^Subject: (.*)$/gm)].map((match) => match[1]!)

  it('keeps the messages and marks them as seen; a second run finds nothing new', async () => {
    await using view = await viewAccount(server, an)
    for (const subject of ['First', 'Second']) await view.append('INBOX', letter({ subject, body: 'Dòng một.\n.\nHết.' }))
    const args = await settings('kept', 'keep', true)
    await home.run('fetchmail', args)
    assert.deepEqual(await collected('kept'), ['First', 'Second'])
    assert.match(await readFile(home.path('kept'), 'utf8'), /^Dòng một\.\r?\n\.\r?\nHết\.\r?$/m)
    assert.deepEqual((await view.messages('INBOX')).map(({ flags }) => flags), [['\\Seen'], ['\\Seen']])
    await home.run('fetchmail', args, { codes: [nothingNew] })
    assert.deepEqual(await collected('kept'), ['First', 'Second'])
  })

  it('empties the mailbox over STARTTLS', async () => {
    const finished = await home.run('fetchmail', await settings('emptied', 'no keep fetchall', false))
    says(finished, /STARTTLS/)
    assert.deepEqual(await collected('emptied'), ['First', 'Second'])
    await using view = await viewAccount(server, an)
    assert.deepEqual(await view.subjects('INBOX'), [])
  })

  it('collects from another mailbox by name', async () => {
    await using view = await viewAccount(server, an)
    await view.append('Archive', letter({ subject: 'From the archive' }))
    await home.run('fetchmail', await settings('archive', 'keep folder Archive', true))
    assert.deepEqual(await collected('archive'), ['From the archive'])
  })

  it('is told of a wrong password', async () => {
    says(await home.run('fetchmail', await settings('wrong', 'keep', true, 'Sai-mat-khau#1'), { codes: [signInFailed] }), /Authori[sz]ation failure/)
  })

  it('waits in IDLE and collects what comes', async () => {
    await using view = await viewAccount(server, an)
    await using waiting = home.start('fetchmail', await settings('idle', 'no keep idle', true))
    await waiting.output(/> A\d+ IDLE/)
    await view.append('INBOX', letter({ subject: 'Came during IDLE' }))
    await view.until(() => view.subjects('INBOX'), (subjects) => subjects.length === 0, 'empty INBOX')
    assert.deepEqual(await collected('idle'), ['Came during IDLE'])
  })
})
