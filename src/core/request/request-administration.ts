/**
 * Written requests of agencies in force (Điều 5.3, 6.2, 6.3, 10.4; R-6.3a, R-6.3b): filed with their document, decided account by
 * account, due by working days that are fixed at receipt. What a decision does to the account is in the same commit.
 */
import type { Account } from '../account/account.ts'
import type { Evidence } from '../account/lifecycle/transition.ts'
import { decideTransition } from '../account/lifecycle/transition.ts'
import { transitionTable, type TransitionName } from '../account/lifecycle/transition-table.ts'
import { dayOfInstant } from '../account/lifecycle/civil-day.ts'
import type { Action } from '../account/lifecycle/roles.ts'
import type { Untold } from '../account/lifecycle/untold.ts'
import { actBy, actingPerson, evidenceOf, rulesOf, type LockWanted } from '../account/lifecycle-administration.ts'
import { carriedOut, documentFacts, isOpenedByOthers, scheduled, type NewPassword } from '../account/lifecycle-acts.ts'
import { accountAt, afterCommit, commitOf, heldOf, holdAccount, legalHolds, refuse, tellAccounts, untilCommitted, withListing, type Held, type LifecycleChange } from '../account/lifecycle-change.ts'
import { lifecycleKind, type LifecycleRecord } from '../account/lifecycle-record.ts'
import { temporaryPassword } from '../account/password.ts'
import { parseAddress } from '../account/address.ts'
import { tellsLater } from '../account/tell.ts'
import type { Actor, Target } from '../administration/actor.ts'
import { auditRecord, type AdministrationContext } from '../administration/context.ts'
import { entriesOf, entry, findEntries, put, requireEntry, type Kept } from '../administration/entries.ts'
import { MailError } from '../errors.ts'
import { keysFrom, type RegistryCommit } from '../ports/registry.ts'
import type { OfficialDocument } from './document.ts'
import { decideRow, progressOf, receiveRequest, requestKinds, type RequestKind, type RequestProgress, type RequestRow, type RowDraft } from './request.ts'
import { noticesOf, openRequestsKey, requestKind, type KeptRequest } from './request-entry.ts'
import { tellRequest } from './request-notices.ts'

export interface RequestView {
  readonly id: string
  readonly version: number
  readonly request: KeptRequest['request']
  readonly progress: RequestProgress
  /** The document's file is kept. */
  readonly hasFile: boolean
}

export interface RequestFiling {
  readonly kind: RequestKind
  /** Its file is described by whoever read it: hash and size are those of `bytes`. */
  readonly document: OfficialDocument | null
  readonly bytes: Uint8Array | null
  readonly rows: readonly RowDraft[]
}

export type RowAnswer =
  /** Of a request for a lock: on what it rests; an emergency lock by the document when nothing is said. */
  | { readonly kind: 'grant'; readonly lock?: LockWanted }
  | { readonly kind: 'deny'; readonly reason: string }

export interface RowDecided {
  readonly view: RequestView
  readonly account: Account
  /** Of a restored account; shown once. */
  readonly temporaryPassword: string | null
}

export interface RequestQuery {
  readonly agency?: string
  readonly openOnly?: boolean
  readonly after?: { readonly key: string; readonly id: string }
  readonly limit: number
}

export interface RequestAdministration {
  /** Refuses what `receiveRequest` refuses. Accounts of accepted rows of a restoration are RESTORE_PENDING from here on. */
  file(actor: Actor, filing: RequestFiling): Promise<RequestView>
  get(actor: Actor, id: string): Promise<RequestView>
  /** Newest first. An agency's officer sees its own. */
  list(actor: Actor, query: RequestQuery): Promise<{ readonly requests: readonly RequestView[]; readonly next: { readonly key: string; readonly id: string } | null }>
  /** The document's file. Refuses `entry-unknown` when none is kept. */
  document(actor: Actor, id: string): Promise<{ readonly name: string; readonly bytes: Uint8Array }>
  /** One account of the request. `ifVersion`: of the request. */
  decide(actor: Actor, id: string, row: { readonly address: string; readonly answer: RowAnswer }, seen?: { readonly ifVersion?: number }): Promise<RowDecided>
}

