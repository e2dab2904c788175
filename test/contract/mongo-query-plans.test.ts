/**
 * Every command of the mail path finds its documents by an index: what the store sends is caught by command monitoring, and the
 * server explains it. A read examines at most 1.2 times as many documents as it brings.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { MongoClient } from 'mongodb'
import type { Db, Document } from 'mongodb'
import type { SentCommand } from '../../src/adapters/mongo/connection.ts'
import { flagsOf } from '../../src/core/mailbox/flags.ts'
import type { AccountId } from '../../src/core/mailbox/mailbox.ts'
import type { Store } from '../../src/core/ports/store.ts'
import { deliveryTo, drained, fill, letter, makeOwner } from '../support/mongo-mail.ts'
import type { Owner } from '../support/mongo-mail.ts'
import { dropDatabase, openMongo } from '../support/mongo-place.ts'
import { freshDatabase, mongoUnreachable, sharedMongoUrl } from '../support/mongo-server.ts'
import { systemClock } from '../support/store-crash-parent.ts'
import { uids } from '../support/store-fixture.ts'

/** Index, key, or the shortcut that MongoDB 8 takes for a key. */
const byIndex = /^(IXSCAN|IDHACK|COUNT_SCAN|DISTINCT_SCAN|EXPRESS.*|CLUSTERED_IXSCAN)$/
const maxRatio = 1.2
/** What a write has looked for may be gone when it is explained. */
const slackDocuments = 10

type Step = readonly [name: string, work: (store: Store, mail: Mail) => Promise<unknown>]

interface Mail {
  readonly owner: Owner
  readonly other: Owner
  /** This node has not seen it yet. */
  readonly cold: AccountId
  /** Modseq before the changes that the steps make. */
  readonly modseq: number
  readonly address: string
}

const forms = { forms: true, text: false }
const viec = { mode: 'add', flags: flagsOf(['viec']) } as const
const row = { sender: '', recipient: 'a@ngoai.example', dueAtMs: 1, prefix: Buffer.alloc(0) }

/** Reads first: they are explained on what they have read. */
const reads: readonly Step[] = [
  ['view', (store, { owner }) => store.messages.view(owner.account, owner.inbox)],
  ['read all', (store, { owner }) => drained(store.messages.read(owner.account, owner.inbox, 'all', forms))],
  ['read a range', (store, { owner }) => drained(store.messages.read(owner.account, owner.inbox, Uint32Array.from({ length: 300 }, (_, i) => i + 50), forms))],
  ['read every third', (store, { owner }) => drained(store.messages.read(owner.account, owner.inbox, Uint32Array.from({ length: 300 }, (_, i) => 3 * i + 1), forms))],
  ['read a dense part', (store, { owner }) => drained(store.messages.read(owner.account, owner.inbox, Uint32Array.from({ length: 900 }, (_, i) => i + 1 + Math.floor(i / 9)), forms))],
  ['by id', (store, { owner }) => store.messages.byId(owner.account, ['m1', 'm77', 'm3'], forms)],
  ['changes', (store, { owner, modseq }) => store.changes.since(owner.account, modseq)],
  ['changes of a mailbox', (store, { owner, modseq }) => store.changes.since(owner.account, modseq, { mailbox: owner.trash })],
  ['changes, limited', (store, { owner }) => store.changes.since(owner.account, 0, { limit: 100 })],
  ['states', (store, { owner, other }) => store.changes.states([owner.account, other.account])],
  ['account', (store, { owner }) => store.accounts.get(owner.account)],
  ['account by address', (store, { address }) => store.accounts.byAddress(address)],
  ['accounts by local part', (store, { address }) => store.accounts.byLocalPart(address.split('@')[0]!, 2)],
  ['accounts of an agency', async (store, { owner }) => store.accounts.list({ agency: (await store.accounts.get(owner.account))!.agency, limit: 10 })],
  ['accounts after one', (store, { address }) => store.accounts.list({ after: address, limit: 5 })],
  ['accounts of a role', (store) => store.accounts.list({ role: 'individual', limit: 5 })],
  ['agency by domain', (store, { address }) => store.agencies.byDomain(address.split('@')[1]!)],
  ['agency by label', (store) => store.agencies.byLabel('xa1')],
  ['facts', (store) => store.deliveries.facts('co')],
  ['bodies in use', (store) => store.bodiesInUse(['than-1', 'than-2', 'khong-co'])],
  ['outbox list', (store) => store.outbox.list({ limit: 20 })],
  ['outbox of an account', (store, { owner }) => store.outbox.list({ account: owner.account, limit: 20 })],
  ['next due', (store) => store.outbox.nextDueAtMs()],
  ['records', (store) => store.records.read({ kind: 'mail', after: 5, limit: 10 })],
]

