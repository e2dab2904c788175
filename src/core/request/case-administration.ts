/**
 * Cases of prohibited use in force (Điều 3.3, 6.2c): opened with their evidence, decided once, seen by the Sở alone. A lock by
 * 6.2c names one (core/account/lifecycle-administration.ts).
 */
import type { Account } from '../account/account.ts'
import { accountAt, refuse, untilCommitted } from '../account/lifecycle-change.ts'
import { mailErrorOf } from '../account/lifecycle/basis.ts'
import type { Actor, Target } from '../administration/actor.ts'
import { auditRecord, type AdministrationContext } from '../administration/context.ts'
import { findEntries, put, requireEntry, type Kept } from '../administration/entries.ts'
import { MailError } from '../errors.ts'
import { keysFrom } from '../ports/registry.ts'
import { caseBasis, checkCase, decideCase, type CaseDecision, type CaseFile, type Evidence } from './case.ts'
import { caseKind, type KeptCase } from './case-entry.ts'

export interface CaseView {
  readonly id: string
  readonly version: number
  readonly file: CaseFile
  /** The addresses of its accounts, in their order; null of one that is gone. */
  readonly addresses: readonly (string | null)[]
  /** Whether the bytes of each piece of evidence are kept. */
  readonly kept: readonly boolean[]
}

/** Hash and size are those of `bytes`, which may be kept elsewhere (null). */
export interface GivenEvidence {
  readonly kind: Evidence['kind']
  readonly sha256: string
  readonly sizeBytes: number
  readonly bytes: Uint8Array | null
}

export interface CaseAdministration {
  open(actor: Actor, opened: { readonly addresses: readonly string[]; readonly summary: string; readonly evidence: readonly GivenEvidence[] }): Promise<CaseView>
  addEvidence(actor: Actor, id: string, evidence: GivenEvidence, seen?: { readonly ifVersion?: number }): Promise<CaseView>
  decide(actor: Actor, id: string, decision: { readonly outcome: CaseDecision; readonly reason: string }, seen?: { readonly ifVersion?: number }): Promise<CaseView>
  get(actor: Actor, id: string): Promise<CaseView>
  /** Newest first. */
  list(actor: Actor, query: { readonly after?: { readonly key: string; readonly id: string }; readonly limit: number }): Promise<{
    readonly cases: readonly CaseView[]
    readonly next: { readonly key: string; readonly id: string } | null
  }>
  /** The bytes of one piece of evidence, by its place. Each look is recorded. */
  evidence(actor: Actor, id: string, index: number): Promise<{ readonly evidence: Evidence; readonly bytes: Uint8Array }>
}

const target = (subject: string): Target => ({ agency: null, account: null, subject })
const maxPage = 100

export function createCaseAdministration(context: AdministrationContext): CaseAdministration {
  const { store } = context
  return {
    open: (actor, opened) => open(context, actor, opened),
    async addEvidence(actor, id, given, seen) {
      await context.authorise(actor, 'case.open', target(id))
      const [evidence, body] = [await evidenceOf(context, actor, given), await bodyOf(context, given)]
      return change(context, actor, { id, action: 'case.add-evidence', ifVersion: seen?.ifVersion ?? null }, ({ file, bodies }) => ({ file: { ...file, evidence: [...file.evidence, evidence] }, bodies: [...bodies, body] }))
    },
    async decide(actor, id, { outcome, reason }, seen) {
      await context.authorise(actor, 'case.open', target(id))
      const decision = { outcome, reason: reason.normalize('NFC'), by: actor.name, atMs: context.clock.nowMs() }
      return change(context, actor, { id, action: 'case.decide', ifVersion: seen?.ifVersion ?? null }, ({ file, bodies }) => {
        const decided = decideCase({ ...file, id }, decision)
        return 'code' in decided ? refuse(decided) : { file: decided, bodies }
      })
    },
    async get(actor, id) {
      await context.authorise(actor, 'case.read', target(id))
      return viewOf(context, await requireEntry(store.registry, caseKind, id))
    },
    async list(actor, { after, limit }) {
      await context.authorise(actor, 'case.read', target('cases'))
      const size = Math.min(Math.max(Math.trunc(limit), 1), maxPage)
      const found = await findEntries(store.registry, caseKind, { ...keysFrom('opened:'), descending: true, limit: size, ...(after === undefined ? {} : { after }) })
      const last = found.length === size ? found.at(-1)! : null
      return { cases: await Promise.all(found.map((one) => viewOf(context, one))), next: last === null ? null : { key: last.key, id: last.id } }
    },
    async evidence(actor, id, index) {
      await context.authorise(actor, 'case.read', target(id))
      const { value } = await requireEntry(store.registry, caseKind, id)
      const [evidence, body] = [value.file.evidence[index], value.bodies[index] ?? null]
      if (evidence === undefined || body === null) throw new MailError('entry-unknown', 'no such evidence is kept', { id, index })
      await store.registry.commit({ records: [auditRecord(actor, context.clock.nowMs(), { action: 'case.read-evidence', subject: id, clause: caseBasis.clause, before: null, after: { index, sha256: evidence.sha256 } })] })
      return { evidence, bytes: await context.blobs.read(body) }
    },
  }
}

