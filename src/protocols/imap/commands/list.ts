/** LIST and LSUB: RFC 3501 §6.3.8-6.3.9; \HasChildren RFC 3348; special use RFC 6154. */
import { hierarchySeparator, type Mailbox } from '../../../core/mailbox/mailbox.ts'
import { command, type ParseOptions } from '../command.ts'
import { attributeOf } from '../special-use.ts'
import { signedInStates } from '../state.ts'
import type { Untagged } from '../wire/encoder.ts'
import { listMatcher } from '../wire/list-pattern.ts'
import type { ImapLexer } from '../wire/lexer.ts'
import { decodeListPattern } from '../wire/mailbox-name.ts'

interface ListArguments {
  /** Null: not a pattern that any name could match. */
  readonly pattern: string | null
  /** `LIST "" ""`: only the separator is asked for. */
  readonly separatorOnly: boolean
}

function parseList(lexer: ImapLexer, { utf8 }: ParseOptions): ListArguments {
  lexer.space()
  const reference = decodeListPattern(lexer.astring(), utf8)
  lexer.space()
  const pattern = decodeListPattern(lexer.listMailbox(), utf8)
  lexer.end()
  const known = reference !== null && pattern !== null
  // A name from the root stands for itself; others are taken below the reference (RFC 9051 §6.3.9).
  return { pattern: known ? reference + pattern : null, separatorOnly: pattern === '' }
}

export const list = command({
  name: 'LIST',
  states: signedInStates,
  parse: parseList,
  async *run({ mail }, { user }, { pattern, separatorOnly }) {
    if (separatorOnly) {
      yield { type: 'list', attributes: ['\\Noselect'], separator: hierarchySeparator, name: '' }
      return {}
    }
    if (pattern === null) return {}
    const mailboxes = await mail.mailboxes.list(user.account)
    const byName = new Map(mailboxes.map((mailbox) => [mailbox.name, mailbox]))
    for (const { name, hasChildren } of matching(byName.keys(), pattern)) {
      yield { type: 'list', attributes: attributesOf(byName.get(name), hasChildren), separator: hierarchySeparator, name } satisfies Untagged
    }
    return {}
  },
})

export const lsub = command({
  name: 'LSUB',
  states: signedInStates,
  parse: parseList,
  async *run({ mail }, { user }, { pattern, separatorOnly }) {
    if (pattern === null || separatorOnly) return {}
    const subscribed = new Set(await mail.mailboxes.subscriptions(user.account))
    for (const { name } of matching(subscribed, pattern)) {
      // RFC 3501 §6.3.9: with `%` a parent stands for its subscribed children, and is \Noselect when it is not subscribed.
      const attributes = subscribed.has(name) ? [] : ['\\Noselect']
      yield { type: 'lsub', attributes, separator: hierarchySeparator, name } satisfies Untagged
    }
    return {}
  },
})

function attributesOf(mailbox: Mailbox | undefined, hasChildren: boolean): string[] {
  const children = hasChildren ? '\\HasChildren' : '\\HasNoChildren'
  if (mailbox === undefined) return ['\\Noselect', children]
  const use = attributeOf(mailbox.role)
  return use === null ? [children] : [children, use]
}

/**
 * Names that match, and names that are only parents of others; by name. A parent that is no mailbox is shown where its
 * children are not (RFC 3501 §6.3.8: `%` at the end also returns the levels of hierarchy).
 */
function matching(names: Iterable<string>, pattern: string): { readonly name: string; readonly hasChildren: boolean }[] {
  const real = new Set(names)
  const parents = new Set<string>()
  for (const name of real) {
    for (let at = name.indexOf(hierarchySeparator); at !== -1; at = name.indexOf(hierarchySeparator, at + 1)) parents.add(name.slice(0, at))
  }
  const matches = listMatcher(pattern, hierarchySeparator)
  const showParents = pattern.endsWith('%')
  const shown = [...real, ...(showParents ? [...parents].filter((name) => !real.has(name)) : [])].filter(matches)
  return shown.sort(byName).map((name) => ({ name, hasChildren: parents.has(name) }))
}

/** INBOX first, then as people sort. */
function byName(a: string, b: string): number {
  if (a === 'INBOX' || b === 'INBOX') return a === 'INBOX' ? -1 : 1
  return a < b ? -1 : 1
}
