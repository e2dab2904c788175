/**
 * Issuing accounts to people (Điều 4.2, 5.2, 9.1; ): from who they are to account, address, temporary password and record,
 * in one commit per slice. One person and an import of thousands go the same way.
 */
import type { Agency } from '../agency/agency.ts'
import type { Actor } from '../administration/actor.ts'
import { auditRecord, today, type AdministrationContext } from '../administration/context.ts'
import { put } from '../administration/entries.ts'
import { isMailError } from '../errors.ts'
import type { EntryWrite, RegistryCommit } from '../ports/registry.ts'
import type { Account } from './account.ts'
import type { Allocation } from './allocate-address.ts'
import { defaultMailboxes } from './default-mailboxes.ts'
import { lifecycleKind, issuedLifecycle } from './lifecycle-record.ts'
import { temporaryPassword } from './password.ts'
import { personKind, type OriginFields, type Person } from './person.ts'
import { addressDomainKind, addressStateKind, planAddresses, type AddressPlan } from './plan-addresses.ts'
import type { RowPerson } from './import/read-rows.ts'
import { effectiveSizes } from './quota.ts'

export type IssueContext = Pick<AdministrationContext, 'store' | 'clock' | 'random' | 'passwords' | 'secrets' | 'settings'>

export interface IssueOrder {
  readonly actor: Actor
  readonly agency: Agency
  /** Its first one. */
  readonly domain: string
  /** One batch in the sense of Điều 4.2b: people of it who collide are treated alike, whatever slice they come in (D-2). */
  readonly people: readonly RowPerson[]
  readonly import: string | null
  /** How many go into one commit. */
  readonly sliceSize: number
  /** Documents that are changed in the commit of a slice beside the accounts: the progress of an import. */
  readonly beside?: (slice: readonly Issued[]) => readonly EntryWrite[]
}

export type Issued =
  | { readonly kind: 'issued'; readonly person: RowPerson; readonly account: Account; readonly allocation: Given; readonly temporaryPassword: string }
  /** Nobody was made: the birth data are missing, or the Sở decides by hand. */
  | { readonly kind: 'not-issued'; readonly person: RowPerson; readonly reason: 'birth-date-needed' | 'manual'; readonly stem: string }

type Given = Extract<Allocation, { kind: 'given' }>

/** So often a plan is made anew when others issue in the domain at the same moment. */
const maxConflicts = 20

/**
 * Issues slice after slice; each that is yielded is durable. A slice that comes too late (somebody else issued in the domain)
 * is planned anew with all who are left. Refuses what the store refuses; a `conflict` of a document beside it is the caller's.
 */
export async function* issueInSlices(context: IssueContext, order: IssueOrder): AsyncGenerator<readonly Issued[]> {
  const { people, sliceSize, domain } = order
  let plan: AddressPlan | null = null
  let planned = 0
  let conflicts = 0
  for (let done = 0; done < people.length; ) {
    if (plan === null) {
      plan = await planAddresses(context.store, domain, people.slice(done), today(context))
      planned = done
    }
    const slice = people.slice(done, done + sliceSize)
    const allocations = plan.allocations.slice(done - planned, done - planned + slice.length)
    try {
      const issued: readonly Issued[] = await commitSlice(context, order, plan, await withPasswords(context, slice, allocations))
      yield issued
      const count = issued.filter(({ kind }) => kind === 'issued').length
      plan = { ...plan, contested: new Map(), lockVersion: plan.lockVersion + (count > 0 ? 1 : 0), issuedSoFar: plan.issuedSoFar + count }
      done += slice.length
    } catch (error) {
      const overtaken = isMailError(error, 'address-taken') || (isMailError(error, 'conflict') && error.detail['kind'] === addressDomainKind.name)
      if (!overtaken || ++conflicts > maxConflicts) throw error
      plan = null
    }
  }
}

/** One person; the same as a batch of one. */
export async function issueOne(context: IssueContext, order: Omit<IssueOrder, 'people' | 'sliceSize'>, person: RowPerson): Promise<Issued> {
  for await (const [issued] of issueInSlices(context, { ...order, people: [person], sliceSize: 1 })) if (issued !== undefined) return issued
  throw new Error('a batch of one gave nothing')
}

function withPasswords(context: IssueContext, people: readonly RowPerson[], allocations: readonly Allocation[]): Promise<readonly Issuing[]> {
  return Promise.all(people.map(async (person, at) => ({ person, allocation: allocations[at]!, password: await newPassword(context) })))
}

interface Password {
  readonly text: string
  readonly hash: string
}

async function newPassword({ random, passwords }: IssueContext): Promise<Password> {
  const text = temporaryPassword(random)
  return { text, hash: await passwords.hashRandom(text) }
}

