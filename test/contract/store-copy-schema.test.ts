/**
 * What a move must know of: every table and column of the embedded store, every collection of the province's. Who adds one finds it
 * here: it is to be copied (moving-house/ of both adapters, core/ports/store-copy.ts), or named as what stays behind.
 */
import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { DatabaseSync } from 'node:sqlite'
import { join } from 'node:path'
import { MongoClient } from 'mongodb'
import { makeFilled } from '../support/filled-store.ts'
import { mongoUnreachable } from '../support/mongo-server.ts'
import { openHouse, removePlace, type HousePlace } from '../support/moving-house.ts'
import { TurnedClock } from '../support/store-place.ts'

const copiedColumns: Readonly<Record<string, string>> = {
  setting: 'key value',
  agency: 'no label name created_at',
  agency_domain: 'domain agency position',
  account: 'no agency address local_part name kind role state lock_clause password_hash credential_version created_at',
  account_state: 'account modseq next_message next_mailbox last_uid_validity quota_bytes used_bytes pruned_modseq stale_threads',
  address: 'address account is_primary',
  mailbox: 'key account name role uid_validity uid_next highest_modseq modseq created_modseq messages unseen deleted size_bytes',
  removed_mailbox: 'key modseq at',
  subscription: 'account name',
  message: 'key mailbox uid modseq created_modseq flags keywords received_at sent_at size thread body prefix',
  message_form: 'key forms text',
  thread_key: 'account hash thread',
  tombstone: 'mailbox modseq at uid_count uids destroyed',
  delivery: 'no txn received_at facts',
  held: 'no txn received_at remaining body body_bytes sent_at message_id reference_ids base_subject forms text',
  held_recipient: 'held position account mailbox role flags keywords extra_bytes prefix',
  held_refusal: 'held position account code',
  outbox: 'no txn sender recipient account body body_bytes state due_at next_at created_at attempts node lease_until last_reply last_try_at prefix',
  record: 'kind seq at actor action subject clause detail hash keys',
  record_key: 'hash at seq',
  registry: 'no kind id version value',
  registry_key: 'kind key id',
  registry_body: 'body kind id',
  // SQLite's own: the last number of the outbox, which grows with the rows.
  sqlite_sequence: 'name seq',
}

const copiedCollections = ['agencies', 'states', 'messages', 'tombstones', 'held', 'recipients', 'records', 'registry', 'registryKeys', 'settings', 'counters']
/** Bodies are copied by their own port; the rest is of the place: its schema, who writes, who moves. */
const otherCollections = ['blobs', 'bodies.files', 'bodies.chunks', 'schema', 'writers', 'moving']

describe('a move knows of everything', () => {
  const places: HousePlace[] = []
  after(async () => {
    for (const place of places) await removePlace(place)
  })
  const filled = (kind: HousePlace['kind']): Promise<HousePlace> => makeFilled(kind, new TurnedClock(), (place) => places.push(place))

  it('in the embedded store: all tables and columns', async () => {
    const place = await filled('sqlite')
    assert.ok(place.kind === 'sqlite')
    const db = new DatabaseSync(join(place.directory, 'store', 'store.sqlite'), { readOnly: true })
    try {
      const tables = db.prepare("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").all() as { name: string }[]
      const columns = tables.map(({ name }) => [name, (db.prepare(`SELECT name FROM pragma_table_info('${name}')`).all() as { name: string }[]).map((column) => column.name).join(' ')])
      assert.deepEqual(Object.fromEntries(columns), copiedColumns)
    } finally {
      db.close()
    }
  })

  it('in the province: all collections, and nothing of the move is left in them', { skip: mongoUnreachable ?? false }, async () => {
    const place = await filled('mongo')
    assert.ok(place.kind === 'mongo')
    const client = new MongoClient(place.url)
    try {
      const names = (await client.db(place.database).listCollections({}, { nameOnly: true }).toArray()).map(({ name }) => name)
      assert.deepEqual(names.filter((name) => !copiedCollections.includes(name) && !otherCollections.includes(name)), [])
      assert.equal(await client.db(place.database).collection('moving').countDocuments(), 0)
    } finally {
      await client.close()
    }
  })

  it('clearing a target leaves nothing but what belongs to the place', async () => {
    const place = await filled('sqlite')
    await using house = await openHouse(place, new TurnedClock())
    await house.store.putState('{"stage":"rows"}')
    await house.store.clear()
    assert.ok(place.kind === 'sqlite')
    const db = new DatabaseSync(join(place.directory, 'store', 'store.sqlite'), { readOnly: true })
    try {
      for (const table of Object.keys(copiedColumns)) {
        if (table === 'sqlite_sequence') continue
        const where = table === 'setting' ? "WHERE key NOT LIKE 'store.%'" : ''
        assert.equal(db.prepare(`SELECT count(*) AS n FROM ${table} ${where}`).get()!['n'], 0, table)
      }
    } finally {
      db.close()
    }
  })
})
