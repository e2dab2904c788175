/** Special-use attributes (RFC 6154 §2) and the roles of mailboxes. */
import type { MailboxRole } from '../../core/mailbox/mailbox.ts'

const attributes: Readonly<Record<Exclude<MailboxRole, 'inbox'>, string>> = {
  drafts: '\\Drafts',
  sent: '\\Sent',
  junk: '\\Junk',
  trash: '\\Trash',
  archive: '\\Archive',
}

/** Null for INBOX, which is known by its name. */
export function attributeOf(role: MailboxRole | null): string | null {
  return role === null || role === 'inbox' ? null : attributes[role]
}

/** Null for an attribute that is none of ours. */
export function roleOf(attribute: string): MailboxRole | null {
  const wanted = attribute.toLowerCase()
  const found = Object.entries(attributes).find(([, name]) => name.toLowerCase() === wanted)
  return found === undefined ? null : (found[0] as MailboxRole)
}
