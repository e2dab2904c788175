/**
 * A store with a little of everything in it: the data folder that an earlier version made (test/fixtures/upgrade), with documents of
 * the registry beside it.
 */
import { spawnSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { makePlace, move, openPlace, type HousePlace } from './moving-house.ts'
import type { OpenStore, TurnedClock } from './store-place.ts'

const fixture = join(import.meta.dirname, '../fixtures/upgrade/main-path')

/** The transactions of its deliveries. */
export async function filledTransactions(): Promise<readonly string[]> {
  return (JSON.parse(await readFile(`${fixture}.json`, 'utf8')) as { transactions: readonly string[] }).transactions
}

/** Of a kind; one of the province comes there by a move. `keep` is told what is to be removed some time. */
export async function makeFilled(kind: HousePlace['kind'], clock: TurnedClock, keep: (place: HousePlace) => void): Promise<HousePlace> {
  const embedded = await makePlace('sqlite')
  keep(embedded)
  if (embedded.kind !== 'sqlite') throw new Error('not embedded')
  const { status, stderr } = spawnSync('tar', ['-xzf', `${fixture}.tar.gz`, '-C', embedded.directory])
  if (status !== 0) throw new Error(stderr.toString())
  {
    await using opened = await openPlace(embedded, clock)
    await register(opened)
  }
  if (kind === 'sqlite') return embedded
  const province = await makePlace(kind)
  keep(province)
  await move(embedded, province, { clock })
  return province
}

async function register({ store, blobs }: OpenStore): Promise<void> {
  const file = await blobs.put(Buffer.from('%PDF-1.7 công văn'))
  await store.registry.commit({
    entries: [
      { kind: 'request', id: 'yc-1', value: { file, title: 'Cấp hộp thư', files: [{ body: file }] }, keys: ['state/open', 'agency/so'], bodies: [file], ifVersion: 0 },
      { kind: 'person', id: 'p-1', value: { name: 'Nguyễn Văn An' }, keys: ['name/an'], ifVersion: 0 },
    ],
    records: [{ kind: 'audit', atMs: 0, actor: 'operator', action: 'request.make', subject: 'yc-1', clause: 'Điều 5.3', detail: {} }],
  })
  await store.registry.commit({ entries: [{ kind: 'person', id: 'p-1', value: { name: 'Nguyễn Văn Ấn' }, keys: ['name/an', 'name/ấn'], ifVersion: 1 }] })
}
