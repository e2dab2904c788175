import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MailError } from '../../../src/core/errors.ts'
import { createMetrics } from '../../../src/lib/metrics.ts'
import { createHttp, type HttpParts } from '../../../src/protocols/http/server.ts'

function http(checks: HttpParts['checks']) {
  const faults: unknown[] = []
  const metrics = createMetrics()
  return { metrics, faults, app: createHttp({ checks, registry: metrics.registry, onFault: (error) => faults.push(error) }) }
}

test('healthz answers while a check fails, readyz says which', async () => {
  const { app } = http({ store: async () => {}, ingress: async () => { throw new MailError('unavailable') } })
  assert.equal((await app.inject('/healthz')).statusCode, 200)
  const ready = await app.inject('/readyz')
  assert.equal(ready.statusCode, 503)
  assert.deepEqual(ready.json(), { status: 'unavailable', checks: { store: 'ok', ingress: 'unavailable' } })
})

test('readyz is 200 when all checks pass', async () => {
  const { app } = http({ store: async () => {} })
  assert.equal((await app.inject('/readyz')).statusCode, 200)
})

test('metrics are in the Prometheus format and count', async () => {
  const { app, metrics } = http({})
  metrics.delivered.inc({ outcome: 'accepted' }, 3)
  const answer = await app.inject('/metrics')
  assert.match(answer.headers['content-type'] as string, /^text\/plain/)
  assert.match(answer.body, /congvu_deliveries_total\{outcome="accepted"\} 3/)
})

test('an unknown path is a problem document with security headers and no detail', async () => {
  const { app } = http({})
  const answer = await app.inject('/../../etc/passwd')
  assert.equal(answer.statusCode, 404)
  assert.match(answer.headers['content-type'] as string, /problem\+json/)
  assert.equal(answer.headers['x-content-type-options'], 'nosniff')
})
