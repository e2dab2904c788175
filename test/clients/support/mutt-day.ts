/**
 * A working day in mutt, which neomutt shares: the program runs in a terminal of its own (script) and gets its keys by `push`;
 * what they did is judged by what the server holds and what lay in the other's mailbox.
 */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, before, describe, it } from 'node:test'
import { type Person, type RunningServer, startServer } from '../../support/running-server.ts'
import { type AccountView, viewAccount } from './account-view.ts'
import { letter } from './letters.ts'
import { type Finished, type Home, missing, openHome } from './program.ts'

const subjects = ['Giấy mời họp', 'Thông báo nghỉ lễ', 'Công văn số 12', 'Báo cáo quý', 'Tờ trình']

/** `batchCopy`: whether it keeps a copy of what it sends without its screen (neomutt says that it does not, into an IMAP mailbox). */
export function muttDay(program: 'mutt' | 'neomutt', { batchCopy }: { readonly batchCopy: boolean }): void {
  // Debian's packages are named like the programs.
  describe(program, { skip: missing({ [program]: program, script: 'bsdutils' }) }, () => {
    const open = new AsyncDisposableStack()
    let server: RunningServer
    let home: Home
    let an: Person
    let binh: Person
    let view: AccountView

    before(async () => {
      server = open.use(await startServer())
      an = await server.person('an', 'Nguyễn Văn An')
      binh = await server.person('binh', 'Trần Thị Bình')
      home = open.use(await openHome({ 'write-body': '#!/bin/sh\necho "Đã nhận, cảm ơn anh." >>"$1"\n' }))
      await home.write('muttrc', settings(server, an, home))
      view = open.use(await viewAccount(server, an))
      for (const subject of subjects) await view.append('INBOX', letter({ subject, from: `Bình <${binh.address}>`, to: an.address, body: `Về việc: ${subject}.` }))
    })
    after(() => open.disposeAsync())

    const batch = (args: readonly string[], input: string): Promise<Finished> => home.run(program, ['-n', '-F', home.path('muttrc'), ...args], { input })
    /** Opens the mailbox, types the keys, leaves. */
    const session = (mailbox: string, keys: string): Promise<Finished> =>
      home.run('script', ['-qec', `stty rows 40 cols 120; exec ${program} -n -F ${home.path('muttrc')} -f ${mailbox} -e 'push "${keys}<sync-mailbox><quit>"'`, '/dev/null'])
    const flagsOf = async (mailbox: string): Promise<Record<string, readonly string[]>> =>
      // \Recent is not kept for long enough to be ours to judge, and "Old" is mutt's own keyword.
      Object.fromEntries((await view.messages(mailbox)).map(({ subject, flags }) => [subject, flags.filter((flag) => flag !== 'Old')]))

    it('reads a message, which becomes \\Seen, and passes its text on', async () => {
      await session('=INBOX', `<first-entry><display-message><exit><pipe-message>cat >${home.path('piped')}<enter>`)
      assert.match(await readFile(home.path('piped'), 'utf8'), /Về việc: Giấy mời họp\./)
      assert.deepEqual(await flagsOf('INBOX'), { ...Object.fromEntries(subjects.map((subject) => [subject, []])), 'Giấy mời họp': ['\\Seen'] })
    })

    it('moves one message and deletes another', async () => {
      await session('=INBOX', '<first-entry><next-entry><save-message>=Archive<enter><first-entry><next-entry><next-entry><delete-message>')
      assert.deepEqual((await view.subjects('INBOX')).sort(), ['Báo cáo quý', 'Giấy mời họp', 'Tờ trình'].sort())
      assert.deepEqual(await view.subjects('Archive'), ['Thông báo nghỉ lễ'])
    })

    it('lets the server search the bodies and flags what it found', async () => {
      await session('=INBOX', '<limit>=b quý<enter><tag-pattern>~A<enter><tag-prefix><set-flag>!<limit>~A<enter>')
      const flags = await flagsOf('INBOX')
      assert.deepEqual(Object.keys(flags).filter((subject) => flags[subject]!.includes('\\Flagged')), ['Báo cáo quý'])
    })

    // No space in the name: at this prompt it is mutt's key for the next mailbox with new mail.
    it('creates a mailbox, copies tagged messages into it and changes to it', async () => {
      await session('=INBOX', `<change-folder>?<create-mailbox>HoSo<enter><exit><tag-pattern>~A<enter><tag-prefix><copy-message>=HoSo<enter><change-folder>=HoSo<enter><last-entry><pipe-message>cat >${home.path('last')}<enter>`)
      assert.deepEqual((await view.subjects('HoSo')).sort(), ['Báo cáo quý', 'Giấy mời họp', 'Tờ trình'].sort())
      assert.equal((await view.subjects('INBOX')).length, 3)
      assert.match(await readFile(home.path('last'), 'utf8'), /Về việc: Tờ trình\./)
    })

    it(`sends from the command line over SMTP${batchCopy ? ' and keeps a copy in Sent' : ''}`, async () => {
      const file = await home.write('số liệu.csv', 'a;b\n1;2\n')
      await batch(['-s', 'Số liệu tháng 11', '-a', file, '--', binh.address], 'Kính gửi chị Bình.\n.\nHết.\n')
      await using other = await viewAccount(server, binh)
      const { source } = await other.arrival('INBOX', 'Số liệu tháng 11')
      assert.match(source.toString(), /\bwith ESMTPSA\b/)
      assert.match(source.toString(), /\r\nKính gửi chị Bình\.\r\n\.\r\nHết\.\r\n/)
      assert.deepEqual(await flagsOf('Sent'), batchCopy ? { 'Số liệu tháng 11': ['\\Seen'] } : {})
    })

    it('replies: the message becomes \\Answered, the reply reaches the other', async () => {
      await session('=INBOX', '<first-entry><reply><enter><enter><send-message>')
      await using other = await viewAccount(server, binh)
      assert.match((await other.arrival('INBOX', 'Re: Giấy mời họp')).source.toString(), /^In-Reply-To: <thu-/m)
      assert.deepEqual((await flagsOf('INBOX'))['Giấy mời họp'], ['\\Answered', '\\Seen'])
      assert.deepEqual((await flagsOf('Sent'))['Re: Giấy mời họp'], ['\\Seen'])
    })

    it('keeps a draft and sends it later', async () => {
      await session('=INBOX', `<mail>${binh.address}<enter>Thu nhap<enter><edit-to><enter><postpone-message>`)
      assert.deepEqual(await view.subjects('Drafts'), ['Thu nhap'])
      await session('=INBOX', '<recall-message><send-message>')
      await using other = await viewAccount(server, binh)
      assert.match((await other.arrival('INBOX', 'Thu nhap')).source.toString(), /cảm ơn anh/)
      assert.deepEqual(await view.subjects('Drafts'), [])
    })

    it('sees a message that comes while it has the mailbox open', async () => {
      await using waiting = home.start('script', ['-qec', `stty rows 40 cols 120; exec ${program} -n -F ${home.path('muttrc')} -f =Junk`, '/dev/null'])
      await waiting.output(/\[Msgs:0/)
      await view.append('Junk', letter({ subject: 'Just arrived' }))
      await waiting.output(/Just arrived/, 30_000)
    })
  })
}

function settings(server: RunningServer, person: Person, home: Home): string {
  const imap = `imaps://localhost:${server.ports.imaps}/`
  return [
    `set folder="${imap}" spoolfile="${imap}INBOX" record="=Sent" postponed="=Drafts"`,
    `set imap_user="${person.address}" imap_pass="${person.password}" imap_idle=yes imap_check_subscribed=no`,
    `set smtp_url="smtp://${person.address}@localhost:${server.ports.submission}/" smtp_pass="${person.password}" smtp_authenticators="plain"`,
    `set ssl_force_tls=yes ssl_starttls=yes certificate_file="${server.certificateFile}"`,
    `set from="${person.address}" use_from=yes realname="${person.name}" charset="utf-8" send_charset="utf-8"`,
    `set editor="sh ${home.path('write-body')}" abort_unmodified=no include=yes recall=no`,
    'set quit=yes delete=yes confirmappend=no confirmcreate=no move=no wait_key=no sleep_time=0 copy=yes mark_old=no',
    'set sort=mailbox-order timeout=1 mail_check=1 pipe_decode=yes beep=no header_cache=""',
    '',
  ].join('\n')
}
