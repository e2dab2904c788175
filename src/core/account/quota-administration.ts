/**
 * Sizes of mailboxes in force (Điều 7.3a, 7.3b; R-7.3a, R-7.3b): classes, and a mailbox's own values. Lowering below what is used
 * deletes nothing: the owner is told, and new mail waits until there is room.
 */
import type { Actor } from '../administration/actor.ts'
import { auditRecord, type AdministrationContext } from '../administration/context.ts'
import { entry, put, type Kept } from '../administration/entries.ts'
import { MailError } from '../errors.ts'
import type { Account } from './account.ts'
import { adopted } from './account-administration.ts'
import { untilCommitted } from './lifecycle-change.ts'
import { mailErrorOf } from './lifecycle/basis.ts'
import { personKind, type Person } from './person.ts'
import { decideQuotaChange, effectiveSizes, messageBytesFor, quotaBasis, type EffectiveSizes, type QuotaClass } from './quota.ts'

export interface SizesView extends EffectiveSizes {
  readonly account: Pick<Account, 'id' | 'address' | 'usedBytes'>
  readonly class: string
  /** Own values; null: those of the class. */
  readonly own: { readonly quotaBytes: number | null; readonly maxAttachmentBytes: number | null }
  /** More is used than the quota allows. */
  readonly belowUse: boolean
  readonly version: number
}

export interface SizesChange {
  readonly class?: string
  /** Null: that of the class. */
  readonly quotaBytes?: number | null
  readonly maxAttachmentBytes?: number | null
}

export interface QuotaAdministration {
  /** By name. */
  classes(): readonly (QuotaClass & { readonly id: string; readonly maxMessageBytes: number })[]
  get(actor: Actor, account: string): Promise<SizesView>
  /** Refuses `account-unknown`, `argument-invalid` (`size-invalid`, `quota-class-unknown`), `conflict`. */
  set(actor: Actor, account: string, change: SizesChange, ifVersion: number | null): Promise<SizesView>
}

/** What fits into a message of any client and of the delivery: its limits are those of the configuration. */
const maxAttachment = { least: 1_048_576, most: 734_003_200 }

export function createQuotaAdministration(context: AdministrationContext): QuotaAdministration {
  const { store, authorise } = context
  const policy = context.settings.regulation

  const read = async (actor: Actor, id: string, action: 'account.read' | 'quota.set'): Promise<{ readonly account: Account; readonly kept: Kept<Person> }> => {
    const account = await store.accounts.get(id)
    await authorise(actor, action, { agency: account?.agency ?? null, account: account?.id ?? null, subject: account?.address ?? id.slice(0, 100) })
    if (account === null || account.state === 'purged') throw new MailError('account-unknown', 'no such account')
    return { account, kept: (await entry(store.registry, personKind, id)) ?? { id, version: 0, value: adopted(account, context) } }
  }

  const viewOf = ({ id, address, usedBytes, quotaBytes: present }: Account, { value, version }: Kept<Person>): SizesView => {
    const { quotaClass, quotaBytes, maxAttachmentBytes } = value
    const sizes = effectiveSizes({ class: quotaClass, quotaBytes, maxAttachmentBytes }, policy)
    return { ...sizes, quotaBytes: present, account: { id, address, usedBytes }, class: quotaClass, own: { quotaBytes, maxAttachmentBytes }, belowUse: usedBytes > present, version }
  }

  return {
    classes: () => Object.entries(policy.quotaClasses).map(([id, one]) => ({ ...one, id, maxMessageBytes: messageBytesFor(one.maxAttachmentBytes) })),
    async get(actor, id) {
      const { account, kept } = await read(actor, id, 'account.read')
      return viewOf(account, kept)
    },
    set: (actor, id, change, ifVersion) =>
      untilCommitted(async () => {
        const { account, kept } = await read(actor, id, 'quota.set')
        if (ifVersion !== null && ifVersion !== kept.version) throw new MailError('conflict', 'changed meanwhile', { reason: 'version', version: kept.version })
        const person = changed(kept.value, change, policy.quotaClasses)
        const sizes = effectiveSizes({ class: person.quotaClass, quotaBytes: person.quotaBytes, maxAttachmentBytes: person.maxAttachmentBytes }, policy)
        const decision = decideQuotaChange(account, sizes.quotaBytes, policy)
        if (decision.kind === 'refused') throw mailErrorOf(decision)
        const record = auditRecord(actor, context.clock.nowMs(), {
          action: 'quota.set',
          subject: account.address,
          clause: quotaBasis.clause,
          before: { class: kept.value.quotaClass, quotaBytes: account.quotaBytes, maxAttachmentBytes: kept.value.maxAttachmentBytes },
          after: { class: person.quotaClass, quotaBytes: decision.after, maxAttachmentBytes: person.maxAttachmentBytes, belowUse: decision.belowUse, usedBytes: account.usedBytes },
        })
        const { accounts, versions } = await store.registry.commit({
          entries: [put(personKind, id, person, kept.version)],
          accountChanges: [{ account: id, change: { quotaBytes: decision.after } }],
          records: [record],
        })
        return viewOf(accounts[0] ?? { ...account, quotaBytes: decision.after }, { id, version: versions[0]!, value: person })
      }),
  }
}

function changed(person: Person, change: SizesChange, classes: Readonly<Record<string, QuotaClass>>): Person {
  if (change.class !== undefined && !Object.hasOwn(classes, change.class)) throw new MailError('argument-invalid', 'no such class of sizes', { reason: 'quota-class-unknown' })
  const attachment = change.maxAttachmentBytes
  if (attachment !== undefined && attachment !== null && !(Number.isSafeInteger(attachment) && attachment >= maxAttachment.least && attachment <= maxAttachment.most)) {
    throw new MailError('argument-invalid', 'size', { reason: 'size-invalid', minBytes: maxAttachment.least, maxBytes: maxAttachment.most })
  }
  return {
    ...person,
    ...(change.class === undefined ? {} : { quotaClass: change.class }),
    ...(change.quotaBytes === undefined ? {} : { quotaBytes: change.quotaBytes }),
    ...(attachment === undefined ? {} : { maxAttachmentBytes: attachment }),
  }
}
