/** imapflow, the client library of Node programs: a working day over TLS and STARTTLS, seen by a second session. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { after, before, describe, it } from 'node:test'
import { ImapFlow } from 'imapflow'
import { type Person, type RunningServer, startServer } from '../support/running-server.ts'
import { viewAccount } from './support/account-view.ts'
import { letter } from './support/letters.ts'

const mailboxes = ['Archive', 'Drafts', 'INBOX', 'Junk', 'Sent', 'Trash']

describe('imapflow', () => {
  const open = new AsyncDisposableStack()
  let server: RunningServer
  let an: Person

  before(async () => {
    server = open.use(await startServer())
    an = await server.person('an', 'Nguyễn Văn An')
  })
  after(() => open.disposeAsync())

  const signIn = async (secure = true, password = an.password): Promise<ImapFlow> => {
    const client = new ImapFlow({
      host: server.host,
      port: secure ? server.ports.imaps : server.ports.imap,
      secure,
      ...(secure ? {} : { doSTARTTLS: true }),
      auth: { user: an.address, pass: password },
      tls: { ca: await readFile(server.certificateFile), servername: 'localhost' },
      logger: false,
      clientInfo: { name: 'congvu-test' },
    })
    await client.connect()
    return client
  }

  for (const secure of [true, false]) {
    it(`signs in over ${secure ? 'TLS' : 'STARTTLS'}, is refused with a wrong password, and sees the mailboxes with their uses`, async () => {
      const client = await signIn(secure)
      assert.equal(client.secureConnection, true)
      const list = await client.list({ statusQuery: { messages: true, unseen: true } })
      assert.deepEqual(list.map(({ path }) => path).sort(), mailboxes)
      assert.deepEqual(new Set(list.map(({ specialUse }) => specialUse)), new Set(['\\Inbox', '\\Archive', '\\Drafts', '\\Junk', '\\Sent', '\\Trash']))
      assert.equal(list.find(({ path }) => path === 'INBOX')?.status?.messages, 0)
      await client.logout()
      await assert.rejects(signIn(secure, 'Sai-mat-khau#1'), { authenticationFailed: true })
    })
  }

  it('creates, subscribes, renames and deletes mailboxes with Vietnamese names', async () => {
    const client = await signIn()
    await client.mailboxCreate(['Hồ sơ', 'Quý 1'])
    await client.mailboxSubscribe('Hồ sơ/Quý 1')
    await client.mailboxRename('Hồ sơ', 'Lưu trữ')
    assert.ok((await client.list()).some(({ path }) => path === 'Lưu trữ/Quý 1'))
    assert.equal((await client.mailboxCreate('Lưu trữ/Quý 1')).created, false)
    await client.mailboxDelete('Lưu trữ/Quý 1')
    await client.mailboxDelete('Lưu trữ')
    assert.deepEqual((await client.list()).map(({ path }) => path).sort(), mailboxes)
    await client.logout()
  })

  it('appends and fetches: envelope, structure, parts, a download in pieces', async () => {
    const client = await signIn()
    const attachment = Buffer.alloc(700_000, 'Số liệu.')
    const source = letter({ subject: 'Bảng số liệu quý', from: 'Lê Lan <lan@example.com>', body: 'Kính gửi: xem tệp.', attachment: { name: 'so-lieu.bin', content: attachment } })
    const appended = await client.append('INBOX', source, ['\\Flagged', '$BaoCao'], new Date('2026-10-01T02:03:04Z'))
    assert.ok(appended !== false)
    assert.ok(appended.uid !== undefined && appended.uidValidity !== undefined)
    const lock = await client.getMailboxLock('INBOX')
    const message = await client.fetchOne(String(appended.uid), { uid: true, flags: true, envelope: true, bodyStructure: true, internalDate: true, size: true, headers: ['message-id'], source: true }, { uid: true })
    assert.ok(message !== false)
    assert.equal(message.envelope?.subject, 'Bảng số liệu quý')
    assert.deepEqual(message.envelope?.from?.map(({ address }) => address), ['lan@example.com'])
    assert.deepEqual(message.flags, new Set(['\\Flagged', '$BaoCao']))
    assert.equal(new Date(message.internalDate ?? 0).toISOString(), '2026-10-01T02:03:04.000Z')
    assert.equal(message.size, Buffer.byteLength(source))
    assert.deepEqual(message.bodyStructure?.childNodes?.map(({ part, type }) => [part, type]), [['1', 'text/plain'], ['2', 'application/octet-stream']])
    assert.equal(message.source?.toString(), source)
    const { meta, content } = await client.download(String(appended.uid), '2', { uid: true, chunkSize: 65_536 })
    assert.equal(meta?.filename, 'so-lieu.bin')
    assert.ok(Buffer.concat(await content!.toArray()).equals(attachment))
    lock.release()
    await client.logout()
  })

  it('searches by text, sender, date, size and flag', async () => {
    const client = await signIn()
    await client.append('Archive', letter({ subject: 'Giấy mời họp', from: 'lan@example.com', body: 'Họp tại phòng số 3' }), ['\\Seen'])
    await client.append('Archive', letter({ subject: 'Thông báo nghỉ', from: 'minh@example.com', body: 'x'.repeat(5_000) }))
    const lock = await client.getMailboxLock('Archive')
    const found = (query: Parameters<ImapFlow['search']>[0]) => client.search(query, { uid: true })
    assert.deepEqual(await found({ subject: 'giấy mời' }), [1])
    assert.deepEqual(await found({ body: 'phòng số 3' }), [1])
    assert.deepEqual(await found({ from: 'minh' }), [2])
    assert.deepEqual(await found({ seen: false }), [2])
    assert.deepEqual(await found({ larger: 4_000, since: new Date('2026-01-01') }), [2])
    assert.deepEqual(await found({ or: [{ subject: 'mời' }, { subject: 'nghỉ' }] }), [1, 2])
    assert.deepEqual(await found({ not: { from: 'lan' } }), [2])
    assert.deepEqual(await found({ header: { 'message-id': 'không-có' } }), [])
    lock.release()
    await client.logout()
  })

  it('stores flags, copies, moves and deletes, and a second session is told while it idles', async () => {
    const [client, watcher] = [await signIn(), await signIn()]
    for (const subject of ['One', 'Two', 'Three']) await client.append('Drafts', letter({ subject }))
    await watcher.mailboxOpen('Drafts')
    const told = { exists: once(watcher, 'exists'), flags: once(watcher, 'flags'), expunge: once(watcher, 'expunge') }
    const idling = watcher.idle()
    const lock = await client.getMailboxLock('Drafts')
    await client.append('Drafts', letter({ subject: 'Four' }))
    await told.exists
    assert.ok(await client.messageFlagsAdd('1', ['\\Seen', '\\Answered']))
    assert.equal(((await told.flags) as [{ seq: number }])[0].seq, 1)
    assert.ok(await client.messageFlagsRemove('1', ['\\Answered']))
    assert.ok(await client.messageFlagsSet('2', ['\\Flagged']))
    const copied = await client.messageCopy('1:2', 'Archive')
    assert.ok(copied !== false && copied.uidMap?.size === 2)
    const moved = await client.messageMove('2', 'Trash')
    assert.ok(moved !== false && moved.uidMap?.size === 1)
    assert.equal(((await told.expunge) as [{ seq: number }])[0].seq, 2)
    assert.ok(await client.messageDelete('1'))
    lock.release()
    await watcher.noop()
    await idling
    await Promise.all([client.logout(), watcher.logout()])
    await using view = await viewAccount(server, an)
    assert.deepEqual((await view.messages('Drafts')).map(({ subject }) => subject), ['Three', 'Four'])
    assert.deepEqual((await view.messages('Trash')).map(({ subject, flags }) => [subject, flags]), [['Two', ['\\Flagged']]])
    assert.deepEqual((await view.messages('Archive')).slice(-2).map(({ subject, flags }) => [subject, flags]), [['One', ['\\Seen']], ['Two', ['\\Flagged']]])
  })

  it('asks only for what changed since a modseq, for ids, sizes and the quota', async () => {
    const client = await signIn()
    for (const subject of ['Một', 'Hai', 'Ba']) await client.append('Sent', letter({ subject }))
    const lock = await client.getMailboxLock('Sent')
    const before = client.mailbox === false ? 0n : (client.mailbox.highestModseq ?? 0n)
    assert.ok(before > 0n)
    await client.messageFlagsAdd('2', ['\\Flagged'])
    const changed = await client.fetchAll('1:*', { uid: true, flags: true }, { changedSince: before })
    assert.deepEqual(changed.map(({ uid, flags }) => [uid, [...(flags ?? [])]]), [[2, ['\\Flagged']]])
    const ids = await client.fetchAll('1:*', { emailId: true, threadId: true })
    assert.equal(new Set(ids.map(({ emailId }) => emailId)).size, 3)
    assert.ok(ids.every(({ threadId }) => threadId !== undefined && threadId !== ''))
    lock.release()
    const status = await client.status('Sent', { messages: true, highestModseq: true })
    assert.ok(status !== false && status.messages === 3 && (status.highestModseq ?? 0n) > before)
    const quota = await client.getQuota('INBOX')
    assert.ok(quota !== false && (quota.storage?.limit ?? 0) > (quota.storage?.usage ?? 0))
    await client.logout()
  })
})