export function createRequestAdministration(context: AdministrationContext): RequestAdministration {
  return {
    file: (actor, filing) => file(context, actor, filing),
    async get(actor, id) {
      return viewOf(await readable(context, actor, id))
    },
    list: (actor, query) => list(context, actor, query),
    async document(actor, id) {
      const { value } = await readable(context, actor, id)
      if (value.body === null) throw new MailError('entry-unknown', 'the file of the document is not kept', { id })
      return { name: value.request.document.file.name, bytes: await context.blobs.read(value.body) }
    },
    decide: (actor, id, row, seen) => decide(context, actor, { id, ...row, ifVersion: seen?.ifVersion ?? null }),
  }
}

const target = (agency: string | null, subject: string): Target => ({ agency, account: null, subject })

async function readable(context: AdministrationContext, actor: Actor, id: string): Promise<Kept<KeptRequest>> {
  const kept = await entry(context.store.registry, requestKind, id)
  // Whether there is one of another agency is nobody's business there.
  await context.authorise(actor, 'request.read', target(kept?.value.request.agency ?? null, kept?.value.request.document.number ?? id.slice(0, 100)))
  return kept ?? unknownRequest(id)
}

function viewOf({ id, version, value: { request, body } }: Kept<KeptRequest>): RequestView {
  return { id, version, request, progress: progressOf(request.rows), hasFile: body !== null }
}

function unknownRequest(id: string): never {
  throw new MailError('entry-unknown', 'no such request', { kind: requestKind.name, id: id.slice(0, 100) })
}

const maxPage = 200

async function list(context: AdministrationContext, actor: Actor, { agency: wanted, openOnly = false, after, limit }: RequestQuery): ReturnType<RequestAdministration['list']> {
  const agency = actor.role === 'agency-administrator' ? (wanted ?? actor.agency) : (wanted ?? null)
  await context.authorise(actor, 'request.read', target(agency, 'requests'))
  const prefix = agency === null ? (openOnly ? openRequestsKey : 'received:') : `${openOnly ? 'agency-open' : 'agency'}:${agency}:`
  const size = Math.min(Math.max(Math.trunc(limit), 1), maxPage)
  const found = await findEntries(context.store.registry, requestKind, { ...keysFrom(prefix), descending: true, limit: size, ...(after === undefined ? {} : { after }) })
  const last = found.length === size ? found.at(-1)! : null
  return { requests: found.map(viewOf), next: last === null ? null : { key: last.key, id: last.id } }
}

// -- filing ---------------------------------------------------------------------------------------------------------------

async function file(context: AdministrationContext, actor: Actor, filing: RequestFiling): Promise<RequestView> {
  const { action } = requestKinds[filing.kind]
  await context.authorise(actor, action, target(actor.agency, filing.document?.number ?? filing.kind))
  const size = filing.bytes?.length ?? null
  if (size !== null && size !== filing.document?.file.sizeBytes) throw new MailError('argument-invalid', 'the size of the file is another', { field: 'document.file', sizeBytes: size })
  const body = filing.bytes === null ? null : await context.blobs.put(filing.bytes)
  const id = context.random.id(context.clock.nowMs())
  const { kept, accounts } = await untilCommitted(async () => receive(context, actor, filing, { id, body }))
  afterCommit(context, accounts)
  await told(context, id, [])
  return viewOf(kept)
}

interface Settled {
  readonly kept: Kept<KeptRequest>
  readonly accounts: readonly Account[]
}

