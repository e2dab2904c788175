/** What a full-text index promises (core/ports/full-text.ts). A place keeps its files from one opening to the next. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { isMailError } from '../../src/core/errors.ts'
import { answerOf } from '../../src/core/mailbox/text-question.ts'
import { needleOf, storedText } from '../../src/core/mailbox/searched-text.ts'
import type { FullText, MessageText, TextQuestion } from '../../src/core/ports/full-text.ts'
import { digest } from '../../src/message/digest.ts'
import { fresh } from '../support/store-fixture.ts'
import type { TurnedClock } from '../support/store-place.ts'

export interface FullTextPlace {
  readonly clock: TurnedClock
  /** One opening at a time. */
  open(): Promise<FullText>
  remove(): Promise<void>
}

const dayMs = 86_400_000
const [no, yes, unknown] = [0, 1, 2]

export function fullTextContract(name: string, makePlace: () => Promise<FullTextPlace>, keeps: boolean): void {
  describe(`${name}: full text`, () => {
    let place: FullTextPlace
    let index: FullText
    before(async () => {
      place = await makePlace()
      index = await place.open()
    })
    after(async () => {
      await index[Symbol.asyncDispose]()
      await place.remove()
    })

    const made = async (messages: readonly MessageText[], modseq = 7): Promise<{ account: string; incarnation: string }> => {
      const account = fresh('tk')
      const { incarnation } = await index.begin(account)
      await index.add(account, incarnation, messages)
      await index.reach(account, incarnation, modseq)
      return { account, incarnation }
    }
    const ask = async (of: { account: string; incarnation: string }, question: TextQuestion, uids: readonly number[], mailbox = 'b1'): Promise<number[]> => {
      const [answer] = await index.find(of.account, of.incarnation, { mailbox, uids: Uint32Array.from(uids), questions: [question] })
      assert.ok(answer)
      return [...answer]
    }

    test('there is none before it is begun; it says how far it is, and is not asked while it is filled', async () => {
      const account = fresh('tk')
      assert.equal(await index.state(account), null)
      assert.equal(await index.lastAskedMs(account), null)
      const { incarnation, modseq, filling, messages } = await index.begin(account)
      assert.deepEqual({ modseq, filling, messages }, { modseq: 0, filling: true, messages: 0 })
      await assert.rejects(index.find(account, incarnation, { mailbox: 'b1', uids: Uint32Array.of(1), questions: [{ area: 'text', needle: 'x' }] }), refused)
      await index.add(account, incarnation, [letter(1, 'Kính gửi')])
      await index.reach(account, incarnation, 12)
      assert.deepEqual(await index.state(account), { incarnation, modseq: 12, filling: false, messages: 1 })
      assert.ok((await index.accounts()).includes(account))
    })

    test('F1: yes and no are those of the exact search', async () => {
      const letters = [letter(1, 'Công văn số 12/UBND "hỏa tốc"'), letter(2, 'cong van', 'Từ: trong nhà'), letter(3, 'sông Cửu Long', 'm: x'), letter(4, 'mot\0hai x\ufffey z\ufffdw'), letter(9, '')]
      const of = await made(letters)
      for (const question of questions) {
        const [answer] = await index.find(of.account, of.incarnation, { mailbox: 'b1', uids: Uint32Array.of(1, 2, 3, 4, 9), questions: [question] })
        for (const [i, verdict] of [...(answer ?? [])].entries()) {
          const exact = answerOf(question, storedText(letters[i]!))
          if (verdict !== unknown) assert.equal(verdict === yes, exact, `${JSON.stringify(question)} of ${i}`)
        }
      }
    })

    test('what people search for is decided by the index alone', async () => {
      const of = await made([letter(1, 'Công văn số 12/UBND-VX'), letter(2, 'khác', 'Đề nghị')])
      const cases: readonly (readonly [TextQuestion, readonly number[]])[] = [
        [{ area: 'text', needle: 'ong van' }, [yes, no]],
        [{ area: 'text', needle: 'an' }, [yes, yes]],
        [{ area: 'text', needle: 'de nghi' }, [no, yes]],
        [{ area: 'body', needle: 'so 12/ubnd-vx' }, [yes, no]],
        [{ area: 'body', needle: 'nghi' }, [no, no]],
        [{ area: 'body', needle: '12' }, [yes, no]],
        [{ area: 'header', name: 'from', needle: 'le an' }, [yes, yes]],
        [{ area: 'header', name: 'from', needle: 'an' }, [yes, yes]],
        [{ area: 'header', name: 'subject', needle: 'nghi' }, [no, yes]],
        [{ area: 'header', name: 'cc', needle: '' }, [no, no]],
      ]
      for (const [question, expected] of cases) assert.deepEqual(await ask(of, question, [1, 2]), expected, JSON.stringify(question))
    })

    test('F1: of a text that was cut off it says yes or nothing', async () => {
      const cut = { ...letter(1, 'x'), ...packed(Buffer.from(`From: a@b.vn\r\nSubject: dài\r\n\r\nđầu ${'dòng chữ '.repeat(150_000)} cuối cùng\r\n`)) }
      const of = await made([cut])
      assert.deepEqual(await ask(of, { area: 'body', needle: 'dau dong' }, [1]), [yes])
      assert.deepEqual(await ask(of, { area: 'body', needle: 'cuoi cung' }, [1]), [unknown])
      assert.deepEqual(await ask(of, { area: 'header', name: 'subject', needle: 'cuoi' }, [1]), [no])
    })

    test('F2: what was not added, was removed or lies elsewhere is unknown; a moved message is found where it is', async () => {
      const of = await made([letter(1, 'thư một'), letter(2, 'thư hai'), letter(3, 'thư ba')])
      const question = { area: 'body', needle: 'thu' } as const
      assert.deepEqual(await index.place(of.account, of.incarnation, [{ id: 'm2', mailbox: 'b2', uid: 40 }, { id: 'm9', mailbox: 'b2', uid: 41 }]), ['m9'])
      await index.remove(of.account, of.incarnation, ['m3', 'm8'])
      await index.reach(of.account, of.incarnation, 9)
      assert.deepEqual(await ask(of, question, [1, 2, 3, 4]), [yes, unknown, unknown, unknown])
      assert.deepEqual(await ask(of, question, [2, 40, 41], 'b2'), [unknown, yes, unknown])
      assert.deepEqual(await ask(of, question, [1], 'b3'), [unknown])
      assert.deepEqual(await ask(of, question, []), [])
      assert.equal((await index.state(of.account))?.messages, 2)
    })

    test('a message is added once: its text stays, its place is the last', async () => {
      const of = await made([letter(1, 'thư một')])
      await index.add(of.account, of.incarnation, [{ ...letter(1, 'chữ khác'), uid: 5 }])
      assert.deepEqual(await ask(of, { area: 'body', needle: 'thu mot' }, [1, 5]), [unknown, yes])
    })

    test('filled anew it keeps what is added again and loses the rest', async () => {
      const of = await made([letter(1, 'thư một'), letter(2, 'thư hai')])
      assert.equal((await index.begin(of.account)).incarnation, of.incarnation)
      await index.add(of.account, of.incarnation, [letter(2, 'thư hai'), letter(3, 'thư ba')])
      await index.reach(of.account, of.incarnation, 20)
      assert.deepEqual(await ask(of, { area: 'body', needle: 'thu' }, [1, 2, 3]), [unknown, yes, yes])
    })

    test('F3: calls for another incarnation are refused', async () => {
      const of = await made([letter(1, 'thư một')])
      const old = 'khong-phai'
      for (const call of [
        () => index.add(of.account, old, [letter(2, 'x')]), () => index.place(of.account, old, [{ id: 'm1', mailbox: 'b2', uid: 1 }]), () => index.remove(of.account, old, ['m1']),
        () => index.reach(of.account, old, 99), () => index.tidy(of.account, old), () => index.find(of.account, old, { mailbox: 'b1', uids: Uint32Array.of(1), questions: [{ area: 'text', needle: 'x' }] }),
      ]) await assert.rejects(call(), refused)
      assert.deepEqual(await index.state(of.account), { incarnation: of.incarnation, modseq: 7, filling: false, messages: 1 })
      await index.drop(of.account)
      assert.equal(await index.state(of.account), null)
      await assert.rejects(index.add(of.account, of.incarnation, [letter(2, 'x')]), refused)
      assert.notEqual((await index.begin(of.account)).incarnation, of.incarnation)
    })

    test('accounts do not see each other; ids may look like anything', async () => {
      const odd = ['A', 'a/../b', 'Đ', '_41', 'x'.repeat(50)]
      for (const account of odd) {
        const { incarnation } = await index.begin(account)
        await index.add(account, incarnation, [letter(1, `thư của ${account}`)])
        await index.reach(account, incarnation, 1)
      }
      for (const account of odd) {
        const { incarnation } = (await index.state(account))!
        const needle = needleOf(`của ${account}`)
        assert.deepEqual(await ask({ account, incarnation }, { area: 'body', needle }, [1]), [yes], account)
      }
      const all = await index.accounts()
      assert.deepEqual(odd.filter((account) => !all.includes(account)), [])
    })

    test('a message itself is looked through to its end', async () => {
      const body = Buffer.from(`Subject: dài\r\n\r\n${'dòng chữ '.repeat(150_000)} cuối cùng\r\n`)
      const asked: TextQuestion[] = [{ area: 'body', needle: 'cuoi cung' }, { area: 'body', needle: 'khong co' }, { area: 'header', name: 'return-path', needle: 'gui@' }]
      assert.deepEqual([...await index.ask(body, Buffer.from('Return-Path: <gui@x.vn>\r\n'), asked)], [yes, no, yes])
      assert.equal(body.length > 0, true, 'the bytes stay the caller’s')
    })

    test('the day on which it was asked last is kept', async () => {
      const of = await made([letter(1, 'x')])
      const first = await index.lastAskedMs(of.account)
      place.clock.turn(3 * dayMs)
      await ask(of, { area: 'text', needle: 'x' }, [1])
      assert.equal(await index.lastAskedMs(of.account), first! + 3 * dayMs)
    })

    if (keeps) test('what was closed is there again', async () => {
      const of = await made([letter(1, 'thư một'), letter(2, 'thư hai')])
      await index.remove(of.account, of.incarnation, ['m2'])
      await index.reach(of.account, of.incarnation, 30)
      await index[Symbol.asyncDispose]()
      await assert.rejects(index.state(of.account), (error) => isMailError(error, 'unavailable'))
      index = await place.open()
      assert.deepEqual(await index.state(of.account), { incarnation: of.incarnation, modseq: 30, filling: false, messages: 1 })
      await index.add(of.account, of.incarnation, [letter(3, 'thư ba')])
      assert.deepEqual(await ask(of, { area: 'body', needle: 'thu' }, [1, 2, 3]), [yes, unknown, yes])
    })
  })
}

