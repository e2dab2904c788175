/** Written requests of agencies (Điều 5.3, 6.2, 6.3a, 10.4) and cases of prohibited use (Điều 3.3). */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { checkCase, decideCase, supportsLock } from '../../../../src/core/request/case.ts'
import { decideRow, progressOf, receiveRequest, type RequestDraft, type RequestRow, type RowAccount, type RowDraft, type WrittenRequest } from '../../../../src/core/request/request.ts'
import { at, caseFile, document, people, regulation, terms } from '../account/lifecycle/samples.ts'

const known: Readonly<Record<string, RowAccount>> = Object.fromEntries(
  ([['an', 'skhcn', 'locked'], ['binh', 'skhcn', 'locked'], ['chi', 'skhcn', 'active'], ['dung', 'dakpo', 'locked'], ['em', 'skhcn', 'revoked']] as const).map(
    ([name, agency, state]) => [`${name}@x`, { address: `${name}@x`, agency, state }],
  ),
)
const accountOf = (address: string): RowAccount | null => (Object.hasOwn(known, address.toLowerCase()) ? known[address.toLowerCase()]! : null)
const row = (address: string, leave: RowDraft['leave'] = null): RowDraft => ({ address, leave })
const leave = (effectiveOn: string): RowDraft['leave'] => ({ reason: 'retired', effectiveOn, newAgency: null })
const now = at('2026-06-01')

const receive = (changed: Partial<RequestDraft>): ReturnType<typeof receiveRequest> =>
  receiveRequest({ kind: 'restore', actor: people.aa, document, rows: [row('an@x')], ...changed }, accountOf, { policy: regulation, terms }, now)

const received = (changed: Partial<RequestDraft>): WrittenRequest => {
  const result = receive(changed)
  assert.ok(result.kind === 'received')
  return result.request
}
const statuses = (rows: readonly RequestRow[]): readonly string[] => rows.map(({ status }) => (status.kind === 'not-accepted' ? status.refusal : status.kind))

describe('receiving', () => {
  const refusedRows: readonly (readonly [title: string, changed: Partial<RequestDraft>, code: string])[] = [
    ['6.3a by the person', { actor: people.owner }, 'role'],
    ['6.3a by the Sở itself', { actor: people.sa }, 'role'],
    ['without a document', { document: null }, 'document-missing'],
    ['without its number', { document: { ...document, number: ' ' } }, 'document-missing'],
    ['with a document of tomorrow', { document: { ...document, date: '2026-06-02' } }, 'document-invalid'],
    ['without a row', { rows: [] }, 'no-valid-row'],
    ['of strangers only', { rows: [row('dung@x'), row('nobody@x')] }, 'no-valid-row'],
    ['of 1,001 rows', { rows: Array.from({ length: 1001 }, () => row('an@x')) }, 'too-many-rows'],
  ]
  for (const [title, changed, code] of refusedRows) {
    it(`${title}: ${code}`, () => {
      const result = receive(changed)
      assert.equal(result.kind === 'refused' ? result.code : result.kind, code)
    })
  }

  it('a restoration is due three working days after receipt, by the calendar of that day', () => {
    const { deadline, document: kept } = received({ document: { ...document, number: 'Số: 15 / SKHCN-VP' } })
    assert.deepEqual([deadline?.due, deadline?.calendarVersion, kept.number], ['2026-06-04', 'test', '15/SKHCN-VP'])
  })

  it('one document, many accounts: wrong rows are named and hold nobody up', () => {
    const { rows } = received({ rows: [row('an@x'), row('dung@x'), row('nobody@x'), row('AN@x'), row('chi@x'), row('binh@x')] })
    assert.deepEqual(statuses(rows), ['open', 'other-agency', 'account-unknown', 'duplicate-row', 'state', 'open'])
  })

  it('R-10.4: ten rows with one of another agency: nine accepted, one refused with its reason; no term', () => {
    const more = new Map(Array.from({ length: 9 }, (_, index) => [`u${index}@x`, { address: `u${index}@x`, agency: 'skhcn', state: 'active' } as const]))
    const rows = [...more.keys()].map((address) => row(address))
    rows.splice(4, 0, row('dung@x'))
    const result = receiveRequest({ kind: 'revoke-list', actor: people.aa, document, rows }, (address) => more.get(address) ?? accountOf(address), { policy: regulation, terms }, now)
    assert.ok(result.kind === 'received')
    const { open, notAccepted } = progressOf(result.request.rows)
    assert.deepEqual([open, notAccepted, result.request.deadline], [9, 1, null])
  })

  it('leavers need their day; the revoked and the unlocked are judged by the kind', () => {
    const rows = [row('an@x', leave('2026-06-30')), row('chi@x'), row('em@x', leave('2026-06-30')), row('binh@x', leave('2026-06-31'))]
    assert.deepEqual(statuses(received({ kind: 'revoke-leavers', rows }).rows), ['open', 'effective-date-missing', 'state', 'date-invalid'])
    assert.deepEqual(statuses(received({ kind: 'lock', rows: [row('chi@x'), row('an@x')] }).rows), ['open', 'state'])
  })
})

