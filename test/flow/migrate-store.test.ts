/**
 * `congvu migrate-store` as an operator uses it: a server with 1,000 messages that mbsync has synchronised, moved to MongoDB and back,
 * killed on the way; mbsync then has nothing to transfer, because UIDs, UIDVALIDITY and MODSEQ are what they were.
 */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readdir, rename } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, describe, it } from 'node:test'
import { type AccountView, viewAccount } from '../clients/support/account-view.ts'
import { letter } from '../clients/support/letters.ts'
import { type Home, missing, openHome } from '../clients/support/program.ts'
import { dropDatabase } from '../support/mongo-place.ts'
import { freshDatabase, mongoUnreachable, sharedMongoUrl } from '../support/mongo-server.ts'
import { cleanEnvironment, type Person, serverEnvironment } from '../support/running-server.ts'
import { ServerFolder, type ServerProcess } from '../support/server-process.ts'

const root = resolve(import.meta.dirname, '../..')
const manyMessages = 1_000

describe('moving house with a mail client that has everything', { skip: mongoUnreachable ?? missing({ mbsync: 'isync' }) }, () => {
  const open = new AsyncDisposableStack()
  const database = freshDatabase()
  let url: string
  let folder: ServerFolder
  let home: Home
  let person: Person
  let before_: State

  before(async () => {
    // One member by itself, three in the set: a move to a province is a move to a set.
    url = await sharedMongoUrl(3)
    open.defer(() => dropDatabase(url, database))
    folder = open.use(await ServerFolder.make())
    home = open.use(await openHome({ '.mbsyncrc': '' }))
    await mkdir(home.path('mail'))
  })
  after(() => open.disposeAsync())

  const onMongo = (): Record<string, string> => ({ CONGVU_STORE__KIND: 'mongo', CONGVU_STORE__MONGO_URL: url, CONGVU_STORE__DATABASE: database, CONGVU_SECURITY__ALLOW_ACTIVE_ACCOUNTS: 'true' })
  const migrate = (from: string, to: string, killAfter?: number): Promise<Ran> =>
    run(['migrate-store', '--from', from, '--to', to, '--json'], { ...serverEnvironment(folder.data, join(folder.folder, 'congvu.toml'), {}), ...onMongo(), CONGVU_STORE__KIND: 'embedded' }, killAfter)

  async function lookedAt(server: ServerProcess): Promise<State> {
    await using view = await viewAccount(places(server), person)
    return await stateOf(view)
  }

  const places = (server: ServerProcess) => ({ host: '127.0.0.1' as const, ports: server.ports, certificateFile: join(folder.data, 'tls', 'self-signed.crt'), log: server.log })

  async function sync(server: ServerProcess): Promise<readonly string[]> {
    await home.write('.mbsyncrc', settings(places(server), person, home))
    const { stdout } = await home.run('mbsync', ['-Dn', '-a'], { timeoutMs: 120_000 })
    const verbs = [...stdout.matchAll(/^>>> \d+ ((?:UID )?[A-Z]+)(.*)/gm)].map(([, verb, rest]) => (/BODY|RFC822/.test(rest!) ? `${verb} of a body` : verb!))
    assert.ok(verbs.includes('UID FETCH'), `it looked at nothing: ${verbs.join(', ')}`)
    return verbs.filter((verb) => /of a body|APPEND|STORE|COPY|MOVE|EXPUNGE|CREATE|DELETE|RENAME/.test(verb))
  }

  const files = async (): Promise<number> => (await Promise.all(['cur', 'new'].map((part) => readdir(home.path(`mail/INBOX/${part}`))))).flat().length

  it('is refused while the server runs', async () => {
    const server = await folder.start({ settings: { CONGVU_SECURITY__ALLOW_ACTIVE_ACCOUNTS: 'true' } })
    person = await server.person('an')
    {
      await using view = await viewAccount(places(server), person)
      await fillAccount(view)
      before_ = await stateOf(view)
    }
    await sync(server)
    assert.equal(await files(), manyMessages - 10)
    const refused = await migrate('sqlite', 'mongo')
    assert.equal(refused.code, 1)
    assert.match(refused.stderr, /"reason":"running"/)
    assert.match(refused.stderr, /hãy dừng nó trước/)
    assert.equal((await server.end('SIGTERM')).code, 0)
  })

  it('to MongoDB, killed on the way: mbsync transfers nothing', { timeout: 300_000 }, async (t) => {
    const killed = await migrate('sqlite', 'mongo', 6)
    assert.equal(killed.signal, 'SIGKILL')
    const half = await folder.refused({ settings: onMongo() })
    assert.notEqual(half.code, 0)
    assert.match(half.log, /half filled|being moved/)
    const { code, stdout, stderr } = await migrate('sqlite', 'mongo')
    assert.equal(code, 0, stderr)
    const report = JSON.parse(stdout) as { already: boolean; rows: Record<string, number>; bodies: number; bodyBytes: number }
    assert.equal(report.already, false)
    assert.ok(report.rows['messages']! >= manyMessages - 10, stdout)
    t.diagnostic(`${report.rows['messages']} messages, ${report.bodies} bodies, ${report.bodyBytes} bytes`)

    const server = await folder.start({ settings: onMongo() })
    assert.deepEqual(await sync(server), [])
    assert.deepEqual(await lookedAt(server), before_)
    const running = await migrate('mongo', 'sqlite')
    assert.match(running.stderr, /"reason":"running"/)
    {
      await using view = await viewAccount(places(server), person)
      await view.append('INBOX', letter({ subject: 'Sau khi chuyển' }), ['\\Flagged'])
      before_ = await stateOf(view)
    }
    assert.deepEqual(await sync(server), ['UID FETCH of a body'], 'one new message comes, and nothing else')
    assert.equal((await server.end('SIGTERM')).code, 0)
  })

  it('and back: refused while the old store is there, then mbsync transfers nothing', { timeout: 300_000 }, async () => {
    const full = await migrate('mongo', 'sqlite')
    assert.equal(full.code, 1)
    assert.match(full.stderr, /target-not-empty/)
    for (const part of ['store', 'segments']) await rename(join(folder.data, part), join(folder.data, `${part}.old`))
    const { code, stderr } = await migrate('mongo', 'sqlite')
    assert.equal(code, 0, stderr)
    const server = await folder.start()
    assert.deepEqual(await sync(server), [])
    assert.deepEqual(await lookedAt(server), before_)
    assert.equal(await files(), manyMessages - 9)
    assert.equal((await server.end('SIGTERM')).code, 0)
  })
})

