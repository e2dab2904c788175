/** What all routes of the REST API do alike: problems, validation, pages, versions, idempotency, limits (issue point 12). */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import Type from 'typebox'
import { MailError } from '../../../src/core/errors.ts'
import { pageOf, route, type Route } from '../../../src/protocols/admin/route.ts'
import { day, line, object } from '../../../src/protocols/admin/schemas.ts'
import { openAdminApiRig, problemOf, type AdminApiRig, type Client } from '../../support/admin-api-rig.ts'

const common = { tag: 'accounts', clause: null, actions: [], summary: { vi: 'thử', en: 'test' } } as const

/** Things in memory that behave as a resource does. */
function things() {
  const state = { version: 1, name: 'một', made: 0, faulty: false }
  const routes: readonly Route[] = [
    route({
      ...common,
      method: 'GET',
      path: '/thing',
      answer: object({ name: Type.String() }),
      version: 'gives',
      run: async () => ({ body: state.faulty ? ({ name: 5, passwordHash: 'bí mật' } as never) : { name: state.name }, version: state.version }),
    }),
    route({
      ...common,
      method: 'PUT',
      path: '/thing',
      body: object({ name: line(10), on: Type.Optional(day), size: Type.Optional(Type.Integer({ minimum: 1, maximum: 9 })) }),
      answer: object({ name: Type.String() }),
      version: 'needs',
      async run({ body, ifMatch }) {
        if (ifMatch !== String(state.version)) throw new MailError('conflict', 'stale', { present: state.version })
        state.version++
        state.name = body.name
        return { body: { name: state.name }, version: state.version }
      },
    }),
    route({
      ...common,
      method: 'POST',
      path: '/things',
      body: object({ name: Type.String() }),
      answer: object({ number: Type.Integer() }),
      creates: true,
      async run({ body }) {
        if (body.name === 'lỗi') throw new MailError('address-taken', 'taken', { address: 'a@b' })
        if (body.name === 'bug') throw new TypeError('a secret detail of the inside')
        return { body: { number: ++state.made }, location: `/things/${state.made}` }
      },
    }),
    route({
      ...common,
      method: 'GET',
      path: '/numbers',
      query: object({ from: Type.Optional(Type.Integer({ minimum: 0 })) }),
      answer: Type.Integer(),
      page: true,
      async run({ query, page: { limit, after } }) {
        const first = after === null ? (query.from ?? 0) : Number(after) + 1
        return pageOf(Array.from({ length: Math.max(0, 10 - first) }, (_, index) => first + index).slice(0, limit + 1), limit, (number) => number)
      },
    }),
    route({
      ...common,
      method: 'POST',
      path: '/files',
      upload: ['text/csv'],
      maxBodyBytes: 100,
      answer: object({ bytes: Type.Integer() }),
      run: async ({ body }) => ({ body: { bytes: body.length } }),
    }),
    route({
      ...common,
      method: 'GET',
      path: '/export',
      answer: null,
      download: ['text/csv'],
      run: async () => ({ bytes: Buffer.from('a,b\r\n'), type: 'text/csv', filename: 'danh sách.csv' }),
    }),
    route({ ...common, method: 'GET', path: '/order', answer: object({ order: Type.String() }), run: async ({ actor }) => ({ body: { order: actor.order ?? '' } }) }),
  ]
  return { state, routes }
}

