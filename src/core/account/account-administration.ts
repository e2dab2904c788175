/**
 * Accounts of people as the administration sees them (Điều 4.2, 5.2, 10.8; ): issuing one, changing details and names,
 * aliases. A name that changes keeps the old address as an alias unless the officer gives it up (D-2). Locks, revocations and
 * passwords are lifecycle-administration.ts.
 */
import type { Agency } from '../agency/agency.ts'
import type { Actor } from '../administration/actor.ts'
import { auditRecord, today, type AdministrationContext } from '../administration/context.ts'
import { entry, put, type Kept } from '../administration/entries.ts'
import { MailError } from '../errors.ts'
import type { RegistryCommit } from '../ports/registry.ts'
import { readName, type NameFlag, type PersonName } from '../../vietnamese/names/parse-name.ts'
import type { Account } from './account.ts'
import { requireAddress, requireIssuable } from './address.ts'
import type { Allocation, Candidate } from './allocate-address.ts'
import { issueOne } from './issuing.ts'
import type { RowPerson } from './import/read-rows.ts'
import { personKind, type NameFields, type OriginFields, type Person, type SecondChannel } from './person.ts'
import { addressStateKind, planAddresses } from './plan-addresses.ts'

export interface NameWritten {
  /** As on the identity card. */
  readonly full: string
  /** The three fields, which win over what the reader proposes (D-20). */
  readonly fields: { readonly family: string; readonly middle: string; readonly given: string } | null
  /** The officer has looked at a name that was flagged. */
  readonly confirmed: boolean
}

export interface PersonOrder {
  readonly name: NameWritten
  readonly origin: OriginFields
  readonly unit: string | null
  readonly post: string | null
  readonly contact: SecondChannel
  readonly quotaClass: string | null
}

export interface Proposal {
  readonly name: NameFields
  readonly flags: readonly NameFlag[]
  /** Null: the birth data are missing, or the Sở decides by hand; `stem` is what collides. */
  readonly address: string | null
  readonly rule: string | null
  readonly clause: string | null
  readonly level: number | null
  readonly gap: string | null
  readonly stem: string | null
}

/** What the administration shows of a holder. Birth data stay sealed. */
export interface PersonView extends Omit<Person, 'origin'> {
  readonly id: string
  /** Of the document: what If-Match names. */
  readonly version: number
  readonly account: Pick<Account, 'state' | 'lockClause' | 'role' | 'quotaBytes' | 'usedBytes' | 'createdAtMs'>
  readonly aliases: readonly string[]
}

export interface DetailsChange {
  readonly unit?: string | null
  readonly post?: string | null
  readonly contact?: SecondChannel
  readonly quotaClass?: string
  /** The Sở alone. */
  readonly hidden?: boolean
}

export interface AccountAdministration {
  /** What address it would be now; reserves nothing. Refuses `name-invalid` (detail.reason as of the name reader), `agency-unknown`. */
  propose(actor: Actor, agency: string, order: Pick<PersonOrder, 'name' | 'origin'>): Promise<Proposal>
  /** Refuses as `propose`; `argument-invalid` with detail.reason `birth-date-needed` or `manual`, `quota-class-unknown`. */
  issue(actor: Actor, agency: string, order: PersonOrder): Promise<{ readonly person: PersonView; readonly temporaryPassword: string }>
  get(actor: Actor, id: string): Promise<PersonView>
  /** Refuses `conflict` when `ifVersion` is not the present version. */
  changeDetails(actor: Actor, id: string, change: DetailsChange, ifVersion: number | null): Promise<PersonView>
  /** A new name; with `newAddress` the address that belongs to it, the old one staying as an alias or being given up. */
  rename(actor: Actor, id: string, change: { readonly name: NameWritten; readonly origin: OriginFields; readonly newAddress: boolean; readonly keepOld: boolean }, ifVersion: number | null): Promise<PersonView>
  addAlias(actor: Actor, id: string, alias: string): Promise<PersonView>
  removeAlias(actor: Actor, id: string, alias: string): Promise<PersonView>
}

const maxText = 120
const maxAliases = 20
/** So often a change is made upon what is there now, when the caller named no version. */
const maxConflicts = 5

