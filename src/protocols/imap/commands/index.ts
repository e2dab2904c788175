/** The commands, one line each. RFC 9051 §6. */
import { SyntaxFault } from '../../shared/lexer.ts'
import type { Command } from '../command.ts'
import type { ImapLexer } from '../wire/lexer.ts'
import { append } from './append.ts'
import { authenticate } from './authenticate.ts'
import { capability } from './capability.ts'
import { compress } from './compress.ts'
import { copy, move, uidCopy, uidMove } from './copy.ts'
import { create, remove, rename } from './create.ts'
import { enable } from './enable.ts'
import { expunge, uidExpunge } from './expunge.ts'
import { fetch, uidFetch } from './fetch.ts'
import { id } from './id.ts'
import { idle } from './idle.ts'
import { list, lsub } from './list.ts'
import { login } from './login.ts'
import { logout } from './logout.ts'
import { namespace } from './namespace.ts'
import { check, noop } from './noop.ts'
import { getQuota, getQuotaRoot } from './quota.ts'
import { search, uidSearch } from './search.ts'
import { close, examine, select, unselect } from './select.ts'
import { starttls } from './starttls.ts'
import { status } from './status.ts'
import { store, uidStore } from './store.ts'
import { subscribe, unsubscribe } from './subscribe.ts'

export const commands: readonly Command[] = [
  capability, noop, logout, id,
  starttls, authenticate, login,
  enable, select, examine, create, remove, rename, subscribe, unsubscribe, list, lsub, namespace, status, append, idle,
  getQuota, getQuotaRoot, compress,
  check, close, unselect, expunge, search, fetch, store, copy, move,
  uidFetch, uidStore, uidCopy, uidMove, uidExpunge, uidSearch,
]

const byName = new Map(commands.map((command) => [command.name, command]))

/** Reads the name, `UID` and what follows it together. */
export function findCommand(lexer: ImapLexer): Command {
  let name = lexer.word('a command')
  if (name === 'UID') {
    lexer.space()
    name = `UID ${lexer.word('a command')}`
  }
  const command = byName.get(name)
  if (command === undefined) throw new SyntaxFault('Unknown command')
  return command
}
