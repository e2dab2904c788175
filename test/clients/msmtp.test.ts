/** msmtp, the sendmail of scripts and of mutt: submission on both ports with a verified certificate. */
import { after, before, describe, it } from 'node:test'
import assert from 'node:assert/strict'
import { type Person, type RunningServer, startServer } from '../support/running-server.ts'
import { viewAccount } from './support/account-view.ts'
import { letter } from './support/letters.ts'
import { type Home, missing, openHome, says } from './support/program.ts'

/** sysexits.h. */
const exNoUser = 67
const exNoPerm = 77
const exUnavailable = 69
const exDataError = 65

describe('msmtp', { skip: missing({ msmtp: 'msmtp' }) }, () => {
  const open = new AsyncDisposableStack()
  let server: RunningServer
  let home: Home
  let an: Person
  let binh: Person

  before(async () => {
    server = open.use(await startServer({ settings: { CONGVU_SMTP__MAX_MESSAGE_BYTES: '1048576' } }))
    an = await server.person('an', 'Nguyễn Văn An')
    binh = await server.person('binh', 'Trần Thị Bình')
    home = open.use(await openHome({ '.msmtprc': settings(server, an) }))
  })
  after(() => open.disposeAsync())

  for (const account of ['starttls', 'tls']) {
    it(`submits by the account "${account}", recipients taken from the header`, async () => {
      const subject = `Báo cáo tuần bằng ${account}`
      await home.run('msmtp', ['-a', account, '-t'], { input: letter({ subject, from: an.address, to: `Bình <${binh.address}>`, body: 'Dòng một.\n.\n..hai chấm đầu dòng\nHết.' }) })
      await using view = await viewAccount(server, binh)
      const { source } = await view.arrival('INBOX', subject)
      assert.ok(source.toString().endsWith('Dòng một.\r\n.\r\n..hai chấm đầu dòng\r\nHết.\r\n'))
    })
  }

  it('asks the server what it can', async () => {
    const info = await home.run('msmtp', ['-a', 'starttls', '--serverinfo'])
    for (const line of ['SIZE 1048576', 'PIPELINING', 'AUTH', 'PLAIN', 'LOGIN']) says(info, line)
  })

  it('says what was wrong: password, recipient, size', async () => {
    const input = letter({ subject: 'Never there', from: an.address, to: binh.address })
    says(await home.run('msmtp', ['-a', 'wrong', binh.address], { input, codes: [exNoPerm] }), '535 5.7.8')
    says(await home.run('msmtp', ['-a', 'tls', 'khong-co@so.congvu.test'], { input, codes: [exUnavailable, exNoUser, exDataError] }), '550 5.1.1')
    const big = letter({ subject: 'Too big', from: an.address, to: binh.address, attachment: { name: 'so-lieu.bin', content: Buffer.alloc(1_000_000, 'x') } })
    says(await home.run('msmtp', ['-a', 'tls', binh.address], { input: big, codes: [exUnavailable, exDataError] }), '552 5.3.4')
    await using view = await viewAccount(server, binh)
    const subjects = await view.subjects('INBOX')
    assert.ok(!subjects.includes('Never there') && !subjects.includes('Too big'))
  })
})

function settings(server: RunningServer, person: Person): string {
  const usual = ['host localhost', 'auth on', `user ${person.address}`, `from ${person.address}`, 'tls on', `tls_trust_file ${server.certificateFile}`]
  const account = (name: string, port: number, tls: string, password = person.password): string =>
    [`account ${name}`, ...usual, `port ${port}`, `tls_starttls ${tls}`, `password ${password}`, ''].join('\n')
  return [
    account('starttls', server.ports.submission, 'on'),
    account('tls', server.ports.submissions, 'off'),
    account('wrong', server.ports.submissions, 'off', 'Sai-mat-khau#1'),
  ].join('\n')
}
