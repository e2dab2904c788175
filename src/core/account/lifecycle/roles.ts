/**
 * Who may do what (requirements §1.1; Điều 3.1, 5 to 8, 10, 11), as one table. `may` is the only reader of it; no role opens
 * another person's mail. Rows beyond §1.1 (reading accounts, audit, cases, evidence) follow, R-12.2c.
 */
import type { Role } from '../account.ts'
import { basis, refused, type Basis, type Refused } from './basis.ts'

/** `inspector`: reads for an inspection (Điều 12.2c), changes nothing. */
export type ActingRole = Role | 'inspector'

export type Action =
  | 'agency.create'
  | 'agency.hand-over'
  | 'account.create'
  | 'account.change-details'
  | 'account.change-contact'
  | 'account.reset-password'
  | 'account.change-own-password'
  | 'account.lock'
  | 'account.suspend'
  | 'account.request-lock'
  | 'account.report-loss'
  | 'account.lock-by-clock'
  | 'account.note-absence'
  | 'restoration.ask'
  | 'restoration.carry-out'
  | 'restoration.refuse'
  | 'revocation.propose'
  | 'revocation.decide-proposal'
  | 'revocation.ask'
  | 'revocation.carry-out'
  | 'revocation.undo'
  | 'content.purge-by-clock'
  | 'quota.set'
  | 'outage.announce'
  | 'outage.draft'
  | 'incident.report'
  | 'incident.tell-agency'
  | 'incident.receive'
  | 'statistics.read'
  | 'account.read'
  | 'audit.read'
  | 'records.read'
  | 'incident.read'
  | 'legal-hold.set'
  | 'message.report'
  | 'request.read'
  | 'calendar.edit'
  | 'case.open'
  | 'case.read'
  | 'evidence.export'
  | 'mail.read-of-others'
  | 'agency.read'
  | 'account.hide'
  | 'unit.create'
  | 'directory.read'
  | 'own.access'
  | 'token.manage'
  | 'token.revoke'
  | 'second-factor.reset'
  | 'delegation.manage'
  | 'delegation.read'

/** What stands in a cell. A missing cell is "never". */
export type Cell =
  /** Everywhere. */
  | 'all'
  /** In the own agency (its domain) only. */
  | 'own-agency'
  /** On the own account only. */
  | 'own-account'
  /** On the Sở's order, which is named. */
  | 'on-order'
  /** Everywhere, and reported to the Sở. */
  | 'reported'
  /** In the own agency, in an emergency, and reported to the Sở. */
  | 'own-agency-reported'

interface Row {
  readonly basis: Basis
  readonly cells: Partial<Readonly<Record<ActingRole, Cell>>>
}

const sa = 'super-administrator'
const op = 'operator'
const aa = 'agency-administrator'
const person = 'individual'

