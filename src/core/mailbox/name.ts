/**
 * Names of mailboxes: RFC 9051 §5.1, RFC 8621 §2 (`name`), RFC 5198 §2.
 *
 * Invariants of a name that came out of here: NFC; levels between {@link hierarchySeparator} are never empty; the first
 * level is spelled `INBOX` when it is INBOX in any case; no control characters, no `*` or `%` (LIST could not name it).
 */
import { MailError } from '../errors.ts'
import { hierarchySeparator } from './mailbox.ts'

/** What one level may hold in UTF-8 (RFC 8621 §2: at least 255 octets must be usable in a client's eyes). */
const maxLevelBytes = 255
/** All levels with their separators: bounds the index key and the depth of the tree. */
const maxNameBytes = 1_000

export const inbox = 'INBOX'

/** C0, DEL, C1, line and paragraph separators (RFC 5198 §2), LIST wildcards, lone surrogates (no UTF-8 form). */
const refused = /[\p{Cc}\u2028\u2029*%\p{Cs}]/u

/** ASCII case only: a dotless ı makes another name. */
const inboxInAnyCase = /^inbox$/i

/** NFC, with the first level `INBOX` in its one spelling. Checks nothing: for looking up. */
export function spelling(name: string): string {
  const composed = name.normalize('NFC')
  const end = composed.indexOf(hierarchySeparator)
  const first = end === -1 ? composed : composed.slice(0, end)
  return inboxInAnyCase.test(first) ? inbox + composed.slice(first.length) : composed
}

/** A name under which a mailbox may be made. Refuses `name-invalid`. */
export function validName(name: string): string {
  // Bounds the work of what follows; NFC never makes a text less than a third of its length.
  if (name.length > 3 * maxNameBytes) throw new MailError('name-invalid', 'the mailbox name is too long')
  if (refused.test(name)) throw new MailError('name-invalid', 'the mailbox name holds a character that it must not hold')
  const spelled = spelling(name)
  if (byteLength(spelled) > maxNameBytes) throw new MailError('name-invalid', 'the mailbox name is too long')
  for (const level of spelled.split(hierarchySeparator)) {
    if (level === '') throw new MailError('name-invalid', 'a level of the mailbox name is empty')
    if (byteLength(level) > maxLevelBytes) throw new MailError('name-invalid', 'a level of the mailbox name is too long')
  }
  return spelled
}

/** As {@link validName}; one trailing separator is dropped (RFC 9051 §6.3.4: it only says that children will come). */
export function validNewName(name: string): string {
  return validName(name.length > 1 && name.endsWith(hierarchySeparator) ? name.slice(0, -1) : name)
}

/** Names above this one, outermost first: `a/b/c` → `a`, `a/b`. */
export function parentNames(name: string): string[] {
  const names: string[] = []
  for (let at = name.indexOf(hierarchySeparator); at !== -1; at = name.indexOf(hierarchySeparator, at + 1)) {
    names.push(name.slice(0, at))
  }
  return names
}

/** Whether `name` lies below `parent`, at any depth. */
export function liesBelow(name: string, parent: string): boolean {
  return name.startsWith(parent + hierarchySeparator)
}

function byteLength(text: string): number {
  return Buffer.byteLength(text, 'utf8')
}
