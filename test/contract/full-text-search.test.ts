/**
 * The exact search without an index is the oracle of the one with it: 10,000 random searches, while messages come, change, move and
 * go, in two mailboxes, give the same messages (fewer searches on the second store).
 */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { openFts5 } from '../../src/adapters/fts5/full-text.ts'
import { createLocalBus } from '../../src/adapters/local/bus.ts'
import { flagsOf } from '../../src/core/mailbox/flags.ts'
import type { MailboxId } from '../../src/core/mailbox/mailbox.ts'
import { storedText } from '../../src/core/mailbox/searched-text.ts'
import { type SearchIndex, TextIndex } from '../../src/core/mailbox/text-index.ts'
import { createViews } from '../../src/core/mailbox/views.ts'
import type { FullText } from '../../src/core/ports/full-text.ts'
import { digest } from '../../src/message/digest.ts'
import { type Below, anyKey, anyMail, anyTrace, chance } from '../support/indexed-mail.ts'
import { Fixture } from '../support/store-fixture.ts'
import { stores } from './stores.ts'

const rounds = 25
/** The index is the same on every store; on others than the first it is only fed otherwise. */
const searchesOfRound = { first: 400, other: 80 }

for (const [at, { name, unreachable, makePlace }] of stores.entries()) {
  const searches = at === 0 ? searchesOfRound.first : searchesOfRound.other
  describe(`${name}: full text`, { skip: unreachable ?? false }, () => {
    const fixture = new Fixture(makePlace)
    let directory = ''
    let fullText: FullText
    before(async () => {
      directory = await mkdtemp(join(tmpdir(), 'congvu-full-text-'))
      fullText = await openFts5({ directory, clock: fixture.clock })
    })
    after(async () => {
      await fullText[Symbol.asyncDispose]()
      await rm(directory, { recursive: true, force: true })
    })

    test(`${rounds * searches} random searches with the index find what they find without`, async () => {
      const below = chance(20261102)
      const world = await searchedWorld(fixture, fullText, below)
      for (let round = 0; round < rounds; round++) {
        await world.change(round)
        for (const mailbox of world.mailboxes) {
          const [plain, indexed] = [await world.plain.select(world.account, mailbox), await world.indexed.select(world.account, mailbox)]
          for (let i = 0; i < searches / world.mailboxes.length; i++) {
            const key = anyKey(below, world.texts)
            const [expected, found] = [await plain.search(key), await indexed.search(key)]
            assert.deepEqual([...found], [...expected], `round ${round}: ${JSON.stringify(key)}`)
          }
          plain.close()
          indexed.close()
        }
      }
      await world.end()
      assert.ok(world.decided > rounds * searches * 10, `the index decided ${world.decided} times`)
    })
  })
}

/** An account with two mailboxes and what happens to it; searched with an index and without. */
async function searchedWorld(fixture: Fixture, fullText: FullText, below: Below) {
  const { store, blobs, clock } = fixture
  const { account, inbox } = await fixture.accountWithMail(0)
  const other = (await fixture.mailbox(account, 'Sent')).id
  const mailboxes: readonly MailboxId[] = [inbox, other]
  const searched = { store, blobs, bus: createLocalBus({ onError: fault }), clock: { nowMs: () => clock.nowMs(), sleep: async () => true } }
  const index = new TextIndex({ store, clock: searched.clock, fullText, onFault: fault }, { minMessages: 0, maxAwaited: Infinity })
  const counted = new Counted(index)
  const texts: string[] = []

  const append = async (mailbox: MailboxId, count: number, long: 'header' | 'body' | null = null): Promise<void> => {
    for (let i = 0; i < count; i++) {
      const bytes = anyMail(below, long)
      const { forms, text, sentAtMs } = digest(bytes)
      const prefix = anyTrace(below)
      const stored = storedText({ text, prefix })
      texts.push(stored.body, stored.header, stored.trace)
      const content = { body: await blobs.put(bytes), bodyBytes: bytes.length, forms, text, sentAtMs }
      await store.messages.append(account, mailbox, [await fixture.message({ content, prefix, flags: below(2) === 0 ? ['\\Seen'] : ['$Việc'] })])
    }
  }
  const some = async (mailbox: MailboxId, share: number): Promise<Uint32Array> => {
    const view = await store.messages.view(account, mailbox)
    return view!.uids.filter(() => below(share) === 0)
  }
  const changes: readonly (() => Promise<unknown>)[] = [
    () => append(inbox, 3),
    () => append(other, 3),
    async () => store.messages.changeFlags(account, inbox, await some(inbox, 3), { mode: 'add', flags: flagsOf(['\\Flagged']) }),
    async () => store.messages.move(account, inbox, await some(inbox, 6), other),
    async () => store.messages.move(account, other, await some(other, 6), inbox),
    async () => store.messages.copy(account, inbox, await some(inbox, 8), other),
    async () => store.messages.expunge(account, inbox, await some(inbox, 8), false),
    async () => store.messages.expunge(account, other, await some(other, 8), false),
  ]
  return {
    account,
    mailboxes,
    texts,
    plain: createViews(searched),
    indexed: createViews({ ...searched, textIndex: counted }),
    get decided() {
      return counted.decided
    },
    async change(round: number) {
      if (round === 0) return append(inbox, 40)
      // Every search of these reads the message itself: a few rounds are enough.
      if (round === 4) return append(inbox, 1, 'header').then(() => append(inbox, 1, 'body'))
      if (round === 5) await store.messages.expunge(account, inbox, (await store.messages.view(account, inbox))!.uids.slice(-2), false)
      for (let i = 1 + below(4); i > 0; i--) await changes[below(changes.length)]!()
      // A second mailbox, made and gone with what was moved into it.
      if (round % 8 === 0) {
        const [box] = await store.mailboxes.create(account, [{ name: `Tạm ${round}`, role: null }])
        await store.messages.move(account, inbox, await some(inbox, 10), box!.id)
        await index.keepUp()
        await store.mailboxes.remove(account, box!.id)
      }
      if (round % 10 === 0) await index.upkeep()
      if (round % 12 === 0) await fullText.drop(account)
    },
    end: () => index[Symbol.asyncDispose](),
  }
}

function fault(error: unknown): never {
  throw error
}

class Counted implements SearchIndex {
  readonly minMessages = 0
  readonly #index: SearchIndex
  /** Questions about a message that the index alone decided. */
  decided = 0

  constructor(index: SearchIndex) {
    this.#index = index
  }

  async verdicts(...asked: Parameters<SearchIndex['verdicts']>): ReturnType<SearchIndex['verdicts']> {
    const answers = await this.#index.verdicts(...asked)
    assert.ok(answers !== null, 'the index was of no help')
    for (const answer of answers) for (const verdict of answer ?? []) if (verdict !== 2) this.decided++
    return answers
  }

  ask(...asked: Parameters<SearchIndex['ask']>): ReturnType<SearchIndex['ask']> {
    return this.#index.ask(...asked)
  }
}
