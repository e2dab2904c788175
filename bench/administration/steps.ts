/** What the bench asks of the core process that it measures, over the channel between them; each step answers what it took. */

export interface LoadOrder {
  /** A CSV of people on disk. */
  readonly file: string
}

export interface Loaded {
  readonly agenciesMs: number
  readonly previewMs: number
  readonly runMs: number
  readonly issued: number
  readonly faulty: number
}

export interface Opened {
  /** The REST API on loopback. */
  readonly port: number
  /** Of a super-administrator. */
  readonly token: string
  /** Ids, in the order of addresses. */
  readonly accounts: readonly string[]
}

export interface Night {
  readonly ms: number
  readonly accounts: number
  readonly acts: number
  readonly notices: number
  readonly failed: number
}

export interface VerifiedRecords {
  readonly ms: number
  readonly records: number
}

export interface Steps {
  /** Agencies, then preview and run of an import. */
  load(order: LoadOrder): Promise<Loaded>
  open(order: Record<string, never>): Promise<Opened>
  /** Nobody is due. */
  quietNight(order: Record<string, never>): Promise<Night>
  /** One in `oneIn` is due: half of them are warned, half are locked. */
  busyNight(order: { readonly oneIn: number }): Promise<Night>
  verify(order: Record<string, never>): Promise<VerifiedRecords>
}

export type StepName = keyof Steps
export type OrderOf<S extends StepName> = Parameters<Steps[S]>[0]
export type AnswerOf<S extends StepName> = Awaited<ReturnType<Steps[S]>>

export interface Ask {
  readonly step: StepName
  readonly order: unknown
}

export type Answered = { readonly kind: 'done'; readonly answer: unknown } | { readonly kind: 'failed'; readonly error: string }
