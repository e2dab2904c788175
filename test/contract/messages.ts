/** MessageStore: append, view, read, byId (core/ports/store.ts). */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { flagsOf } from '../../src/core/mailbox/flags.ts'
import type { MakePlace } from '../support/store-place.ts'
import { Fixture, isRefused, slices, trace, uids, uidsOf } from '../support/store-fixture.ts'

const nothing = { forms: false, text: false }

export function messagesContract(name: string, makePlace: MakePlace): void {
  describe(`${name}: messages`, () => {
    const fixture = new Fixture(makePlace)

    test('append files in the given order with consecutive UIDs, one modseq and an id each', async () => {
      const { account, inbox } = await fixture.accountWithMail(0)
      const first = await fixture.store.messages.append(account, inbox, await fixture.messages(3))
      assert.deepEqual(uidsOf(first), [1, 2, 3])
      assert.ok(first.every((one) => one.mailbox === inbox))
      assert.equal(new Set(first.map((one) => one.id)).size, 3)
      assert.equal(new Set(first.map((one) => one.modseq)).size, 1)
      const second = await fixture.store.messages.append(account, inbox, await fixture.messages(1))
      assert.deepEqual(uidsOf(second), [4])
      assert.ok(second[0]!.modseq > first[0]!.modseq)
      const mailbox = await fixture.store.mailboxes.get(account, inbox)
      assert.equal(mailbox?.uidNext, 5)
      assert.equal(mailbox?.highestModseq, second[0]!.modseq)
      await fixture.countersAreSums(account)
    })

    test('what is read is what was appended', async () => {
      const { account, inbox } = await fixture.accountWithMail(0)
      const message = await fixture.message({
        flags: ['\\Seen', '\\Flagged', 'quan-trong', '$Forwarded'],
        receivedAtMs: 1_234_567_890_123,
        prefix: Buffer.from('X-Thu: 1\r\n'),
      })
      const [filed] = await fixture.store.messages.append(account, inbox, [message])
      const [read] = await fixture.read(account, inbox, uids(1), { forms: true, text: true })
      assert.ok(read && filed)
      const { threadId, forms, text, prefix, ...rest } = read
      assert.deepEqual(rest, {
        id: filed.id,
        mailbox: inbox,
        uid: 1,
        modseq: filed.modseq,
        createdModseq: filed.modseq,
        flags: message.flags,
        receivedAtMs: 1_234_567_890_123,
        sentAtMs: message.content.sentAtMs,
        sizeBytes: message.content.bodyBytes + message.prefix.length,
        body: message.content.body,
      })
      assert.ok(threadId.length > 0)
      assert.deepEqual(Buffer.from(forms!), Buffer.from(message.content.forms))
      assert.deepEqual(Buffer.from(text!), Buffer.from(message.content.text))
      assert.deepEqual(Buffer.from(prefix), Buffer.from(message.prefix))
    })

    test('odd values are kept: no date, empty prefix, forms and text, large forms, keywords in Vietnamese', async () => {
      const { account, inbox } = await fixture.accountWithMail(0)
      const forms = Buffer.alloc(3_000_000, 'x')
      const odd = [
        await fixture.message({
          prefix: new Uint8Array(0),
          content: { sentAtMs: null, messageId: null, baseSubject: '', forms: new Uint8Array(0), text: new Uint8Array(0), bodyBytes: 0 },
        }),
        await fixture.message({ flags: ['Khẩn', 'khẩn-cấp', 'NonJunk'], content: { forms, sentAtMs: -86_400_000 } }),
      ]
      await fixture.store.messages.append(account, inbox, odd)
      const [empty, large] = await fixture.read(account, inbox, 'all', { forms: true, text: true })
      assert.deepEqual([empty!.sentAtMs, empty!.sizeBytes, empty!.prefix.length, empty!.forms?.length, empty!.text?.length], [null, 0, 0, 0, 0])
      assert.deepEqual(Buffer.from(large!.forms!), forms)
      assert.equal(large!.sentAtMs, -86_400_000)
      assert.deepEqual(large!.flags, flagsOf(['Khẩn', 'khẩn-cấp', 'NonJunk']))
      await fixture.countersAreSums(account)
    })

    test('forms and text are there when they were asked for, and null otherwise', async () => {
      const { account, inbox, filed } = await fixture.accountWithMail(1)
      for (const want of [nothing, { forms: true, text: false }, { forms: false, text: true }]) {
        for (const message of [...(await fixture.read(account, inbox, 'all', want)), ...(await fixture.store.messages.byId(account, [filed[0]!.id], want))]) {
          assert.equal(message.forms !== null, want.forms)
          assert.equal(message.text !== null, want.text)
        }
      }
    })

    test('append refuses an unknown mailbox, and then has changed nothing', async () => {
      const { account } = await fixture.accountWithMail(1)
      const before = await fixture.store.accounts.get(account)
      await assert.rejects(fixture.store.messages.append(account, 'khong-co', await fixture.messages(2)), isRefused('mailbox-unknown'))
      assert.deepEqual(await fixture.store.accounts.get(account), before)
    })

    test('read gives the wanted messages by ascending UID and leaves out those that do not exist', async () => {
      const { account, inbox } = await fixture.accountWithMail(10)
      await fixture.store.messages.expunge(account, inbox, uids(3, 7), false)
      assert.deepEqual(uidsOf(await fixture.read(account, inbox)), [1, 2, 4, 5, 6, 8, 9, 10])
      assert.deepEqual(uidsOf(await fixture.read(account, inbox, uids(2, 3, 4, 7, 10, 11, 4_000_000_000))), [2, 4, 10])
      assert.deepEqual(await fixture.read(account, inbox, uids()), [])
      assert.deepEqual(await fixture.read(account, inbox, uids(3, 7)), [])
    })

    test('byId finds messages wherever they lie, in the order of the ids, and leaves out those that do not exist', async () => {
      const { account, inbox, filed } = await fixture.accountWithMail(4)
      const other = await fixture.accountWithMail(1)
      const sent = (await fixture.mailbox(account, 'Sent')).id
      await fixture.store.messages.move(account, inbox, uids(2), sent)
      const ids = [filed[3]!.id, filed[1]!.id, 'khong-co', filed[0]!.id]
      const found = await fixture.store.messages.byId(account, ids, nothing)
      assert.deepEqual(found.map((message) => [message.id, message.mailbox, message.uid]), [
        [filed[3]!.id, inbox, 4],
        [filed[1]!.id, sent, 1],
        [filed[0]!.id, inbox, 1],
      ])
      assert.deepEqual(await fixture.store.messages.byId(other.account, [], nothing), [])
    })

    test('a large mailbox is viewed in one consistent moment and read in slices, as a small one', async () => {
      const { account, inbox } = await fixture.accountWithMail(0)
      const count = 3_000
      const batch = await fixture.messages(250)
      for (let done = 0; done < count; done += batch.length) {
        await fixture.store.messages.append(account, inbox, batch.map((message, i) => ({ ...message, flags: flagsOf(i % 3 === 0 ? ['\\Seen', `nhan-${i % 50}`] : []) })))
      }
      const view = await fixture.store.messages.view(account, inbox)
      assert.equal(view?.uids.length, count)
      assert.equal(view.mailbox.messages, count)
      assert.equal(view.modseq, (await fixture.store.accounts.get(account))?.modseq)
      const parts = await slices(fixture.store.messages.read(account, inbox, 'all', { forms: true, text: true }))
      assert.ok(parts.length > 1, 'more than one slice')
      assert.deepEqual(uidsOf(parts.flat()), Array.from({ length: count }, (_, i) => i + 1))
      assert.ok(parts.flat().every((message) => Buffer.from(message.forms!).toString().startsWith('forms ')))
      const every7 = Uint32Array.from({ length: 400 }, (_, i) => i * 7 + 5)
      assert.deepEqual(uidsOf(await fixture.read(account, inbox, every7)), [...every7])
      await fixture.countersAreSums(account)
    })

    test('a reader that stops in the middle, or is slow, hinders nobody', async () => {
      const { account, inbox } = await fixture.accountWithMail(1_500)
      const readers = Array.from({ length: 6 }, () => fixture.store.messages.read(account, inbox, 'all', { forms: true, text: true })[Symbol.asyncIterator]())
      for (const reader of readers) assert.equal((await reader.next()).done, false)
      await fixture.store.messages.append(account, inbox, await fixture.messages(1))
      assert.equal((await fixture.read(account, inbox)).length, 1_501)
      for (const reader of readers) await reader.return?.()
      for await (const slice of fixture.store.messages.read(account, inbox, 'all', nothing)) if (slice.length > 0) break
      assert.equal((await fixture.read(account, inbox)).length, 1_501)
    })

    test('an answer shares a thread with what it answers, in either order of arrival; another subject does not', async () => {
      const { account, inbox } = await fixture.accountWithMail(0)
      const thread = async (messageId: string, references: readonly string[], baseSubject: string): Promise<string> => {
        const [filed] = await fixture.store.messages.append(account, inbox, [await fixture.message({ content: { messageId, references, baseSubject } })])
        return (await fixture.store.messages.byId(account, [filed!.id], nothing))[0]!.threadId
      }
      const question = await thread('<hoi@a.example>', [], 'xin y kien')
      assert.equal(await thread('<dap@a.example>', ['<hoi@a.example>'], 'xin y kien'), question)
      assert.notEqual(await thread('<khac@a.example>', ['<hoi@a.example>'], 'viec khac'), question)
      assert.notEqual(await thread('<moi@a.example>', [], 'xin y kien'), question)
      const late = await thread('<tra-loi@b.example>', ['<goc@b.example>'], 'bao cao')
      assert.equal(await thread('<goc@b.example>', [], 'bao cao'), late)
    })

    test('a view says nothing of a mailbox that does not exist, and everything of one that is empty', async () => {
      const { account, inbox } = await fixture.accountWithMail(0)
      assert.equal(await fixture.store.messages.view(account, 'khong-co'), null)
      const view = await fixture.store.messages.view(account, inbox)
      assert.deepEqual([view?.uids.length, view?.modseqs.length, view?.flags.length], [0, 0, 0])
      assert.deepEqual(view?.mailbox, await fixture.store.mailboxes.get(account, inbox))
    })

    test('messages, their flags and their places are there after the store was closed and opened again', async () => {
      const { account, inbox } = await fixture.accountWithMail(5)
      await fixture.store.messages.changeFlags(account, inbox, uids(2, 3), { mode: 'add', flags: flagsOf(['\\Seen', 'da-xu-ly']) })
      const before = await fixture.read(account, inbox, 'all', { forms: true, text: true })
      await fixture.reopen()
      assert.deepEqual(await fixture.read(account, inbox, 'all', { forms: true, text: true }), before)
      const [next] = await fixture.store.messages.append(account, inbox, [await fixture.message({ prefix: trace })])
      assert.equal(next?.uid, 6)
      await fixture.countersAreSums(account)
    })
  })
}
