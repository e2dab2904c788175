/** What the driver and the server say, as refusals (core/errors.ts, P8), and what may be tried again. */
import {
  MongoClientClosedError,
  MongoError,
  MongoExpiredSessionError,
  MongoNetworkError,
  MongoNotConnectedError,
  MongoServerError,
  MongoServerSelectionError,
  MongoTopologyClosedError,
  MongoWriteConcernError,
} from 'mongodb'
import { MailError } from '../../core/errors.ts'

/**
 * Server errors that pass by themselves: no primary or a deposed one, shutting down, a connection or time that ran out, an operation
 * or a cursor that was killed with its session or its primary, no majority to write to or to read from, a snapshot that is too old.
 */
const passing: ReadonlySet<number> = new Set([
  6, 7, 43, 50, 64, 89, 91, 100, 112, 134, 189, 202, 237, 239, 246, 251, 262, 279, 290, 317, 365, 391, 9001, 10058, 10107, 11600, 11601,
  11602, 13435, 13436,
])
/** OutOfDiskSpace. */
const diskFull = 14031
const duplicateKey = 11000
const brokenSocket: ReadonlySet<string> = new Set(['EPIPE', 'ECONNRESET', 'ECONNABORTED', 'ETIMEDOUT', 'ERR_STREAM_DESTROYED', 'ERR_STREAM_WRITE_AFTER_END'])
/** Of the driver's pools, which it does not export: no connection came free in time (a server that hangs has them all), or the member was taken out of the set. */
const poolErrors: ReadonlySet<string> = new Set(['MongoWaitQueueTimeoutError', 'MongoPoolClosedError'])

export function isLost(error: unknown): boolean {
  return (
    error instanceof MongoServerSelectionError ||
    error instanceof MongoNotConnectedError ||
    error instanceof MongoTopologyClosedError ||
    error instanceof MongoClientClosedError ||
    error instanceof MongoExpiredSessionError ||
    (error instanceof MongoError && poolErrors.has(error.name))
  )
}

/** The connection was lost with the question or its answer; the driver does not label all of these. What was asked may have been done. */
export function isDisconnected(error: unknown): boolean {
  return error instanceof MongoNetworkError || isBroken(error)
}

/** The socket's own word, which the driver passes on as it is when it writes to a connection that the other side has just ended. */
function isBroken(error: unknown): boolean {
  return error instanceof Error && !(error instanceof MongoError) && brokenSocket.has(String((error as NodeJS.ErrnoException).code))
}

/** An error of the connection or the server as `unavailable` or `storage-full`; anything else is a bug and stays what it is. */
export function refusalOf(error: unknown): unknown {
  if (isBroken(error)) return new MailError('unavailable', 'the database cannot be reached', { cause: (error as Error).message })
  if (!(error instanceof MongoError)) return error
  if (isDiskFull(error)) return new MailError('storage-full', 'the database has no room left', { cause: error.message })
  const unavailable =
    isLost(error) ||
    error instanceof MongoNetworkError ||
    error instanceof MongoWriteConcernError ||
    (error instanceof MongoServerError && passing.has(Number(error.code))) ||
    error.hasErrorLabel('TransientTransactionError') ||
    error.hasErrorLabel('UnknownTransactionCommitResult') ||
    error.hasErrorLabel('RetryableWriteError')
  return unavailable ? new MailError('unavailable', 'the database cannot be reached', { cause: error.message }) : error
}

function isDiskFull(error: MongoError): boolean {
  return error.code === diskFull || /no space left on device/i.test(error.message)
}

export function isDuplicateKey(error: unknown): error is MongoServerError {
  return error instanceof MongoServerError && error.code === duplicateKey
}

/** A read that failed for one of these may be answered by asking again. */
export function isPassing(error: unknown): boolean {
  if (isDisconnected(error)) return true
  return error instanceof MongoServerError && error.code !== 50 && passing.has(Number(error.code))
}

/** The transaction did not commit and has left nothing: the whole of it may be tried again. */
export function isTransient(error: unknown): boolean {
  return error instanceof MongoError && error.hasErrorLabel('TransientTransactionError')
}

/** Of a commit that was asked for: whether it happened is not known. */
export function isUnknownCommit(error: unknown): boolean {
  return isDisconnected(error) || (error instanceof MongoError && error.hasErrorLabel('UnknownTransactionCommitResult') && !error.hasErrorLabel('TransientTransactionError'))
}