describe('every route', () => {
  const { state, routes } = things()
  let rig: AdminApiRig
  let client: Client
  before(async () => {
    rig = await openAdminApiRig({ routes })
    client = await rig.program(await rig.account('super-administrator'))
  })
  after(() => rig[Symbol.asyncDispose]())

  it('carries the security headers, and no CORS', async () => {
    for (const asked of [await client.get('/numbers'), await client.get('/nowhere'), await rig.stranger().get('/numbers')]) {
      assert.equal(asked.headers['x-content-type-options'], 'nosniff')
      assert.match(String(asked.headers['content-security-policy']), /default-src 'none'/)
      assert.equal(asked.headers['cache-control'], 'no-store')
      assert.equal(asked.headers['access-control-allow-origin'], undefined)
    }
  })

  it('is 404 where there is none, 405 with Allow for another method', async () => {
    problemOf(await client.get('/nowhere'), 404, 'route-unknown')
    const refused = await client.delete('/thing')
    problemOf(refused, 405, 'method-not-allowed')
    assert.equal(refused.headers['allow'], 'GET, PUT, HEAD')
    problemOf(await client.ask('OPTIONS', '/thing'), 405, 'method-not-allowed')
    problemOf(await client.ask('DELETE', '/thing', { body: '{' }), 405, 'method-not-allowed')
  })

  it('is 401 without a session or a right token, and says how to sign in', async () => {
    const asked = await rig.stranger().get('/thing')
    problemOf(asked, 401, 'sign-in-needed')
    assert.equal(asked.headers['www-authenticate'], 'Bearer')
    for (const bearer of ['x', `congvu_${'0'.repeat(26)}_${'a'.repeat(43)}`]) {
      const wrong = rig.stranger()
      wrong.bearer = bearer
      problemOf(await wrong.get('/thing'), 401, 'token-invalid')
    }
    problemOf(await rig.stranger().get('/thing', { headers: { authorization: 'Basic YTpi' } }), 401, 'token-invalid')
  })

  it('names each field that does not fit its schema, in both languages', async () => {
    const asked = await client.put('/thing', { on: '2026-02-30', size: 10, nmae: 'x' }, { 'if-match': '"1"' })
    const { errors = [] } = problemOf(asked, 400, 'request-invalid')
    assert.deepEqual(errors.map(({ field }) => field).sort(), ['body.name', 'body.nmae', 'body.on', 'body.size'])
    for (const { vi, en } of errors) assert.ok(vi !== '' && en !== '')
  })

  it('takes no body that is not JSON, nor one that is too large, nor another type', async () => {
    problemOf(await client.post('/things', '{"name":'), 400, 'body-malformed')
    problemOf(await client.post('/things', ''), 400, 'body-malformed')
    problemOf(await client.ask('POST', '/things'), 400, 'request-invalid')
    problemOf(await client.post('/things', JSON.stringify({ name: 'x'.repeat(1_100_000) })), 413, 'body-too-large')
    problemOf(await client.post('/things', '<name/>', { 'content-type': 'application/xml' }), 415, 'type-unsupported')
    problemOf(await client.post('/things', 'name=x', { 'content-type': 'text/plain' }), 415, 'type-unsupported')
    problemOf(await client.post('/things', `${'['.repeat(60_000)}${']'.repeat(60_000)}`), 400, 'request-invalid')
    problemOf(await client.post('/things', '{"name":"\\ud800"}'), 400, 'request-invalid')
    problemOf(await client.post('/things', '{"name":"a\\u0000b"}'), 400, 'request-invalid')
    problemOf(await client.post('/things', '{"__proto__":{"name":"x"}}'), 400, 'body-malformed')
  })

  it('takes texts as NFC', async () => {
    const { version } = state
    await client.put('/thing', { name: 'Việt'.normalize('NFD') }, { 'if-match': `"${version}"` })
    assert.equal(state.name, 'Việt'.normalize('NFC'))
  })

  it('needs the version that was read: 428 without, 412 when it is not the present one', async () => {
    const read = await client.get('/thing')
    const etag = String(read.headers['etag'])
    problemOf(await client.put('/thing', { name: 'hai' }), 428, 'version-missing')
    problemOf(await client.put('/thing', { name: 'hai' }, { 'if-match': '"999"' }), 412, 'version-stale')
    problemOf(await client.put('/thing', { name: 'hai' }, { 'if-match': '*' }), 412, 'version-stale')
    const [one, two] = await Promise.all([client.put('/thing', { name: 'hai' }, { 'if-match': etag }), client.put('/thing', { name: 'ba' }, { 'if-match': etag })])
    assert.deepEqual([one.status, two.status].sort(), [200, 412])
  })

  it('does what has an idempotency key once, and answers it alike', async () => {
    const key = { 'idempotency-key': 'k-1' }
    const first = await client.post('/things', { name: 'a' }, key)
    assert.equal(first.status, 201)
    const again = await client.post('/things', { name: 'a' }, key)
    assert.deepEqual([again.status, again.body, again.headers['location']], [201, first.body, first.headers['location']])
    assert.equal(again.headers['idempotency-replayed'], 'true')
    problemOf(await client.post('/things', { name: 'b' }, key), 422, 'idempotency-reused')
    problemOf(await client.post('/things', { name: 'b' }, { 'idempotency-key': 'có dấu cách' }), 400, 'header-invalid')
    const other = await rig.program(await rig.account('super-administrator'))
    assert.notEqual((await other.post('/things', { name: 'b' }, key)).body.number, first.body.number)
    rig.turn(24 * 3_600_000)
    assert.notEqual((await client.post('/things', { name: 'a' }, key)).body.number, first.body.number)
  })

  it('a refused request leaves its idempotency key free', async () => {
    const key = { 'idempotency-key': 'k-2' }
    problemOf(await client.post('/things', { name: 'lỗi' }, key), 409, 'address-taken')
    assert.equal((await client.post('/things', { name: 'a' }, key)).status, 201)
  })

  it('of two requests with one key at the same moment one is done', async () => {
    const before = state.made
    const asked = await Promise.all([1, 2, 3].map(() => client.post('/things', { name: 'a' }, { 'idempotency-key': 'k-3' })))
    assert.equal(state.made, before + 1)
    for (const { status, body } of asked) assert.ok(status === 201 || body.code === 'idempotency-running', String(status))
  })

  it('gives pages whose cursor leads on and is taken nowhere else', async () => {
    const first = await client.get('/numbers?limit=4&from=1')
    assert.deepEqual(first.body.items, [1, 2, 3, 4])
    const second = await client.get(`/numbers?limit=4&from=1&cursor=${first.body.next}`)
    assert.deepEqual(second.body.items, [5, 6, 7, 8])
    assert.deepEqual((await client.get(`/numbers?limit=4&from=1&cursor=${second.body.next}`)).body, { items: [9], next: null })
    problemOf(await client.get(`/numbers?limit=4&cursor=${first.body.next}`), 400, 'cursor-invalid')
    for (const cursor of ['x', 'a.b', 'WzFd.00000000', '%00']) assert.equal((await client.get(`/numbers?cursor=${cursor}`)).status, 400)
    for (const limit of ['0', '501', '-1', 'x', '1e2', '1.5']) problemOf(await client.get(`/numbers?limit=${limit}`), 400, 'request-invalid')
    problemOf(await client.get('/numbers?nofield=1'), 400, 'request-invalid')
  })

  it('takes bytes of the types that it names, up to its own limit, and gives files', async () => {
    const csv = { 'content-type': 'text/csv; charset=utf-8' }
    assert.deepEqual((await client.post('/files', 'a,b', csv)).body, { bytes: 3 })
    problemOf(await client.post('/files', { a: 1 }), 415, 'type-unsupported')
    problemOf(await client.post('/files', 'x'.repeat(101), csv), 413, 'body-too-large')
    const file = await client.get('/export')
    assert.equal(file.text, 'a,b\r\n')
    assert.equal(file.headers['content-disposition'], 'attachment; filename="danh_s_ch.csv"')
  })

  it("takes the number of the Sở's order percent-encoded", async () => {
    assert.equal((await client.get('/order', { headers: { 'x-order-number': encodeURIComponent('12/QĐ-SKHCN') } })).body.order, '12/QĐ-SKHCN')
    problemOf(await client.get('/order', { headers: { 'x-order-number': '%E0%A4%A' } }), 400, 'header-invalid')
    problemOf(await client.get('/order', { headers: { 'x-order-number': '%20' } }), 422, 'argument-invalid')
    problemOf(await client.get('/order', { headers: { 'x-order-number': '%E0%A4' } }), 422, 'argument-invalid')
  })

  it('a bug is 500 without detail, and told to the log', async () => {
    const asked = await client.post('/things', { name: 'bug' })
    problemOf(asked, 500, 'internal')
    assert.doesNotMatch(asked.text, /secret/)
    assert.match(String((rig.faults.pop() as Error).message), /secret detail/)
  })

  it('an answer that is not as its schema says never leaves', async () => {
    state.faulty = true
    const asked = await client.get('/thing')
    problemOf(asked, 500, 'internal')
    assert.doesNotMatch(asked.text, /bí mật/)
    assert.match(String((rig.faults.pop() as Error).message), /not as its schema says/)
    state.faulty = false
  })
})

describe('limit of requests', () => {
  it('is 429 with Retry-After beyond it, per caller', async () => {
    await using rig = await openAdminApiRig({ requestsPerMinute: 9 })
    const account = await rig.account('super-administrator')
    const [client, other] = [await rig.program(account), await rig.program(account)]
    for (let n = 0; n < 9; n++) {
      const asked = await client.get('/agencies')
      assert.equal(asked.status, 200)
      assert.equal(asked.headers['ratelimit-remaining'], String(8 - n))
    }
    const refused = await client.get('/agencies')
    problemOf(refused, 429, 'too-many-requests')
    assert.ok(Number(refused.headers['retry-after']) > 0)
    assert.equal((await other.get('/agencies')).status, 200)
    for (let n = 0; n < 3; n++) assert.equal((await rig.stranger().get('/agencies')).status, 401)
    problemOf(await rig.stranger().get('/agencies'), 429, 'too-many-requests')
    assert.equal((await rig.stranger().get('/nowhere')).status, 429)
  })
})