const writes: readonly Step[] = [
  ['deliver an answer to one who is not known', async (store, { cold }) => store.deliveries.commit(deliveryTo([cold], { content: letter(['<goc@xa.example>']).content }))],
  ['deliver an answer', (store, { owner }) => store.deliveries.commit(deliveryTo([owner.account], { content: letter(['<goc@xa.example>']).content }))],
  ['flags', (store, { owner }) => store.messages.changeFlags(owner.account, owner.inbox, uids(1, 5, 9), viec)],
  ['flags on a range', (store, { owner }) => store.messages.changeFlags(owner.account, owner.inbox, uids(11, 12, 13), viec)],
  ['copy', (store, { owner }) => store.messages.copy(owner.account, owner.inbox, uids(2, 4, 6), owner.trash)],
  ['move', (store, { owner }) => store.messages.move(owner.account, owner.inbox, uids(21, 23), owner.trash)],
  ['expunge deleted', (store, { owner }) => store.messages.expunge(owner.account, owner.inbox, 'all', true)],
  ['expunge', (store, { owner }) => store.messages.expunge(owner.account, owner.trash, 'all', false)],
  ['hold', (store, { other }) => store.deliveries.hold(deliveryTo([other.account], { transaction: 'giu' }))],
  ['file held', (store) => store.deliveries.fileHeld('giu', 10)],
  ['finish held', (store) => store.deliveries.finishHeld('giu')],
  ['claim', (store) => store.outbox.claim({ node: 'nut-1', nowMs: 5, leaseUntilMs: 10, limit: 5 })],
  ['release', (store) => store.outbox.release('nut-1', 6)],
  ['prune', (store) => store.changes.prune(systemClock.nowMs() + 1, 0)],
  ['forget deliveries', (store) => store.deliveries.forget(-1)],
  ['forget outbox', (store) => store.outbox.forget(0)],
]

describe('province (MongoDB): query plans', { skip: mongoUnreachable ?? false }, () => {
  test('every command finds its documents by an index, and a read examines little more than it brings', async (t) => {
    const place = { url: await sharedMongoUrl(), database: freshDatabase() }
    const client = new MongoClient(place.url)
    const problems: string[] = []
    let explained = 0
    try {
      const db = client.db(place.database)
      let sent: SentCommand[] = []
      await using open = await openMongo({ ...place, clock: systemClock, onCommand: (one) => sent.push(one) })
      await using far = await openMongo({ ...place, clock: systemClock, node: 'nut-2' })
      const mail = await makeMail(open.store, (await makeOwner(far.store)).account)
      for (const [steps, isRead] of [[reads, true], [writes, false]] as const) {
        for (const [name, work] of steps) {
          sent = []
          await work(open.store, mail)
          for (const explainable of sent.flatMap(({ command }) => explainables(command))) {
            problems.push(...(await problemsOf(db, explainable, isRead ? 0 : slackDocuments)).map((problem) => `${name}: ${problem}`))
            explained++
          }
        }
      }
    } finally {
      await dropDatabase(place.url, place.database)
      await client.close()
    }
    t.diagnostic(`${explained} commands explained`)
    assert.deepEqual(problems, [])
    assert.ok(explained > 60)
  })
})

