/**
 * Agencies and their units (Điều 4.1, 5.1, 10.8; R-4.1a to R-4.1d, R-5.1; D-1, D-7, D-21): proposed labels, creation with the
 * agency's own mailbox, units, the hand-over of the administration, and the import of the province's list.
 *
 * The label is the Sở's to decide: what the generator proposes is a proposal, uniqueness is enforced, and a label that differs
 * from another by one keystroke is told.
 */
import type { Actor } from '../administration/actor.ts'
import { auditRecord, today, type AdministrationContext } from '../administration/context.ts'
import { entry, findEntries, put, type Kept } from '../administration/entries.ts'
import type { Account } from '../account/account.ts'
import { isReservedLocal, requireDisplayName, requireIssuable, validDomain } from '../account/address.ts'
import { defaultMailboxes } from '../account/default-mailboxes.ts'
import { basis, mailErrorOf } from '../account/lifecycle/basis.ts'
import { adopted } from '../account/account-administration.ts'
import { personKind, type Person } from '../account/person.ts'
import { addressStateKind } from '../account/plan-addresses.ts'
import { MailError } from '../errors.ts'
import type { AccountId } from '../mailbox/mailbox.ts'
import { keysFrom, type RegistryAccount } from '../ports/registry.ts'
import { checkDocument, documentNumber, type OfficialDocument } from '../request/document.ts'
import { UnsupportedLetter } from '../../vietnamese/names/fold-name.ts'
import { isReservedLabel, requireLabel } from './agencies.ts'
import type { Agency, AgencyId } from './agency.ts'
import { agencyDetailsKind, handOverKind, unitKind, type AgencyDetails, type AgencyKind, type HandOver } from './agency-details.ts'
import { proposeAgencyLabel, proposeUnitLocal } from '../../vietnamese/names/labels.ts'
import { nearLabels } from './near-labels.ts'

export interface LabelProposal {
  readonly label: string
  readonly address: string
  readonly taken: boolean
  readonly reserved: boolean
  /** Labels there are that differ by one keystroke. */
  readonly near: readonly string[]
}

export interface UnitProposal {
  readonly local: string
  readonly address: string | null
  readonly taken: boolean
}

export interface AgencyOrder {
  readonly name: string
  /** Null: the proposed one. */
  readonly label: string | null
  readonly kind: AgencyKind
  readonly code: string | null
  readonly provisional: boolean
}

export interface AgencyView extends Agency {
  readonly version: number
  readonly kind: AgencyKind
  readonly code: string | null
  readonly provisional: boolean
  readonly mailbox: string | null
  readonly administrators: readonly string[]
}

export interface UnitView {
  readonly id: AccountId
  readonly agency: string
  readonly name: string
  readonly address: string
}

export interface HandOverOrder {
  /** Address of the new focal officer: an account of the agency. */
  readonly to: string
  /** Address of the one who hands over and loses his rights; null: the first hand-over, or one more officer. */
  readonly from: string | null
  readonly document: OfficialDocument
  readonly trained: boolean
}

export interface AgencyImportRow {
  readonly name: string
  readonly label: string | null
  readonly kind: AgencyKind
  readonly code: string | null
}

export type AgencyImported =
  | { readonly kind: 'made'; readonly label: string; readonly name: string; readonly near: readonly string[] }
  | { readonly kind: 'known'; readonly label: string; readonly name: string }
  | { readonly kind: 'refused'; readonly label: string | null; readonly name: string; readonly reason: string }

