/** Numbers, dates and files of official documents. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { basis } from '../../../../src/core/account/lifecycle/basis.ts'
import { checkDocument, documentNumber, type OfficialDocument } from '../../../../src/core/request/document.ts'
import { document, regulation } from '../account/lifecycle/samples.ts'

const check = (changed: Partial<OfficialDocument> | null): string | null => {
  const refusal = checkDocument(changed === null ? null : { ...document, ...changed }, { receivedOn: '2026-06-01', policy: regulation.documents, basis: basis('Điều 6.3a') })
  return refusal === null ? null : `${refusal.code}${'fault' in refusal.detail ? ` ${refusal.detail['fault']}` : ''}`
}

describe('the number', () => {
  for (const good of ['15/SKHCN-VP', '45/2026/QĐ-UBND', '12729/VPCP-KGVX', '15-CV/TU', '03/BC', 'Số: 15/SKHCN-VP', 'số 7 / UBND – VX', '1a/TB-BNV', '12/TTCĐS']) {
    it(`${good} is one`, () => assert.equal(check({ number: good }), null))
  }
  for (const bad of ['15', 'SKHCN', '/SKHCN', '15/', '15//A', '15/<b>', '15/A\nB', `1/${'A'.repeat(60)}`]) {
    it(`${JSON.stringify(bad.slice(0, 20))} is none`, () => assert.equal(check({ number: bad }), 'document-invalid number'))
  }
  it('is kept composed, without "Số" and without spaces around the strokes', () => {
    assert.equal(documentNumber(' Số : 7 / UBND – VX '), '7/UBND-VX')
    assert.equal(documentNumber('12/QĐ-UBND'.normalize('NFD')), '12/QĐ-UBND')
  })
})

describe('the date and the file', () => {
  const rows: readonly (readonly [changed: Partial<OfficialDocument> | null, expected: string | null])[] = [
    [null, 'document-missing'],
    [{ number: '  ' }, 'document-missing'],
    [{ date: '2026-06-01' }, null],
    [{ date: '2026-06-02' }, 'document-invalid date-in-future'],
    [{ date: '2025-06-01' }, null],
    [{ date: '2025-05-31' }, 'document-invalid date-too-old'],
    [{ date: '31/05/2026' }, 'document-invalid date'],
    [{ date: '2026-02-29' }, 'document-invalid date'],
    [{ file: { ...document.file, name: '' } }, 'document-invalid file-name'],
    [{ file: { ...document.file, name: '../x.pdf' } }, 'document-invalid file-name'],
    [{ file: { ...document.file, sha256: 'A'.repeat(64) } }, 'document-invalid file-hash'],
    [{ file: { ...document.file, sizeBytes: 0 } }, 'document-invalid file-size'],
    [{ file: { ...document.file, sizeBytes: 1e12 } }, 'document-invalid file-size'],
  ]
  for (const [changed, expected] of rows) it(`${JSON.stringify(changed)?.slice(0, 60)}: ${expected ?? 'taken'}`, () => assert.equal(check(changed), expected))
})
