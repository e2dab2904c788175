/** swaks, the SMTP test tool: mail exchange, submission on both ports, and each refusal that a sender can meet. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { outsideServer, type OutsideServer } from '../support/outside-server.ts'
import { type Person, type RunningServer, startServer } from '../support/running-server.ts'
import { viewAccount } from './support/account-view.ts'
import { type Finished, type Home, missing, openHome, says } from './support/program.ts'

const maxMessageBytes = 1_048_576
/** swaks ends with these for a refusal of MAIL, of RCPT, of AUTH, and of the message. */
const mailRefused = 23
const rcptRefused = 24
const authRefused = 28
const dataRefused = 26

describe('swaks', { skip: missing({ swaks: 'swaks' }) }, () => {
  const open = new AsyncDisposableStack()
  let outside: OutsideServer
  let server: RunningServer
  let home: Home
  let an: Person
  let binh: Person

  before(async () => {
    outside = open.use(await outsideServer())
    server = open.use(await startServer({ outsidePort: outside.port, settings: { CONGVU_SMTP__MAX_MESSAGE_BYTES: String(maxMessageBytes) } }))
    home = open.use(await openHome())
    an = await server.person('an', 'Nguyễn Văn An')
    binh = await server.person('binh', 'Trần Thị Bình')
  })
  after(() => open.disposeAsync())

  const swaks = (port: number, args: readonly string[], codes: readonly number[] = [0]): Promise<Finished> =>
    home.run('swaks', ['--server', server.host, '--port', String(port), ...args], { codes })
  const signedIn = (mechanism: string, person: Person, password = person.password): string[] => [
    '--auth', mechanism, '--auth-user', person.address, '--auth-password', password, '--from', person.address,
    '--tls-verify', '--tls-ca-path', server.certificateFile,
  ]

  it('delivers mail from outside in the clear and over STARTTLS', async () => {
    await using view = await viewAccount(server, an)
    await swaks(server.ports.smtp, ['--from', 'lan@example.com', '--to', an.address, '--h-Subject', 'Giay moi hop'])
    says(await swaks(server.ports.smtp, ['--from', 'lan@example.com', '--to', an.address, '--h-Subject', 'Over TLS', '--tls', '--tls-verify', '--tls-ca-path', server.certificateFile]), 'TLS started')
    const clear = await view.arrival('INBOX', 'Giay moi hop')
    assert.match(clear.source.toString(), /^Return-Path: <lan@example\.com>\r\n/)
    assert.match(clear.source.toString(), /\r\n\r\nThis is a test mailing\r\n/)
    assert.match((await view.arrival('INBOX', 'Over TLS')).source.toString(), /\bwith ESMTPS\b/)
  })

  it('delivers one message to two recipients and an empty sender', async () => {
    await swaks(server.ports.smtp, ['--from', '<>', '--to', `${an.address},${binh.address}`, '--h-Subject', 'Two of us'])
    for (const person of [an, binh]) {
      await using view = await viewAccount(server, person)
      assert.match((await view.arrival('INBOX', 'Two of us')).source.toString(), /^Return-Path: <>\r\n/)
    }
  })

  for (const mechanism of ['PLAIN', 'LOGIN']) {
    it(`submits with STARTTLS and AUTH ${mechanism}, to a colleague and to the outside`, async () => {
      const subject = `Submitted by ${mechanism}`
      const to = `lan-${mechanism.toLowerCase()}@example.com`
      await swaks(server.ports.submission, ['--tls', ...signedIn(mechanism, an), '--to', `${binh.address},${to}`, '--h-Subject', subject])
      await using view = await viewAccount(server, binh)
      assert.match((await view.arrival('INBOX', subject)).source.toString(), /\bwith ESMTPSA\b/)
      const sent = await outside.message((message) => message.recipients.includes(to))
      assert.equal(sent.sender, an.address)
      assert.match(sent.bytes.toString(), new RegExp(`^Subject: ${subject}\\r$`, 'm'))
    })
  }

  it('submits over TLS from the first byte', async () => {
    await swaks(server.ports.submissions, ['--tls-on-connect', ...signedIn('PLAIN', an), '--to', binh.address, '--h-Subject', 'On 465'])
    await using view = await viewAccount(server, binh)
    await view.arrival('INBOX', 'On 465')
  })

  it('is refused with a wrong password, and mail exchange offers no AUTH', async () => {
    for (const mechanism of ['PLAIN', 'LOGIN']) {
      says(await swaks(server.ports.submission, ['--tls', ...signedIn(mechanism, an, 'Sai-mat-khau#1'), '--to', binh.address], [authRefused]), /<~\* 535 5\.7\.8 /)
    }
    assert.doesNotMatch((await swaks(server.ports.smtp, ['--quit-after', 'EHLO'])).stdout, /250[- ]AUTH/)
  })

  it('may not submit without signing in, nor as somebody else', async () => {
    says(await swaks(server.ports.submission, ['--tls', '--from', an.address, '--to', binh.address], [mailRefused]), /<~\* 530 5\.7\.0 /)
    says(await swaks(server.ports.submission, ['--tls', ...signedIn('PLAIN', an), '--from', binh.address, '--to', binh.address], [mailRefused]), /<~\* 553 5\.7\.1 /)
  })

  it('gets 550 5.1.1 for an unknown recipient and 550 5.7.1 for relaying', async () => {
    says(await swaks(server.ports.smtp, ['--from', 'lan@example.com', '--to', 'khong-co@so.congvu.test'], [rcptRefused]), /<\*\* 550 5\.1\.1 /)
    says(await swaks(server.ports.smtp, ['--from', 'lan@example.com', '--to', 'someone@example.org'], [rcptRefused]), /<\*\* 550 5\.7\.1 /)
  })

  it('still delivers to the recipients that exist', async () => {
    says(await swaks(server.ports.smtp, ['--from', 'lan@example.com', '--to', `khong-co@so.congvu.test,${an.address}`, '--h-Subject', 'Half of them']), /<\*\* 550 5\.1\.1 /)
    await using view = await viewAccount(server, an)
    await view.arrival('INBOX', 'Half of them')
  })

  it('is told SIZE and refused with 552 5.3.4 above it', async () => {
    says(await swaks(server.ports.smtp, ['--quit-after', 'EHLO']), `SIZE ${maxMessageBytes}`)
    const big = await home.write('big.txt', `${'Số liệu báo cáo. '.repeat(4)}\n`.repeat(20_000))
    says(await swaks(server.ports.smtp, ['--from', 'lan@example.com', '--to', an.address, '--body', `@${big}`], [dataRefused]), /<\*\* 552 5\.3\.4 /)
    await using view = await viewAccount(server, an)
    assert.deepEqual(await view.find('INBOX', { larger: 100_000 }), [])
  })
})
