/** Messages from one account into another: all or none, in bounded batches, nothing lost (RFC 9051 §6.4.7, §6.4.8). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { copyAcross, moveAcross } from '../../../../src/core/mailbox/copy-across.ts'
import { flagsOf } from '../../../../src/core/mailbox/flags.ts'
import { MailError } from '../../../../src/core/errors.ts'
import type { Messages } from '../../../../src/core/mail.ts'
import type { StoredMessage } from '../../../../src/core/mailbox/mailbox.ts'

const from = { account: 'a', mailbox: 'm' }
const to = { account: 'b', mailbox: 'n' }
const mebibyte = 1_048_576

function boxes(sizes: readonly number[], given: { readonly refuseAppend?: number } = {}) {
  const acts: string[] = []
  const arrived: { readonly uid: number; readonly flags: unknown; readonly receivedAtMs: number | null }[] = []
  let appends = 0
  const stored = sizes.map((sizeBytes, index): StoredMessage => ({
    id: `i${index}`, mailbox: 'm', uid: index + 1, modseq: 1, createdModseq: 1, threadId: 't', flags: flagsOf(['\\Seen', `$${index}`]), receivedAtMs: 1000 + index,
    sentAtMs: null, sizeBytes, prefix: new Uint8Array(0), body: `${index}`, forms: null, text: null,
  }))
  const messages: Pick<Messages, 'read' | 'manyBytes' | 'append' | 'expunge'> = {
    async *read(_account, _mailbox, uids) {
      const wanted = stored.filter(({ uid }) => uids === 'all' || uids.includes(uid))
      for (let at = 0; at < wanted.length; at += 2) yield wanted.slice(at, at + 2)
    },
    async *manyBytes(some) {
      for (const { uid } of some) yield Uint8Array.of(uid)
    },
    async append(account, mailbox, some) {
      if (++appends === given.refuseAppend) throw new MailError('quota-exceeded')
      acts.push(`append ${account} ${mailbox} ${some.map(({ bytes }) => bytes[0]).join(',')}`)
      const uids = some.map(({ bytes, flags, receivedAtMs }) => {
        arrived.push({ uid: bytes[0]!, flags, receivedAtMs })
        return 100 + arrived.length
      })
      return { uidValidity: 7, uids }
    },
    async expunge(account, mailbox, uids, onlyDeleted) {
      acts.push(`expunge ${account} ${mailbox} ${[...(uids as Uint32Array)].join(',')} ${onlyDeleted}`)
      return { uids: uids as Uint32Array }
    },
  }
  return { messages, acts, arrived, stored }
}

test('a move: first all arrive, with flags and dates, then they leave; the pairs of UIDs are told', async () => {
  const { messages, acts, arrived, stored } = boxes([10, 10, 10])
  const moved = await moveAcross(messages, from, Uint32Array.of(1, 3), to)
  assert.deepEqual(acts, ['append b n 1,3', 'expunge a m 1,3 false'])
  assert.deepEqual([moved.uidValidity, [...moved.sourceUids], [...moved.targetUids]], [7, [1, 3], [101, 102]])
  assert.deepEqual(arrived, [0, 2].map((at) => ({ uid: at + 1, flags: stored[at]!.flags, receivedAtMs: stored[at]!.receivedAtMs })))
})

test('batches hold so many bytes and messages; one message may be larger', async () => {
  const { messages, acts } = boxes([20 * mebibyte, 20 * mebibyte, 40 * mebibyte, 1, ...Array.from({ length: 600 }, () => 1)])
  await copyAcross(messages, from, 'all', to)
  assert.deepEqual(acts.map((act) => act.split(' ')[3]!.split(',').length), [1, 1, 1, 500, 101])
})

test('what had arrived is taken back when the rest is refused, and nothing leaves', async () => {
  const { messages, acts } = boxes([20 * mebibyte, 20 * mebibyte], { refuseAppend: 2 })
  await assert.rejects(moveAcross(messages, from, 'all', to), (error) => error instanceof MailError && error.code === 'quota-exceeded')
  assert.deepEqual(acts, ['append b n 1', 'expunge b n 101 false'])
})

test('nothing there: nothing is written', async () => {
  const { messages, acts } = boxes([])
  const { targetUids } = await moveAcross(messages, from, 'all', to)
  assert.deepEqual([acts, targetUids.length], [[], 0])
})
