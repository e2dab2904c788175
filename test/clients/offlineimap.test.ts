/** offlineimap: a Maildir and an account kept the same both ways; a second run changes nothing on either side. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { after, before, describe, it } from 'node:test'
import { type Person, type RunningServer, startServer } from '../support/running-server.ts'
import { type AccountView, viewAccount } from './support/account-view.ts'
import { letter } from './support/letters.ts'
import { type Finished, type Home, missing, openHome } from './support/program.ts'

const messages = 60

describe('offlineimap', { skip: missing({ offlineimap: 'offlineimap3' }) }, () => {
  const open = new AsyncDisposableStack()
  let server: RunningServer
  let home: Home
  let an: Person
  let view: AccountView
  const letters = Array.from({ length: messages }, (_, index) => letter({ subject: `Tin ${index + 1}`, body: `Nội dung ${index + 1}.\n`.repeat(index) }))

  before(async () => {
    server = open.use(await startServer())
    an = await server.person('an', 'Nguyễn Văn An')
    home = open.use(await openHome())
    await home.write('.offlineimaprc', settings(server, an, home))
    view = open.use(await viewAccount(server, an))
    for (const [index, one] of letters.entries()) await view.append('INBOX', one, index % 2 === 0 ? ['\\Seen'] : [])
    await view.client.mailboxCreate('Công việc/Quý 1')
    await view.append('Công việc/Quý 1', letter({ subject: 'In a mailbox below' }), ['\\Flagged'])
  })
  after(() => open.disposeAsync())

  const sync = (): Promise<Finished> => home.run('offlineimap', ['-o', '-u', 'basic'], { timeoutMs: 120_000 })
  const files = async (mailbox: string): Promise<string[]> =>
    (await Promise.all(['cur', 'new'].map(async (part) => (await readdir(home.path(`mail/${mailbox}/${part}`))).map((file) => `mail/${mailbox}/${part}/${file}`)))).flat()
  const fileOf = async (mailbox: string, subject: string): Promise<string | null> => {
    for (const file of await files(mailbox)) if ((await readFile(home.path(file), 'utf8')).includes(`\nSubject: ${subject}\n`)) return file
    return null
  }
  const picture = async (): Promise<unknown> => ({
    remote: (await view.messages('INBOX')).map(({ uid, flags }) => [uid, flags]),
    local: await Promise.all((await files('INBOX')).sort().map(async (file) => [file, (await stat(home.path(file))).ino])),
  })

  it('brings all mailboxes down with bytes and flags', async () => {
    await sync()
    const found = await Promise.all((await files('INBOX')).map(async (file) => digest(await readFile(home.path(file), 'utf8'))))
    assert.deepEqual(found.sort(), letters.map(digest).sort())
    assert.equal((await files('INBOX')).filter((file) => file.endsWith(':2,S')).length, messages / 2)
    assert.match((await files('Công việc/Quý 1'))[0]!, /:2,F$/)
    assert.deepEqual((await readdir(home.path('mail'))).sort(), ['Archive', 'Công việc', 'Drafts', 'INBOX', 'Junk', 'Sent', 'Trash'])
  })

  it('changes nothing in a second run', async () => {
    const before = await picture()
    await sync()
    assert.deepEqual(await picture(), before)
  })

  it('takes changes of both sides to the other', async () => {
    await writeFile(home.path('mail/INBOX/cur/1700000000_0.1.local:2,S'), letter({ subject: 'Written here' }).replaceAll('\r\n', '\n'))
    const flagged = (await fileOf('INBOX', 'Tin 2'))!
    await rename(home.path(flagged), home.path(`${flagged.replace('/new/', '/cur/').replace(/:2,.*/, '')}:2,FS`))
    await rm(home.path((await fileOf('INBOX', 'Tin 3'))!))
    await view.append('INBOX', letter({ subject: 'Written there' }), ['\\Answered'])
    await view.in('INBOX', async (client) => {
      const uids = (subject: string) => client.search({ header: { subject } }, { uid: true }) as Promise<number[]>
      await client.messageFlagsAdd([(await uids('Tin 20'))[0]!], ['\\Flagged'], { uid: true })
      await client.messageDelete([(await uids('Tin 21'))[0]!], { uid: true })
    })
    await sync()

    const remote = new Map((await view.messages('INBOX')).map(({ subject, flags }) => [subject, flags]))
    assert.deepEqual(remote.get('Written here'), ['\\Seen'])
    assert.deepEqual(remote.get('Tin 2'), ['\\Flagged', '\\Seen'])
    assert.ok(!remote.has('Tin 3'))
    assert.match((await fileOf('INBOX', 'Written there'))!, /:2,R$/)
    assert.match((await fileOf('INBOX', 'Tin 20'))!, /:2,F/)
    assert.equal(await fileOf('INBOX', 'Tin 21'), null)
    assert.equal((await files('INBOX')).length, remote.size)
  })
})

function settings(server: RunningServer, person: Person, home: Home): string {
  return [
    '[general]', 'accounts = CongVu', `metadata = ${home.path('state')}`,
    '[Account CongVu]', 'localrepository = Local', 'remoterepository = Remote', 'utf8foldernames = yes',
    '[Repository Local]', 'type = Maildir', `localfolders = ${home.path('mail')}`, 'sep = /',
    '[Repository Remote]', 'type = IMAP', 'remotehost = localhost', `remoteport = ${server.ports.imaps}`, `remoteuser = ${person.address}`,
    // A percent sign would be an interpolation in this file; there is none in the password.
    `remotepass = ${person.password}`, 'ssl = yes', `sslcacertfile = ${server.certificateFile}`, 'maxconnections = 2', '',
  ].join('\n')
}

/** Whatever the line ends; offlineimap adds its own X-OfflineIMAP while it uploads. */
function digest(text: string): string {
  return createHash('sha256').update(text.replaceAll('\r\n', '\n').replace(/^X-OfflineIMAP: .*\n/m, '')).digest('hex')
}