export const roleTable: Readonly<Record<Action, Row>> = {
  'agency.create': { basis: basis('Điều 5.1'), cells: { [sa]: 'all', [op]: 'on-order' } },
  'agency.hand-over': { basis: basis('Điều 5.1, 10.8'), cells: { [sa]: 'all', [op]: 'on-order' } },
  'account.create': { basis: basis('Điều 5.2, 10.8'), cells: { [sa]: 'all', [op]: 'all', [aa]: 'own-agency' } },
  'account.change-details': { basis: basis('Điều 5.2, 10.8'), cells: { [sa]: 'all', [op]: 'all', [aa]: 'own-agency' } },
  'account.change-contact': { basis: basis('Điều 5.2, 10.8'), cells: { [sa]: 'all', [op]: 'all', [aa]: 'own-agency', [person]: 'own-account' } },
  'account.reset-password': { basis: basis('Điều 10.8, 11.3', 'D-10'), cells: { [sa]: 'all', [op]: 'all', [aa]: 'own-agency' } },
  'account.change-own-password': {
    basis: basis('Điều 9.1, 11.3'),
    cells: { [sa]: 'own-account', [op]: 'own-account', [aa]: 'own-account', [person]: 'own-account', inspector: 'own-account' },
  },
  'account.lock': { basis: basis('Điều 6.2'), cells: { [sa]: 'all', [op]: 'reported' } },
  'account.suspend': { basis: basis('Điều 6.2'), cells: { [sa]: 'all', [op]: 'reported', [aa]: 'own-agency-reported' } },
  'account.request-lock': { basis: basis('Điều 6.2'), cells: { [aa]: 'own-agency' } },
  'account.report-loss': {
    basis: basis('Điều 6.2b, 11.3', 'D-10'),
    cells: { [sa]: 'own-account', [op]: 'own-account', [aa]: 'own-account', [person]: 'own-account', inspector: 'own-account' },
  },
  'account.lock-by-clock': { basis: basis('Điều 6.2a, 6.2d'), cells: {} },
  'account.note-absence': { basis: basis('Điều 6.2a'), cells: { [sa]: 'all', [op]: 'all', [aa]: 'own-agency', [person]: 'own-account' } },
  'restoration.ask': { basis: basis('Điều 6.3a'), cells: { [aa]: 'own-agency' } },
  'restoration.carry-out': { basis: basis('Điều 6.3b'), cells: { [sa]: 'all', [op]: 'on-order' } },
  'restoration.refuse': { basis: basis('Điều 6.3b'), cells: { [sa]: 'all' } },
  'revocation.propose': { basis: basis('Điều 8.3đ', 'D-9'), cells: { [op]: 'all' } },
  'revocation.decide-proposal': { basis: basis('Điều 5.1, 8.3đ', 'D-9'), cells: { [sa]: 'all' } },
  'revocation.ask': { basis: basis('Điều 5.3, 10.4'), cells: { [aa]: 'own-agency' } },
  'revocation.carry-out': { basis: basis('Điều 5.1, 5.3, 5.4'), cells: { [sa]: 'all' } },
  'revocation.undo': { basis: basis('Điều 5.1', 'D-14'), cells: { [sa]: 'all' } },
  'content.purge-by-clock': { basis: basis('Điều 5.1', 'D-14'), cells: {} },
  'quota.set': { basis: basis('Điều 7.3b'), cells: { [sa]: 'all', [op]: 'all' } },
  'outage.announce': { basis: basis('Điều 8.2'), cells: { [sa]: 'all' } },
  'outage.draft': { basis: basis('Điều 8.2'), cells: { [sa]: 'all', [op]: 'all' } },
  'incident.report': { basis: basis('Điều 8.3d, 10.6'), cells: { [op]: 'all', [aa]: 'own-agency' } },
  'incident.tell-agency': { basis: basis('Điều 11.7'), cells: { [aa]: 'own-agency', [person]: 'own-agency' } },
  'incident.receive': { basis: basis('Điều 8.3d, 10.6'), cells: { [sa]: 'all' } },
  'statistics.read': { basis: basis('Điều 10.8, 12'), cells: { [sa]: 'all', [op]: 'all', [aa]: 'own-agency', inspector: 'all' } },
  'account.read': {
    basis: basis('Điều 10.8, 12.2c'),
    cells: { [sa]: 'all', [op]: 'all', [aa]: 'own-agency', [person]: 'own-account', inspector: 'all' },
  },
  // Who wrote to whom, and who signed in from where: found for an inspection or a fault, and each search is recorded.
  'records.read': { basis: basis('Điều 7.2, 12.2c'), cells: { [sa]: 'all', [op]: 'all', inspector: 'all' } },
  'incident.read': { basis: basis('Điều 8.3d, 10.6, 12.2c'), cells: { [sa]: 'all', [op]: 'all', [aa]: 'own-agency', inspector: 'all' } },
  'legal-hold.set': { basis: basis('Điều 7.2'), cells: { [sa]: 'all' } },
  'audit.read': { basis: basis('Điều 7.2, 12.2c'), cells: { [sa]: 'all', [op]: 'all', inspector: 'all' } },
  'message.report': {
    basis: basis('Điều 3.3, 11.7'),
    cells: { [sa]: 'own-account', [op]: 'own-account', [aa]: 'own-account', [person]: 'own-account', inspector: 'own-account' },
  },
  'request.read': { basis: basis('Điều 5.3, 6.3a, 10.4'), cells: { [sa]: 'all', [op]: 'all', [aa]: 'own-agency', inspector: 'all' } },
  // Working days decide the terms of 6.2, 6.3 and 8.2.
  'calendar.edit': { basis: basis('Điều 6.3, 8.2', 'D-16'), cells: { [sa]: 'all' } },
  'case.open': { basis: basis('Điều 3.3, 6.2c'), cells: { [sa]: 'all' } },
  'case.read': { basis: basis('Điều 3.3, 6.2c'), cells: { [sa]: 'all' } },
  'evidence.export': { basis: basis('Điều 12.2c'), cells: { [sa]: 'all', inspector: 'all' } },
  'mail.read-of-others': { basis: basis('Điều 3.1'), cells: {} },
  'account.hide': { basis: basis('Điều 4.3'), cells: { [sa]: 'all' } },
  'unit.create': { basis: basis('Điều 4.1c, 10.8'), cells: { [sa]: 'all', [op]: 'all', [aa]: 'own-agency' } },
  // all read.
  'directory.read': { basis: basis('Điều 4.3'), cells: { [sa]: 'all', [op]: 'all', [aa]: 'all', [person]: 'all', inspector: 'all' } },
  'agency.read': {
    basis: basis('Điều 4.1, 4.3'),
    cells: { [sa]: 'all', [op]: 'all', [aa]: 'all', [person]: 'all', inspector: 'all' },
  },
  // Own sign-ins, sessions and second factor.
  'own.access': {
    basis: basis('Điều 9.1, 11.3'),
    cells: { [sa]: 'own-account', [op]: 'own-account', [aa]: 'own-account', [person]: 'own-account', inspector: 'own-account' },
  },
  // Programs act for those who administer or inspect, with less than their rights and never with more.
  'token.manage': {
    basis: basis('Điều 3.1, 9.1'),
    cells: { [sa]: 'own-account', [op]: 'own-account', [aa]: 'own-account', inspector: 'own-account' },
  },
  'token.revoke': { basis: basis('Điều 3.1, 9.1'), cells: { [sa]: 'all', [op]: 'reported' } },
  'delegation.manage': { basis: basis('Điều 10.1, 10.3'), cells: { [sa]: 'all', [op]: 'all', [aa]: 'own-agency' } },
  'delegation.read': {
    basis: basis('Điều 10.3, 12.2c'),
    cells: { [sa]: 'all', [op]: 'all', [aa]: 'own-agency', [person]: 'own-account', inspector: 'all' },
  },
  'second-factor.reset': { basis: basis('Điều 9.1, 11.3'), cells: { [sa]: 'all', [op]: 'on-order' } },
}

