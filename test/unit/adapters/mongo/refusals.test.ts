import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MongoError, MongoNetworkError, MongoServerError } from 'mongodb'
import { isDuplicateKey, isPassing, isTransient, isUnknownCommit, refusalOf } from '../../../../src/adapters/mongo/refusals.ts'
import { MailError } from '../../../../src/core/errors.ts'

const server = (code: number, errmsg = 'x', errorLabels: string[] = []): MongoServerError => new MongoServerError({ code, errmsg, errorLabels })
const broken = Object.assign(new Error('This socket has been ended by the other party'), { code: 'EPIPE' })
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
    [Object.defineProperty(new MongoError('no connection came free'), 'name', { value: 'MongoWaitQueueTimeoutError' }), 'unavailable'],
    [server(14031, 'out of disk space'), 'storage-full'],
    [server(1, 'WT_ERROR: No space left on device'), 'storage-full'],
    [server(11000, 'E11000 duplicate key'), 'bug'],
    [server(2, 'bad value'), 'bug'],
    [new MongoError('x'), 'bug'],
    [broken, 'unavailable'],
    [new TypeError('x'), 'bug'],
  ]
  for (const [error, expected] of cases) assert.equal(codeOf(error), expected, String(error))
  const refusal = new MailError('quota-exceeded')
  assert.equal(refusalOf(refusal), refusal)
})

test('what may be tried again is told apart', () => {
  assert.ok(isPassing(new MongoNetworkError('gone')) && isPassing(server(189)) && !isPassing(server(2)) && !isPassing(new Error('x')))
  assert.ok(isPassing(broken) && !isTransient(broken) && isUnknownCommit(broken) && isUnknownCommit(new MongoNetworkError('gone')))
  assert.ok(isUnknownCommit(server(91, 'x', ['UnknownTransactionCommitResult'])) && !isUnknownCommit(server(251, 'x', ['UnknownTransactionCommitResult', 'TransientTransactionError'])))
  assert.ok(isTransient(server(112, 'x', ['TransientTransactionError'])) && !isTransient(server(112)))
  assert.ok(isDuplicateKey(server(11000)) && !isDuplicateKey(server(112)))
})
