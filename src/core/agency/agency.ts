/** Agencies and their mail domains (Điều 4.1, 5.1). Types only. */

export type AgencyId = string

export interface Agency {
  readonly id: AgencyId
  /** a-z0-9, unique in the province (R-4.1a), e.g. `skhcn`; '' for the province's own root domain. */
  readonly label: string
  readonly name: string
  /** Mail domains, lower case; the first is the primary one. */
  readonly domains: readonly string[]
  readonly createdAtMs: number
}
