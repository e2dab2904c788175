/** What is a lesson, and how lessons are given: in the background, bounded, tried again, never in the way. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { MailError } from '../../../../src/core/errors.ts'
import { createJunkTraining, lessonOf, type JunkTraining } from '../../../../src/core/mailbox/junk-training.ts'
import type { Mailbox, MailboxRole, StoredMessage } from '../../../../src/core/mailbox/mailbox.ts'
import type { SpamTraining } from '../../../../src/core/ports/training.ts'

describe('lessonOf', () => {
  const cases: readonly [MailboxRole | null, MailboxRole | null, string | null][] = [
    ['inbox', 'junk', 'spam'],
    [null, 'junk', 'spam'],
    ['trash', 'junk', 'spam'],
    ['junk', 'inbox', 'ham'],
    ['junk', null, 'ham'],
    ['junk', 'trash', null],
    ['junk', 'junk', null],
    ['inbox', 'trash', null],
    ['inbox', null, null],
  ]
  for (const [source, target, lesson] of cases) {
    it(`${source ?? 'any'} → ${target ?? 'any'}: ${lesson ?? 'nothing'}`, () => assert.equal(lessonOf(source, target), lesson))
  }
})

const limits = { maxWaiting: 5, maxMessageBytes: 100, retryAfterMs: [10, 20] }

interface Rig {
  readonly training: JunkTraining
  readonly outcomes: string[]
  readonly pauses: number[]
  readonly taught: string[]
  readonly faults: unknown[]
  /** Resolves when so many outcomes were told. */
  told(count: number): Promise<void>
}

/** Bodies are named after their UID; message 9 does not exist, message 8 is large. */
function rig(learn: SpamTraining['learn'], sleeps: (ms: number) => Promise<boolean> = async () => true): Rig {
  const outcomes: string[] = []
  const pauses: number[] = []
  const taught: string[] = []
  const faults: unknown[] = []
  const waiting: { readonly count: number; readonly resolve: () => void }[] = []
  const training = createJunkTraining(
    {
      store: {
        mailboxes: { get: async (_, id) => ({ role: id === 'junk' ? 'junk' : id === 'inbox' ? 'inbox' : null }) as Mailbox },
        messages: {
          read: async function* (_account, _mailbox, uids) {
            const rows = [...(uids as Uint32Array)].filter((uid) => uid !== 9)
            yield rows.map((uid) => ({ uid, body: `body-${uid}`, prefix: new Uint8Array(50), sizeBytes: uid === 8 ? 1000 : 60 }) as unknown as StoredMessage)
          },
        },
      },
      blobs: { read: async (body) => Buffer.from(body) },
      clock: { nowMs: () => 0, sleep: (ms) => (pauses.push(ms), sleeps(ms)) },
      training: {
        learn: async (kind, message, signal) => {
          taught.push(`${kind} ${Buffer.from(message).toString()}`)
          return await learn(kind, message, signal)
        },
      },
      onOutcome: (kind, outcome, messages) => {
        for (let i = 0; i < messages; i++) outcomes.push(`${kind} ${outcome}`)
        for (const { count, resolve } of waiting) if (outcomes.length >= count) resolve()
      },
      onFault: (error) => void faults.push(error),
    },
    limits,
  )
  const told = (count: number): Promise<void> => (outcomes.length >= count ? Promise.resolve() : new Promise((resolve) => waiting.push({ count, resolve })))
  return { training, outcomes, pauses, taught, faults, told }
}

const uids = (...numbers: number[]): Uint32Array => Uint32Array.from(numbers)

describe('createJunkTraining', () => {
  it('teaches in order, without our trace lines', async () => {
    const { training, taught, outcomes, told } = rig(async () => 'learned')
    training.placed('a', 'inbox', 'junk', uids(1, 2))
    training.placed('a', 'junk', 'inbox', uids(3))
    await told(3)
    assert.deepEqual(taught, ['spam body-1', 'spam body-2', 'ham body-3'])
    assert.deepEqual(outcomes, ['spam learned', 'spam learned', 'ham learned'])
  })

  it('is silent about what says nothing', async () => {
    const { training, taught, told } = rig(async () => 'known')
    training.placed('a', 'inbox', 'archive', uids(1))
    training.placed('a', 'junk', 'junk', uids(1))
    training.placed('a', 'inbox', 'junk', uids())
    training.placed('a', 'inbox', 'junk', uids(4))
    await told(1)
    assert.deepEqual(taught, ['spam body-4'])
  })

  it('passes over what is gone or large', async () => {
    const { training, outcomes, taught, told } = rig(async () => 'learned')
    training.placed('a', 'inbox', 'junk', uids(8, 9, 1))
    await told(3)
    assert.deepEqual(outcomes.toSorted(), ['spam learned', 'spam passed-over', 'spam passed-over'])
    assert.deepEqual(taught, ['spam body-1'])
  })

  it('tries again while the filter is away, then gives the message up and goes on', async () => {
    let away = 4
    const { training, outcomes, pauses, told } = rig(async () => {
      if (away-- > 0) throw new MailError('unavailable')
      return 'learned'
    })
    training.placed('a', 'inbox', 'junk', uids(1, 2))
    await told(2)
    assert.deepEqual(outcomes, ['spam lost', 'spam learned'])
    assert.deepEqual(pauses, [10, 20, 10])
  })

  it('does not ask again what was refused', async () => {
    const { training, outcomes, pauses, told } = rig(async () => {
      throw new MailError('message-refused')
    })
    training.placed('a', 'inbox', 'junk', uids(1))
    await told(1)
    assert.deepEqual([outcomes, pauses], [['spam refused'], []])
  })

  it('takes no more than it can hold, and counts the rest', async () => {
    const free = Promise.withResolvers<void>()
    const { training, outcomes, told } = rig(async () => {
      await free.promise
      return 'learned'
    })
    training.placed('a', 'inbox', 'junk', uids(1, 2, 3, 4))
    training.placed('a', 'inbox', 'junk', uids(5, 6, 7))
    await told(2)
    assert.deepEqual(outcomes, ['spam lost', 'spam lost'])
    free.resolve()
    await told(7)
    assert.equal(outcomes.filter((outcome) => outcome === 'spam learned').length, 5)
    training.placed('a', 'inbox', 'junk', uids(1))
    await told(8)
  })

  it('tells of a bug and goes on', async () => {
    let bugs = 1
    const { training, outcomes, faults, told } = rig(async () => {
      if (bugs-- > 0) throw new TypeError('a bug')
      return 'learned'
    })
    training.placed('a', 'inbox', 'junk', uids(1))
    training.placed('a', 'inbox', 'junk', uids(2))
    await told(1)
    assert.deepEqual(outcomes, ['spam learned'])
    assert.match(String(faults[0]), /a bug/)
  })

  it('ends at once, whatever it waits for', async () => {
    const asleep = Promise.withResolvers<void>()
    const woken = Promise.withResolvers<boolean>()
    const { training, outcomes } = rig(
      async () => {
        throw new MailError('unavailable')
      },
      async () => (asleep.resolve(), await woken.promise),
    )
    training.placed('a', 'inbox', 'junk', uids(1, 2))
    await asleep.promise
    const ended = training[Symbol.asyncDispose]()
    woken.resolve(false)
    await ended
    training.placed('a', 'inbox', 'junk', uids(3))
    assert.deepEqual(outcomes, [])
  })
})