function refused(error: unknown): boolean {
  return isMailError(error, 'conflict')
}

export function packed(bytes: Buffer): { text: Uint8Array; prefix: Uint8Array } {
  return { text: digest(bytes).text, prefix: Buffer.from('Delivered-To: don-vi@tinh.gov.vn\r\n') }
}

/** Message `m<uid>` in b1. */
export function letter(uid: number, body: string, subject = 'x'): MessageText {
  const bytes = Buffer.from(`From: Lê An <an@xa.vn>\r\nSubject: ${subject}\r\nX-Dai: ${'so '.repeat(80)}\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n${body}\r\n`)
  return { id: `m${uid}`, mailbox: 'b1', uid, ...packed(bytes) }
}

const needles = ['cong van', 'so 12', 'an', 'a', '', ' ', 'x', 'm: x', 'm: ', 'ct: m', 'subject', 'tu: trong', '"hoa toc"', '"', 'ubnd "', '\0', '\ufffd', 'don-vi@', 'so so so', 'long', 'x'.repeat(100), '*', 'le an <an@xa.vn>', 'mothai', 't\0h', 'x\ufffdy', 'x\ufffey', 'z\uffffw']
const questions: readonly TextQuestion[] = needles.flatMap((needle): TextQuestion[] => [
  { area: 'text', needle },
  { area: 'body', needle },
  ...['from', 'subject', 'to', 'x-dai', 'delivered-to', 'date', 'content-type'].map((name): TextQuestion => ({ area: 'header', name, needle })),
])
