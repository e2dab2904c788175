import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MongoError, MongoNetworkError, MongoServerError } from 'mongodb'
import { isDuplicateKey, isPassing, isTransient, refusalOf } from '../../../../src/adapters/mongo/refusals.ts'
import { MailError } from '../../../../src/core/errors.ts'

const server = (code: number, errmsg = 'x', errorLabels: string[] = []): MongoServerError => new MongoServerError({ code, errmsg, errorLabels })
const codeOf = (error: unknown): string => {
  const refusal = refusalOf(error)
  return refusal instanceof MailError ? refusal.code : 'bug'
}

test('no primary, a lost connection or majority is unavailable, a full disk is storage-full, the rest are bugs', () => {
  const cases: readonly (readonly [unknown, string])[] = [
    [new MongoNetworkError('gone'), 'unavailable'],
    [server(10107, 'not primary'), 'unavailable'],
    [server(64, 'waiting for replication timed out'), 'unavailable'],
    [server(112, 'WriteConflict', ['TransientTransactionError']), 'unavailable'],
    [server(14031, 'out of disk space'), 'storage-full'],
    [server(1, 'WT_ERROR: No space left on device'), 'storage-full'],
    [server(11000, 'E11000 duplicate key'), 'bug'],
    [server(2, 'bad value'), 'bug'],
    [new MongoError('x'), 'bug'],
    [new TypeError('x'), 'bug'],
  ]
  for (const [error, expected] of cases) assert.equal(codeOf(error), expected, String(error))
  const refusal = new MailError('quota-exceeded')
  assert.equal(refusalOf(refusal), refusal)
})

test('what may be tried again is told apart', () => {
  assert.ok(isPassing(new MongoNetworkError('gone')) && isPassing(server(189)) && !isPassing(server(2)) && !isPassing(new Error('x')))
  assert.ok(isTransient(server(112, 'x', ['TransientTransactionError'])) && !isTransient(server(112)))
  assert.ok(isDuplicateKey(server(11000)) && !isDuplicateKey(server(112)))
})
