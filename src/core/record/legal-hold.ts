/**
 * Legal holds: what must not be purged whatever its age, by account or agency and by time, until the Sở releases it.
 * Kind `legal-hold`, id = the hold's. A hold stops the purge of records (purge-records.ts) and of revoked mailboxes
 * (core/account/lifecycle). Each is made and released with its reason and document, and audited.
 */
import { accountAt } from '../account/lifecycle-change.ts'
import { basis, mailErrorOf, refused } from '../account/lifecycle/basis.ts'
import type { Actor } from '../administration/actor.ts'
import { auditRecord, type AdministrationContext } from '../administration/context.ts'
import { allEntries, entryKind, put, requireEntry, type Kept } from '../administration/entries.ts'
import { MailError } from '../errors.ts'
import type { LegalHold } from './retention.ts'

export interface KeptHold extends LegalHold {
  readonly reason: string
  /** Number of the document that asks for it. */
  readonly document: string
  readonly createdBy: string
  readonly createdAtMs: number
  readonly releasedBy: string | null
  readonly releaseReason: string | null
}

export const legalHoldKind = entryKind<KeptHold>({ name: 'legal-hold', keys: ({ releasedAtMs }) => [releasedAtMs === null ? 'standing' : 'released'] })

export type HoldView = KeptHold & { readonly version: number }

export interface HoldOrder {
  /** Addresses or ids; null with null agencies: everything. */
  readonly accounts: readonly string[] | null
  /** Labels or ids. */
  readonly agencies: readonly string[] | null
  readonly fromAtMs: number | null
  readonly toAtMs: number | null
  readonly reason: string
  readonly document: string
}

export interface HoldAdministration {
  /** The Sở alone. Refuses `account-unknown`, `agency-unknown`, `argument-invalid` (`reason-missing`, `document-missing`, `time-invalid`), `limit-reached`. */
  create(actor: Actor, order: HoldOrder): Promise<HoldView>
  /** Once. Refuses `entry-unknown`, `not-permitted` (`already-decided`), `conflict`. */
  release(actor: Actor, id: string, reason: string, ifVersion: number | null): Promise<HoldView>
  list(actor: Actor): Promise<readonly HoldView[]>
  get(actor: Actor, id: string): Promise<HoldView>
}

export const holdBasis = basis('Điều 7.2')
/** The night reads them all for every account. */
const maxHolds = 900
const maxNames = 500

export function createHoldAdministration(context: AdministrationContext): HoldAdministration {
  const { store, clock, authorise } = context
  const target = (subject: string) => ({ agency: null, account: null, subject })
  const viewOf = ({ value, version }: Kept<KeptHold>): HoldView => ({ ...value, version })
  return {
    async create(actor, order) {
      await authorise(actor, 'legal-hold.set', target('legal-hold'))
      const nowMs = clock.nowMs()
      checkOrder(order)
      if ((await store.registry.list({ kind: legalHoldKind.name, limit: maxHolds })).length >= maxHolds) throw new MailError('limit-reached', 'too many legal holds')
      const hold: KeptHold = {
        id: context.random.id(nowMs),
        accounts: order.accounts === null ? null : await accountNames(context, order.accounts),
        agencies: order.agencies === null ? null : await agencyIds(context, order.agencies),
        fromAtMs: order.fromAtMs,
        toAtMs: order.toAtMs,
        releasedAtMs: null,
        reason: order.reason.normalize('NFC').trim(),
        document: order.document.normalize('NFC').trim(),
        createdBy: actor.name,
        createdAtMs: nowMs,
        releasedBy: null,
        releaseReason: null,
      }
      const { id: _id, ...after } = hold
      const record = auditRecord(actor, nowMs, { action: 'legal-hold.create', subject: hold.id, clause: holdBasis.clause, before: null, after })
      await store.registry.commit({ entries: [put(legalHoldKind, hold.id, hold, 0)], records: [record] })
      return { ...hold, version: 1 }
    },
    async release(actor, id, given, ifVersion) {
      await authorise(actor, 'legal-hold.set', target(id.slice(0, 100)))
      const reason = given.normalize('NFC').trim()
      if (reason === '') throw mailErrorOf(refused('reason-missing', holdBasis))
      const kept = await requireEntry(store.registry, legalHoldKind, id)
      if (kept.value.releasedAtMs !== null) throw mailErrorOf(refused('already-decided', holdBasis))
      const nowMs = clock.nowMs()
      const hold: KeptHold = { ...kept.value, releasedAtMs: nowMs, releasedBy: actor.name, releaseReason: reason }
      const record = auditRecord(actor, nowMs, { action: 'legal-hold.release', subject: id, clause: holdBasis.clause, before: { releasedAtMs: null }, after: { releasedAtMs: nowMs, reason } })
      await store.registry.commit({ entries: [put(legalHoldKind, id, hold, ifVersion ?? kept.version)], records: [record] })
      return { ...hold, version: kept.version + 1 }
    },
    async list(actor) {
      await authorise(actor, 'audit.read', target('legal-holds'))
      const all: HoldView[] = []
      for await (const one of allEntries(store.registry, legalHoldKind)) all.push(viewOf(one))
      return all
    },
    async get(actor, id) {
      await authorise(actor, 'audit.read', target(id.slice(0, 100)))
      return viewOf(await requireEntry(store.registry, legalHoldKind, id))
    },
  }
}

function checkOrder({ accounts, agencies, fromAtMs, toAtMs, reason, document }: HoldOrder): void {
  if (reason.trim() === '') throw mailErrorOf(refused('reason-missing', holdBasis))
  if (document.trim() === '') throw mailErrorOf(refused('document-missing', holdBasis))
  if (fromAtMs !== null && toAtMs !== null && fromAtMs > toAtMs) throw mailErrorOf(refused('time-invalid', holdBasis))
  // An empty list would hold nothing, and reads as if it held everything.
  if (accounts?.length === 0 || agencies?.length === 0) throw new MailError('argument-invalid', 'an empty list', { reason: 'no-valid-row' })
  if ((accounts?.length ?? 0) > maxNames || (agencies?.length ?? 0) > maxNames) throw mailErrorOf(refused('too-many-rows', holdBasis, { max: maxNames }))
}

/** Records name accounts by id or by any of their addresses. */
async function accountNames({ store }: AdministrationContext, given: readonly string[]): Promise<readonly string[]> {
  const names: string[] = []
  for (const one of given) {
    const account = await accountAt({ store }, one)
    names.push(account.id, ...(await store.accounts.addresses(account.id)).map(({ address }) => address))
  }
  return [...new Set(names)]
}

async function agencyIds({ store }: AdministrationContext, given: readonly string[]): Promise<readonly string[]> {
  const ids: string[] = []
  for (const one of given) {
    const agency = (await store.agencies.byLabel(one)) ?? (await store.agencies.get(one))
    if (agency === null) throw new MailError('agency-unknown', 'no such agency', { agency: one.slice(0, 80) })
    ids.push(agency.id)
  }
  return [...new Set(ids)]
}