async function receive(context: AdministrationContext, actor: Actor, filing: RequestFiling, { id, body }: { readonly id: string; readonly body: string | null }): Promise<Settled> {
  const { store } = context
  const rules = await rulesOf(context)
  const by = actBy(context, actor, rules)
  const addressed = await accountsOf(context, filing.rows.slice(0, context.settings.regulation.documents.maxRows))
  const decided = receiveRequest({ kind: filing.kind, actor: actingPerson(actor), document: filing.document, rows: filing.rows }, (address) => addressed.get(address) ?? null, { policy: context.settings.regulation, terms: rules.terms }, by.nowMs)
  if (decided.kind === 'refused') return refuse(decided)
  const { request } = decided
  const open = request.rows.filter(({ status }) => status.kind === 'open')
  const evidence: Evidence = { document: request.document, order: actor.order }
  const changes = filing.kind === 'restore' ? await pendingChanges(context, { actor, by, rules, id, evidence, accounts: open.map(({ address }) => addressed.get(address)!) }) : []
  const { document, deadline } = request
  const received: Untold = {
    purpose: 'request-received',
    atMs: by.nowMs,
    tell: ['super-administrator', 'operator'],
    facts: { document: document.number, clause: decided.clause, open: open.length, due: deadline?.due ?? null },
  }
  const value: KeptRequest = { request, body, reminded: [] }
  const record = auditRecord(actor, by.nowMs, {
    action: 'request.file',
    subject: document.number,
    clause: decided.clause,
    before: null,
    after: { request: id, kind: request.kind, agency: request.agency, due: deadline?.due ?? null, calendarVersion: deadline?.calendarVersion ?? null, rows: request.rows.map(({ address, status }) => `${address} ${status.kind}`).slice(0, 200) },
    evidence: documentFacts(document),
  })
  const { versions, accounts } = await store.registry.commit(together([{ entries: [put(requestKind, id, value, 0), ...(await noticesOf(store.registry, id, [received]))], records: [record] }, ...changes]))
  return { kept: { id, version: versions[0] ?? 1, value }, accounts }
}

/** Every accepted account waits from now on: LOCKED → RESTORE_PENDING (6.3a). */
async function pendingChanges(
  context: AdministrationContext,
  { actor, by, rules, id, evidence, accounts }: { readonly actor: Actor; readonly by: ReturnType<typeof actBy>; readonly rules: Awaited<ReturnType<typeof rulesOf>>; readonly id: string; readonly evidence: Evidence; readonly accounts: readonly Account[] },
): Promise<readonly RegistryCommit[]> {
  const records = new Map((await entriesOf<LifecycleRecord>(context.store.registry, lifecycleKind, accounts.map((one) => one.id))).map((one) => [one.id, one]))
  const holds = await legalHolds(context.store)
  return accounts.map((account) => {
    const held = heldOf(account, records.get(account.id) ?? null, by.nowMs, holds)
    const decision = decideTransition({ act: 'ask-restoration', actor: actingPerson(actor), evidence }, { agency: account.agency, existing: held.facts }, rules, dayOfInstant(by.nowMs))
    if (decision.kind !== 'allowed') return refuse(decision.kind === 'refused' ? decision : { kind: 'refused', code: 'state', clause: decision.clause, decisions: decision.decisions, detail: {} })
    return commitOf(held, carriedOut(held, { act: 'ask-restoration', decision, evidence, request: id }, by))
  })
}

/** By the address as written. */
async function accountsOf({ store }: AdministrationContext, rows: readonly RowDraft[]): Promise<ReadonlyMap<string, Account>> {
  const found = new Map<string, Account>()
  for (const { address } of rows) {
    const parts = parseAddress(address)
    const account = parts === null ? null : await store.accounts.byAddress(`${parts.local}@${parts.domain}`)
    if (account !== null) found.set(address, account)
  }
  return found
}

export function together(parts: readonly RegistryCommit[]): RegistryCommit {
  const all = <K extends 'entries' | 'accountChanges' | 'records' | 'removeAliases'>(key: K): NonNullable<RegistryCommit[K]> => parts.flatMap((one) => [...(one[key] ?? [])]) as unknown as NonNullable<RegistryCommit[K]>
  return { entries: all('entries'), accountChanges: all('accountChanges'), records: all('records'), removeAliases: all('removeAliases') }
}

// -- deciding -------------------------------------------------------------------------------------------------------------

interface Deciding {
  readonly id: string
  readonly address: string
  readonly answer: RowAnswer
  readonly ifVersion: number | null
}

