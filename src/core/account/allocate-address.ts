/**
 * Who gets which address (Điều 4.2; decisions D-2 to D-6; requirements §1.4). Pure: the caller holds the domain's lock, so
 * that two officers at the same moment cannot both get `hungnv`. A holder is never renamed.
 */
import { baseForm, extendedForm, suffixes, type Origin } from '../../vietnamese/names/address-forms.ts'
import type { PersonName } from '../../vietnamese/names/parse-name.ts'

export interface Candidate extends Origin {
  readonly name: PersonName
}

/** What is not to be had in the domain: people, units, aliases, reserved, contested, tombstones. */
export interface Taken {
  has(local: string): boolean
  /** Full names of the people who hold this local part or contest it; empty for units, aliases and the like. */
  names(local: string): readonly string[]
}

export type Gap = 'same-extended-form' | 'no-middle-name'

export type Allocation =
  | { readonly kind: 'given'; readonly local: string; readonly rule: '4.2a' | '4.2b' | '4.2c'; /** 1-5 of Điều 4.2c. */ readonly level: number | null; readonly gap: Gap | null }
  /** All forms are equal: the Sở decides by hand (D-6). */
  | { readonly kind: 'manual'; readonly stem: string }

export interface Allocated {
  /** In the order of the candidates. */
  readonly allocations: readonly Allocation[]
  /** Short forms that nobody may ever get, with the names that contest them (D-4). */
  readonly contested: ReadonlyMap<string, readonly string[]>
}

/** Equal full names: composed alike, without case, accents significant. */
const sameKey = (name: string): string => name.normalize('NFC').toLocaleLowerCase('vi')

export function allocateAddresses(batch: readonly Candidate[], taken: Taken): Allocated {
  const bases = batch.map(({ name }) => baseForm(name))
  const groups = Map.groupBy(batch.keys(), (index) => bases[index]!)
  const state: State = { batch, bases, taken, issued: new Set(), result: [], contested: new Map() }
  const waiting: number[] = []
  for (const [base, members] of groups) waiting.push(...placeGroup(state, base, members))
  placeExtended(state, waiting)
  return { allocations: state.result, contested: state.contested }
}

interface State {
  readonly batch: readonly Candidate[]
  readonly bases: readonly string[]
  readonly taken: Taken
  readonly issued: Set<string>
  readonly result: Allocation[]
  readonly contested: Map<string, readonly string[]>
}

/** Gives what the base form alone decides; returns those who need the form of 4.2b. */
function placeGroup(state: State, base: string, members: readonly number[]): number[] {
  const { taken, batch } = state
  if (members.length === 1 && !taken.has(base)) {
    give(state, members[0]!, { kind: 'given', local: base, rule: '4.2a', level: null, gap: null })
    return []
  }
  const names = new Map(members.map((index) => [index, sameKey(batch[index]!.name.full)]))
  const holders = taken.names(base).map(sameKey)
  if (!taken.has(base)) state.contested.set(base, members.map((index) => batch[index]!.name.full))
  const shared = (index: number): boolean =>
    holders.includes(names.get(index)!) || members.some((other) => other !== index && names.get(other) === names.get(index))
  for (const group of Map.groupBy(members.filter(shared), (index) => names.get(index)!).values()) placeByOrigin(state, group, base, null)
  return members.filter((index) => !shared(index))
}

function placeExtended(state: State, waiting: readonly number[]): void {
  const forms = new Map(waiting.map((index) => [index, extendedForm(state.batch[index]!.name)]))
  const reserved = new Set(state.bases)
  for (const [form, members] of Map.groupBy(waiting, (index) => forms.get(index) ?? '')) {
    if (form === '') continue
    const free = members.length === 1 && !state.taken.has(form) && !reserved.has(form) && !state.issued.has(form)
    if (free) give(state, members[0]!, { kind: 'given', local: form, rule: '4.2b', level: null, gap: null })
    else placeByOrigin(state, members, form, 'same-extended-form')
  }
  const without = waiting.filter((index) => forms.get(index) === null)
  for (const [base, members] of Map.groupBy(without, (index) => state.bases[index]!)) placeByOrigin(state, members, base, 'no-middle-name')
}

/** The shortest level of 4.2c at which all of them differ and are free; none: a person decides. */
function placeByOrigin(state: State, members: readonly number[], stem: string, gap: Gap | null): void {
  const levels = members.map((index) => suffixes(state.batch[index]!))
  for (let level = 0; level < 5; level++) {
    const locals = levels.map((own) => own[level]).map((suffix) => (suffix === undefined ? null : stem + suffix))
    const usable = locals.every((local) => local !== null && !state.taken.has(local) && !state.issued.has(local))
    if (!usable || new Set(locals).size < locals.length) continue
    for (const [position, index] of members.entries()) give(state, index, { kind: 'given', local: locals[position]!, rule: '4.2c', level: level + 1, gap })
    return
  }
  for (const index of members) state.result[index] = { kind: 'manual', stem }
}

function give(state: State, index: number, allocation: Extract<Allocation, { kind: 'given' }>): void {
  state.issued.add(allocation.local)
  state.result[index] = allocation
}