describe('deciding row by row', () => {
  const { rows } = received({ kind: 'revoke-leavers', rows: [row('an@x', leave('2026-06-30')), row('binh@x', leave('2026-05-31'))] })
  const grant = { kind: 'grant', by: 'sa', atMs: at('2026-06-25') } as const

  it('granted before the effective day runs on the day after it, granted later at once', () => {
    const [first, second] = rows.map((one) => decideRow('revoke-leavers', one, grant))
    assert.ok(first && 'status' in first && first.status.kind === 'granted' && first.status.runsOn === '2026-07-01')
    assert.ok(second && 'status' in second && second.status.kind === 'granted' && second.status.runsOn === '2026-06-25')
  })

  it('denied with a reason; nothing is decided twice', () => {
    const deny = { kind: 'deny', by: 'sa', atMs: at('2026-06-25'), reason: 'Đang xác minh' } as const
    const denied = decideRow('revoke-leavers', rows[0]!, deny)
    assert.ok('status' in denied)
    const again = decideRow('revoke-leavers', denied, grant)
    assert.ok('code' in again && again.code === 'already-decided')
    const silent = decideRow('revoke-leavers', rows[0]!, { ...deny, reason: ' ' })
    assert.ok('code' in silent && silent.code === 'reason-missing')
    assert.deepEqual(progressOf([denied, rows[1]!]), { state: 'partly-decided', open: 1, granted: 0, denied: 1, notAccepted: 0 })
    assert.equal(progressOf([denied]).state, 'closed')
    assert.equal(progressOf(rows).state, 'open')
  })
})

describe('cases (Điều 3.3)', () => {
  const [evidence] = caseFile().evidence
  const wrong: readonly (readonly [title: string, changed: Parameters<typeof caseFile>[0], fault: string])[] = [
    ['about nobody', { accounts: [] }, 'accounts'],
    ['about one twice', { accounts: ['a1', 'a1'] }, 'accounts'],
    ['without evidence', { evidence: [] }, 'evidence'],
    ['with evidence that has no hash', { evidence: [{ ...evidence!, sha256: 'x' }] }, 'evidence'],
    ['with evidence that nobody took', { evidence: [{ ...evidence!, takenBy: '' }] }, 'evidence'],
    ['with evidence of tomorrow', { evidence: [{ ...evidence!, takenAtMs: at('2026-06-02') }] }, 'evidence'],
    ['without a word', { summary: ' ' }, 'summary'],
  ]
  for (const [title, changed, fault] of wrong) it(`one ${title} cannot be opened`, () => assert.equal(checkCase(caseFile(changed), now)?.detail['fault'], fault))

  it('a good one carries a lock of the accounts that it is about, unless it was dismissed', () => {
    assert.equal(checkCase(caseFile(), now), null)
    assert.ok(supportsLock(caseFile(), 'a1'))
    assert.ok(!supportsLock(caseFile(), 'a2'))
    const dismissed = decideCase(caseFile(), { outcome: 'no-action', reason: 'Không vi phạm', by: 'sa', atMs: now })
    assert.ok('accounts' in dismissed && !supportsLock(dismissed, 'a1'))
  })

  it('is decided once, with a reason', () => {
    const decision = { outcome: 'lock', reason: 'Vi phạm khoản 3 Điều 3', by: 'sa', atMs: now } as const
    const decided = decideCase(caseFile(), decision)
    assert.ok('accounts' in decided)
    const again = decideCase(decided, decision)
    assert.ok('code' in again && again.code === 'already-decided')
    const silent = decideCase(caseFile(), { ...decision, reason: '' })
    assert.ok('code' in silent && silent.code === 'decision-missing')
  })
})
