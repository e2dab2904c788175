/**
 * Who acts, and the one place where an act of the administration is allowed or refused (requirements §1.1; Điều 3.1). A
 * refusal is recorded too: whoever tries what his role does not allow leaves a trace (Điều 7.2).
 */
import type { AgencyId } from '../agency/agency.ts'
import { mailErrorOf, refused } from '../account/lifecycle/basis.ts'
import { may, roleTable, type Action, type ActingRole, type Allowed } from '../account/lifecycle/roles.ts'
import type { AccountId } from '../mailbox/mailbox.ts'
import type { NewRecord } from '../record/record.ts'

export interface Actor {
  /** As records name it: an account id, `operator` (the command line), `system` (the clock). */
  readonly name: string
  readonly role: ActingRole
  /** Null for the command line and the clock. */
  readonly account: AccountId | null
  readonly agency: AgencyId | null
  readonly via: 'console' | 'token' | 'command-line' | 'clock'
  /** Number of the Sở's order, where the act was given one. */
  readonly order: string | null
  readonly remoteIp: string | null
}

/** What the act is about. Null: the thing belongs to no agency, or to no account. */
export interface Target {
  readonly agency: AgencyId | null
  readonly account: AccountId | null
  /** How records name it: an address, a label, an id. */
  readonly subject: string
}

export interface Authorise {
  /** Throws `not-permitted` (detail.reason `role`, `other-agency`, `other-account`) or `argument-invalid` (`order-missing`), recorded. */
  (actor: Actor, action: Action, target: Target): Promise<Allowed>
}

export function createAuthorise(ports: { readonly append: (records: readonly NewRecord[]) => Promise<void>; readonly nowMs: () => number }): Authorise {
  return async (actor, action, target) => {
    const scope = {
      ownAgency: actor.agency !== null && actor.agency === target.agency,
      ownAccount: actor.account !== null && actor.account === target.account,
      order: actor.order,
    }
    // The clock has no role: what it may do stands in the rules that it follows.
    const answer = actor.via === 'clock' ? refused('role', roleTable[action].basis, { action }) : may(actor.role, action, scope)
    if (answer.kind === 'allowed') return answer
    const detail = { action, reason: answer.code, role: actor.role, via: actor.via, remoteIp: actor.remoteIp }
    await ports.append([
      { kind: 'audit', atMs: ports.nowMs(), actor: actor.name, action: 'act.refused', subject: target.subject, clause: answer.clause, detail },
    ])
    throw mailErrorOf(answer)
  }
}