export function createAccountAdministration(context: AdministrationContext): AccountAdministration {
  const { store, authorise, clock, secrets } = context

  const agencyOf = async (actor: Actor, label: string): Promise<{ readonly agency: Agency; readonly domain: string }> => {
    const agency = await store.agencies.byLabel(label)
    await authorise(actor, 'account.create', { agency: agency?.id ?? null, account: null, subject: label.slice(0, 80) })
    const domain = agency?.domains[0]
    if (agency === null || domain === undefined) throw new MailError('agency-unknown', 'no such agency', { agency: label.slice(0, 80) })
    return { agency, domain }
  }

  const held = async (actor: Actor, id: string, action: 'account.read' | 'account.change-details'): Promise<{ readonly account: Account; readonly kept: Kept<Person> }> => {
    const account = await store.accounts.get(id)
    await authorise(actor, action, { agency: account?.agency ?? null, account: account?.id ?? null, subject: account?.address ?? id.slice(0, 100) })
    if (account === null || account.state === 'purged') throw new MailError('account-unknown', 'no such account')
    return { account, kept: (await entry(store.registry, personKind, account.id)) ?? { id: account.id, version: 0, value: adopted(account, context) } }
  }

  const view = async (id: string): Promise<PersonView> => {
    const account = await store.accounts.get(id)
    if (account === null) throw new MailError('account-unknown', 'no such account')
    const kept = (await entry(store.registry, personKind, id)) ?? { id, version: 0, value: adopted(account, context) }
    const { origin: _origin, ...shown } = kept.value
    const { state, lockClause, role, quotaBytes, usedBytes, createdAtMs } = account
    const aliases = (await store.accounts.addresses(id)).filter(({ primary }) => !primary).map(({ address }) => address)
    return { ...shown, id, version: kept.version, account: { state, lockClause, role, quotaBytes, usedBytes, createdAtMs }, aliases }
  }

  /** `plan` upon what is there now; again when somebody was faster and the caller named no version. */
  const change = async (
    actor: Actor,
    id: string,
    ifVersion: number | null,
    plan: (account: Account, person: Person) => Promise<{ readonly person: Person; readonly action: string; readonly clause: string } & Pick<RegistryCommit, 'accountChanges' | 'renames' | 'addAliases' | 'removeAliases' | 'entries'>>,
  ): Promise<PersonView> => {
    for (let round = 1; ; round++) {
      const { account, kept } = await held(actor, id, 'account.change-details')
      if (ifVersion !== null && kept.version !== ifVersion) throw new MailError('conflict', 'changed meanwhile', { reason: 'version', version: kept.version })
      const { person, action, clause, entries = [], ...rest } = await plan(account, kept.value)
      const record = auditRecord(actor, clock.nowMs(), { action, subject: account.address, clause, before: shownOf(kept.value), after: { ...shownOf(person), ...besideOf(rest) } })
      try {
        await store.registry.commit({ ...rest, entries: [put(personKind, id, person, kept.version), ...entries], records: [record] })
        return await view(id)
      } catch (error) {
        const overtaken = error instanceof MailError && error.code === 'conflict'
        if (!overtaken || ifVersion !== null || round === maxConflicts) throw error
      }
    }
  }

  return {
    async propose(actor, label, order) {
      const { domain } = await agencyOf(actor, label)
      const { name } = readWritten(order.name, true)
      const plan = await planAddresses(store, domain, [candidateOf(name, order.origin)], today(context))
      return proposalOf(name, plan.allocations[0]!, domain)
    },

    async issue(actor, label, order) {
      const { agency, domain } = await agencyOf(actor, label)
      const { name } = readWritten(order.name, order.name.confirmed)
      const { regulation } = context.settings
      if (order.quotaClass !== null && !Object.hasOwn(regulation.quotaClasses, order.quotaClass)) {
        throw new MailError('argument-invalid', 'no such class of sizes', { reason: 'quota-class-unknown' })
      }
      const person: RowPerson = {
        ...candidateOf(name, order.origin),
        agency: null,
        unit: text(order.unit),
        post: text(order.post),
        email: order.contact.email,
        phone: order.contact.phone,
        quotaClass: order.quotaClass,
      }
      const issued = await issueOne(context, { actor, agency, domain, import: null }, person)
      if (issued.kind === 'not-issued') throw new MailError('argument-invalid', issued.reason, { reason: issued.reason, stem: issued.stem, clause: 'Điều 4.2c' })
      return { person: await view(issued.account.id), temporaryPassword: issued.temporaryPassword }
    },

    async get(actor, id) {
      await held(actor, id, 'account.read')
      return view(id)
    },

    async changeDetails(actor, id, wanted, ifVersion) {
      const { account } = await held(actor, id, 'account.change-details')
      if (wanted.hidden !== undefined) await authorise(actor, 'account.hide', { agency: account.agency, account: id, subject: account.address })
      if (wanted.quotaClass !== undefined) {
        await authorise(actor, 'quota.set', { agency: account.agency, account: id, subject: account.address })
        if (!Object.hasOwn(context.settings.regulation.quotaClasses, wanted.quotaClass)) throw new MailError('argument-invalid', 'no such class of sizes', { reason: 'quota-class-unknown' })
      }
      return change(actor, id, ifVersion, async (now, person) => {
        const after: Person = {
          ...person,
          ...(wanted.unit === undefined ? {} : { unit: text(wanted.unit) }),
          ...(wanted.post === undefined ? {} : { post: text(wanted.post) }),
          ...(wanted.contact === undefined ? {} : { contact: wanted.contact }),
          ...(wanted.hidden === undefined ? {} : { hidden: wanted.hidden }),
          ...(wanted.quotaClass === undefined ? {} : { quotaClass: wanted.quotaClass }),
        }
        const classBytes = context.settings.regulation.quotaClasses[after.quotaClass]?.quotaBytes
        const resized = wanted.quotaClass !== undefined && after.quotaBytes === null && classBytes !== undefined
        return { person: after, action: 'account.change-details', clause: 'Điều 5.2', ...(resized ? { accountChanges: [{ account: now.id, change: { quotaBytes: classBytes } }] } : {}) }
      })
    },

    rename: (actor, id, wanted, ifVersion) =>
      change(actor, id, ifVersion, async (account, person) => {
        const { name } = readWritten(wanted.name, wanted.name.confirmed)
        const fields: NameFields = { full: name.full, family: name.family, middle: name.middle, given: name.given }
        const accountChanges = [{ account: id, change: { name: name.full } }]
        if (!wanted.newAddress) return { person: { ...person, name: fields }, action: 'account.rename', clause: 'Điều 5.2', accountChanges }
        const domain = account.address.slice(account.address.lastIndexOf('@') + 1)
        const plan = await planAddresses(store, domain, [candidateOf(name, wanted.origin)], today(context))
        const allocation = plan.allocations[0]!
        if (allocation.kind === 'manual') {
          const reason = wanted.origin.birthDate === null ? 'birth-date-needed' : 'manual'
          throw new MailError('argument-invalid', reason, { reason, stem: allocation.stem, clause: 'Điều 4.2c' })
        }
        const address = `${allocation.local}@${domain}`
        const nowMs = clock.nowMs()
        const tombstone = { state: 'tombstone' as const, names: [person.name.full], sinceMs: nowMs, freeOn: null }
        return {
          person: { ...person, name: fields, address, rule: allocation.rule, origin: allocation.rule === '4.2c' ? secrets.seal(JSON.stringify(wanted.origin)) : person.origin },
          action: 'account.rename',
          clause: `Điều 5.2, ${allocation.rule}`,
          accountChanges,
          renames: [{ account: id, address, keepOld: wanted.keepOld }],
          // An address that is given up is nobody else's: mail meant for its old holder would go astray (R-4.2d).
          entries: wanted.keepOld ? [] : [put(addressStateKind, account.address, tombstone, null)],
        }
      }),

    addAlias: (actor, id, alias) =>
      change(actor, id, null, async (account, person) => {
        const { local, domain } = requireAddress(alias)
        requireIssuable({ local, domain })
        const owner = await store.agencies.byDomain(domain)
        if (owner === null) throw new MailError('agency-unknown', 'no agency has this domain', { domain })
        await authorise(actor, 'account.create', { agency: owner.id, account: null, subject: `${local}@${domain}` })
        if ((await entry(store.registry, addressStateKind, `${local}@${domain}`)) !== null) throw new MailError('address-taken', 'the address is not given to anybody', { address: `${local}@${domain}` })
        if ((await store.accounts.addresses(account.id)).length > maxAliases) throw new MailError('limit-reached', 'too many aliases', { limit: maxAliases })
        return { person, action: 'account.add-alias', clause: 'Điều 4.2', addAliases: [{ account: id, address: `${local}@${domain}` }] }
      }),

    removeAlias: (actor, id, alias) =>
      change(actor, id, null, async (account, person) => {
        const address = alias.toLowerCase()
        const tombstone = { state: 'tombstone' as const, names: [person.name.full], sinceMs: clock.nowMs(), freeOn: null }
        return { person, action: 'account.remove-alias', clause: 'Điều 4.2', removeAliases: [{ account: account.id, address }], entries: [put(addressStateKind, address, tombstone, null)] }
      }),
  }
}