async function decide(context: AdministrationContext, actor: Actor, wanted: Deciding): Promise<RowDecided> {
  const { value } = await entry(context.store.registry, requestKind, wanted.id) ?? { value: null }
  if (value === null) {
    await context.authorise(actor, 'request.read', target(null, wanted.id.slice(0, 100)))
    return unknownRequest(wanted.id)
  }
  const row = rowOf(value, wanted.address)
  const account = await accountAt(context, row.address)
  await context.authorise(actor, actionOf(value.request.kind, wanted.answer), { agency: value.request.agency, account: account.id, subject: account.address })
  const restoring = value.request.kind === 'restore' && wanted.answer.kind === 'grant'
  const given = restoring && !isOpenedByOthers(account) ? temporaryPassword(context.random) : null
  const password = given === null ? null : { passwordHash: await context.passwords.hash(given) }
  const { kept, accounts } = await untilCommitted(() => settle(context, actor, { ...wanted, account: account.id, password }))
  afterCommit(context, accounts)
  await told(context, wanted.id, [account.id])
  return { view: viewOf(kept), account: accounts[0] ?? account, temporaryPassword: given }
}

function rowOf({ request }: KeptRequest, address: string): RequestRow {
  const row = request.rows.find((one) => one.address.toLowerCase() === address.toLowerCase() && one.status.kind !== 'not-accepted') ?? request.rows.find((one) => one.address.toLowerCase() === address.toLowerCase())
  if (row === undefined) throw new MailError('entry-unknown', 'the request does not name this account', { address: address.slice(0, 320) })
  return row
}

const decidingActions: Readonly<Record<RequestKind, Action>> = {
  restore: 'restoration.carry-out',
  'revoke-leavers': 'revocation.carry-out',
  'revoke-list': 'revocation.carry-out',
  lock: 'account.lock',
}

function actionOf(kind: RequestKind, answer: RowAnswer): Action {
  if (answer.kind === 'deny' && kind === 'restore') return 'restoration.refuse'
  if (answer.kind === 'grant' && answer.lock !== undefined) return transitionTable[answer.lock.act].action
  return decidingActions[kind]
}

async function settle(context: AdministrationContext, actor: Actor, { id, address, answer, ifVersion, account: accountId, password }: Deciding & { readonly account: string; readonly password: NewPassword | null }): Promise<Settled> {
  const { store } = context
  const kept = await requireEntry(store.registry, requestKind, id)
  if (ifVersion !== null && ifVersion !== kept.version) throw new MailError('conflict', 'the request has changed meanwhile', { reason: 'version', version: kept.version })
  const row = rowOf(kept.value, address)
  const rules = await rulesOf(context)
  const by = actBy(context, actor, rules)
  const decision = decideRow(kept.value.request.kind, row, answer.kind === 'grant' ? { kind: 'grant', by: actor.name, atMs: by.nowMs } : { kind: 'deny', by: actor.name, atMs: by.nowMs, reason: answer.reason })
  if ('code' in decision) return refuse(decision)
  const account = await store.accounts.get(accountId)
  if (account === null) throw new MailError('account-unknown')
  const held = await holdAccount(context, account)
  const planned = await changeFor(context, actor, { held, answer, kept, row: decision, rules, by, password })
  const change = planned === null ? null : await withListing(context, held, withTransfer(planned, decision, kept.value.request.document, by.nowMs))
  const rows = kept.value.request.rows.map((one) => (one === row ? decision : one))
  const denied: readonly Untold[] =
    answer.kind === 'deny' && kept.value.request.kind !== 'restore'
      ? [{ purpose: 'request-denied', atMs: by.nowMs, tell: ['agency-administrator'], facts: { document: kept.value.request.document.number, reason: answer.reason } }]
      : []
  const value: KeptRequest = { ...kept.value, request: { ...kept.value.request, rows } }
  const record = auditRecord(actor, by.nowMs, {
    action: 'request.decide',
    subject: kept.value.request.document.number,
    clause: requestKinds[kept.value.request.kind].basis.clause,
    before: { address: row.address, status: row.status.kind },
    after: { address: row.address, status: decision.status.kind, ...(decision.status.kind === 'granted' ? { runsOn: decision.status.runsOn } : {}) },
    evidence: { request: id, ...(answer.kind === 'deny' ? { reason: answer.reason } : {}), ...documentFacts(kept.value.request.document) },
  })
  const { versions, accounts } = await store.registry.commit(together([{ entries: [put(requestKind, id, value, kept.version), ...(await noticesOf(store.registry, id, denied))], records: [record] }, ...(change === null ? [] : [commitOf(held, change)])]))
  return { kept: { id, version: versions[0] ?? kept.version + 1, value }, accounts }
}

