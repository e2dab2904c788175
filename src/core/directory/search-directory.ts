/**
 * Danh bạ (Điều 4.3, 10.5; ): who has which address, found with and without accents, sorted by given name; and
 * the list that an agency publishes. Hidden people are no part of it for anybody (their entries have no keys to be found by),
 * those who are revoked neither.
 *
 * What is typed is folded; each word must begin a word of the entry. The rarest word is looked up, the others are checked on
 * what it finds. Entries that have the accents as typed come first.
 */
import type { Agency } from '../agency/agency.ts'
import { fold } from '../../vietnamese/fold.ts'
import type { Actor } from '../administration/actor.ts'
import type { AdministrationContext } from '../administration/context.ts'
import { findEntries, type Found } from '../administration/entries.ts'
import { directoryWords, nameOrder, personKind, type Person } from '../account/person.ts'
import { MailError } from '../errors.ts'
import { keysFrom } from '../ports/registry.ts'

export interface DirectoryEntry {
  readonly name: string
  readonly address: string
  /** Label and name of the agency. */
  readonly agency: string
  readonly agencyName: string
  readonly unit: string | null
  readonly post: string | null
  readonly kind: Person['kind']
}

export interface DirectoryQuery {
  readonly text: string
  /** Label; null: the whole province. */
  readonly agency: string | null
  readonly limit: number
}

export interface PublicDirectory {
  /** At most {@link DirectoryQuery.limit}, by given name. An empty text lists an agency. */
  search(actor: Actor, query: DirectoryQuery): Promise<readonly DirectoryEntry[]>
  /** All of one agency, for its web site: agency and units first, then people by given name. Refuses `agency-unknown`. */
  published(actor: Actor, agency: string, format: 'html' | 'csv' | 'json'): Promise<{ readonly contentType: string; readonly bytes: Uint8Array }>
}

/** So many hits of the rarest word are looked at, in pages, until enough entries fit; a name that is more common wants one more word. */
const maxLooked = 3_000
const lookedAtOnce = 250
const maxLimit = 200
const pageEntries = 500

export function createPublicDirectory(context: Pick<AdministrationContext, 'store' | 'authorise' | 'sheets'>): PublicDirectory {
  const { store, authorise, sheets } = context
  const agencies = new Map<string, Agency>()

  const agencyOf = async (id: string): Promise<Agency | null> => {
    const known = agencies.get(id)
    if (known !== undefined) return known
    const agency = await store.agencies.get(id)
    if (agency !== null) agencies.set(id, agency)
    return agency
  }

  const shown = async (person: Person): Promise<DirectoryEntry | null> => {
    const agency = await agencyOf(person.agency)
    if (agency === null) return null
    const { name, address, unit, post, kind } = person
    return { name: name.full, address, agency: agency.label, agencyName: agency.name, unit, post, kind }
  }

  const entriesOf = async (people: readonly Person[]): Promise<readonly DirectoryEntry[]> =>
    (await Promise.all(people.map(shown))).filter((entry) => entry !== null)

  const listed = async (agency: Agency, limit: number): Promise<readonly Person[]> => {
    const all: Person[] = []
    for (let after: { key: string; id: string } | undefined; all.length < limit; ) {
      const page = await findEntries(store.registry, personKind, { ...keysFrom(`listed ${agency.id} `), limit: Math.min(pageEntries, limit - all.length), ...(after === undefined ? {} : { after }) })
      all.push(...page.map(({ value }) => value))
      const last = page.at(-1)
      if (last === undefined) break
      after = { key: last.key, id: last.id }
    }
    return all
  }

  return {
    async search(actor, { text, agency: label, limit: wanted }) {
      await authorise(actor, 'directory.read', { agency: null, account: null, subject: 'directory' })
      const agency = label === null ? null : await store.agencies.byLabel(label)
      if (label !== null && agency === null) throw new MailError('agency-unknown', 'no such agency', { agency: label.slice(0, 80) })
      const limit = Math.min(Math.max(1, wanted), maxLimit)
      const words = wordsOf(text)
      if (words.length === 0) return agency === null ? [] : entriesOf(await listed(agency, limit))
      const fits = (person: Person): boolean => (agency === null || person.agency === agency.id) && hasAll(person, words)
      const people = await lookUp(store.registry, words, { fits, limit })
      return entriesOf(ranked(people, text).slice(0, limit))
    },

    async published(actor, label, format) {
      await authorise(actor, 'directory.read', { agency: null, account: null, subject: label.slice(0, 80) })
      const agency = await store.agencies.byLabel(label)
      if (agency === null) throw new MailError('agency-unknown', 'no such agency', { agency: label.slice(0, 80) })
      const all = await listed(agency, Number.MAX_SAFE_INTEGER)
      const rank = ({ kind }: Person): number => ['agency', 'unit', 'person', 'service'].indexOf(kind)
      const entries = await entriesOf(all.toSorted((a, b) => rank(a) - rank(b)))
      if (format === 'csv') return { contentType: 'text/csv; charset=utf-8', bytes: sheets.writeCsv([['Họ và tên', 'Đơn vị', 'Chức vụ', 'Địa chỉ thư'], ...entries.map(({ name, unit, post, address }) => [name, unit, post, address])]) }
      const text = format === 'json' ? JSON.stringify({ agency: label, name: agency.name, entries: entries.map(({ name, unit, post, address, kind }) => ({ name, unit, post, address, kind })) }) : fragment(agency, entries)
      return { contentType: format === 'json' ? 'application/json; charset=utf-8' : 'text/html; charset=utf-8', bytes: new TextEncoder().encode(text) }
    },
  }
}

