/**
 * Several nodes on one store: whose turn a piece of work is, and who is alive (design §1, §5.3).
 *
 *  N1  Of one name one lock is held at a time, while its holder can tell the others so. A lock is for economy and for order: work
 *      under it is safe to be done twice, because a memory of locks may be lost.
 *  N2  Tokens strictly grow, over all holders of a name and also after that memory was lost: who keeps a token with what it
 *      writes can refuse a holder that came before.
 *  N3  A holder that died holds nothing any more after its lease; one that could not keep its lease is told by `lost`.
 *  N4  Nobody is given a lock while it rests.
 */

export interface Lock {
  readonly token: number
  /** Aborted when others may hold it by now. */
  readonly lost: AbortSignal
  /** Gives it back; nobody is given it for `restMs`. Never rejects: what could not be given back ends with its lease. */
  release(restMs?: number): Promise<void>
}

export interface Locks {
  /** Null when it is held, or rests. Refuses `unavailable` when that cannot be known now. */
  take(name: string): Promise<Lock | null>
}

export interface LivingNode {
  /** Name of the settings (`server.node`). */
  readonly name: string
  /** Of this run of the process. */
  readonly instance: string
  readonly startedAtMs: number
}

export interface Nodes {
  /** All that have been heard of lately, this one too, by name. Refuses `unavailable`. */
  living(): Promise<readonly LivingNode[]>
}