/** Refuses `name-invalid`; detail.reason says why, detail.flags what is to be confirmed. */
function readWritten({ full, fields }: NameWritten, confirmed: boolean): { readonly name: PersonName } {
  if (full.length > 200) throw new MailError('name-invalid', 'a name has 200 characters at most', { reason: 'too-long' })
  const reading = readName(full)
  if (reading.kind === 'legacy') throw new MailError('name-invalid', 'looks like an old encoding', { reason: 'legacy-charset', converted: reading.converted })
  if (reading.kind === 'unsupported') throw new MailError('name-invalid', 'a letter that has no place in an address', { reason: 'unsupported-letter', codePoint: reading.codePoint })
  if (reading.kind !== 'name') throw new MailError('name-invalid', 'not a name', { reason: reading.kind })
  if (fields !== null) {
    const words = (text: string): readonly string[] => text.normalize('NFC').split(/\s+/u).filter((word) => word !== '')
    const name: PersonName = { full: reading.name.full, family: words(fields.family), middle: words(fields.middle), given: words(fields.given), flags: [] }
    const parts = [...name.family, ...name.middle, ...name.given]
    const all = (list: readonly string[]): string => list.flatMap((word) => word.split('-')).toSorted().join(' ')
    if (name.given.length === 0 || all(parts) !== all(reading.name.full.split(' '))) {
      throw new MailError('name-invalid', 'the three fields are not the words of the name', { reason: 'fields-differ' })
    }
    return { name }
  }
  const doubtful = reading.name.flags.some((flag) => flag === 'confirm' || flag === 'single-token' || flag === 'eth-for-d')
  if (doubtful && !confirmed) throw new MailError('name-invalid', 'the name must be confirmed', { reason: 'to-be-confirmed', flags: reading.name.flags.join(' ') })
  return { name: reading.name }
}

