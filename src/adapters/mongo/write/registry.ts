/**
 * The one write of the registry (core/ports/registry.ts) as one transaction: documents, accounts, agencies, addresses and
 * records. Rare beside the mail, so it does not join mail's groups but has its own (registry-groups.ts); what it changes of an
 * account makes `rev` grow, so that no group writes on what it took for true before.
 */
import { setTimeout as pause } from 'node:timers/promises'
import type { ClientSession, Document } from 'mongodb'
import type { Account } from '../../../core/account/account.ts'
import type { Agency } from '../../../core/agency/agency.ts'
import { MailError } from '../../../core/errors.ts'
import type { Committed, EntryWrite, NewId, RegistryCommit } from '../../../core/ports/registry.ts'
import type { AccountChange } from '../../../core/ports/store.ts'
import type { Connection } from '../connection.ts'
import type { AccountDocument, AgencyDocument, RegistryDocument } from '../documents.ts'
import { registryId, registryKeyId } from '../documents.ts'
import { idNo } from '../ids.ts'
import { knownAccountNo } from '../parts.ts'
import type { Parts } from '../parts.ts'
import { appendWithin, Overtaken } from '../records.ts'
import { isDuplicateKey, isTransient, refusalOf } from '../refusals.ts'
import { accountOf, agencyOf } from '../translations.ts'
import { deleteDocuments, insertDocuments, updateDocuments } from '../write-commands.ts'
import { newAccountDocument } from './accounts.ts'

/** A write whose value is text already, checked against the limits. */
export interface EntryText extends Omit<EntryWrite, 'value'> {
  readonly json: string | null
}

export interface RegistryWrite extends Omit<RegistryCommit, 'entries'> {
  readonly entries: readonly EntryText[]
}

/** What is given once, whatever it takes until the transaction commits. */
interface Numbers {
  readonly agencies: readonly number[]
  readonly accounts: readonly number[]
}

const maxTries = 30
const firstPauseMs = 2
const maxPauseMs = 200

export async function commitRegistry(parts: Parts, write: RegistryWrite): Promise<Committed> {
  const { connection, states } = parts
  const numbers: Numbers = {
    agencies: await numbersOf(connection, 'agency', write.newAgencies?.length ?? 0),
    accounts: await numbersOf(connection, 'account', write.newAccounts?.length ?? 0),
  }
  const touched = [...(write.accountChanges ?? []), ...(write.renames ?? []), ...(write.addAliases ?? []), ...(write.removeAliases ?? [])]
  for (let tries = 1; ; tries++) {
    try {
      return await connection.write((session) =>
        session.withTransaction(() => new Transaction(parts, session, write, numbers).run(), {
          readConcern: { level: 'snapshot' },
          writeConcern: { w: 'majority', journal: true },
        }),
      )
    } catch (error) {
      if (!(error instanceof Overtaken) && !isTransient(error)) throw refusalOf(error)
      if (tries === maxTries) throw new MailError('unavailable', 'others write to the registry all the time')
      await pause(Math.random() * Math.min(maxPauseMs, firstPauseMs * 2 ** tries))
    } finally {
      for (const { account } of touched) states.drop(knownAccountNo(account))
    }
  }
}

async function numbersOf(connection: Connection, of: 'agency' | 'account', count: number): Promise<readonly number[]> {
  if (count === 0) return []
  const first = await connection.nextNumbers(of, count)
  return Array.from({ length: count }, (_, at) => first + at)
}

class Transaction {
  readonly #parts: Parts
  readonly #session: ClientSession
  readonly #write: RegistryWrite
  readonly #numbers: Numbers

  constructor(parts: Parts, session: ClientSession, write: RegistryWrite, numbers: Numbers) {
    this.#parts = parts
    this.#session = session
    this.#write = write
    this.#numbers = numbers
  }

