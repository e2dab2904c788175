/**
 * The record of administrative acts (Điều 7.2): who did what to whom, before and after, by which clause. Awaited by the
 * act, so that none is answered that was not recorded.
 */
import type { Clock } from '../ports/world.ts'
import type { RecordStore } from '../ports/store.ts'

export interface AuditedAct {
  /** Account id, `operator` or `system`. */
  readonly actor: string
  /** e.g. `account.lock` */
  readonly action: string
  /** An address or label. */
  readonly subject: string
  readonly clause: string | null
  /** What was so before; null when there was nothing. */
  readonly before: Readonly<Record<string, unknown>> | null
  /** What is so now. Never a password or its hash. */
  readonly after: Readonly<Record<string, unknown>> | null
}

export type Audit = (act: AuditedAct) => Promise<void>

export function createAudit(ports: { readonly records: Pick<RecordStore, 'append'>; readonly clock: Clock }): Audit {
  return ({ actor, action, subject, clause, before, after }) =>
    ports.records.append([{ kind: 'audit', atMs: ports.clock.nowMs(), actor, action, subject, clause, detail: { before, after } }])
}