const maxWords = 8

function wordsOf(text: string): readonly string[] {
  const words = fold(text.slice(0, 200)).split(/[^a-z0-9]+/).filter((word) => word !== '')
  return [...new Set(words)].slice(0, maxWords)
}

async function lookUp(
  registry: AdministrationContext['store']['registry'],
  words: readonly string[],
  { fits, limit }: { readonly fits: (person: Person) => boolean; readonly limit: number },
): Promise<readonly Person[]> {
  const counted = await Promise.all(words.map(async (word) => ({ word, count: await registry.count({ kind: personKind.name, ...keysFrom(`word ${word}`) }) })))
  const { word } = counted.reduce((least, other) => (other.count < least.count ? other : least))
  const people = new Map<string, Person>()
  let after: { key: string; id: string } | undefined
  for (let looked = 0; looked < maxLooked && people.size < limit; ) {
    // What one word finds fits mostly, so that the first page is enough.
    const most = looked === 0 && words.length === 1 ? Math.min(lookedAtOnce, 2 * limit) : lookedAtOnce
    const page: readonly Found<Person>[] = await findEntries(registry, personKind, { ...keysFrom(`word ${word}`), limit: most, ...(after === undefined ? {} : { after }) })
    looked += page.length
    for (const { id, value } of page) if (fits(value)) people.set(id, value)
    const last = page.at(-1)
    if (last === undefined || page.length < most) break
    after = { key: last.key, id: last.id }
  }
  return [...people.values()]
}

function hasAll(person: Person, words: readonly string[]): boolean {
  const own = directoryWords(person)
  return words.every((word) => own.some((one) => one.startsWith(word)))
}

/** Those whose name has the accents as typed, then the others; each by given name. Who types none means all alike. */
function ranked(people: readonly Person[], text: string): readonly Person[] {
  const typed = text.normalize('NFC').toLocaleLowerCase('vi').split(/\s+/u).filter((word) => word !== '')
  const plain = typed.every((word) => fold(word) === word)
  const exact = ({ name }: Person): boolean => {
    if (plain) return true
    const own = name.full.toLocaleLowerCase('vi').split(/\s+/u)
    return typed.every((word) => own.some((one) => one.startsWith(word)))
  }
  const keyed = people.map((person) => ({ person, order: `${exact(person) ? 0 : 1}${nameOrder(person.name)}` }))
  return keyed.toSorted((a, b) => (a.order < b.order ? -1 : a.order > b.order ? 1 : 0)).map(({ person }) => person)
}

/** A piece of a page, without script and without an address that a harvester finds by its `@`. */
function fragment(agency: Agency, entries: readonly DirectoryEntry[]): string {
  const rows = entries.map(({ name, unit, post, address }) => {
    const [local = '', domain = ''] = address.split('@')
    const mail = `${escaped(local)}<span aria-hidden="true">&#x200b;</span>&#64;<span aria-hidden="true">&#x200b;</span>${escaped(domain)}`
    return `<tr><td>${escaped(name)}</td><td>${escaped(unit ?? '')}</td><td>${escaped(post ?? '')}</td><td>${mail}</td></tr>`
  })
  const head = '<thead><tr><th>Họ và tên</th><th>Đơn vị</th><th>Chức vụ</th><th>Địa chỉ thư điện tử công vụ</th></tr></thead>'
  return `<section lang="vi" class="danh-ba"><h2>${escaped(agency.name)}</h2><table>${head}<tbody>${rows.join('')}</tbody></table></section>\n`
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;').replaceAll("'", '&#39;')
}