  async run(): Promise<Committed> {
    const agencies = await this.#newAgencies()
    const made = await this.#newAccounts()
    const changed = await this.#changedAccounts()
    const versions = await this.#entries(agencies, made)
    const { records = [] } = this.#write
    if (records.length > 0) await appendWithin(this.#parts.connection, records, this.#session, new Map())
    return { versions, accounts: [...made, ...changed], agencies }
  }

  async #newAgencies(): Promise<readonly Agency[]> {
    const documents = (this.#write.newAgencies ?? []).map(({ label, name, domains, createdAtMs }, at): AgencyDocument => {
      const different = [...new Set(domains)]
      return { _id: this.#numbers.agencies[at]!, label, name, ...(different.length > 0 && { domains: different }), createdAtMs }
    })
    if (documents.length > 0 && (await this.#insert('agencies', documents))) throw new MailError('agency-taken')
    return documents.map(agencyOf)
  }

  async #newAccounts(): Promise<readonly Account[]> {
    const { newAccounts = [] } = this.#write
    if (newAccounts.length === 0) return []
    const agencyNos = newAccounts.map(({ agency }) => (typeof agency === 'string' ? idNo('agency', agency) : (this.#numbers.agencies[agency.newAgency] ?? null)))
    const { connection, nowMs } = this.#parts
    const there = await connection.agencies.countDocuments({ _id: { $in: [...new Set(agencyNos.filter((no) => no !== null))] } }, { session: this.#session })
    if (agencyNos.includes(null) || there < new Set(agencyNos).size) throw new MailError('agency-unknown')
    const addresses = newAccounts.map(({ address }) => address)
    const holder = await connection.accounts.findOne({ addresses: { $in: addresses } }, { session: this.#session, projection: { addresses: 1 } })
    const taken = holder === null ? firstTwice(addresses) : addresses.find((address) => holder.addresses.includes(address))
    if (taken !== undefined) throw new MailError('address-taken', 'the address is taken', { address: taken })
    const documents = newAccounts.map((account, at) => newAccountDocument(this.#numbers.accounts[at]!, agencyNos[at]!, account, nowMs()))
    if (await this.#insert('states', documents)) throw new MailError('address-taken')
    return documents.map(accountOf)
  }

  async #changedAccounts(): Promise<readonly Account[]> {
    const { accountChanges = [], renames = [], addAliases = [], removeAliases = [] } = this.#write
    const accounts = await this.#changeFields(accountChanges)
    for (const { account, address } of removeAliases) await this.#change(account, (now) => withoutAlias(now, address))
    for (const { account, address, keepOld } of renames) accounts.push(accountOf(await this.#change(account, (now) => renamed(now, address, keepOld))))
    for (const { account, address } of addAliases) await this.#change(account, (now) => withAlias(now, address))
    return accounts
  }

  /** Addresses stay, so the order of the writes does not matter: all of them are one command. */
  async #changeFields(changes: NonNullable<RegistryWrite['accountChanges']>): Promise<Account[]> {
    if (changes.length === 0) return []
    const { connection } = this.#parts
    const ids = [...new Set(changes.map(({ account }) => knownAccountNo(account)))]
    const found = await connection.accounts.find({ _id: { $in: ids } }, { session: this.#session }).toArray()
    const known = new Map(found.map((document) => [document._id, document]))
    const fields = new Map<number, Partial<AccountDocument>>()
    const accounts = changes.map(({ account, change, ifVersion }) => {
      const no = knownAccountNo(account)
      const now = known.get(no)
      if (now === undefined) throw new MailError('account-unknown')
      const next = { ...changed(now, change, ifVersion), rev: now.rev + 1 }
      known.set(no, { ...now, ...next })
      fields.set(no, next)
      return accountOf({ ...now, ...next })
    })
    await updateDocuments(connection.db, 'states', [...fields].map(([_id, set]) => ({ q: { _id }, u: { $set: set } })), this.#session)
    return accounts
  }

  async #change(account: string, decide: (now: AccountDocument) => Partial<AccountDocument>): Promise<AccountDocument> {
    const { connection } = this.#parts
    const no = knownAccountNo(account)
    const now = await connection.accounts.findOne({ _id: no }, { session: this.#session })
    if (now === null) throw new MailError('account-unknown')
    const next = { ...now, ...decide(now), rev: now.rev + 1 }
    const { _id, ...fields } = next
    await connection.accounts.updateOne({ _id }, { $set: fields }, { session: this.#session }).catch((error: unknown) => {
      throw isDuplicateKey(error) ? new MailError('address-taken') : error
    })
    return next
  }

  async #entries(agencies: readonly Agency[], accounts: readonly Account[]): Promise<readonly number[]> {
    const { entries } = this.#write
    if (entries.length === 0) return []
    const { connection } = this.#parts
    const ids = entries.map(({ kind, id }) => ({ kind, id: idOf(id, agencies, accounts) }))
    const docIds = ids.map(({ kind, id }) => registryId(kind, id))
    const present = await connection.registry.find({ _id: { $in: docIds } }, { session: this.#session, projection: { version: 1, keys: 1 } }).toArray()
    const known = new Map(present.map((document) => [document._id, { version: document.version, keys: document.keys }]))
    const goneKeys = new Set<string>()
    const documents = new Map<string, RegistryDocument | null>()
    const versions = entries.map((entry, at) => {
      const { kind, id } = ids[at]!
      const now = known.get(docIds[at]!) ?? { version: 0, keys: [] }
      if (entry.ifVersion !== null && entry.ifVersion !== now.version) {
        throw new MailError('conflict', `${kind} has changed meanwhile`, { kind, id, version: now.version })
      }
      const document = documentOf(entry, id, now.version + 1)
      for (const key of now.keys) goneKeys.add(registryKeyId(kind, key, id))
      documents.set(docIds[at]!, document)
      known.set(docIds[at]!, { version: document?.version ?? 0, keys: document?.keys ?? [] })
      return document?.version ?? 0
    })
    await this.#replace(documents, new Set(present.map(({ _id }) => _id)), goneKeys)
    return versions
  }

  async #replace(documents: ReadonlyMap<string, RegistryDocument | null>, present: ReadonlySet<string>, goneKeys: ReadonlySet<string>): Promise<void> {
    const { db } = this.#parts.connection
    const kept = [...documents.values()].filter((document) => document !== null)
    const keys = kept.flatMap(({ kind, id, keys: own }) => own.map((key) => ({ _id: registryKeyId(kind, key, id) })))
    const keyIds = new Set(keys.map(({ _id }) => _id))
    const stale = [...goneKeys].filter((one) => !keyIds.has(one))
    if (stale.length > 0) await deleteDocuments(db, 'registryKeys', [{ q: { _id: { $in: stale } }, limit: 0 }], this.#session)
    const added = keys.filter(({ _id }) => !goneKeys.has(_id))
    if (added.length > 0 && (await this.#insert('registryKeys', added))) throw new Overtaken()
    const removed = [...documents].filter(([id, document]) => document === null && present.has(id)).map(([id]) => id)
    if (removed.length > 0) await deleteDocuments(db, 'registry', [{ q: { _id: { $in: removed } }, limit: 0 }], this.#session)
    const inserts = kept.filter(({ _id }) => !present.has(_id))
    if (inserts.length > 0 && (await this.#insert('registry', inserts))) throw new Overtaken()
    const updates = kept.filter(({ _id }) => present.has(_id)).map((document) => ({ q: { _id: document._id }, u: document as unknown as Document }))
    if (updates.length > 0) await updateDocuments(db, 'registry', updates, this.#session)
  }

  /** Answers whether a key was taken. */
  #insert(collection: string, documents: readonly object[]): Promise<boolean> {
    return insertDocuments(this.#parts.connection.db, collection, documents, this.#session)
  }
}

function documentOf({ kind, json, keys = [], bodies = [] }: EntryText, id: string, version: number): RegistryDocument | null {
  if (json === null) return null
  return { _id: registryId(kind, id), kind, id, version, value: json, keys: [...new Set(keys)], ...(bodies.length > 0 && { body: [...new Set(bodies)] }) }
}

function idOf(id: string | NewId, agencies: readonly Agency[], accounts: readonly Account[]): string {
  if (typeof id === 'string') return id
  const given = 'newAccount' in id ? accounts[id.newAccount]?.id : agencies[id.newAgency]?.id
  if (given === undefined) throw new MailError('argument-invalid', 'the commit makes no such account or agency')
  return given
}

const firstTwice = (texts: readonly string[]): string | undefined => texts.find((text, at) => texts.indexOf(text) !== at)

function changed(now: AccountDocument, change: AccountChange, ifVersion: number | undefined): Partial<AccountDocument> {
  if (ifVersion !== undefined && now.credentialVersion !== ifVersion) throw new MailError('conflict', 'the account has changed meanwhile')
  const next = {
    name: change.name ?? now.name,
    role: change.role ?? now.role,
    state: change.state ?? now.state,
    quotaBytes: change.quotaBytes ?? now.quotaBytes,
    lockClause: change.lockClause === undefined ? now.lockClause : change.lockClause,
    passwordHash: change.passwordHash === undefined ? now.passwordHash : change.passwordHash,
  }
  const credential = next.role !== now.role || next.state !== now.state || next.passwordHash !== now.passwordHash
  return { ...next, credentialVersion: now.credentialVersion + (credential ? 1 : 0) }
}

function withoutAlias(now: AccountDocument, address: string): Partial<AccountDocument> {
  if (!now.addresses.includes(address)) throw new MailError('address-unknown')
  if (now.address === address) throw new MailError('not-permitted', 'the primary address stays')
  return { addresses: now.addresses.filter((one) => one !== address) }
}

function withAlias(now: AccountDocument, address: string): Partial<AccountDocument> {
  if (now.addresses.includes(address)) throw new MailError('address-taken', 'the address is taken', { address })
  return { addresses: [...now.addresses, address] }
}

function renamed(now: AccountDocument, address: string, keepOld: boolean): Partial<AccountDocument> {
  if (address === now.address) return {}
  const others = now.addresses.filter((one) => one !== address && (keepOld || one !== now.address))
  return { address, localPart: address.slice(0, address.lastIndexOf('@')), addresses: [address, ...others] }
}