export interface AgencyAdministration {
  /** Refuses `name-invalid`. */
  propose(actor: Actor, name: string): Promise<LabelProposal>
  proposeUnit(actor: Actor, name: string, agency: string | null): Promise<UnitProposal>
  /** The agency, its domain and its own mailbox. Refuses `name-invalid`, `agency-taken`, `address-taken`. */
  create(actor: Actor, order: AgencyOrder): Promise<{ readonly agency: AgencyView; readonly near: readonly string[] }>
  view(actor: Actor, id: AgencyId): Promise<AgencyView>
  /** The Sở confirms a provisional label, or corrects the name's kind and code. */
  change(actor: Actor, id: AgencyId, change: Partial<Pick<AgencyDetails, 'kind' | 'code' | 'provisional'>>, ifVersion: number | null): Promise<AgencyView>
  /** Refuses `agency-unknown`, `address-taken`, `address-invalid`. `local` null: the proposed one. */
  createUnit(actor: Actor, agency: AgencyId, order: { readonly name: string; readonly local: string | null }): Promise<UnitView>
  units(actor: Actor, agency: AgencyId): Promise<readonly UnitView[]>
  /** The new officer has his rights, the old one has lost them, in the same commit. */
  handOver(actor: Actor, agency: AgencyId, order: HandOverOrder): Promise<HandOver>
  handOvers(actor: Actor, agency: AgencyId): Promise<readonly HandOver[]>
  /** Those that are there already are left as they are; each row is told. */
  importAll(actor: Actor, rows: readonly AgencyImportRow[], told?: (row: AgencyImported) => Promise<void>): Promise<{ readonly made: number; readonly known: number; readonly refused: number }>
}

const maxUnits = 500
const maxHandOvers = 200
const maxImportRows = 2_000

export function createAgencyAdministration(context: AdministrationContext): AgencyAdministration {
  return new Administering(context)
}

class Administering implements AgencyAdministration {
  readonly #context: AdministrationContext

  constructor(context: AdministrationContext) {
    this.#context = context
  }

  async propose(actor: Actor, name: string): Promise<LabelProposal> {
    await this.#context.authorise(actor, 'agency.read', { agency: actor.agency, account: null, subject: 'label' })
    return this.#proposal(requireDisplayName(name))
  }

