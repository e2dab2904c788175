/** nodemailer, the mailer of Node programs: single messages, a pool, attachments, and its refusals as errors with their code. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, before, describe, it } from 'node:test'
import { simpleParser } from 'mailparser'
import nodemailer from 'nodemailer'
import { outsideServer, type OutsideServer } from '../support/outside-server.ts'
import { type Person, type RunningServer, startServer } from '../support/running-server.ts'
import { viewAccount } from './support/account-view.ts'

const pooledMessages = 50

describe('nodemailer', () => {
  const open = new AsyncDisposableStack()
  let outside: OutsideServer
  let server: RunningServer
  let an: Person
  let binh: Person
  let ca: Buffer

  before(async () => {
    outside = open.use(await outsideServer())
    server = open.use(await startServer({ outsidePort: outside.port }))
    an = await server.person('an', 'Nguyễn Văn An')
    binh = await server.person('binh', 'Trần Thị Bình')
    ca = await readFile(server.certificateFile)
  })
  after(() => open.disposeAsync())

  const submission = (secure: boolean, password = an.password) => ({
    host: 'localhost',
    port: secure ? server.ports.submissions : server.ports.submission,
    secure,
    requireTLS: true,
    auth: { user: an.address, pass: password },
    tls: { ca },
  })

  for (const secure of [false, true]) {
    it(`submits over ${secure ? 'TLS' : 'STARTTLS'}: text, HTML and an attachment with a Vietnamese name, inside and outside`, async () => {
      const subject = `Báo cáo số ${secure ? 465 : 587}`
      const transport = nodemailer.createTransport(submission(secure))
      assert.equal(await transport.verify(), true)
      const attached = Buffer.from('Cột A;Cột B\r\n'.repeat(5_000))
      const to = `lan-${secure}@example.com`
      const info = await transport.sendMail({
        from: { name: an.name, address: an.address },
        to: [{ name: binh.name, address: binh.address }, to],
        bcc: 'giau@example.com',
        subject,
        text: 'Kính gửi chị Bình.\n.\n',
        html: '<p>Kính gửi chị <b>Bình</b>.</p>',
        attachments: [{ filename: 'Bảng số liệu.csv', content: attached }],
      })
      assert.deepEqual(info.rejected, [])
      assert.match(info.response, /^250 2\.6\.0 /)
      await using view = await viewAccount(server, binh)
      const { source } = await view.arrival('INBOX', subject)
      const parsed = await simpleParser(source)
      assert.equal(parsed.from?.value[0]?.name, an.name)
      assert.equal(parsed.text, 'Kính gửi chị Bình.\n.\n')
      assert.equal(parsed.attachments[0]?.filename, 'Bảng số liệu.csv')
      assert.ok(parsed.attachments[0].content.equals(attached))
      const sent = await outside.message(({ recipients }) => recipients.includes(to))
      const own = (bytes: Buffer): string => bytes.toString('latin1').slice(bytes.indexOf('From: '))
      assert.ok(own(sent.bytes) === own(source), 'the outside gets the bytes that the colleague got')
      assert.doesNotMatch(sent.bytes.toString(), /giau@/)
    })
  }

  it(`sends ${pooledMessages} messages through a pool of connections, each arriving once`, async () => {
    const pool = nodemailer.createTransport({ ...submission(false), pool: true, maxConnections: 5, maxMessages: 20 })
    const subjects = Array.from({ length: pooledMessages }, (_, index) => `Tin hàng loạt ${index + 1}`)
    await Promise.all(subjects.map((subject) => pool.sendMail({ from: an.address, to: binh.address, subject, text: subject })))
    pool.close()
    await using view = await viewAccount(server, binh)
    const arrived = (await view.subjects('INBOX')).filter((subject) => subject.startsWith('Tin hàng loạt'))
    assert.deepEqual(arrived.sort(), subjects.sort())
  })

  it('sees refusals with their codes: password, sender, recipient', async () => {
    await assert.rejects(nodemailer.createTransport(submission(true, 'Sai-mat-khau#1')).verify(), { code: 'EAUTH', responseCode: 535 })
    const transport = nodemailer.createTransport(submission(true))
    await assert.rejects(transport.sendMail({ from: binh.address, to: binh.address, subject: 'x', text: 'x' }), { code: 'EENVELOPE', responseCode: 553 })
    await assert.rejects(transport.sendMail({ from: an.address, to: 'khong-co@so.congvu.test', subject: 'x', text: 'x' }), { code: 'EENVELOPE', responseCode: 550 })
    const half = await transport.sendMail({ from: an.address, to: ['khong-co@so.congvu.test', binh.address], subject: 'Half', text: 'x' })
    assert.deepEqual(half.rejected, ['khong-co@so.congvu.test'])
  })
})
