/** Who opens an agency's mailbox, through the API (Điều 10.1, 10.3): granted once per key, listed both ways, ended at once. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Account } from '../../../src/core/account/account.ts'
import type { Agency } from '../../../src/core/agency/agency.ts'
import { openAdminApiRig, problemOf, type AdminApiRig, type Client } from '../../support/admin-api-rig.ts'

describe('delegations', () => {
  let rig: AdminApiRig
  let officer: Client
  let person: Account
  let mailbox: Account
  let agency: Agency

  before(async () => {
    rig = await openAdminApiRig({ secondFactorRoles: [] })
    agency = await rig.agency('skhcn')
    const member = { agency: agency.id, domain: agency.domains[0]! }
    officer = await rig.signedIn(await rig.account('agency-administrator', member))
    person = await rig.account('individual', member)
    const { id: _id, modseq: _modseq, credentialVersion: _version, usedBytes: _used, lockClause: _clause, ...like } = person
    mailbox = await rig.store.accounts.create({ ...like, address: `vanthu@${agency.domains[0]}`, kind: 'agency', passwordHash: null, mailboxes: [{ name: 'INBOX', role: 'inbox', subscribed: true }] })
  })
  after(async () => {
    assert.deepEqual(rig.faults, [])
    await rig[Symbol.asyncDispose]()
  })

  const decision = { kind: 'decision', number: '15/QĐ-SKHCN', date: '2026-05-11' }

  it('is granted by the officer of the agency, and again with the same key is the same', async () => {
    const body = { person: person.address, rights: 'write', sendAs: true, decision }
    const made = await officer.post(`/accounts/${mailbox.id}/delegations`, body, { 'idempotency-key': 'giao-1' })
    assert.equal(made.status, 201, made.text)
    assert.deepEqual([made.body.mailbox.address, made.body.person.address, made.body.rights, made.body.sendAs, made.body.inEffect], [mailbox.address, person.address, 'write', true, true])
    assert.equal((await officer.post(`/accounts/${mailbox.id}/delegations`, body, { 'idempotency-key': 'giao-1' })).text, made.text)
    assert.equal((await rig.store.records.read({ kind: 'audit', limit: 1000 })).filter(({ action }) => action === 'delegation.grant').length, 1)
    assert.deepEqual((await officer.get(`/accounts/${mailbox.id}/delegations`)).body.items, [made.body])
  })

  it('is seen by the person, of himself only', async () => {
    const client = await rig.signedIn(person)
    assert.deepEqual((await client.get(`/accounts/${person.id}/delegated-mailboxes`)).body.items.length, 1)
    problemOf(await client.get(`/accounts/${mailbox.id}/delegations`), 403, 'other-account')
  })

  it('refuses what the clause does not have', async () => {
    const body = { person: person.address, rights: 'read', decision }
    problemOf(await officer.post(`/accounts/${person.id}/delegations`, body), 409, 'not-agency-mailbox')
    problemOf(await officer.post(`/accounts/${mailbox.id}/delegations`, { ...body, decision: { kind: 'decision', date: '2026-05-11' } }), 422, 'document-missing')
    problemOf(await officer.post(`/accounts/${mailbox.id}/delegations`, { ...body, person: `khongco@${agency.domains[0]}` }), 404, 'account-unknown')
    problemOf(await officer.post(`/accounts/${mailbox.id}/delegations`, { ...body, person: mailbox.address }), 409, 'not-person')
    const stranger = await rig.agency('stc')
    const other = await rig.signedIn(await rig.account('agency-administrator', { agency: stranger.id, domain: stranger.domains[0]! }))
    problemOf(await other.post(`/accounts/${mailbox.id}/delegations`, body), 403, 'other-agency')
    problemOf(await other.delete(`/accounts/${mailbox.id}/delegations/${person.id}`), 403, 'other-agency')
  })

  it('nobody sets a password of the mailbox', async () => {
    const { credentialVersion } = (await rig.store.accounts.get(mailbox.id))!
    problemOf(await officer.post(`/accounts/${mailbox.id}/password-reset`, undefined, { 'if-match': `"${credentialVersion}"` }), 409, 'agency-mailbox')
    assert.equal((await rig.store.accounts.get(mailbox.id))?.passwordHash, null)
  })

  it('is ended at once, and only once', async () => {
    assert.equal((await officer.delete(`/accounts/${mailbox.id}/delegations/${person.id}`)).status, 204)
    problemOf(await officer.delete(`/accounts/${mailbox.id}/delegations/${person.id}`), 404, 'entry-unknown')
    assert.deepEqual((await officer.get(`/accounts/${mailbox.id}/delegations`)).body.items, [])
  })

  it('a person is no console session of the mailbox', async () => {
    const answer = await rig.stranger().post('/session', { user: `${person.address}*vanthu`, password: 'khong-can-dung' })
    assert.ok(answer.status === 401 || answer.status === 403, answer.text)
  })
})
