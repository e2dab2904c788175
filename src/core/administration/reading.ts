/** Reading agencies, accounts and records (Điều 4.1, 10.8, 7.2, 12.2c): who may, and a page at a time. */
import { MailError } from '../errors.ts'
import type { Account } from '../account/account.ts'
import type { Agency } from '../agency/agency.ts'
import type { StoredRecord } from '../record/record.ts'
import type { Actor } from './actor.ts'
import type { AdministrationContext } from './context.ts'

/** Never the hash of a password. */
export type AccountView = Omit<Account, 'passwordHash' | 'modseq'>

export interface AgencyReading {
  /** By label, from after the label `after`. */
  list(actor: Actor, page: { readonly after: string | null; readonly limit: number }): Promise<readonly Agency[]>
  /** Refuses `agency-unknown`. */
  get(actor: Actor, id: string): Promise<Agency>
}

export interface AccountReading {
  /** By address. Without an agency: of the actor's own, or of all for those who see all. */
  list(actor: Actor, query: { readonly agency: string | null; readonly after: string | null; readonly limit: number }): Promise<readonly AccountView[]>
  /** Refuses `account-unknown`; `not-permitted` for one of another agency, whether it exists or not. */
  get(actor: Actor, id: string): Promise<AccountView>
}

export interface AuditReading {
  /** Ascending, from after the number `after`. */
  list(actor: Actor, page: { readonly after: number | null; readonly limit: number }): Promise<readonly StoredRecord[]>
}

export interface Reading {
  readonly agencies: AgencyReading
  readonly accounts: AccountReading
  readonly audit: AuditReading
}

export function accountView({ passwordHash: _hash, modseq: _modseq, ...shown }: Account): AccountView {
  return shown
}

export function createReading(context: AdministrationContext): Reading {
  const { store, authorise } = context
  return {
    agencies: {
      async list(actor, { after, limit }) {
        await authorise(actor, 'agency.read', { agency: null, account: null, subject: 'agencies' })
        const page: Agency[] = []
        for await (const agency of store.agencies.list()) {
          if (after !== null && agency.label <= after) continue
          page.push(agency)
          if (page.length >= limit) break
        }
        return page
      },
      async get(actor, id) {
        await authorise(actor, 'agency.read', { agency: id, account: null, subject: id.slice(0, 100) })
        const agency = await store.agencies.get(id)
        if (agency === null) throw new MailError('agency-unknown', 'no such agency')
        return agency
      },
    },
    accounts: {
      async list(actor, { agency: wanted, after, limit }) {
        const agency = wanted ?? (actor.role === 'agency-administrator' ? actor.agency : null)
        await authorise(actor, 'account.read', { agency, account: null, subject: agency ?? 'accounts' })
        if (agency !== null && (await store.agencies.get(agency)) === null) throw new MailError('agency-unknown', 'no such agency')
        const page = await store.accounts.list({ limit, ...(agency !== null && { agency }), ...(after !== null && { after }) })
        return page.map(accountView)
      },
      async get(actor, id) {
        const account = await store.accounts.get(id)
        await authorise(actor, 'account.read', { agency: account?.agency ?? null, account: account?.id ?? null, subject: account?.address ?? id.slice(0, 100) })
        if (account === null) throw new MailError('account-unknown', 'no such account')
        return accountView(account)
      },
    },
    audit: {
      async list(actor, { after, limit }) {
        await authorise(actor, 'audit.read', { agency: null, account: null, subject: 'audit' })
        return store.records.read({ kind: 'audit', limit, ...(after !== null && { after }) })
      },
    },
  }
}
