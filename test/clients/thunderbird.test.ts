/**
 * Thunderbird under Xvfb: an official's day in the program that most of them use beside Outlook. What it did is judged by what
 * the server holds and what came to the others; a picture of the end goes to CONGVU_TEST_ARTIFACTS.
 */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, before, describe, it } from 'node:test'
import { simpleParser } from 'mailparser'
import { outsideServer, type OutsideServer } from '../support/outside-server.ts'
import { type Person, type RunningServer, startServer } from '../support/running-server.ts'
import { type AccountView, viewAccount } from './support/account-view.ts'
import { letter } from './support/letters.ts'
import { missing } from './support/program.ts'
import { keepPicture, startThunderbird, type Thunderbird, thunderbirdPrograms } from './support/thunderbird.ts'

const archived = 300
const subjects = ['Giấy mời họp', 'Thông báo nghỉ lễ', 'Công văn số 12', 'Báo cáo quý', 'Tờ trình', 'Số liệu']

describe('Thunderbird', { skip: missing(thunderbirdPrograms) }, () => {
  const open = new AsyncDisposableStack()
  let outside: OutsideServer
  let server: RunningServer
  let an: Person
  let binh: Person
  let view: AccountView
  let thunderbird: Thunderbird
  const attached = Buffer.alloc(200_000, 'Bảng số liệu; ')

  before(async () => {
    outside = open.use(await outsideServer())
    server = open.use(await startServer({ outsidePort: outside.port }))
    an = await server.person('an', 'Nguyễn Văn An')
    binh = await server.person('binh', 'Trần Thị Bình')
    view = open.use(await viewAccount(server, an))
    for (const subject of subjects) {
      await view.append('INBOX', letter({ subject, from: `Bình <${binh.address}>`, to: an.address, body: `Về việc: ${subject}.`, ...(subject === 'Số liệu' ? { attachment: { name: 'so-lieu.csv', content: attached } } : {}) }))
    }
    for (let number = 1; number <= archived; number++) await view.append('Archive', letter({ subject: `Lưu ${number}`, body: 'Dòng.\n'.repeat(number) }), ['\\Seen'])
    thunderbird = open.use(await startThunderbird(server, an))
    await thunderbird.act('keepPassword', an.address, an.password)
  })
  after(() => open.disposeAsync())

  const flagsOf = async (mailbox: string): Promise<Record<string, readonly string[]>> => Object.fromEntries((await view.messages(mailbox)).map(({ subject, flags }) => [subject, flags]))
  /** Thunderbird shows a change before the server has it. */
  const until = <T>(ask: () => Promise<T>, holds: (answer: T) => boolean, what: string): Promise<T> => view.until(ask, holds, what)

  it('signs in, finds the mailboxes and their uses, and shows the Inbox', async () => {
    assert.deepEqual(await thunderbird.act('getMessages'), ['Archive', 'Drafts', 'INBOX', 'Junk', 'Sent', 'Trash'])
    assert.deepEqual(await thunderbird.act('uses'), { Inbox: 'INBOX', Drafts: 'Drafts', SentMail: 'Sent', Trash: 'Trash', Junk: 'Junk', Archive: 'Archive' })
    const list = await thunderbird.act<{ subject: string; read: boolean }[]>('list', 'INBOX', subjects.length)
    assert.deepEqual(list.map(({ subject }) => subject).sort(), [...subjects].sort())
    assert.ok(list.every(({ read }) => !read))
  })

  it('reads a message, which becomes \\Seen, and an attachment byte for byte', async () => {
    const { text } = await thunderbird.act<{ text: string }>('read', 'INBOX', 'Giấy mời họp')
    assert.match(text, /Về việc: Giấy mời họp\./)
    await until(() => flagsOf('INBOX'), (flags) => flags['Giấy mời họp']?.includes('\\Seen') === true, '\\Seen')
    const target = await thunderbird.file('saved.csv', Buffer.alloc(0))
    await thunderbird.act('saveAttachment', 'INBOX', 'Số liệu', target)
    assert.ok((await readFile(target)).equals(attached))
  })

  it(`synchronises ${archived} messages and downloads their bodies`, async () => {
    const list = await thunderbird.act<{ read: boolean }[]>('list', 'Archive', archived)
    assert.ok(list.every(({ read }) => read))
    assert.equal(await thunderbird.act('download', 'Archive'), archived)
  })

  it('stars and tags', async () => {
    await thunderbird.act('star', 'INBOX', 'Báo cáo quý')
    await thunderbird.act('tag', 'INBOX', 'Báo cáo quý', '$label1')
    await until(() => flagsOf('INBOX'), (flags) => ['\\Flagged', '$label1'].every((flag) => flags['Báo cáo quý']?.includes(flag)), 'star and tag')
  })

  it('creates and renames a folder, moves and copies messages into it', async () => {
    await thunderbird.act('createFolder', '', 'Công việc')
    await thunderbird.act('createFolder', 'Công việc', 'Quý 1')
    await thunderbird.act('renameFolder', 'Công việc/Quý 1', 'Quý 4')
    assert.ok((await view.mailboxes()).includes('Công việc/Quý 4'))
    await thunderbird.act('move', 'INBOX', 'Thông báo nghỉ lễ', 'Công việc/Quý 4')
    await thunderbird.act('copy', 'INBOX', 'Tờ trình', 'Công việc/Quý 4')
    await until(() => view.subjects('Công việc/Quý 4'), (all) => all.length === 2, 'moved and copied')
    assert.deepEqual((await view.subjects('Công việc/Quý 4')).sort(), ['Thông báo nghỉ lễ', 'Tờ trình'].sort())
    assert.ok(!(await view.find('INBOX', { subject: 'Thông báo' })).length)
    assert.deepEqual((await thunderbird.act<{ subject: string }[]>('list', 'Công việc/Quý 4', 2)).map(({ subject }) => subject).sort(), ['Thông báo nghỉ lễ', 'Tờ trình'].sort())
  })

  it('deletes into the trash and empties it', async () => {
    await thunderbird.act('delete', 'INBOX', 'Công văn số 12')
    await until(() => view.subjects('Trash'), (all) => all.includes('Công văn số 12'), 'message in Trash')
    assert.deepEqual(await view.find('INBOX', { subject: 'Công văn' }), [])
    await thunderbird.act('emptyTrash')
    await until(() => view.subjects('Trash'), (all) => all.length === 0, 'empty Trash')
  })

  it('lets the server search, Vietnamese words included', async () => {
    assert.deepEqual(await thunderbird.act('searchOnServer', 'INBOX', 'Body', 'việc: Báo cáo'), ['Báo cáo quý'])
    assert.deepEqual(await thunderbird.act('searchOnServer', 'INBOX', 'Subject', 'Tờ'), ['Tờ trình'])
    assert.deepEqual(await thunderbird.act('searchOnServer', 'Archive', 'Subject', 'Lưu 300'), ['Lưu 300'])
    assert.deepEqual(await thunderbird.act('searchOnServer', 'Archive', 'Subject', 'không có'), [])
  })

  it('sends to a colleague and to the outside with an attachment, and keeps a copy in Sent', async () => {
    const path = await thunderbird.file('Bảng.csv', attached)
    await thunderbird.act('write', { to: `${binh.address}, lan@example.com`, subject: 'Gửi số liệu tháng 11', body: 'Kính gửi chị Bình.\n.\nTrân trọng.\n', attachment: { name: 'Bảng.csv', path } })
    await using other = await viewAccount(server, binh)
    const parsed = await simpleParser((await other.arrival('INBOX', 'Gửi số liệu tháng 11')).source)
    assert.equal(parsed.from?.value[0]?.name, an.name)
    assert.match(parsed.text ?? '', /Kính gửi chị Bình\.\n\.\nTrân trọng\./)
    assert.equal(parsed.attachments[0]?.filename, 'Bảng.csv')
    assert.ok(parsed.attachments[0].content.equals(attached))
    await outside.message(({ recipients }) => recipients.includes('lan@example.com'))
    await until(() => flagsOf('Sent'), (flags) => flags['Gửi số liệu tháng 11']?.includes('\\Seen') === true, 'copy in Sent')
  })

  it('replies, which marks the message as \\Answered', async () => {
    await thunderbird.act('reply', 'INBOX', 'Tờ trình')
    await using other = await viewAccount(server, binh)
    assert.match((await other.arrival('INBOX', 'Re: Tờ trình')).source.toString(), /^References: <thu-/m)
    await until(() => flagsOf('INBOX'), (flags) => flags['Tờ trình']?.includes('\\Answered') === true, '\\Answered')
  })

  it('saves a draft', async () => {
    await thunderbird.act('saveDraft', 'Thư nháp')
    await until(() => flagsOf('Drafts'), (flags) => flags['Thư nháp'] !== undefined, 'draft')
  })

  it('is told at once what comes and changes while it idles', async () => {
    await thunderbird.act('list', 'INBOX', 4)
    await thunderbird.idle('INBOX')
    await view.append('INBOX', letter({ subject: 'Vừa đến' }))
    await thunderbird.act('waitFor', 'INBOX', 'Vừa đến')
    const { text } = await thunderbird.act<{ text: string }>('read', 'INBOX', 'Vừa đến')
    assert.match(text, /Kính gửi đồng chí/)
    const [changed, removed] = [await view.find('INBOX', { subject: 'Số liệu' }), await view.find('INBOX', { subject: 'Giấy mời họp' })]
    assert.deepEqual([changed.length, removed.length], [1, 1], 'each found once')
    await view.in('INBOX', async (client) => {
      await client.messageFlagsAdd(changed, ['\\Flagged'], { uid: true })
      await client.messageDelete(removed, { uid: true })
    })
    await thunderbird.act('waitForState', 'INBOX', 'Số liệu', 'flagged')
    await thunderbird.act('waitForState', 'INBOX', 'Giấy mời họp', 'gone')
    const picture = await thunderbird.picture()
    assert.ok(picture.length > 10_000 && picture.subarray(1, 4).toString() === 'PNG')
    await keepPicture('inbox', picture)
  })
})