interface Issuing {
  readonly person: RowPerson
  readonly allocation: Allocation
  readonly password: Password
}

async function commitSlice(context: IssueContext, order: IssueOrder, plan: AddressPlan, issuing: readonly Issuing[]): Promise<readonly Issued[]> {
  const given = issuing.filter((one): one is Issuing & { allocation: Given } => one.allocation.kind === 'given')
  const nowMs = context.clock.nowMs()
  const people = given.map((one) => personOf(context, order, one))
  const newAccounts = given.map(({ password }, at) => newAccountOf(context, order, people[at]!, { passwordHash: password.hash, nowMs }))
  const outcome = (accounts: readonly Account[]): readonly Issued[] => {
    let next = 0
    return issuing.map(({ person, allocation, password }): Issued => {
      if (allocation.kind === 'given') return { kind: 'issued', person, account: accounts[next++]!, allocation, temporaryPassword: password.text }
      return { kind: 'not-issued', person, reason: person.birthDate === null ? 'birth-date-needed' : 'manual', stem: allocation.stem }
    })
  }
  // What goes beside the accounts may name them by address: their ids are known only then.
  const foreseen = outcome(newAccounts.map((account) => ({ ...account, id: '', lockClause: null, usedBytes: 0, credentialVersion: 1, modseq: 1 })))
  const commit: RegistryCommit = {
    newAccounts,
    entries: [
      ...people.map((person, at) => put(personKind, { newAccount: at }, person, 0)),
      ...people.map((_, at) => put(lifecycleKind, { newAccount: at }, issuedLifecycle(nowMs), 0)),
      ...contestedStates(plan, nowMs),
      ...(given.length === 0 ? [] : [put(addressDomainKind, plan.domain, { issued: plan.issuedSoFar + given.length }, plan.lockVersion)]),
      ...(order.beside?.(foreseen) ?? []),
    ],
    records: given.map((one, at) => issueRecord(order, people[at]!, one.allocation, nowMs)),
  }
  const { accounts } = await context.store.registry.commit(commit)
  return outcome(accounts)
}

function contestedStates({ domain, contested }: AddressPlan, nowMs: number): EntryWrite[] {
  return [...contested].map(([local, names]) => put(addressStateKind, `${local}@${domain}`, { state: 'contested', names, sinceMs: nowMs, freeOn: null }, null))
}

function personOf(context: IssueContext, order: IssueOrder, { person, allocation }: Issuing & { allocation: Given }): Person {
  const { name, agency: _, email, phone, quotaClass, unit, post } = person
  const { quota } = context.settings.regulation
  return {
    agency: order.agency.id,
    kind: 'person',
    address: `${allocation.local}@${order.domain}`,
    name: { full: name.full, family: name.family, middle: name.middle, given: name.given },
    origin: neededOrigin(context, person, allocation),
    unit,
    post,
    contact: { email, phone },
    hidden: false,
    quotaClass: quotaClass ?? quota.defaultClass,
    quotaBytes: null,
    maxAttachmentBytes: null,
    rule: allocation.rule,
    import: order.import,
    listed: true,
  }
}

/** R-4.2c: only as much of the birth data as the collision needed, and that sealed. */
function neededOrigin({ secrets }: IssueContext, { birthDate, homeTown, birthPlace }: RowPerson, { rule, level }: Given): string | null {
  if (rule !== '4.2c' || level === null || birthDate === null) return null
  const origin: OriginFields = { birthDate: birthDate.toString(), homeTown: level >= 4 ? homeTown : null, birthPlace: level >= 5 ? birthPlace : null }
  return secrets.seal(JSON.stringify(origin))
}

function newAccountOf(context: IssueContext, order: IssueOrder, person: Person, made: { readonly passwordHash: string; readonly nowMs: number }) {
  const sizes = { class: person.quotaClass, quotaBytes: person.quotaBytes, maxAttachmentBytes: person.maxAttachmentBytes }
  return {
    agency: order.agency.id,
    address: person.address,
    name: person.name.full,
    kind: 'person' as const,
    role: 'individual' as const,
    state: 'issued' as const,
    quotaBytes: effectiveSizes(sizes, context.settings.regulation).quotaBytes,
    passwordHash: made.passwordHash,
    createdAtMs: made.nowMs,
    mailboxes: defaultMailboxes,
  }
}

function issueRecord(order: IssueOrder, person: Person, { rule, level, gap }: Given, nowMs: number) {
  const after = { name: person.name.full, agency: order.agency.label, unit: person.unit, rule, level, gap, ...(order.import === null ? {} : { import: order.import }) }
  return auditRecord(order.actor, nowMs, { action: 'account.issue', subject: person.address, clause: `Điều 5.2, ${rule}`, before: null, after })
}
