/**
 * Whose mailbox a name means: the session's own account's, or an agency mailbox's that the person may open (Điều 10.3), which
 * stands in the Other Users namespace: `Other Users/ADDRESS/INBOX` (RFC 2342 §5, RFC 9051 §6.3.10). The one place that turns names
 * into accounts and rights; who works in an agency mailbox by `PERSON*MAILBOX` sees that alone, and has no such namespace.
 */
import { MailError } from '../../core/errors.ts'
import type { Mail, OpenableMailbox, SignedIn } from '../../core/mail.ts'
import { hierarchySeparator, type AccountId, type Mailbox } from '../../core/mailbox/mailbox.ts'

export const otherUsers = `Other Users${hierarchySeparator}`

export interface Place {
  readonly account: AccountId
  /** In that account. */
  readonly name: string
  /** What stands before it for this client. */
  readonly prefix: string
  readonly mayWrite: boolean
  /** Null: the session's own account. */
  readonly shared: OpenableMailbox | null
}

type Asked = { readonly mail: Pick<Mail, 'delegations' | 'mailboxes'> }

/** Refuses `mailbox-unknown` for what is not open to this person, whether it exists or not. */
export async function placeOf({ mail }: Asked, user: SignedIn, name: string): Promise<Place> {
  if (!isShared(name)) return { account: user.account, name, prefix: '', mayWrite: user.by?.rights !== 'read', shared: null }
  const [address = '', ...levels] = name.slice(otherUsers.length).split(hierarchySeparator)
  const shared = user.by === undefined && levels.length > 0 ? (await mail.delegations.of(user.account)).find((one) => one.address === address.toLowerCase()) : undefined
  if (shared === undefined) throw new MailError('mailbox-unknown')
  return { account: shared.account, name: levels.join(hierarchySeparator), prefix: prefixOf(shared), mayWrite: shared.rights === 'write', shared }
}

/** As {@link placeOf}; refuses `not-permitted` where nothing may be changed. */
export async function writablePlaceOf(asked: Asked, user: SignedIn, name: string): Promise<Place> {
  const place = await placeOf(asked, user, name)
  if (!place.mayWrite) throw new MailError('not-permitted')
  return place
}

/** Null when there is no such mailbox. */
export const mailboxAt = ({ mail }: Asked, { account, name }: Place): Promise<Mailbox | null> => mail.mailboxes.byName(account, name)

/** Refuses `mailbox-unknown`, with TRYCREATE. */
export async function targetAt(asked: Asked, user: SignedIn, name: string): Promise<Mailbox> {
  const mailbox = await mailboxAt(asked, await writablePlaceOf(asked, user, name))
  if (mailbox === null) throw new MailError('mailbox-unknown', undefined, { tryCreate: true })
  return mailbox
}

/** All that LIST may tell, by the names that this client uses. Special uses are told of the own mailboxes only: a client takes the first it sees. */
export async function visibleMailboxes({ mail }: Asked, user: SignedIn): Promise<readonly Mailbox[]> {
  const own = await mail.mailboxes.list(user.account)
  const shared = user.by === undefined ? await mail.delegations.of(user.account) : []
  if (shared.length === 0) return own
  const lists = await Promise.all(shared.map(async (one) => (await mail.mailboxes.list(one.account)).map((mailbox) => ({ ...mailbox, name: prefixOf(one) + mailbox.name, role: null }))))
  return [...own, ...lists.flat()]
}

/** Whether the namespace is there for this client at all. */
export async function hasOtherUsers({ mail }: Asked, user: SignedIn): Promise<boolean> {
  return user.by === undefined && (await mail.delegations.of(user.account)).length > 0
}

export const prefixOf = ({ address }: OpenableMailbox): string => `${otherUsers}${address}${hierarchySeparator}`

const isShared = (name: string): boolean => name.startsWith(otherUsers) || `${name}${hierarchySeparator}` === otherUsers