async function makeMail(store: Store, cold: AccountId): Promise<Mail> {
  const [owner, other] = [await makeOwner(store), await makeOwner(store)]
  for (let i = 0; i < 20; i++) await makeOwner(store)
  await fill(store, other, 500)
  await fill(store, owner, 1_000)
  await store.deliveries.commit(deliveryTo([owner.account], { transaction: 'co', outbox: Array.from({ length: 40 }, (_, i) => ({ ...row, account: i % 4 === 0 ? owner.account : null })) }))
  await store.outbox.cancel((await store.outbox.list({ limit: 1 }))[0]!.id)
  await store.records.append(Array.from({ length: 30 }, () => ({ kind: 'mail', atMs: 0, actor: 'system', action: 'mail.delivered', subject: 'x', clause: null, detail: {} })))
  const modseq = (await store.accounts.get(owner.account))!.modseq
  await store.messages.changeFlags(owner.account, owner.inbox, uids(1, 2, 3, 40), { mode: 'add', flags: flagsOf(['\\Deleted']) })
  await store.messages.copy(owner.account, owner.inbox, uids(100, 101, 102), owner.trash)
  await store.messages.expunge(owner.account, owner.inbox, uids(900, 901), false)
  return { owner, other, cold, modseq, address: (await store.accounts.get(owner.account))!.address }
}

/** The parts of a command that can be explained by themselves: one statement each of an update or a delete. */
function explainables(command: Document): Document[] {
  const { find, distinct, update, delete: from } = command
  const found: Document[] = []
  if (find !== undefined) {
    const { filter, projection, sort, limit, hint } = command
    return [{ find, filter, ...(projection && { projection }), ...(sort && { sort }), ...(limit && { limit }), ...(hint && { hint }) }]
  }
  // From a document that is always there to what is looked up.
  for (const stage of (command['pipeline'] ?? []) as Document[]) {
    if (stage['$lookup'] !== undefined) found.push({ find: stage['$lookup']['from'], filter: stage['$lookup']['pipeline'][0]['$match'] })
  }
  if (found.length > 0) return found
  if (distinct !== undefined) return [{ distinct, key: command['key'], query: command['query'] }]
  if (update !== undefined) return (command['updates'] as Document[]).slice(0, 5).map((statement) => ({ update, updates: [statement] }))
  if (from !== undefined) return (command['deletes'] as Document[]).slice(0, 5).map((statement) => ({ delete: from, deletes: [statement] }))
  return []
}

async function problemsOf(db: Db, command: Document, slack: number): Promise<string[]> {
  const { queryPlanner, executionStats } = await db.command({ explain: command, verbosity: 'executionStats' })
  const stages = stagesOf(queryPlanner['winningPlan'] as Document)
  const told = `${JSON.stringify(command).slice(0, 300)}: ${stages.join(' < ')}`
  const problems: string[] = []
  if (stages.includes('COLLSCAN') || !stages.some((stage) => byIndex.test(stage) || stage === 'EOF')) problems.push(`no index: ${told}`)
  if (stages.includes('SORT')) problems.push(`sorts: ${told}`)
  const [examined, returned] = [executionStats['totalDocsExamined'] as number, executionStats['nReturned'] as number]
  if (command['find'] !== undefined && examined > maxRatio * returned + slack) problems.push(`examined ${examined} for ${returned}: ${told}`)
  return problems
}

function stagesOf(plan: Document): string[] {
  const inner = [plan['inputStage'], ...(plan['inputStages'] ?? []), plan['queryPlan']].filter((stage) => stage !== undefined) as Document[]
  return [...(plan['stage'] === undefined ? [] : [String(plan['stage'])]), ...inner.flatMap(stagesOf)]
}
