/** curl as the mail tool of scripts: IMAP over TLS and STARTTLS, submission, the certificate verified. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type Person, type RunningServer, startServer } from '../support/running-server.ts'
import { viewAccount } from './support/account-view.ts'
import { letter } from './support/letters.ts'
import { type Finished, type Home, missing, openHome, type RunOptions, says } from './support/program.ts'

/** curl ends with these for a refused sign-in or SELECT, a message that is not there, and a refusal while sending. */
const loginDenied = 67
const notFound = 78
const sendError = 55

describe('curl', { skip: missing({ curl: 'curl' }) }, () => {
  const open = new AsyncDisposableStack()
  let server: RunningServer
  let home: Home
  let an: Person
  let binh: Person
  let imaps: string

  before(async () => {
    server = open.use(await startServer({ settings: { CONGVU_SMTP__MAX_MESSAGE_BYTES: '1048576' } }))
    an = await server.person('an', 'Nguyễn Văn An')
    binh = await server.person('binh', 'Trần Thị Bình')
    home = open.use(await openHome())
    imaps = `imaps://localhost:${server.ports.imaps}`
  })
  after(() => open.disposeAsync())

  const curl = (args: readonly string[], options: RunOptions = {}, password = an.password): Promise<Finished> =>
    home.run('curl', ['-sS', '--max-time', '30', '--cacert', server.certificateFile, '--user', `${an.address}:${password}`, ...args], options)

  it('lists the mailboxes', async () => {
    const { stdout } = await curl([`${imaps}/`])
    const names = [...stdout.matchAll(/^\* LIST \(.*\) "\/" "(.*)"\r$/gm)].map((match) => match[1]).sort()
    assert.deepEqual(names, ['Archive', 'Drafts', 'INBOX', 'Junk', 'Sent', 'Trash'])
    for (const use of ['Archive', 'Drafts', 'Junk', 'Sent', 'Trash']) assert.match(stdout, new RegExp(`^\\* LIST \\(.*\\\\${use}\\) `, 'm'))
  })

  it('appends a message, fetches it byte for byte, by number, by UID and in part, and searches it', async () => {
    const bytes = letter({ subject: 'Công văn số 12', from: 'lan@example.com', to: an.address, body: 'Đính kèm bảng số liệu.\n'.repeat(500) })
    const file = await home.write('thu.eml', bytes)
    await curl(['-T', file, `${imaps}/Archive`])
    assert.equal((await curl([`${imaps}/Archive;MAILINDEX=1`])).stdout, bytes)
    assert.equal((await curl([`imap://localhost:${server.ports.imap}/Archive;UID=1`, '--ssl-reqd'])).stdout, bytes)
    assert.equal((await curl([`${imaps}/Archive;UID=1;SECTION=TEXT`])).stdout, bytes.slice(bytes.indexOf('\r\n\r\n') + 4))
    assert.equal((await curl([`${imaps}/Archive;UID=1;SECTION=HEADER.FIELDS%20(FROM)`])).stdout, 'From: lan@example.com\r\n\r\n')
    assert.match((await curl([`${imaps}/Archive?FROM%20lan%20LARGER%201000`])).stdout, /^\* SEARCH 1\r$/m)
    assert.match((await curl([`${imaps}/Archive?SUBJECT%20nothing-like-it`])).stdout, /^\* SEARCH\r$/m)
  })

  it('gives its own commands: create, status, store, expunge, delete', async () => {
    await curl([`${imaps}/`, '-X', 'CREATE Viec'])
    await curl(['-T', await home.write('thu.eml', letter({ subject: 'To be removed' })), `${imaps}/Viec`])
    assert.match((await curl([`${imaps}/`, '-X', 'STATUS Viec (MESSAGES UIDNEXT)'])).stdout, /^\* STATUS "?Viec"? \(MESSAGES 1 UIDNEXT 2\)\r$/m)
    assert.match((await curl([`${imaps}/Viec`, '-X', 'STORE 1 +FLAGS (\\Deleted)'])).stdout, /^\* 1 FETCH \(.*\\Deleted/m)
    assert.match((await curl([`${imaps}/Viec`, '-X', 'EXPUNGE'])).stdout, /^\* 1 EXPUNGE\r$/m)
    await curl([`${imaps}/`, '-X', 'DELETE Viec'])
    await using view = await viewAccount(server, an)
    assert.ok(!(await view.mailboxes()).includes('Viec'))
  })

  it('is refused with a wrong password, for a mailbox and a message that are not there', async () => {
    says(await curl([`${imaps}/`], { codes: [loginDenied] }, 'Sai-mat-khau#1'), 'Login denied')
    await curl([`${imaps}/Khong-co;UID=1`], { codes: [loginDenied] })
    await curl([`${imaps}/INBOX;UID=999`], { codes: [notFound] })
  })

  it('submits over STARTTLS and TLS, announcing the size', async () => {
    await using view = await viewAccount(server, binh)
    for (const [subject, url] of [['By curl, 587', `smtp://localhost:${server.ports.submission}/may.example`], ['By curl, 465', `smtps://localhost:${server.ports.submissions}/may.example`]] as const) {
      const file = await home.write('gui.eml', letter({ subject, from: an.address, to: binh.address }))
      await curl(['--ssl-reqd', url, '--mail-from', an.address, '--mail-rcpt', binh.address, '-T', file])
      await view.arrival('INBOX', subject)
    }
    const big = await home.write('lon.eml', letter({ subject: 'Too big', from: an.address, attachment: { name: 'a.bin', content: Buffer.alloc(1_000_000) } }))
    const refused = await curl(['-v', '--ssl-reqd', `smtps://localhost:${server.ports.submissions}/`, '--mail-from', an.address, '--mail-rcpt', binh.address, '-T', big], { codes: [sendError] })
    says(refused, /> MAIL FROM:<.*> SIZE=\d+/)
    says(refused, /< 552 5\.3\.4 /)
  })
})
