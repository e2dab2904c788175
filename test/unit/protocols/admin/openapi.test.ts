/** The description names every route whole, and every route is one that can be described. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { roleTable } from '../../../../src/core/account/lifecycle/roles.ts'
import { openApi } from '../../../../src/protocols/admin/openapi.ts'
import { routes } from '../../../../src/protocols/admin/routes.ts'

interface Operation {
  readonly operationId: string
  readonly parameters: readonly { readonly name: string; readonly in: string; readonly required: boolean }[]
  readonly responses: Readonly<Record<string, unknown>>
  readonly security?: unknown
}
const description = openApi(routes) as { readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>> }

describe('every route', () => {
  for (const { method, path, summary, params, version, actions, page, access } of routes) {
    it(`${method} ${path}`, () => {
      const operation = description.paths[`/api/v1${path}`]?.[method.toLowerCase()]
      assert.ok(operation)
      assert.ok(summary.vi !== '' && summary.en !== '')
      const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!)
      assert.deepEqual(Object.keys(params?.properties ?? {}).sort(), named.sort(), 'params name what the path has')
      assert.deepEqual(operation.parameters.filter((one) => one.in === 'path').map(({ name }) => name).sort(), named)
      assert.equal(operation.parameters.some(({ name, required }) => name === 'If-Match' && required), version === 'needs')
      assert.equal(operation.parameters.some(({ name }) => name === 'cursor'), page === true)
      assert.equal(operation.security === undefined, access === 'public')
      for (const action of actions) assert.ok(Object.hasOwn(roleTable, action), action)
    })
  }

  it('is there once, with an operation id of its own', () => {
    const names = routes.map(({ method, path }) => `${method} ${path.replace(/\{\w+\}/g, '{}')}`)
    assert.deepEqual(names.filter((name, index) => names.indexOf(name) !== index), [])
    const ids = Object.values(description.paths).flatMap((path) => Object.values(path).map(({ operationId }) => operationId))
    assert.equal(new Set(ids).size, ids.length)
  })
})
