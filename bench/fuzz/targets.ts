/** All parsers that anybody outside can feed, with their shares of 1,000 inputs. */
import type { Target } from './target.ts'
import { bounces } from './targets/bounces.ts'
import { envelopeAddresses } from './targets/envelope.ts'
import { headerBlocks, headerValues } from './targets/header.ts'
import { imapCommands } from './targets/imap-commands.ts'
import { imapSessions } from './targets/imap-sessions.ts'
import { mime } from './targets/mime.ts'
import { privateSockets } from './targets/private-sockets.ts'
import { lmtpCommands, lmtpDialogues } from './targets/smtp-commands.ts'
import { smtpData } from './targets/smtp-data.ts'

export const targets: readonly Target[] = [mime, headerValues, headerBlocks, imapCommands, ...imapSessions, smtpData, envelopeAddresses, lmtpCommands, lmtpDialogues, privateSockets, bounces]

/** How many of `inputs` are this target's. */
export function countOf(target: Target, inputs: number): number {
  const shares = targets.reduce((sum, { share }) => sum + share, 0)
  return Math.ceil((inputs * target.share) / shares)
}
