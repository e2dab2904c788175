/** Moving house as the configuration names both houses, with the bodies of the province in an S3-type store. */
import assert from 'node:assert/strict'
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { RefusedError } from '../../src/cli/control-client.ts'
import { migrateStore } from '../../src/compose-migration.ts'
import { loadConfig } from '../../src/config/load.ts'
import { inventory } from '../fixtures/upgrade/inventory.ts'
import { filledTransactions, makeFilled } from '../support/filled-store.ts'
import { dropDatabase } from '../support/mongo-place.ts'
import { freshDatabase, mongoUnreachable, sharedMongoUrl } from '../support/mongo-server.ts'
import { openPlace, removePlace, type HousePlace } from '../support/moving-house.ts'
import { s3Region, s3Server } from '../support/s3-server.ts'
import { TurnedClock } from '../support/store-place.ts'

test('bodies go into the bucket and come back, each once', { skip: mongoUnreachable ?? false, timeout: 120_000 }, async () => {
  await using open = new AsyncDisposableStack()
  const s3 = open.use(await s3Server())
  const keys = await mkdtemp(join(tmpdir(), 'congvu-s3-keys-'))
  open.defer(() => rm(keys, { recursive: true, force: true }))
  await writeFile(join(keys, 'access'), s3.accessKey)
  await writeFile(join(keys, 'secret'), s3.secretKey)
  const [url, database, clock] = [await sharedMongoUrl(1), freshDatabase(), new TurnedClock()]
  open.defer(() => dropDatabase(url, database))
  const embedded = await makeFilled('sqlite', clock, (place) => open.defer(() => removePlace(place)))
  assert.ok(embedded.kind === 'sqlite')
  const config = loadConfig({
    env: {
      CONGVU_SERVER__DATA_DIRECTORY: embedded.directory,
      CONGVU_STORE__KIND: 'mongo',
      CONGVU_STORE__MONGO_URL: url,
      CONGVU_STORE__DATABASE: database,
      CONGVU_STORE__BODIES: 's3',
      CONGVU_S3__ENDPOINT: s3.endpoint,
      CONGVU_S3__REGION: s3Region,
      CONGVU_S3__BUCKET: s3.bucket,
      CONGVU_S3__PREFIX: 'tinh/',
      CONGVU_S3__ACCESS_KEY_FILE: join(keys, 'access'),
      CONGVU_S3__SECRET_KEY_FILE: join(keys, 'secret'),
    },
  })
  const before = await found(embedded)
  const went = await migrateStore(config, { from: 'sqlite', to: 'mongo' }, () => undefined)
  const objects = [...s3.objects.keys()].filter((key) => key.startsWith('tinh/bodies/'))
  // The segment store keeps the same bytes twice when they were put twice; the bucket keeps them once.
  assert.ok(objects.length > 30 && objects.length <= went.bodies, `${objects.length} objects of ${went.bodies} bodies`)
  assert.ok([...s3.objects.keys()].every((key) => key.startsWith('tinh/')))

  for (const part of ['store', 'segments']) await rename(join(embedded.directory, part), join(embedded.directory, `${part}.old`))
  await assert.rejects(migrateStore(config, { from: 'sqlite', to: 'mongo' }, () => undefined), (error) => error instanceof RefusedError && error.failure.detail['reason'] === 'no-store')
  const back = await migrateStore(config, { from: 'mongo', to: 'sqlite' }, () => undefined)
  assert.equal(back.bodies, objects.length)
  assert.deepEqual(back.rows, went.rows)
  assert.deepEqual(await found(embedded), before)
})

async function found(place: HousePlace) {
  await using opened = await openPlace(place, new TurnedClock())
  const { outbox, ...rest } = await inventory(opened, await filledTransactions())
  return { ...rest, outbox: outbox.map((row) => ({ ...row, id: '' })) }
}
