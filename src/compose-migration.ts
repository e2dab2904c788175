/** `congvu migrate-store`: opens both stores, with their bodies, as the configuration names them, and moves house (core/moving-house). */
import { createHash, hash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { systemClock } from './adapters/local/clock.ts'
import { RefusedError } from './cli/control-client.ts'
import type { StoreKind, StoreMoveProgress, StoreMoveReport, StoreMoveRequest } from './cli/store-move.ts'
import { openProvinceBodies } from './compose-bodies.ts'
import type { Config } from './config/schema.ts'
import { isMailError, type MailError } from './core/errors.ts'
import type { Hashing } from './core/moving-house/check-copy.ts'
import { moveStore, type House } from './core/moving-house/move-store.ts'
import type { WritableStore } from './core/ports/store-copy.ts'
import { secretUrl } from './secrets.ts'
import { placesOf } from './settings.ts'

export const sha256Hashing: Hashing = {
  of: (data) => hash('sha256', data, 'hex'),
  running() {
    const running = createHash('sha256')
    return { add: (text) => void running.update(text).update('\n'), end: () => running.digest('hex') }
  },
}

/** Throws a RefusedError, or a ConfigError for what the configuration lacks. */
export async function migrateStore(config: Config, { from, to }: StoreMoveRequest, onProgress: (progress: StoreMoveProgress) => void): Promise<StoreMoveReport> {
  await using open = new AsyncDisposableStack()
  try {
    const source = await openHouse(config, from, { open, create: false })
    const target = await openHouse(config, to, { open, create: true })
    const report = await moveStore({ from: source, to: target, hashing: sha256Hashing, onProgress })
    return { ...report, rows: counted(report.rows), hashes: counted(report.hashes) }
  } catch (error) {
    throw isMailError(error) ? refusedError(error) : error
  }
}

interface Opening {
  readonly open: AsyncDisposableStack
  /** Whether it may be made. */
  readonly create: boolean
}

async function openHouse(config: Config, kind: StoreKind, { open, create }: Opening): Promise<House<WritableStore>> {
  if (kind === 'sqlite') {
    const places = placesOf(config, process.cwd())
    const [{ openCopyableSqlite }, { openSegments }] = await Promise.all([import('./adapters/sqlite/moving-house/copyable-store.ts'), import('./adapters/segments/segments.ts')])
    const store = open.use(await openCopyableSqlite({ directory: places.store, create }))
    if (create && !existsSync(places.segments)) await mkdir(places.segments, { recursive: true, mode: 0o700 })
    return { store, blobs: open.use(await openSegments({ directory: places.segments, clock: systemClock })) }
  }
  const url = await secretUrl('store.mongo_url', config.store.mongo_url, config.store.mongo_url_file)
  const { openCopyableMongo } = await import('./adapters/mongo/moving-house/copyable-store.ts')
  const store = open.use(await openCopyableMongo({ url, database: config.store.database }))
  return { store, blobs: open.use(await openProvinceBodies(config, url, systemClock)) }
}

function counted<T>(values: Readonly<Partial<Record<string, T>>>): Readonly<Record<string, T>> {
  return Object.fromEntries(Object.entries(values).filter((entry): entry is [string, T] => entry[1] !== undefined))
}

/** By detail.reason, then by code; English as it was refused. */
const texts: Readonly<Record<string, string>> = {
  running: 'Máy chủ (hoặc một lần chuyển khác) đang dùng kho dữ liệu: hãy dừng nó trước.',
  'no-store': 'Không có kho dữ liệu nguồn ở đó.',
  'same-store': 'Nguồn và đích là cùng một kho.',
  'target-not-empty': 'Kho đích không trống.',
  'other-source': 'Kho đích đang chứa một lần chuyển dở từ kho khác.',
  'copy-differs': 'Bản sao khác với nguồn; chạy lại để chép lại.',
  unavailable: 'Không dùng được một trong hai kho dữ liệu.',
  'storage-full': 'Kho đích hết chỗ; chạy lại khi đã có chỗ.',
}

function refusedError(error: MailError): RefusedError {
  const { code, message, detail } = error
  return new RefusedError({ code, message_vi: texts[String(detail['reason'])] ?? texts[code] ?? 'Không chuyển được.', message_en: message, detail })
}