  async proposeUnit(actor: Actor, name: string, agencyLabel: string | null): Promise<UnitProposal> {
    const { store, authorise, settings } = this.#context
    const agency = agencyLabel === null ? null : await store.agencies.byLabel(agencyLabel)
    await authorise(actor, 'agency.read', { agency: agency?.id ?? actor.agency, account: null, subject: agencyLabel ?? 'label' })
    if (agencyLabel !== null && agency === null) throw new MailError('agency-unknown', 'no such agency')
    const local = letters(() => proposeUnitLocal(requireDisplayName(name), settings.regulation.address.maxFullUnitLabel))
    const domain = agency?.domains[0]
    const address = domain === undefined ? null : `${local}@${domain}`
    return { local, address, taken: isReservedLocal(local) || (address !== null && (await this.#isTaken(address))) }
  }

  async create(actor: Actor, order: AgencyOrder) {
    const { authorise } = this.#context
    await authorise(actor, 'agency.create', { agency: null, account: null, subject: order.label ?? order.name.slice(0, 80) })
    const name = requireDisplayName(order.name)
    const proposal = await this.#proposal(name)
    const label = order.label ?? proposal.label
    return { agency: await this.#make(actor, { ...order, name, label }), near: await this.#near(label) }
  }

  async view(actor: Actor, id: AgencyId): Promise<AgencyView> {
    await this.#context.authorise(actor, 'agency.read', { agency: id, account: null, subject: id.slice(0, 80) })
    return this.#view(await this.#agency(id))
  }

  async change(actor: Actor, id: AgencyId, change: Partial<Pick<AgencyDetails, 'kind' | 'code' | 'provisional'>>, ifVersion: number | null): Promise<AgencyView> {
    const { store, authorise, clock } = this.#context
    const agency = await this.#agency(id)
    await authorise(actor, 'agency.create', { agency: id, account: null, subject: agency.label })
    const kept = await this.#details(id)
    if (ifVersion !== null && ifVersion !== kept.version) throw new MailError('conflict', 'changed meanwhile', { reason: 'version', version: kept.version })
    const after = { ...kept.value, ...change }
    const { kind, code, provisional } = kept.value
    const record = auditRecord(actor, clock.nowMs(), {
      action: 'agency.change',
      subject: agency.label,
      clause: 'Điều 4.1',
      before: { kind, code, provisional },
      after: { kind: after.kind, code: after.code, provisional: after.provisional },
    })
    await store.registry.commit({ entries: [put(agencyDetailsKind, id, after, kept.version)], records: [record] })
    return this.#view(agency)
  }

  async createUnit(actor: Actor, id: AgencyId, order: { readonly name: string; readonly local: string | null }): Promise<UnitView> {
    const { store, authorise, clock, settings } = this.#context
    const agency = await this.#agency(id)
    await authorise(actor, 'unit.create', { agency: id, account: null, subject: agency.label })
    const name = requireDisplayName(order.name)
    const local = order.local ?? letters(() => proposeUnitLocal(name, settings.regulation.address.maxFullUnitLabel))
    const domain = domainOf(agency)
    requireIssuable({ local, domain })
    const address = `${local}@${domain}`
    if (await this.#isTaken(address)) throw new MailError('address-taken', 'the address is taken', { address })
    const nowMs = clock.nowMs()
    const mailbox = { ...this.#mailbox('unit', { name, address, nowMs }), agency: id }
    const { accounts } = await store.registry.commit({
      newAccounts: [mailbox],
      entries: [put(personKind, { newAccount: 0 }, this.#entryOf(mailbox, id), 0), put(unitKind, { newAccount: 0 }, { agency: id, name, address }, 0)],
      records: [auditRecord(actor, nowMs, { action: 'unit.create', subject: address, clause: 'Điều 4.1c', before: null, after: { name, agency: agency.label } })],
    })
    return { id: accounts[0]!.id, agency: agency.label, name, address }
  }

  async units(actor: Actor, id: AgencyId): Promise<readonly UnitView[]> {
    const agency = await this.#agency(id)
    await this.#context.authorise(actor, 'agency.read', { agency: id, account: null, subject: agency.label })
    const found = await findEntries(this.#context.store.registry, unitKind, { ...keysFrom(`agency ${id} `), limit: maxUnits })
    return found.map(({ id: account, value }) => ({ id: account, agency: agency.label, name: value.name, address: value.address }))
  }

  async handOver(actor: Actor, id: AgencyId, order: HandOverOrder): Promise<HandOver> {
    const { store, authorise, clock, settings, bus } = this.#context
    const agency = await this.#agency(id)
    await authorise(actor, 'agency.hand-over', { agency: id, account: null, subject: agency.label })
    const wrong = checkDocument(order.document, { receivedOn: today(this.#context), policy: settings.regulation.documents, basis: basis('Điều 5.1, 10.8') })
    if (wrong !== null) throw mailErrorOf(wrong)
    const to = await this.#officer(order.to, agency)
    const from = order.from === null ? null : await this.#officer(order.from, agency)
    if (to.role === 'super-administrator' || to.role === 'operator') throw new MailError('not-permitted', 'an operator or the Sở is no focal officer', { reason: 'role-above', class: 'conflict' })
    if (from !== null && from.role !== 'agency-administrator') throw new MailError('not-permitted', 'he is no focal officer', { reason: 'not-focal-officer', class: 'conflict' })
    const nowMs = clock.nowMs()
    const details = await this.#details(id)
    const administrators = [...new Set([...details.value.administrators.filter((one) => one !== from?.id), to.id])]
    const handOver: HandOver = { agency: id, from: from?.id ?? null, to: to.id, document: { ...order.document, number: documentNumber(order.document.number) }, trained: order.trained, by: actor.name, atMs: nowMs }
    const record = auditRecord(actor, nowMs, {
      action: 'agency.hand-over',
      subject: agency.label,
      clause: 'Điều 5.1, 10.8',
      before: { administrator: from?.address ?? null },
      after: { administrator: to.address, trained: order.trained },
      evidence: { document: handOver.document.number, date: order.document.date },
    })
    const { accounts } = await store.registry.commit({
      accountChanges: [
        { account: to.id, change: { role: 'agency-administrator' }, ifVersion: to.credentialVersion },
        ...(from === null || from.id === to.id ? [] : [{ account: from.id, change: { role: 'individual' as const }, ifVersion: from.credentialVersion }]),
      ],
      entries: [put(agencyDetailsKind, id, { ...details.value, administrators }, details.version), put(handOverKind, this.#context.random.id(nowMs), handOver, 0)],
      records: [record],
    })
    // the old rights end in the same minute.
    for (const { id: account, modseq } of accounts) bus.ring({ account, modseq })
    return handOver
  }

  async handOvers(actor: Actor, id: AgencyId): Promise<readonly HandOver[]> {
    const agency = await this.#agency(id)
    await this.#context.authorise(actor, 'agency.read', { agency: id, account: null, subject: agency.label })
    const found = await findEntries(this.#context.store.registry, handOverKind, { ...keysFrom(`agency ${id} `), descending: true, limit: maxHandOvers })
    return found.map(({ value }) => value)
  }

  async importAll(actor: Actor, rows: readonly AgencyImportRow[], told: (row: AgencyImported) => Promise<void> = async () => undefined) {
    await this.#context.authorise(actor, 'agency.create', { agency: null, account: null, subject: 'agency import' })
    if (rows.length > maxImportRows) throw new MailError('argument-invalid', 'too many rows', { reason: 'too-many-rows', maxRows: maxImportRows })
    const counts = { made: 0, known: 0, refused: 0 }
    for (const row of rows) {
      const answer = await this.#importRow(actor, row)
      counts[answer.kind]++
      await told(answer)
    }
    return counts
  }

  async #importRow(actor: Actor, { name: written, label: given, kind, code }: AgencyImportRow): Promise<AgencyImported> {
    try {
      const name = requireDisplayName(written)
      const label = given ?? letters(() => proposeAgencyLabel(name))
      const present = await this.#context.store.agencies.byLabel(label)
      if (present !== null && present.name === name) return { kind: 'known', label, name }
      if (present !== null) return { kind: 'refused', label, name, reason: 'agency-taken' }
      await this.#make(actor, { name, label, kind, code, provisional: true })
      return { kind: 'made', label, name, near: await this.#near(label) }
    } catch (error) {
      if (!(error instanceof MailError) || error.temporary) throw error
      return { kind: 'refused', label: given, name: written, reason: String(error.detail['reason'] ?? error.code) }
    }
  }

  async #make(actor: Actor, { name, label, kind, code, provisional }: AgencyOrder & { readonly label: string }): Promise<AgencyView> {
    const { store, clock, settings } = this.#context
    requireLabel(label)
    const domain = `${label}.${settings.provinceDomain}`
    if (!validDomain(domain)) throw new MailError('name-invalid', 'the domain would be too long', { reason: 'length' })
    const nowMs = clock.nowMs()
    // D-1: the agency's own mailbox has the label as its local part. Named people open it; nobody knows a password of it.
    const mailbox = this.#mailbox('agency', { name, address: `${label}@${domain}`, nowMs })
    const details: AgencyDetails = { kind, code, provisional, mailbox: null, administrators: [] }
    const record = auditRecord(actor, nowMs, { action: 'agency.create', subject: label, clause: 'Điều 4.1, 5.1', before: null, after: { name, domain, kind, code, provisional } })
    const { agencies, accounts } = await store.registry.commit({
      newAgencies: [{ label, name, domains: [domain], createdAtMs: nowMs }],
      newAccounts: [{ ...mailbox, agency: { newAgency: 0 } }],
      entries: [put(agencyDetailsKind, { newAgency: 0 }, details, 0)],
      records: [record],
    })
    const [agency, account] = [agencies[0]!, accounts[0]!]
    // The ids are known only now; until this is there the mailbox is found by its address.
    await store.registry.commit({
      entries: [put(agencyDetailsKind, agency.id, { ...details, mailbox: account.id }, 1), put(personKind, account.id, this.#entryOf(mailbox, agency.id), null)],
    })
    return this.#view(agency)
  }

  #mailbox(kind: 'agency' | 'unit', { name, address, nowMs }: { readonly name: string; readonly address: string; readonly nowMs: number }): Omit<RegistryAccount, 'agency'> {
    const { quotaClasses, quota } = this.#context.settings.regulation
    const quotaBytes = (quotaClasses['agency'] ?? quotaClasses[quota.defaultClass])?.quotaBytes ?? 0
    return { address, name, kind, role: 'individual', state: 'active', quotaBytes, passwordHash: null, createdAtMs: nowMs, mailboxes: defaultMailboxes }
  }

  #entryOf({ name, address, kind }: Omit<RegistryAccount, 'agency'>, agency: AgencyId): Person {
    const account = { agency, name, address, kind, state: 'active', quotaBytes: 0 } as Account
    const { quotaClasses, quota } = this.#context.settings.regulation
    return { ...adopted(account, this.#context), quotaBytes: null, quotaClass: Object.hasOwn(quotaClasses, 'agency') ? 'agency' : quota.defaultClass, rule: '4.1' }
  }

  async #proposal(name: string): Promise<LabelProposal> {
    const { store, settings } = this.#context
    const label = letters(() => proposeAgencyLabel(name))
    const taken = (await store.agencies.byLabel(label)) !== null
    return { label, address: `${label}@${label}.${settings.provinceDomain}`, taken, reserved: isReservedLabel(label), near: await this.#near(label) }
  }

  async #near(label: string): Promise<readonly string[]> {
    const labels: string[] = []
    for await (const agency of this.#context.store.agencies.list()) labels.push(agency.label)
    return nearLabels(label, labels)
  }

  async #isTaken(address: string): Promise<boolean> {
    const { store } = this.#context
    return (await store.accounts.byAddress(address)) !== null || (await entry(store.registry, addressStateKind, address)) !== null
  }

  async #agency(id: AgencyId): Promise<Agency> {
    const agency = await this.#context.store.agencies.get(id)
    if (agency === null) throw new MailError('agency-unknown', 'no such agency')
    return agency
  }

  async #details(id: AgencyId): Promise<Kept<AgencyDetails>> {
    const none: AgencyDetails = { kind: 'other', code: null, provisional: false, mailbox: null, administrators: [] }
    return (await entry(this.#context.store.registry, agencyDetailsKind, id)) ?? { id, version: 0, value: none }
  }

  async #officer(address: string, agency: Agency): Promise<Account> {
    const account = await this.#context.store.accounts.byAddress(address.toLowerCase())
    if (account === null || account.agency !== agency.id || account.kind !== 'person') throw new MailError('account-unknown', 'no such person in the agency', { address: address.slice(0, 320) })
    if (account.state === 'revoked' || account.state === 'purged') throw new MailError('account-revoked')
    return account
  }

  async #view(agency: Agency): Promise<AgencyView> {
    const { store } = this.#context
    const { version, value } = await this.#details(agency.id)
    const addressOf = async (id: AccountId): Promise<string | null> => (await store.accounts.get(id))?.address ?? null
    const { kind, code, provisional } = value
    const mailbox = value.mailbox === null ? null : await addressOf(value.mailbox)
    const administrators = (await Promise.all(value.administrators.map(addressOf))).filter((one) => one !== null)
    return { ...agency, version, kind, code, provisional, mailbox, administrators }
  }
}

function domainOf(agency: Agency): string {
  const [domain] = agency.domains
  if (domain === undefined) throw new MailError('agency-unknown', 'the agency has no mail domain', { agency: agency.label })
  return domain
}

/** A letter that has no place in a label is a refusal, not a bug. */
function letters(propose: () => string): string {
  try {
    const proposed = propose()
    if (proposed === '') throw new MailError('name-invalid', 'nothing of the name can stand in an address', { reason: 'empty' })
    return proposed
  } catch (error) {
    if (error instanceof UnsupportedLetter) throw new MailError('name-invalid', error.message, { reason: 'unsupported-letter' })
    throw error
  }
}
