/**
 * mbsync (isync): a Maildir and an account kept the same both ways. 1,000 messages come down, a second run transfers nothing,
 * changes of both sides reach the other, and the server's UIDs are those that mbsync noted.
 */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { after, before, describe, it } from 'node:test'
import { type Person, type RunningServer, startServer } from '../support/running-server.ts'
import { type AccountView, viewAccount } from './support/account-view.ts'
import { letter } from './support/letters.ts'
import { type Finished, type Home, missing, openHome } from './support/program.ts'

const manyMessages = 1_000

describe('mbsync', { skip: missing({ mbsync: 'isync' }) }, () => {
  const open = new AsyncDisposableStack()
  let server: RunningServer
  let home: Home
  let an: Person
  let view: AccountView
  const letters = Array.from({ length: manyMessages }, (_, index) =>
    letter({ subject: `Công văn số ${index + 1}`, body: `Nội dung ${index + 1}.\n${'Dòng. '.repeat(index % 50)}\n..\n.\n`, ...(index % 10 === 0 ? { attachment: { name: 'bang.bin', content: Buffer.alloc(3_000, index) } } : {}) }),
  )

  before(async () => {
    server = open.use(await startServer())
    an = await server.person('an', 'Nguyễn Văn An')
    home = open.use(await openHome({ '.mbsyncrc': '' }))
    await home.write('.mbsyncrc', settings(server, an, home))
    await mkdir(home.path('mail'))
    view = open.use(await viewAccount(server, an))
    for (const [index, one] of letters.entries()) await view.append('INBOX', one, index % 3 === 0 ? ['\\Seen'] : index % 7 === 0 ? ['\\Flagged', '\\Answered'] : [])
  })
  after(() => open.disposeAsync())

  const sync = (): Promise<Finished> => home.run('mbsync', ['-V', '-a'], { timeoutMs: 120_000 })
  /** Judged by what it says to the server: it looks at flags and asks for no body, brings nothing and changes nothing. */
  const syncOfNothing = async (): Promise<void> => {
    const { stdout } = await home.run('mbsync', ['-Dn', '-a'])
    const verbs = new Set([...stdout.matchAll(/^>>> \d+ ((?:UID )?[A-Z]+)(.*)/gm)].map(([, verb, rest]) => (/BODY|RFC822/.test(rest!) ? `${verb} of a body` : verb!)))
    assert.ok(verbs.has('UID FETCH'), `it looked at nothing: ${[...verbs].join(', ')}`)
    const transfers = [...verbs].filter((verb) => /of a body|APPEND|STORE|COPY|MOVE|EXPUNGE|CREATE|DELETE|RENAME/.test(verb))
    assert.deepEqual(transfers, [])
  }
  const files = async (mailbox: string): Promise<string[]> =>
    (await Promise.all(['cur', 'new'].map(async (part) => (await readdir(home.path(`mail/${mailbox}/${part}`))).map((file) => `mail/${mailbox}/${part}/${file}`)))).flat()
  const local = (mailbox: string): Promise<{ file: string; subject: string; flags: string }[]> =>
    files(mailbox).then((all) =>
      Promise.all(
        all.map(async (file) => ({ file, subject: await subjectIn(home.path(file)), flags: /:2,(\w*)$/.exec(file)?.[1] ?? '' })),
      ),
    )

  it('brings 1,000 messages down with their bytes and flags', async () => {
    await sync()
    const found = await Promise.all((await files('INBOX')).map(async (file) => digest(await readFile(home.path(file), 'utf8'))))
    assert.deepEqual(found.sort(), letters.map(digest).sort())
    const flags = (await files('INBOX')).map((file) => /:2,(\w*)$/.exec(file)?.[1] ?? '')
    const wanted = letters.map((_, index) => (index % 3 === 0 ? 'S' : index % 7 === 0 ? 'FR' : ''))
    assert.deepEqual(flags.sort(), wanted.sort())
  })

  it('transfers nothing in a second run', async () => {
    const before = await state(view)
    await syncOfNothing()
    assert.deepEqual(await state(view), before)
  })

  it('takes changes of both sides to the other: new, flags, deleted', async () => {
    const mails = await local('INBOX')
    const named = (number: number) => mails.find(({ subject }) => subject === `Công văn số ${number}`)!
    await writeFile(home.path('mail/INBOX/cur/123.local:2,S'), letter({ subject: 'Viết ở máy' }).replaceAll('\r\n', '\n'))
    await writeFile(home.path('mail/Drafts/cur/124.local:2,DS'), letter({ subject: 'Nháp ở máy' }).replaceAll('\r\n', '\n'))
    await rename(home.path(named(2).file), home.path(`${named(2).file.replace('/new/', '/cur/').replace(/:2,.*/, '')}:2,FS`))
    await rm(home.path(named(3).file))
    await view.append('INBOX', letter({ subject: 'Viết ở máy chủ' }), ['\\Flagged'])
    await view.in('INBOX', async (client) => {
      const uid = async (number: number): Promise<string> => String(((await client.search({ header: { subject: `Công văn số ${number}` } }, { uid: true })) as number[])[0])
      await client.messageFlagsAdd(await uid(500), ['\\Answered'], { uid: true })
      await client.messageDelete(await uid(999), { uid: true })
    })
    await sync()

    const remote = new Map((await headers(view, 'INBOX')).map(({ subject, flags }) => [subject, flags]))
    assert.deepEqual(remote.get('Viết ở máy'), ['\\Seen'])
    assert.deepEqual(remote.get('Công văn số 2'), ['\\Flagged', '\\Seen'])
    assert.ok(!remote.has('Công văn số 3'))
    assert.equal(remote.size, manyMessages)
    assert.deepEqual((await headers(view, 'Drafts')).map(({ subject, flags }) => [subject, flags]), [['Nháp ở máy', ['\\Draft', '\\Seen']]])
    const here = new Map((await local('INBOX')).map(({ subject, flags }) => [subject, flags]))
    assert.equal(here.get('Viết ở máy chủ'), 'F')
    assert.match(here.get('Công văn số 500')!, /R/)
    assert.ok(!here.has('Công văn số 999') && !here.has('Công văn số 3'))
    assert.deepEqual([...here.keys()].sort(), [...remote.keys()].sort())
  })

  it('makes mailboxes of either side on the other, Vietnamese names included', async () => {
    await view.client.mailboxCreate('Công việc/Quý 1')
    await view.append('Công việc/Quý 1', letter({ subject: 'Trong hộp thư con' }))
    for (const part of ['cur', 'new', 'tmp']) await mkdir(home.path(`mail/H&HtM- s&AaE-/${part}`), { recursive: true })
    await writeFile(home.path('mail/H&HtM- s&AaE-/cur/125.local:2,S'), letter({ subject: 'Trong hồ sơ' }).replaceAll('\r\n', '\n'))
    await sync()
    assert.deepEqual(await view.subjects('Hồ sơ'), ['Trong hồ sơ'])
    assert.deepEqual((await local('C&APQ-ng vi&Hsc-c/Qu&AP0- 1')).map(({ subject }) => subject), ['Trong hộp thư con'])
    await syncOfNothing()
  })
})

