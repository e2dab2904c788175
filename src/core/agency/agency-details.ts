/** What is kept of an agency beside its label and domains (Điều 4.1, 5.1), of its units, and of each hand-over of its administration. */
import { entryKind } from '../administration/entries.ts'
import type { AccountId } from '../mailbox/mailbox.ts'
import type { OfficialDocument } from '../request/document.ts'
import type { AgencyId } from './agency.ts'

export type AgencyKind = 'department' | 'commune' | 'other'

export interface AgencyDetails {
  readonly kind: AgencyKind
  /** Code of the General Statistics Office for communes, or null. */
  readonly code: string | null
  /** The label is proposed and not yet confirmed by the Sở ("tạm"). */
  readonly provisional: boolean
  /** The agency's own mailbox (Điều 4.1; D-1); null when it has none yet. */
  readonly mailbox: AccountId | null
  /** Its focal officers, by the hand-overs. */
  readonly administrators: readonly AccountId[]
}

export const agencyDetailsKind = entryKind<AgencyDetails>({ name: 'agency-details', keys: ({ kind }) => [`kind ${kind}`] })

/** Id = id of the unit's mailbox account. */
export interface Unit {
  readonly agency: AgencyId
  readonly name: string
  readonly address: string
}

export const unitKind = entryKind<Unit>({ name: 'unit', keys: ({ agency, name }) => [`agency ${agency} ${name.slice(0, 200)}`] })

/** Điều 5.1, 10.8: who handed the administration of an agency to whom, when, by which document, and whether he was trained. */
export interface HandOver {
  readonly agency: AgencyId
  readonly from: AccountId | null
  readonly to: AccountId
  readonly document: OfficialDocument
  readonly trained: boolean
  readonly by: string
  readonly atMs: number
}

export const handOverKind = entryKind<HandOver>({ name: 'hand-over', keys: ({ agency, atMs }) => [`agency ${agency} ${String(atMs).padStart(15, '0')}`] })
