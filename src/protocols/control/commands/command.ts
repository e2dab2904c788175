/** The shape of a command of the private socket: it reads its arguments, asks core, and tells its answer. */
import type { Actor } from '../../../core/administration/actor.ts'
import type { Administration } from '../../../core/administration/administration.ts'
import type { Mail } from '../../../core/mail.ts'
import type { Arguments } from '../arguments.ts'
import type { ControlAnswer, ControlCommand, ControlItem } from '../messages.ts'

export interface CommandContext<C extends ControlCommand> {
  readonly mail: Mail
  readonly administration: Administration
  readonly args: Arguments
  /** Whom the record names: `operator`. */
  readonly actor: string
  /** Who acts in the administration: the operator, or the operator with the role of an account (`--as`). */
  readonly caller: Actor
  /** Tells one item of a list; await it, so that a slow reader is waited for. */
  readonly item: (item: ControlItem<C>) => Promise<void>
}

export type CommandRun<C extends ControlCommand> = (context: CommandContext<C>) => Promise<ControlAnswer<C>>

/** Instants are told in UTC, RFC 3339. */
export function instant(ms: number): string {
  return Temporal.Instant.fromEpochMilliseconds(ms).toString({ smallestUnit: 'second' })
}
