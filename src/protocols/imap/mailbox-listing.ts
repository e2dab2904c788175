/**
 * Which mailbox names LIST and LSUB tell, and what of them: RFC 9051 §6.3.9, RFC 3501 §6.3.8-6.3.9, RFC 5258 §3, RFC 6154.
 * Work is bounded by names × lengths of patterns; others get their turn in between.
 */
import { hierarchySeparator, type Mailbox } from '../../core/mailbox/mailbox.ts'
import { attributeOf } from './special-use.ts'
import type { ListArguments } from './wire/list-arguments.ts'
import { listMatcher } from './wire/list-pattern.ts'

export interface Listing {
  readonly name: string
  /** Null: only a name, of which there are children or a subscription. */
  readonly mailbox: Mailbox | null
  readonly attributes: readonly string[]
  /** Selection options that a mailbox below meets, for CHILDINFO; null when that is not told. */
  readonly childInfo: readonly string[] | null
  /** It is told for its own sake, not for a child. */
  readonly meets: boolean
}

export interface ListSources {
  readonly mailboxes: readonly Mailbox[]
  readonly subscriptions: ReadonlySet<string>
  /** `\NonExistent` instead of `\Noselect` for a name without a mailbox. */
  readonly extended: boolean
}

const namesPerTurn = 50

/** By name, INBOX first. */
export async function listingsOf(args: Pick<ListArguments, 'patterns' | 'select' | 'give'>, sources: ListSources): Promise<Listing[]> {
  const { select, give } = args
  const byName = new Map(sources.mailboxes.map((mailbox) => [mailbox.name, mailbox]))
  const criteria = [...(select.subscribed ? ['SUBSCRIBED'] : []), ...(select.specialUse ? ['SPECIAL-USE'] : [])]
  const meets = (name: string): boolean => {
    const mailbox = byName.get(name)
    if (criteria.length === 0) return mailbox !== undefined
    return (!select.subscribed || sources.subscriptions.has(name)) && (!select.specialUse || attributeOf(mailbox?.role ?? null) !== null)
  }
  const names = new Set([...byName.keys(), ...(select.subscribed ? sources.subscriptions : [])])
  const parents = parentsOf(byName.keys())
  const shown = await matchedNames(new Set([...names, ...parentsOf(names)]), args.patterns)
  // Names above one that meets the options: any such name, and those that are above one that is not told itself.
  const own = criteria.length === 0 ? [] : [...names].filter(meets)
  const above = parentsOf(own)
  const aboveHidden = parentsOf(own.filter((name) => !shown.has(name)))
  const levels = args.patterns.some((pattern) => pattern.endsWith('%'))
  const listings: Listing[] = []
  for (const name of [...shown].sort(byNameInboxFirst)) {
    const mailbox = byName.get(name) ?? null
    const itself = meets(name)
    const forChild = select.recursive && aboveHidden.has(name)
    // RFC 3501 §6.3.8: `%` at the end also returns the levels of hierarchy.
    const asLevel = criteria.length === 0 && mailbox === null && levels
    if (!itself && !forChild && !asLevel) continue
    const subscribed = (select.subscribed || give.subscribed) && sources.subscriptions.has(name)
    listings.push({
      name,
      mailbox,
      attributes: attributesOf(mailbox, { hasChildren: parents.has(name), subscribed, extended: sources.extended }),
      childInfo: select.recursive && above.has(name) ? criteria : null,
      meets: itself,
    })
  }
  return listings
}

/** LSUB: subscribed names; with `%` a parent stands for its subscribed children, and is \Noselect when it is not subscribed. */
export async function subscribedListings(patterns: readonly string[], subscriptions: ReadonlySet<string>): Promise<{ readonly name: string; readonly attributes: readonly string[] }[]> {
  const levels = patterns.some((pattern) => pattern.endsWith('%'))
  const shown = await matchedNames(levels ? new Set([...subscriptions, ...parentsOf(subscriptions)]) : subscriptions, patterns)
  return [...shown].sort(byNameInboxFirst).map((name) => ({ name, attributes: subscriptions.has(name) ? [] : ['\\Noselect'] }))
}

interface Known {
  readonly hasChildren: boolean
  readonly subscribed: boolean
  readonly extended: boolean
}

function attributesOf(mailbox: Mailbox | null, { hasChildren, subscribed, extended }: Known): string[] {
  const use = attributeOf(mailbox?.role ?? null)
  return [
    ...(mailbox === null ? [extended ? '\\NonExistent' : '\\Noselect'] : []),
    hasChildren ? '\\HasChildren' : '\\HasNoChildren',
    ...(use === null ? [] : [use]),
    ...(subscribed ? ['\\Subscribed'] : []),
  ]
}

async function matchedNames(names: ReadonlySet<string>, patterns: readonly string[]): Promise<Set<string>> {
  const matchers = patterns.map((pattern) => listMatcher(pattern, hierarchySeparator))
  const matched = new Set<string>()
  let asked = 0
  for (const name of names) {
    if (matchers.some((matches) => matches(name))) matched.add(name)
    if (++asked % namesPerTurn === 0) await new Promise<void>((resolve) => setImmediate(resolve))
  }
  return matched
}

/** Every name above one of these. */
function parentsOf(names: Iterable<string>): Set<string> {
  const parents = new Set<string>()
  for (const name of names) {
    for (let at = name.indexOf(hierarchySeparator); at !== -1; at = name.indexOf(hierarchySeparator, at + 1)) parents.add(name.slice(0, at))
  }
  return parents
}

/** INBOX first, then as people sort. */
function byNameInboxFirst(a: string, b: string): number {
  if (a === 'INBOX' || b === 'INBOX') return a === 'INBOX' ? -1 : 1
  return a < b ? -1 : 1
}