async function open(context: AdministrationContext, actor: Actor, { addresses, summary, evidence: given }: Parameters<CaseAdministration['open']>[1]): Promise<CaseView> {
  await context.authorise(actor, 'case.open', target(addresses[0]?.slice(0, 320) ?? 'case'))
  const accounts: Account[] = []
  for (const address of addresses.slice(0, 101)) accounts.push(await accountAt(context, address))
  const nowMs = context.clock.nowMs()
  const id = context.random.id(nowMs)
  const evidence = await Promise.all(given.map((one) => evidenceOf(context, actor, one)))
  const file = { openedAtMs: nowMs, openedBy: actor.name, accounts: accounts.map((one) => one.id), summary: summary.normalize('NFC').trim(), evidence, decision: null }
  const refusal = checkCase({ ...file, id }, nowMs)
  if (refusal !== null) throw mailErrorOf(refusal)
  const bodies = await Promise.all(given.map((one) => bodyOf(context, one)))
  const value: KeptCase = { file, bodies }
  const record = auditRecord(actor, nowMs, { action: 'case.open', subject: id, clause: caseBasis.clause, before: null, after: { accounts: accounts.map((one) => one.address), evidence: evidence.map((one) => one.sha256) } })
  await context.store.registry.commit({ entries: [put(caseKind, id, value, 0)], records: [record] })
  return viewOf(context, { id, version: 1, value })
}

async function evidenceOf({ clock }: AdministrationContext, { name }: Actor, { kind, sha256, sizeBytes, bytes }: GivenEvidence): Promise<Evidence> {
  if (bytes !== null && bytes.length !== sizeBytes) throw new MailError('argument-invalid', 'the size of the evidence is another', { field: 'evidence', sizeBytes: bytes.length })
  return { kind, sha256, sizeBytes, takenAtMs: clock.nowMs(), takenBy: name }
}

const bodyOf = ({ blobs }: AdministrationContext, { bytes }: GivenEvidence): Promise<string> | null => (bytes === null ? null : blobs.put(bytes))

async function change(
  context: AdministrationContext,
  actor: Actor,
  { id, action, ifVersion }: { readonly id: string; readonly action: string; readonly ifVersion: number | null },
  plan: (kept: KeptCase) => KeptCase,
): Promise<CaseView> {
  const { registry } = context.store
  const kept = await untilCommitted(async (): Promise<Kept<KeptCase>> => {
    const now = await requireEntry(registry, caseKind, id)
    if (ifVersion !== null && ifVersion !== now.version) throw new MailError('conflict', 'the case has changed meanwhile', { reason: 'version', version: now.version })
    const planned = plan(now.value)
    // An opened case has no id of its own inside: the document's is the one.
    const { id: _, ...file } = { id, ...planned.file }
    const value: KeptCase = { ...planned, file }
    const refusal = checkCase({ ...file, id }, context.clock.nowMs())
    if (refusal !== null) throw mailErrorOf(refusal)
    const summary = ({ file: { evidence, decision } }: KeptCase): Record<string, unknown> => ({ evidence: evidence.length, outcome: decision?.outcome ?? null, reason: decision?.reason ?? null })
    const record = auditRecord(actor, context.clock.nowMs(), { action, subject: id, clause: caseBasis.clause, before: summary(now.value), after: summary(value) })
    const { versions } = await registry.commit({ entries: [put(caseKind, id, value, now.version)], records: [record] })
    return { id, version: versions[0] ?? now.version + 1, value }
  })
  return viewOf(context, kept)
}

async function viewOf({ store }: AdministrationContext, { id, version, value: { file, bodies } }: Kept<KeptCase>): Promise<CaseView> {
  const addresses = await Promise.all(file.accounts.map(async (account) => (await store.accounts.get(account))?.address ?? null))
  return { id, version, file: { ...file, id }, addresses, kept: bodies.map((body) => body !== null) }
}