/** Refuses `argument-invalid` (birth-date-invalid). */
function candidateOf(name: PersonName, { birthDate, homeTown, birthPlace }: OriginFields): Candidate {
  try {
    return { name, birthDate: birthDate === null ? null : Temporal.PlainDate.from(birthDate), homeTown: text(homeTown), birthPlace: text(birthPlace) }
  } catch {
    // The only thing that Temporal refuses here is a day that is none.
    throw new MailError('argument-invalid', 'not a day', { reason: 'birth-date-invalid' })
  }
}

function proposalOf({ full, family, middle, given, flags }: PersonName, allocation: Allocation, domain: string): Proposal {
  const name = { full, family, middle, given }
  if (allocation.kind === 'manual') return { name, flags, address: null, rule: null, clause: 'Điều 4.2c', level: null, gap: null, stem: allocation.stem }
  const { local, rule, level, gap } = allocation
  return { name, flags, address: `${local}@${domain}`, rule, clause: `Điều ${rule}`, level, gap, stem: null }
}

/** Refuses `argument-invalid` (text-invalid). */
function text(value: string | null): string | null {
  if (value === null) return null
  const kept = value.normalize('NFC').trim().replace(/\s+/gu, ' ')
  if (kept.length > maxText || /\p{Cc}/u.test(kept)) throw new MailError('argument-invalid', 'a text of 120 characters at most', { reason: 'text-invalid' })
  return kept === '' ? null : kept
}

/** Of an account that was made before there was a document: by the command line, or before an upgrade. */
export function adopted(account: Account, { settings }: Pick<AdministrationContext, 'settings'>): Person {
  const reading = readName(account.name)
  const name: NameFields = reading.kind === 'name' && account.kind === 'person' ? reading.name : { full: account.name, family: [], middle: [], given: [account.name] }
  return {
    agency: account.agency,
    kind: account.kind,
    address: account.address,
    name: { full: name.full, family: name.family, middle: name.middle, given: name.given },
    origin: null,
    unit: null,
    post: null,
    contact: { email: null, phone: null },
    hidden: false,
    quotaClass: settings.regulation.quota.defaultClass,
    quotaBytes: account.quotaBytes,
    maxAttachmentBytes: null,
    rule: 'manual',
    import: null,
    listed: account.kind !== 'service' && account.state !== 'revoked' && account.state !== 'purged',
  }
}

function shownOf({ name, address, unit, post, contact, hidden, quotaClass }: Person): Readonly<Record<string, unknown>> {
  return { name: name.full, address, unit, post, secondChannel: contact.email !== null || contact.phone !== null, hidden, quotaClass }
}

function besideOf({ addAliases = [], removeAliases = [] }: Pick<RegistryCommit, 'addAliases' | 'removeAliases'>): Readonly<Record<string, unknown>> {
  return { ...(addAliases.length > 0 ? { alias: addAliases[0]!.address } : {}), ...(removeAliases.length > 0 ? { aliasRemoved: removeAliases[0]!.address } : {}) }
}