function settings(server: RunningServer, person: Person, home: Home): string {
  return [
    'IMAPAccount cv', 'Host localhost', `Port ${server.ports.imaps}`, `User ${person.address}`, `Pass ${person.password}`, 'SSLType IMAPS', `CertificateFile ${server.certificateFile}`, '',
    'IMAPStore remote', 'Account cv', '',
    'MaildirStore local', `Path ${home.path('mail')}/`, `Inbox ${home.path('mail')}/INBOX`, 'SubFolders Verbatim', '',
    'Channel all', 'Far :remote:', 'Near :local:', 'Patterns *', 'Create Both', 'Expunge Both', 'Remove None', 'SyncState *', '',
  ].join('\n')
}

interface Headers {
  readonly uid: number
  readonly subject: string
  readonly flags: readonly string[]
}

async function headers(view: AccountView, mailbox: string): Promise<Headers[]> {
  return await view.in(mailbox, async (client) => {
    // To hear first of what others have expunged.
    await client.noop()
    const all = await client.fetchAll('1:*', { uid: true, envelope: true, flags: true })
    return all.map(({ uid, envelope, flags }) => ({ uid, subject: envelope?.subject ?? '', flags: [...(flags ?? [])].filter((flag) => flag !== '\\Recent').sort() }))
  })
}

/** Of INBOX: what a run that transfers nothing must not change. */
async function state(view: AccountView): Promise<unknown> {
  return { uids: await headers(view, 'INBOX'), status: await view.client.status('Archive', { messages: true, uidNext: true }) }
}

async function subjectIn(path: string): Promise<string> {
  const text = await readFile(path, 'utf8')
  const raw = /^Subject: (.*)$/m.exec(text)?.[1]?.trimEnd() ?? ''
  const word = /^=\?utf-8\?B\?(.*)\?=$/.exec(raw)
  return word === null ? raw : Buffer.from(word[1]!, 'base64').toString('utf8')
}

/** Of a message whatever its line ends; mbsync adds its own X-TUID while it uploads, and takes it for the one it sees again. */
function digest(text: string): string {
  return createHash('sha256').update(text.replaceAll('\r\n', '\n').replace(/^X-TUID: .*\n/m, '')).digest('hex')
}