/** of a transfer the new agency is told, which issues an account of its own; nothing is forwarded. */
function withTransfer(change: LifecycleChange, { leave, status }: RequestRow, document: OfficialDocument, nowMs: number): LifecycleChange {
  if (status.kind !== 'granted' || leave?.reason !== 'transferred' || leave.newAgency === null) return change
  const announced: Untold = { purpose: 'transfer-announced', atMs: nowMs, tell: ['agency-administrator'], agency: leave.newAgency, facts: { effectiveOn: leave.effectiveOn, document: document.number } }
  return { ...change, untold: [...(change.untold ?? []), announced] }
}

interface Answering {
  readonly held: Held
  readonly answer: RowAnswer
  readonly kept: Kept<KeptRequest>
  readonly row: RequestRow
  readonly rules: Awaited<ReturnType<typeof rulesOf>>
  readonly by: ReturnType<typeof actBy>
  readonly password: NewPassword | null
}

/** What the decision does to the account; null: nothing (a denied revocation or lock). */
async function changeFor(context: AdministrationContext, actor: Actor, { held, answer, kept, row, rules, by, password }: Answering): Promise<LifecycleChange | null> {
  const { request } = kept.value
  if (answer.kind === 'deny' && request.kind !== 'restore') return null
  const act = actFor(request.kind, answer)
  const evidence: Evidence = { ...(await evidenceFor(context, request.kind, answer, row)), document: request.document, order: actor.order }
  const decision = decideTransition({ act, actor: actingPerson(actor), evidence }, { agency: held.facts.agency, existing: held.facts }, rules, dayOfInstant(by.nowMs))
  if (decision.kind === 'refused') return refuse(decision)
  if (decision.kind === 'scheduled') {
    return scheduled(held, { decision, document: request.document, effectiveOn: row.leave!.effectiveOn, approvedBy: actor.account ?? actor.name, clause: 'Điều 5.3', request: kept.id }, by)
  }
  return carriedOut(held, { act, decision, evidence, request: kept.id, ...(password === null ? {} : { password }) }, by)
}

function actFor(kind: RequestKind, answer: RowAnswer): TransitionName {
  switch (kind) {
    case 'restore':
      return answer.kind === 'grant' ? 'restore' : 'refuse-restoration'
    case 'revoke-leavers':
      return 'revoke-leaver'
    case 'revoke-list':
      return 'revoke-listed'
    case 'lock':
      return answer.kind === 'grant' && answer.lock !== undefined ? answer.lock.act : 'suspend'
  }
}

async function evidenceFor(context: AdministrationContext, kind: RequestKind, answer: RowAnswer, { leave }: RequestRow): Promise<Evidence> {
  if (answer.kind === 'deny') return { decision: answer.reason }
  if (kind === 'lock') return answer.lock === undefined ? { reason: 'Theo văn bản đề nghị của cơ quan' } : evidenceOf(context, answer.lock)
  return kind === 'revoke-leavers' ? { effectiveOn: leave?.effectiveOn ?? null, reason: leave?.reason ?? null } : {}
}

/** Notices of the request and of its accounts; what fails for the moment is told by the next sweep. */
async function told(context: AdministrationContext, id: string, accounts: readonly string[]): Promise<void> {
  try {
    await tellRequest(context, id)
    await tellAccounts(context, accounts)
  } catch (error) {
    if (!tellsLater(error)) throw error
  }
}
