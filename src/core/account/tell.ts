/**
 * Tells people what is kept as untold (requirements §1.7): the owner by a letter of his own, at his second channel; administrators
 * by one letter a purpose that lists the accounts. Never before the commit of the act; a letter that was sent twice is kept
 * once, by its transaction. What could not be sent stays untold.
 */
import { isMailError } from '../errors.ts'
import type { AdministrationContext, SystemNotice } from '../administration/context.ts'
import { entriesOf } from '../administration/entries.ts'
import type { AgencyId } from '../agency/agency.ts'
import type { AccountId } from '../mailbox/mailbox.ts'
import type { Account, Role } from './account.ts'
import type { Audience } from './lifecycle/acts.ts'
import { letterToAdministrator, letterToOwner, type NoticeAbout } from './lifecycle/notice-texts.ts'
import type { NoticePurpose, Untold } from './lifecycle/untold.ts'
import { personKind } from './person.ts'

export type TellContext = Pick<AdministrationContext, 'store' | 'notify' | 'settings'>

/** One thing to tell, and whom it concerns. */
export interface Telling {
  readonly about: NoticeAbout
  /** Stable: the notice is sent once under it. */
  readonly key: string
  readonly agency: AgencyId
  /** Null: it is about no single account. */
  readonly account: Account | null
  readonly untold: Untold
}

const maxAdministrators = 50
/** Lines of one letter. */
const maxLines = 200

/** Letters that are handed over at once: each waits for the disk, so that many share one sync. */
const lettersAtOnce = 64

/** Resolves when all of it was handed to delivery. Throws `unavailable` and the like: then nothing may be forgotten. */
export async function tell(context: TellContext, tellings: readonly Telling[]): Promise<void> {
  const letters = await lettersOf(context, tellings)
  const rest = letters.values()
  const worker = async (): Promise<void> => {
    for (const letter of rest) await context.notify(letter)
  }
  await Promise.all(Array.from({ length: Math.min(lettersAtOnce, letters.length) }, worker))
}

async function lettersOf(context: TellContext, tellings: readonly Telling[]): Promise<readonly SystemNotice[]> {
  const { webUrl } = context.settings
  const letters: SystemNotice[] = []
  const lists = new Map<string, { readonly recipient: string; readonly purpose: NoticePurpose; readonly tellings: Set<Telling> }>()
  const administrators = administratorsOf(context)
  const channels = await secondChannels(context, tellings)
  for (const telling of tellings) {
    const { about, key, agency, untold } = telling
    for (const audience of untold.tell) {
      if (audience === 'second-channel' || audience === 'mailbox') {
        const recipient = ownPlace(telling, audience, channels)
        if (recipient !== null) letters.push({ transaction: `${key} ${recipient}`, recipient, ...letterToOwner(about, untold, webUrl) })
        continue
      }
      for (const recipient of await administrators(audience, untold.agency ?? agency)) {
        const of = `${recipient}\n${untold.purpose}`
        const list = lists.get(of) ?? { recipient, purpose: untold.purpose, tellings: new Set() }
        list.tellings.add(telling)
        lists.set(of, list)
      }
    }
  }
  for (const { recipient, purpose, tellings: all } of lists.values()) letters.push(...listsTo(recipient, purpose, [...all], webUrl))
  return letters
}

function listsTo(recipient: string, purpose: NoticePurpose, all: readonly Telling[], webUrl: string): readonly SystemNotice[] {
  return Array.from({ length: Math.ceil(all.length / maxLines) }, (_, page): SystemNotice => {
    const some = all.slice(page * maxLines, (page + 1) * maxLines)
    const [first, last] = [some[0]!, some.at(-1)!]
    const transaction = `${first.key}${some.length === 1 ? '' : ` to ${last.key} ${some.length}`} ${recipient}`
    return { transaction, recipient, ...letterToAdministrator(purpose, some.map(({ about, untold }) => ({ ...about, untold })), webUrl) }
  })
}

/** The second channel; without one the mailbox, while its owner can open it. */
function ownPlace({ account }: Telling, audience: 'second-channel' | 'mailbox', channels: ReadonlyMap<AccountId, string>): string | null {
  if (account === null) return null
  const second = audience === 'second-channel' ? (channels.get(account.id) ?? null) : null
  if (second !== null) return second
  return account.state === 'active' || account.state === 'issued' || account.state === 'must-change' ? account.address : null
}

const roleOf: Partial<Readonly<Record<Audience, Role>>> = { 'agency-administrator': 'agency-administrator', operator: 'operator', 'super-administrator': 'super-administrator' }

/** Addresses of those who take mail now, asked once for each agency. */
function administratorsOf({ store }: TellContext): (audience: Audience, agency: AgencyId) => Promise<readonly string[]> {
  const known = new Map<string, Promise<readonly string[]>>()
  const ask = async (role: Role, agency: AgencyId | null): Promise<readonly string[]> => {
    const found = await store.accounts.list({ role, limit: maxAdministrators, ...(agency === null ? {} : { agency }) })
    return found.filter(({ state }) => state !== 'revoked' && state !== 'purged').map(({ address }) => address)
  }
  return (audience, agency) => {
    const role = roleOf[audience]
    if (role === undefined) return Promise.resolve([])
    const scope = role === 'agency-administrator' ? agency : null
    const key = `${role} ${scope ?? ''}`
    const asked = known.get(key) ?? ask(role, scope)
    known.set(key, asked)
    return asked
  }
}

async function secondChannels({ store }: TellContext, tellings: readonly Telling[]): Promise<ReadonlyMap<AccountId, string>> {
  const asked = tellings.flatMap(({ account, untold }) => (account !== null && untold.tell.includes('second-channel') ? [account.id] : []))
  const found = asked.length === 0 ? [] : await entriesOf(store.registry, personKind, [...new Set(asked)])
  return new Map(found.flatMap(({ id, value: { contact } }): [AccountId, string][] => (contact.email === null ? [] : [[id, contact.email]])))
}

/** Whether a failure of telling passes by itself: then the next sweep tells it. */
export const tellsLater = (error: unknown): boolean => isMailError(error) && error.temporary
