/** The shape of a command of the command line, and how it tells its answer. */
import type { ParseArgsOptionsConfig } from 'node:util'
import type { Writable } from 'node:stream'
import type { ControlAnswer, ControlArgs, ControlCommand, ControlItem } from '../../protocols/control/messages.ts'
import type { MoveStore } from '../store-move.ts'

export type OptionValues = Readonly<Record<string, string | boolean | undefined>>

export interface CommandInput {
  /** As many as the command names. */
  readonly positionals: readonly string[]
  readonly options: OptionValues
  readonly env: Readonly<Record<string, string | undefined>>
  /** Asks the running server. */
  ask<C extends ControlCommand>(
    command: C,
    args: ControlArgs<C>,
    onItem?: (item: ControlItem<C>) => Promise<void>,
  ): Promise<ControlAnswer<C>>
  /** Secrets from a pipe (one a line) or typed unseen. */
  secrets(labels: readonly string[]): Promise<readonly string[]>
  readonly print: Printer
  /** For what is told while a long command works. */
  readonly stderr: Writable & { readonly isTTY?: boolean; readonly columns?: number }
  readonly moveStore: MoveStore | null
}

/** One of the two forms is written: JSON with `--json`, else lines whose fields stand between tabs. */
export interface Printer {
  answer(json: unknown, lines: readonly (readonly string[])[]): Promise<void>
  /** A list, one item after the other; `end` closes it. */
  item(json: unknown, line: readonly string[]): Promise<void>
  end(): Promise<void>
}

export interface CliCommand {
  /** e.g. `account create` */
  readonly name: string
  /** What follows the name. */
  readonly synopsis: string
  readonly vietnamese: string
  readonly english: string
  /** Names of the arguments, all required. */
  readonly positionals: readonly string[]
  readonly options: ParseArgsOptionsConfig
  run(input: CommandInput): Promise<void>
}

export function text(options: OptionValues, name: string): string | undefined {
  const value = options[name]
  return typeof value === 'string' ? value : undefined
}