/** What the act is about, seen from the one who acts. */
export interface Scope {
  /** The thing belongs to the actor's own agency. */
  readonly ownAgency: boolean
  /** The thing is the actor's own account. */
  readonly ownAccount: boolean
  /** Number of the Sở's order, where there is one. */
  readonly order?: string | null
}

export interface Allowed extends Basis {
  readonly kind: 'allowed'
  /** The Sở must be told of it. */
  readonly reportToOwner: boolean
}

/** Refuses `role`, `other-agency`, `other-account` or `order-missing`, with the clause of the row. */
export function may(role: ActingRole, action: Action, scope: Scope): Allowed | Refused {
  const row = roleTable[action]
  const cell = row.cells[role]
  const detail = { role, action }
  const allowed = (reportToOwner: boolean): Allowed => ({ kind: 'allowed', ...row.basis, reportToOwner })
  switch (cell) {
    case undefined:
      return refused('role', row.basis, detail)
    case 'all':
      return allowed(false)
    case 'reported':
      return allowed(true)
    case 'own-agency':
    case 'own-agency-reported':
      return scope.ownAgency ? allowed(cell === 'own-agency-reported') : refused('other-agency', row.basis, detail)
    case 'own-account':
      return scope.ownAccount ? allowed(false) : refused('other-account', row.basis, detail)
    case 'on-order':
      return (scope.order ?? '').trim() !== '' ? allowed(false) : refused('order-missing', row.basis, detail)
  }
}
