/**
 * What is measured on each store: what it must reach on one member and on three (issue: province mode), and what WildDuck behind
 * Haraka did on two cores with the same mongod, where that was measured.
 */
import type { StoreName } from './targets.ts'

export interface StoreRow {
  readonly title: string
  readonly unit: '/s' | 'ms'
  readonly better: 'more' | 'less'
  readonly reach?: Partial<Readonly<Record<StoreName, number>>>
  readonly anchor?: number
}

const mongo = (value: number): StoreRow['reach'] => ({ one: value, three: value })

export const storeRows = {
  'smtp-5k': { title: 'SMTP → durable, 5 KB, 10 connections', unit: '/s', better: 'more', reach: { one: 600, three: 300 }, anchor: 73 },
  'smtp-100k': { title: 'SMTP → durable, 100 KB, 10 connections', unit: '/s', better: 'more', reach: { one: 200 }, anchor: 23 },
  'smtp-cpu': { title: 'CPU of core and Haraka, a message of 5 KB', unit: 'ms', better: 'less', reach: mongo(2.5), anchor: 30 },
  'smtp-store-cpu': { title: 'CPU of mongod (all members) beside it', unit: 'ms', better: 'less' },
  bare: { title: 'bare driver loop, the same commands, 10 at once', unit: '/s', better: 'more' },
  'bare-alone': { title: 'bare driver loop, a transaction each', unit: '/s', better: 'more' },
  login: { title: 'LOGIN + LOGOUT, 10 connections, seen before', unit: '/s', better: 'more', reach: mongo(1000) },
  'login-cpu': { title: 'CPU of core, a login', unit: 'ms', better: 'less', anchor: 32 },
  select: { title: 'SELECT of 10,000', unit: 'ms', better: 'less' },
  envelopes: { title: 'FETCH of 10,000 envelopes', unit: 'ms', better: 'less', reach: mongo(350), anchor: 1950 },
  headers: { title: "Thunderbird's header list of 10,000", unit: 'ms', better: 'less', reach: mongo(350), anchor: 7900 },
  store: { title: 'STORE +FLAGS on 1,000', unit: 'ms', better: 'less', reach: mongo(200) },
  copy: { title: 'COPY of 1,000', unit: 'ms', better: 'less', reach: mongo(200), anchor: 22_000 },
  move: { title: 'MOVE of 1,000', unit: 'ms', better: 'less', reach: mongo(200) },
  expunge: { title: 'EXPUNGE of 1,000', unit: 'ms', better: 'less', reach: mongo(200) },
  'wake-p50': { title: 'delivery on node 1 → IDLE on node 2, p50', unit: 'ms', better: 'less' },
  'wake-p95': { title: 'delivery on node 1 → IDLE on node 2, p95', unit: 'ms', better: 'less', reach: mongo(25) },
  'search-common-p95': { title: 'SEARCH TEXT of words that many messages have, p95', unit: 'ms', better: 'less' },
  'search-p95': { title: 'SEARCH TEXT, warm, p95', unit: 'ms', better: 'less', reach: mongo(30) },
} satisfies Readonly<Record<string, StoreRow>>

export type StoreRowId = keyof typeof storeRows

/** Figures by row and store. */
export class StoreFigures {
  readonly #values = new Map<string, { readonly value: number; readonly foreignPercent: number }>()

  add(store: StoreName, row: StoreRowId, value: number, foreignPercent = 0): void {
    this.#values.set(`${store} ${row}`, { value, foreignPercent })
  }

  of(store: StoreName, row: StoreRowId): { readonly value: number; readonly foreignPercent: number } | null {
    return this.#values.get(`${store} ${row}`) ?? null
  }
}
