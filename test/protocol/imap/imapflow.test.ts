/** A real client library (imapflow) over real sockets: STARTTLS and implicit TLS; sign in, list, select, fetch, append, idle, move. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { ImapFlow } from 'imapflow'
import { openImapRig, password } from '../../support/imap-rig.ts'
import { testTls } from '../../support/imap-tls.ts'

const large = Buffer.concat([Buffer.from('Subject: large\r\n\r\n'), Buffer.alloc(6_000_000, 'Số liệu báo cáo quý, dòng này lặp lại.\r\n')])

for (const implicit of [false, true]) {
  test(`imapflow signs in, lists, selects, fetches, appends, idles and moves over ${implicit ? 'implicit TLS' : 'STARTTLS'}`, { timeout: 30_000 }, async () => {
    await using rig = await openImapRig({ tls: await testTls() })
    const port = await rig.server.listen({ host: '127.0.0.1', port: 0, implicitTls: implicit })
    const client = new ImapFlow({
      host: '127.0.0.1',
      port,
      secure: implicit,
      ...(implicit ? {} : { doSTARTTLS: true }),
      auth: { user: 'an@so.congvu.test', pass: password },
      tls: { rejectUnauthorized: false },
      logger: false,
    })
    await client.connect()
    const folders = await client.list()
    assert.deepEqual(folders.map(({ path, specialUse }) => [path, specialUse ?? null]).sort(), [
      ['Archive', '\\Archive'], ['Drafts', '\\Drafts'], ['INBOX', '\\Inbox'], ['Junk', '\\Junk'], ['Sent', '\\Sent'], ['Trash', '\\Trash'],
    ])
    await client.mailboxCreate('Công việc/Quý 1')
    const appended = await client.append('INBOX', large, ['\\Flagged'], new Date('2026-11-02T01:00:00Z'))
    assert.ok(appended !== false && appended.uid === 1)
    const lock = await client.getMailboxLock('INBOX')
    const message = await client.fetchOne('1', { uid: true, flags: true, envelope: true, bodyStructure: true, internalDate: true, size: true, source: true })
    assert.ok(message !== false)
    assert.equal(message.envelope?.subject, 'large')
    assert.equal(message.size, large.length)
    assert.deepEqual([...(message.flags ?? [])], ['\\Flagged'])
    assert.ok(message.source?.equals(large))

    const told = once(client, 'exists')
    const idling = client.idle()
    await rig.mail.messages.append(rig.account.an, (await rig.mail.mailboxes.byName(rig.account.an, 'INBOX'))!.id, [
      { bytes: Buffer.from('Subject: new\r\n\r\nnew\r\n'), flags: { bits: 0, keywords: [] }, receivedAtMs: null },
    ])
    const [event] = (await told) as [{ count: number; prevCount: number }]
    assert.deepEqual([event.prevCount, event.count], [1, 2])
    const found = await client.search({ subject: 'new' }, { uid: true })
    await idling
    assert.deepEqual(found, [2])
    const moved = await client.messageMove('2', 'Công việc/Quý 1', { uid: true })
    assert.ok(moved !== false)
    assert.deepEqual([...(moved.uidMap ?? [])], [[2, 1]])
    assert.deepEqual(await client.search({ all: true }, { uid: true }), [1])
    lock.release()
    await client.logout()
  })
}