async function fillAccount(view: AccountView): Promise<void> {
  for (let index = 0; index < manyMessages; index++) {
    const flags = index % 3 === 0 ? ['\\Seen'] : index % 7 === 0 ? ['\\Flagged', '\\Answered'] : []
    await view.append('INBOX', letter({ subject: `Công văn số ${index + 1}`, body: `Nội dung ${index + 1}.\n${'Dòng. '.repeat(index % 50)}` }), flags)
  }
  await view.client.mailboxCreate('Công việc/Quý 1')
  await view.append('Công việc/Quý 1', letter({ subject: 'Trong hộp thư con' }))
  await view.in('INBOX', async (client) => {
    assert.ok(await client.messageDelete('11:15', { uid: true }))
    assert.ok(await client.messageMove('21:25', 'Công việc/Quý 1', { uid: true }))
  })
}

type State = Awaited<ReturnType<typeof stateOf>>

/** What a client goes by. EMAILID is made of the body's name, which every kind of store gives in its own way: it changes. */
async function stateOf(view: AccountView) {
  const mailboxes = await view.mailboxes()
  return await Promise.all(
    mailboxes.map(async (path) => {
      const status = await view.client.status(path, { messages: true, uidNext: true, uidValidity: true, unseen: true, highestModseq: true })
      assert.ok(status)
      const { uidValidity, uidNext, messages, unseen, highestModseq } = status
      const all = await view.in(path, (client) => (messages === 0 ? Promise.resolve([]) : client.fetchAll('1:*', { uid: true, flags: true, envelope: true, internalDate: true, size: true, threadId: true })))
      return {
        path, uidValidity: String(uidValidity), uidNext, messages, unseen, highestModseq: String(highestModseq),
        held: all.map(({ uid, flags, envelope, internalDate, size, modseq, threadId }) => ({
          uid, flags: [...(flags ?? [])].filter((flag) => flag !== '\\Recent').sort(), subject: envelope?.subject, internalDate: String(internalDate), size, modseq: String(modseq), threadId,
        })),
      }
    }),
  )
}

interface Ran {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/** Killed when it has told so many lines of how far it is. */
async function run(args: readonly string[], environment: Readonly<Record<string, string>>, killAfter?: number): Promise<Ran> {
  const child = spawn(process.execPath, ['src/main.ts', ...args], { cwd: root, env: { ...cleanEnvironment(), ...environment }, stdio: ['ignore', 'pipe', 'pipe'] })
  const closed = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>
  let stdout = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  const lines: string[] = []
  for await (const line of createInterface({ input: child.stderr })) {
    lines.push(line)
    if (lines.length === killAfter) child.kill('SIGKILL')
  }
  const [code, signal] = await closed
  return { code, signal, stdout, stderr: lines.join('\n') }
}

function settings(server: { readonly ports: { readonly imaps: number }; readonly certificateFile: string }, person: Person, home: Home): string {
  return [
    'IMAPAccount cv', 'Host localhost', `Port ${server.ports.imaps}`, `User ${person.address}`, `Pass ${person.password}`, 'SSLType IMAPS', `CertificateFile ${server.certificateFile}`, '',
    'IMAPStore remote', 'Account cv', '',
    'MaildirStore local', `Path ${home.path('mail')}/`, `Inbox ${home.path('mail')}/INBOX`, 'SubFolders Verbatim', '',
    'Channel all', 'Far :remote:', 'Near :local:', 'Patterns *', 'Create Both', 'Expunge Both', 'Remove None', 'SyncState *', '',
  ].join('\n')
}
