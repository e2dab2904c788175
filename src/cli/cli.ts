/**
 * The command line: `congvu COMMAND …` → a request to the running server over its private socket → the answer.
 *
 * Nothing but the answer is written to standard output; complaints go to standard error, Vietnamese first, English second
 * (one JSON object with `--json`). Exit codes: 0 done, 1 refused, 2 wrong usage, 3 the server is not running.
 */
import { parseArgs } from 'node:util'
import { accountCommands } from './commands/account.ts'
import { agencyCommands } from './commands/agency.ts'
import { calendarCommands } from './commands/calendar.ts'
import { WrongConfigError, checkConfig } from './commands/check-config.ts'
import type { CliCommand, CommandInput, OptionValues } from './commands/command.ts'
import { migrateStore } from './commands/migrate-store.ts'
import { importCommands } from './commands/import.ts'
import { proposeCommands } from './commands/propose.ts'
import { delegationCommands } from './commands/delegation.ts'
import { lifecycleCommands } from './commands/lifecycle.ts'
import { queueCommands } from './commands/queue.ts'
import { recordCommands } from './commands/records.ts'
import { reportCommands } from './commands/report.ts'
import { requestCommands } from './commands/request.ts'
import { NotRunningError, RefusedError, ask } from './control-client.ts'
import { jsonPrinter, textPrinter } from './printer.ts'
import type { MoveStore } from './store-move.ts'
import { readSecrets, type Terminal } from './terminal.ts'
import { UsageError } from './usage-error.ts'
import { usage, usageOf } from './usage.ts'

export interface CliIo extends Terminal {
  /** Of the server's private socket; asked for only by commands that need the server. */
  readonly socketPath: string | (() => string | Promise<string>)
  readonly env: Readonly<Record<string, string | undefined>>
  /** Without it no store can be moved from here. */
  readonly moveStore?: MoveStore
}

export const cliCommands: readonly CliCommand[] = [...accountCommands, ...agencyCommands, ...proposeCommands, ...importCommands, ...delegationCommands, ...lifecycleCommands, ...requestCommands, ...calendarCommands, ...recordCommands, ...reportCommands, ...queueCommands, checkConfig, migrateStore]

const everyOption = { json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' }, order: { type: 'string' }, as: { type: 'string' } } as const

interface Parsed {
  readonly command: CliCommand
  readonly positionals: readonly string[]
  readonly options: OptionValues
}

/** `argv` without the program's own name. Returns the exit code. */
export async function runCli(argv: readonly string[], io: CliIo): Promise<number> {
  const json = argv.includes('--json')
  // The reader of the answer may have seen enough (`congvu account list | head`).
  let readerGone = false
  io.stdout.on('error', () => (readerGone = true))
  try {
    if (argv.length === 0) {
      io.stderr.write(usage(cliCommands))
      return 2
    }
    if (argv[0] === 'help' || argv[0] === '--help' || argv[0] === '-h') {
      io.stdout.write(usage(cliCommands))
      return 0
    }
    const parsed = parseCommand(argv)
    if (parsed.options['help'] === true) io.stdout.write(usageOf(parsed.command))
    else await parsed.command.run(inputOf(parsed, io, json))
    return 0
  } catch (error) {
    if (readerGone) return 0
    return complain(error, io, json)
  }
}

/** Throws UsageError. */
export function parseCommand(argv: readonly string[]): Parsed {
  const words = argv.slice(0, 2)
  const command = cliCommands.find(({ name }) => name === words.join(' ') || name === words[0])
  if (command === undefined) throw new UsageError(`Không có lệnh "${words.join(' ')}"; xem: congvu help`, `No such command; see: congvu help`)
  const rest = argv.slice(command.name.split(' ').length)
  let values: OptionValues
  let positionals: readonly string[]
  try {
    const parsed = parseArgs({ args: [...rest], options: { ...command.options, ...everyOption }, allowPositionals: true, strict: true })
    values = parsed.values as OptionValues
    positionals = parsed.positionals
  } catch (error) {
    throw new UsageError(`Sai tùy chọn; cách dùng: congvu ${command.name} ${command.synopsis}`, (error as Error).message)
  }
  if (values['help'] !== true && positionals.length !== command.positionals.length) {
    const synopsis = `congvu ${command.name} ${command.synopsis}`.trim()
    throw new UsageError(`Sai số đối số; cách dùng: ${synopsis}`, `Wrong number of arguments; usage: ${synopsis}`)
  }
  return { command, positionals, options: values }
}

function inputOf({ positionals, options }: Parsed, io: CliIo, json: boolean): CommandInput {
  return {
    positionals,
    options,
    env: io.env,
    print: json ? jsonPrinter(io.stdout) : textPrinter(io.stdout),
    secrets: (labels) => readSecrets(io, labels),
    stderr: io.stderr,
    moveStore: io.moveStore ?? null,
    async ask(command, args, onItem) {
      const path = typeof io.socketPath === 'string' ? io.socketPath : await io.socketPath()
      return ask(path, { command, args, ...callerOf(options) }, onItem)
    },
  }
}

/** In whose name: the Sở's order, and the account whose role is taken. */
function callerOf(options: OptionValues): { readonly order?: string; readonly as?: string } {
  const [order, as] = [options['order'], options['as']]
  return { ...(typeof order === 'string' && { order }), ...(typeof as === 'string' && { as }) }
}

interface Complaint {
  readonly exitCode: number
  readonly code: string
  readonly vietnamese: string
  readonly english: string
  readonly detail?: Readonly<Record<string, unknown>>
}

function complain(error: unknown, io: CliIo, json: boolean): number {
  const { exitCode, code, vietnamese, english, detail = {} } = complaintOf(error)
  if (json) {
    io.stderr.write(`${JSON.stringify({ error: { code, message_vi: vietnamese, message_en: english, detail } })}\n`)
  } else {
    const facts = Object.entries(detail).map(([name, value]) => `  ${name}: ${String(value)}\n`)
    io.stderr.write(`${vietnamese}\n${english}\n${facts.join('')}`)
  }
  return exitCode
}

function complaintOf(error: unknown): Complaint {
  if (error instanceof UsageError) return { exitCode: 2, code: 'usage', vietnamese: error.vietnamese, english: error.message }
  if (error instanceof RefusedError) {
    const { code, message_vi: vietnamese, message_en: english, detail } = error.failure
    return { exitCode: 1, code, vietnamese, english, detail }
  }
  if (error instanceof WrongConfigError) return { exitCode: 1, code: 'config-wrong', vietnamese: 'Cấu hình sai.', english: error.message }
  if (error instanceof NotRunningError) {
    const denied = error.message === 'EACCES' || error.message === 'EPERM'
    return denied
      ? { exitCode: 3, code: 'not-permitted', vietnamese: 'Không được phép mở ổ cắm của máy chủ.', english: "The server's socket may not be opened by this user." }
      : { exitCode: 3, code: 'not-running', vietnamese: 'Máy chủ không chạy.', english: 'The server is not running.' }
  }
  throw error
}
