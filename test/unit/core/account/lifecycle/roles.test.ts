/** The table of requirements §1.1, cell by cell: SA, OP, AA (own agency, other agency), IN (own account, other), inspector. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { may, roleTable, type Action, type ActingRole, type Scope } from '../../../../../src/core/account/lifecycle/roles.ts'

const columns: readonly (readonly [title: string, role: ActingRole, scope: Scope])[] = [
  ['SA', 'super-administrator', { ownAgency: false, ownAccount: false }],
  ['OP', 'operator', { ownAgency: false, ownAccount: false }],
  ["OP on the Sở's order", 'operator', { ownAgency: false, ownAccount: false, order: '7/SKHCN' }],
  ['AA own agency', 'agency-administrator', { ownAgency: true, ownAccount: false }],
  ['AA other agency', 'agency-administrator', { ownAgency: false, ownAccount: false, order: '7/SKHCN' }],
  ['IN own account', 'individual', { ownAgency: true, ownAccount: true }],
  ['IN other account', 'individual', { ownAgency: true, ownAccount: false, order: '7/SKHCN' }],
  ['inspector', 'inspector', { ownAgency: true, ownAccount: false, order: '7/SKHCN' }],
]

/** In the order of the columns. Y: allowed; R: allowed and reported to the Sở; - never; a, c, o: other agency, other account, order missing. */
const expected: Readonly<Record<Action, string>> = {
  'agency.create': 'Y o Y - - - - -',
  'agency.hand-over': 'Y o Y - - - - -',
  'account.create': 'Y Y Y Y a - - -',
  'account.change-details': 'Y Y Y Y a - - -',
  'account.change-contact': 'Y Y Y Y a Y c -',
  'account.reset-password': 'Y Y Y Y a - - -',
  'account.change-own-password': 'c c c c c Y c c',
  'account.lock': 'Y R R - - - - -',
  'account.suspend': 'Y R R R a - - -',
  'account.request-lock': '- - - Y a - - -',
  'account.report-loss': 'c c c c c Y c c',
  'account.lock-by-clock': '- - - - - - - -',
  'account.note-absence': 'Y Y Y Y a Y c -',
  'restoration.ask': '- - - Y a - - -',
  'restoration.carry-out': 'Y o Y - - - - -',
  'restoration.refuse': 'Y - - - - - - -',
  'revocation.propose': '- Y Y - - - - -',
  'revocation.decide-proposal': 'Y - - - - - - -',
  'revocation.ask': '- - - Y a - - -',
  'revocation.carry-out': 'Y - - - - - - -',
  'revocation.undo': 'Y - - - - - - -',
  'content.purge-by-clock': '- - - - - - - -',
  'quota.set': 'Y Y Y - - - - -',
  'account.hide': 'Y - - - - - - -',
  'unit.create': 'Y Y Y Y a - - -',
  'directory.read': 'Y Y Y Y Y Y Y Y',
  'outage.announce': 'Y - - - - - - -',
  'outage.draft': 'Y Y Y - - - - -',
  'incident.report': '- Y Y Y a - - -',
  'incident.tell-agency': '- - - Y a Y Y -',
  'incident.receive': 'Y - - - - - - -',
  'statistics.read': 'Y Y Y Y a - - Y',
  'account.read': 'Y Y Y Y a Y c Y',
  'audit.read': 'Y Y Y - - - - Y',
  'records.read': 'Y Y Y - - - - Y',
  'incident.read': 'Y Y Y Y a - - Y',
  'legal-hold.set': 'Y - - - - - - -',
  'message.report': 'c c c c c Y c c',
  'request.read': 'Y Y Y Y a - - Y',
  'calendar.edit': 'Y - - - - - - -',
  'case.open': 'Y - - - - - - -',
  'case.read': 'Y - - - - - - -',
  'evidence.export': 'Y - - - - - - Y',
  'mail.read-of-others': '- - - - - - - -',
  'agency.read': 'Y Y Y Y Y Y Y Y',
  'own.access': 'c c c c c Y c c',
  'token.manage': 'c c c c c - - c',
  'token.revoke': 'Y R R - - - - -',
  'delegation.manage': 'Y Y Y Y a - - -',
  'delegation.read': 'Y Y Y Y a Y c Y',
  'second-factor.reset': 'Y o Y - - - - -',
}

const letters: Readonly<Record<string, string>> = { role: '-', 'other-agency': 'a', 'other-account': 'c', 'order-missing': 'o' }

for (const [action, row] of Object.entries(expected) as [Action, string][]) {
  describe(action, () => {
    const cells = row.split(' ')
    columns.forEach(([title, role, scope], index) => {
      it(`${title}: ${cells[index]}`, () => {
        const decision = may(role, action, scope)
        assert.equal(decision.kind === 'refused' ? letters[decision.code] : decision.reportToOwner ? 'R' : 'Y', cells[index])
        assert.equal(decision.clause, roleTable[action].basis.clause)
      })
    })
  })
}

it('no role reads the mail of others, whatever the scope (Điều 3.1)', () => {
  for (const [, role] of columns) assert.equal(may(role, 'mail.read-of-others', { ownAgency: true, ownAccount: true, order: '1/A' }).kind, 'refused')
})
