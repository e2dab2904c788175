/** How agencies, accounts and records look in answers; shared by the resources that show them. */
import Type, { type Static } from 'typebox'
import type { AccountView } from '../../core/administration/reading.ts'
import type { Agency } from '../../core/agency/agency.ts'
import type { StoredRecord } from '../../core/record/record.ts'
import { accountKind, accountState, instant, instantOf, lockClause, nullable, object, role } from './schemas.ts'

export const agencySchema = object({
  id: Type.String(),
  label: Type.String({ description: 'Ký hiệu (Điều 4.1); rỗng: miền gốc / empty: the root domain' }),
  name: Type.String(),
  domains: Type.Array(Type.String()),
  createdAt: instant,
})

export const agencyAnswer = ({ id, label, name, domains, createdAtMs }: Agency): Static<typeof agencySchema> => ({ id, label, name, domains: [...domains], createdAt: instantOf(createdAtMs) })

export const accountSchema = object({
  id: Type.String(),
  agency: Type.String({ description: 'Id cơ quan / of the agency' }),
  address: Type.String(),
  name: Type.String(),
  kind: accountKind,
  role,
  state: accountState,
  lockClause: nullable(lockClause),
  quotaBytes: Type.Integer({ minimum: 0 }),
  usedBytes: Type.Integer({ minimum: 0 }),
  createdAt: instant,
})

export const accountAnswer = (account: AccountView): Static<typeof accountSchema> => {
  const { credentialVersion: _version, createdAtMs, ...shown } = account
  return { ...shown, createdAt: instantOf(createdAtMs) }
}

export const recordSchema = object({
  seq: Type.Integer({ minimum: 0 }),
  at: instant,
  actor: Type.String({ description: 'Id tài khoản, `operator` hoặc `system` / account id, operator or system' }),
  action: Type.String(),
  subject: Type.String(),
  clause: nullable(Type.String()),
  detail: Type.Record(Type.String(), Type.Unknown()),
  hash: Type.String({ description: 'SHA-256 nối chuỗi / chained' }),
})

export const recordAnswer = ({ seq, atMs, actor, action, subject, clause, detail, hash }: StoredRecord): Static<typeof recordSchema> => ({
  seq,
  at: instantOf(atMs),
  actor,
  action,
  subject,
  clause,
  detail: { ...detail },
  hash,
})
