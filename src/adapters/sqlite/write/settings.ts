/** Small durable settings of the installation. */
import type { Connection } from '../connection.ts'

export function putSetting(connection: Connection, { key, value }: { readonly key: string; readonly value: string }): void {
  connection.run('INSERT INTO setting (key, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value', key, value)
}

/** A write that reaches the disk, for the question whether the store can take one. */
export function probe(connection: Connection, { nowMs }: { readonly nowMs: number }): void {
  putSetting(connection, { key: 'store.probe', value: String(nowMs) })
}
