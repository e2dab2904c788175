/** One request of the private socket: decode, run, and tell the answer or the refusal. */
import { MailError, isMailError } from '../../core/errors.ts'
import type { RefusalCode } from '../../core/account/lifecycle/basis.ts'
import { refusalTexts } from '../../core/account/lifecycle/refusal-texts.ts'
import { errorTexts, type Text } from '../../core/text/errors.ts'
import type { Administration } from '../../core/administration/administration.ts'
import type { Mail } from '../../core/mail.ts'
import { Arguments } from './arguments.ts'
import { callerOf } from './caller.ts'
import type { CommandRun } from './commands/command.ts'
import { commandTable } from './commands/table.ts'
import type { ControlCommand, ControlFailure, ControlLine, ControlRequest } from './messages.ts'

export interface ControlLog {
  warn(fields: Readonly<Record<string, unknown>>, message: string): void
  error(fields: Readonly<Record<string, unknown>>, message: string): void
}

export interface AnswerContext {
  readonly mail: Mail
  readonly administration: Administration
  readonly actor: string
  readonly log: ControlLog
}

/** The other side closed the connection before it had its whole answer. */
export class PeerGoneError extends Error {}

/** `write` sends one line and waits for a slow reader, or rejects with PeerGoneError; so does this. */
export async function answerRequest(line: string, context: AnswerContext, write: (line: string) => Promise<void>): Promise<void> {
  const tell = (answer: ControlLine): Promise<void> => write(JSON.stringify(answer))
  let last: ControlLine
  try {
    const request = decode(line)
    last = { ok: await run(request, context, (item) => tell({ item })) }
  } catch (error) {
    if (error instanceof PeerGoneError) throw error
    if (!isMailError(error)) context.log.error({ err: error }, 'control command failed')
    last = { error: failureOf(error) }
  }
  await tell(last)
}

function decode(line: string): ControlRequest {
  let request: unknown
  try {
    request = JSON.parse(line)
  } catch {
    throw new MailError('argument-invalid', 'not JSON', { field: 'request' })
  }
  if (request === null || typeof request !== 'object' || !('command' in request) || typeof request.command !== 'string') {
    throw new MailError('argument-invalid', 'no command', { field: 'command' })
  }
  return request as ControlRequest
}

async function run(request: ControlRequest, { mail, administration, actor }: AnswerContext, item: (item: unknown) => Promise<void>): Promise<unknown> {
  if (!Object.hasOwn(commandTable, request.command)) throw new MailError('argument-invalid', 'no such command', { field: 'command' })
  // The table pairs each command with its own types; here they are any one of them.
  const command = commandTable[request.command as ControlCommand] as CommandRun<ControlCommand>
  const caller = await callerOf(request, mail, actor)
  return command({ mail, administration, actor, caller, args: new Arguments(request.args), item })
}

function failureOf(error: unknown): ControlFailure {
  if (!isMailError(error)) {
    return { code: 'internal', message_vi: 'Lỗi hệ thống; xem nhật ký của máy chủ.', message_en: "Internal error; see the server's log.", detail: {} }
  }
  const text = regulationText(error) ?? errorTexts[error.code]
  return { code: error.code, message_vi: text.vi, message_en: text.en, detail: error.detail }
}

/** A refusal of the regulation says what it is, not only of which kind. */
function regulationText({ detail }: MailError): Text | undefined {
  const { reason, class: kind } = detail
  return kind !== undefined && typeof reason === 'string' && Object.hasOwn(refusalTexts, reason) ? refusalTexts[reason as RefusalCode] : undefined
}
