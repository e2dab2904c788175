/** Records of the system itself and of its faults (Điều 7.2): what started and stopped when, and what went wrong. One function an event. */
import { isMailError } from '../errors.ts'
import type { NewRecord } from './record.ts'

const clause = 'Điều 7.2'
const maxTextLength = 2_000

export function startedRecord(node: string, atMs: number): NewRecord {
  return { kind: 'system', atMs, actor: 'system', action: 'system.started', subject: node, clause, detail: {} }
}

export function stoppedRecord(node: string, atMs: number): NewRecord {
  return { kind: 'system', atMs, actor: 'system', action: 'system.stopped', subject: node, clause, detail: {} }
}

/** A bug, or a refusal that nobody waited for. `part`: where it happened. */
export function faultRecord(part: string, error: unknown, atMs: number): NewRecord {
  const named = error instanceof Error ? error : new Error(String(error))
  const detail = { message: named.message.slice(0, maxTextLength), code: isMailError(error) ? error.code : null, stack: (named.stack ?? '').slice(0, maxTextLength) }
  return { kind: 'error', atMs, actor: 'system', action: 'fault', subject: part, clause, detail }
}
