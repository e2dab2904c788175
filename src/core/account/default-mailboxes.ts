/** The mailboxes that every account begins with, with their roles (RFC 6154), all subscribed. */
import type { NewAccount } from '../ports/store.ts'

export const defaultMailboxes: NewAccount['mailboxes'] = [
  { name: 'INBOX', role: 'inbox', subscribed: true },
  { name: 'Drafts', role: 'drafts', subscribed: true },
  { name: 'Sent', role: 'sent', subscribed: true },
  { name: 'Junk', role: 'junk', subscribed: true },
  { name: 'Trash', role: 'trash', subscribed: true },
  { name: 'Archive', role: 'archive', subscribed: true },
]
