/** Cursors lead back to their place in their own list, and to no other. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { cursorAt, positionOf } from '../../../../src/protocols/admin/cursor.ts'
import { ApiError } from '../../../../src/protocols/admin/problems.ts'

it('leads back to its place', () => {
  for (const place of ['', 'hoant@skhcn.gialai.gov.vn', 'ký hiệu', 0, 42, Number.MAX_SAFE_INTEGER]) assert.equal(positionOf('/a {}', cursorAt('/a {}', place)), place)
})

it('is refused in another list, changed, or made up', () => {
  const cursor = cursorAt('/a {}', 42)
  const [place = '', sum = ''] = cursor.split('.')
  for (const wrong of [`${place}.${sum}x`, `${place}`, `${place}.`, `.${sum}`, `${place}.${sum}.${sum}`, `${cursorAt('/a {}', 43).split('.')[0]}.${sum}`, 'x'.repeat(5000), '']) {
    assert.throws(() => positionOf('/a {}', wrong), (error) => error instanceof ApiError && error.code === 'cursor-invalid', wrong)
  }
  assert.throws(() => positionOf('/a {"from":1}', cursor), ApiError)
})
