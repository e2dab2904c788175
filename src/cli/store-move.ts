/** What `congvu migrate-store` asks of the process that it runs in: the command line itself knows no store. */

export type StoreKind = 'sqlite' | 'mongo'

export interface StoreMoveRequest {
  readonly from: StoreKind
  readonly to: StoreKind
}

export interface StoreMoveProgress {
  readonly stage: 'rows' | 'check-rows' | 'check-bodies'
  readonly part: string
  readonly done: number
  readonly total: number
  /** It goes on where an earlier run ended; `again`: what was copied before was of an older state, and is copied again. */
  readonly resumed: 'no' | 'yes' | 'again'
}

export interface StoreMoveReport {
  /** An earlier run had finished it. */
  readonly already: boolean
  readonly rows: Readonly<Record<string, number>>
  /** SHA-256 over the rows of each part, equal in both stores. */
  readonly hashes: Readonly<Record<string, string>>
  readonly bodies: number
  readonly bodyBytes: number
}

/** Throws a RefusedError. */
export type MoveStore = (request: StoreMoveRequest, onProgress: (progress: StoreMoveProgress) => void) => Promise<StoreMoveReport>
