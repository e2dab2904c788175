/**
 * Random sequences of operations against a model that says plainly what is promised (test/support/store-model.ts), first
 * one after the other, then by clients side by side. A failure prints the shortest sequence found, with its seed.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { Fixture, whileDoing } from '../support/store-fixture.ts'
import type { Known } from '../support/store-model.ts'
import { AccountModel, replayed } from '../support/store-model.ts'
import type { Done, Operation } from '../support/store-random.ts'
import { anyOperation, isUnseenId, messageOperation, perform } from '../support/store-random.ts'
import { stores } from './stores.ts'

for (const { name, unreachable, makePlace } of stores) {
  describe(`${name}: random operations`, { skip: unreachable ?? false }, () => {
    const fixture = new Fixture(makePlace)

    test('after any sequence the store says what the model says, and changes.since replays from every earlier modseq', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(anyOperation, { minLength: 1, maxLength: 60, size: 'max' }), (operations) => oneAfterTheOther(fixture, operations)),
        { numRuns: 60 },
      )
    })

    test('what clients did side by side is explained by doing it one after the other in modseq order, and a reader could follow', async () => {
      const client = fc.array(messageOperation, { minLength: 1, maxLength: 25, size: 'max' })
      await fc.assert(
        fc.asyncProperty(fc.array(client, { minLength: 2, maxLength: 6, size: 'max' }), (clients) => sideBySide(fixture, clients)),
        { numRuns: 40 },
      )
    })
  })
}

async function oneAfterTheOther(fixture: Fixture, operations: readonly Operation[]): Promise<void> {
  const account = (await fixture.account()).id
  const model = await AccountModel.of(fixture.store, account)
  const moments: { known: Known; modseq: number }[] = []
  for (const operation of operations) {
    moments.push({ known: model.known(), modseq: model.modseq })
    const done = await perform({ fixture, account, mailboxes: [...model.mailboxes.keys()], modseq: model.modseq }, operation)
    done?.tell(model)
  }
  await model.assertIs(fixture.store)
  for (const { known, modseq } of moments) await model.assertReplays(fixture.store, known, modseq)
}

async function sideBySide(fixture: Fixture, clients: readonly (readonly Operation[])[]): Promise<void> {
  const account = (await fixture.account()).id
  const model = await AccountModel.of(fixture.store, account)
  const start = model.modseq
  const mailboxes = [...model.mailboxes.keys()].sort()
  const done: Done[] = []
  const work = async (operations: readonly Operation[]): Promise<void> => {
    for (const operation of operations) {
      const one = await perform({ fixture, account, mailboxes, modseq: start + done.length }, operation)
      if (one !== null) done.push(one)
    }
  }
  let followed = model.known()
  let modseq = start
  await whileDoing(Promise.all(clients.map(work)), async () => {
    const changes = await fixture.store.changes.since(account, modseq)
    assert.ok(!changes.tooOld && changes.modseq >= modseq)
    followed = replayed(followed, changes)
    modseq = changes.modseq
  })
  // What changed nothing looked at the state that the write of the same modseq had left.
  for (const one of done.toSorted((a, b) => a.modseq - b.modseq || Number(b.changed) - Number(a.changed))) one.tell(model)
  await model.assertIs(fixture.store)
  assert.deepEqual(withIdsOf(followed, model.known()), followed)
}

/** `known` with the ids that `told` says in place of those that nobody could see: of copies that went on at once. */
function withIdsOf(told: Known, known: Known): Known {
  const id = (mailbox: string, uid: number, own: string): string => (isUnseenId(own) ? (told.get(mailbox)?.get(uid)?.id ?? own) : own)
  const seen: Known = new Map()
  for (const [mailbox, messages] of known) {
    seen.set(mailbox, new Map([...messages].map(([uid, one]) => [uid, { id: id(mailbox, uid, one.id), flags: one.flags }])))
  }
  return seen
}
