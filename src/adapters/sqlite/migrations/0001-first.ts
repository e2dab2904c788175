/**
 * Schema 1. Keys are packed as ids.ts says. What a table is for, and why it looks as it does:
 *
 * - `account_state` is the one row that every write of an account's mail touches; it is apart from `account`, which changes
 *   seldom. Quota and use stand in it, so that one conditional UPDATE checks and takes.
 * - `message` holds what changes or is asked often; `message_form` what never changes and is large. A move touches only the
 *   first. `text` is the last column, so that reading the forms does not walk its overflow pages.
 * - `message_by_uid` covers the view of a mailbox (UID, modseq, flags); `message_by_modseq` the changes of one.
 * - `thread_key` maps a hash of (message id, base subject) to the thread (RFC 8621 §3).
 * - `tombstone` keeps UIDs and destroyed message numbers as packed ranges (uid-ranges.ts), one row a write and mailbox.
 * - `outbox.next_at` is when the row wants a hand: its due time, or the end of its lease; null when it is held or settled.
 */

export const number = 1

export const sql = `
CREATE TABLE setting (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE agency (no INTEGER PRIMARY KEY, label TEXT NOT NULL UNIQUE, name TEXT NOT NULL, created_at INTEGER NOT NULL) STRICT;
CREATE TABLE agency_domain (domain TEXT PRIMARY KEY, agency INTEGER NOT NULL, position INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX agency_domain_by_agency ON agency_domain (agency, position);

CREATE TABLE account (
  no INTEGER PRIMARY KEY, agency INTEGER NOT NULL, address TEXT NOT NULL UNIQUE, local_part TEXT NOT NULL, name TEXT NOT NULL,
  kind TEXT NOT NULL, role TEXT NOT NULL, state TEXT NOT NULL, lock_clause TEXT, password_hash TEXT,
  credential_version INTEGER NOT NULL, created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX account_by_local_part ON account (local_part, address);
CREATE INDEX account_by_agency ON account (agency, address);
CREATE TABLE account_state (
  account INTEGER PRIMARY KEY, modseq INTEGER NOT NULL, next_message INTEGER NOT NULL, next_mailbox INTEGER NOT NULL,
  last_uid_validity INTEGER NOT NULL, quota_bytes INTEGER NOT NULL, used_bytes INTEGER NOT NULL, pruned_modseq INTEGER NOT NULL,
  stale_threads INTEGER NOT NULL
) STRICT;
CREATE TABLE address (address TEXT PRIMARY KEY, account INTEGER NOT NULL, is_primary INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX address_by_account ON address (account);

CREATE TABLE mailbox (
  key INTEGER PRIMARY KEY, account INTEGER NOT NULL, name TEXT NOT NULL, role TEXT, uid_validity INTEGER NOT NULL,
  uid_next INTEGER NOT NULL, highest_modseq INTEGER NOT NULL, modseq INTEGER NOT NULL, created_modseq INTEGER NOT NULL,
  messages INTEGER NOT NULL, unseen INTEGER NOT NULL, deleted INTEGER NOT NULL, size_bytes INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX mailbox_by_name ON mailbox (account, name);
CREATE UNIQUE INDEX mailbox_by_role ON mailbox (account, role) WHERE role IS NOT NULL;
CREATE TABLE removed_mailbox (key INTEGER PRIMARY KEY, modseq INTEGER NOT NULL, at INTEGER NOT NULL) STRICT;
CREATE TABLE subscription (account INTEGER NOT NULL, name TEXT NOT NULL, PRIMARY KEY (account, name)) STRICT, WITHOUT ROWID;

CREATE TABLE message (
  key INTEGER PRIMARY KEY, mailbox INTEGER NOT NULL, uid INTEGER NOT NULL, modseq INTEGER NOT NULL,
  created_modseq INTEGER NOT NULL, flags INTEGER NOT NULL, keywords TEXT, received_at INTEGER NOT NULL, sent_at INTEGER,
  size INTEGER NOT NULL, thread INTEGER NOT NULL, body TEXT NOT NULL, prefix BLOB NOT NULL
) STRICT;
CREATE INDEX message_by_uid ON message (mailbox, uid, modseq, flags, keywords);
CREATE INDEX message_by_modseq ON message (mailbox, modseq);
CREATE INDEX message_by_body ON message (body);
CREATE TABLE message_form (key INTEGER PRIMARY KEY, forms BLOB NOT NULL, text BLOB NOT NULL) STRICT;
CREATE TABLE thread_key (account INTEGER NOT NULL, hash INTEGER NOT NULL, thread INTEGER NOT NULL, PRIMARY KEY (account, hash)) STRICT, WITHOUT ROWID;
CREATE TABLE tombstone (
  mailbox INTEGER NOT NULL, modseq INTEGER NOT NULL, at INTEGER NOT NULL, uid_count INTEGER NOT NULL, uids BLOB NOT NULL,
  destroyed BLOB NOT NULL, PRIMARY KEY (mailbox, modseq)
) STRICT, WITHOUT ROWID;

CREATE TABLE delivery (no INTEGER PRIMARY KEY, txn TEXT NOT NULL UNIQUE, received_at INTEGER NOT NULL, facts TEXT NOT NULL) STRICT;
CREATE INDEX delivery_by_received ON delivery (received_at);
CREATE TABLE held (
  no INTEGER PRIMARY KEY, txn TEXT NOT NULL UNIQUE, received_at INTEGER NOT NULL, remaining INTEGER NOT NULL, body TEXT NOT NULL,
  body_bytes INTEGER NOT NULL, sent_at INTEGER, message_id TEXT, reference_ids TEXT NOT NULL, base_subject TEXT NOT NULL,
  forms BLOB NOT NULL, text BLOB NOT NULL
) STRICT;
CREATE INDEX held_by_body ON held (body);
CREATE TABLE held_recipient (
  held INTEGER NOT NULL, position INTEGER NOT NULL, account TEXT NOT NULL, mailbox TEXT, role TEXT, flags INTEGER NOT NULL,
  keywords TEXT, extra_bytes INTEGER NOT NULL, prefix BLOB NOT NULL, PRIMARY KEY (held, position)
) STRICT, WITHOUT ROWID;
CREATE TABLE held_refusal (held INTEGER NOT NULL, position INTEGER NOT NULL, account TEXT NOT NULL, code TEXT NOT NULL, PRIMARY KEY (held, position)) STRICT, WITHOUT ROWID;

CREATE TABLE outbox (
  no INTEGER PRIMARY KEY AUTOINCREMENT, txn TEXT NOT NULL, sender TEXT NOT NULL, recipient TEXT NOT NULL, account INTEGER,
  body TEXT NOT NULL, body_bytes INTEGER NOT NULL, state TEXT NOT NULL, due_at INTEGER NOT NULL, next_at INTEGER,
  created_at INTEGER NOT NULL, attempts INTEGER NOT NULL, node TEXT, lease_until INTEGER, last_reply TEXT, last_try_at INTEGER,
  prefix BLOB NOT NULL
) STRICT;
CREATE INDEX outbox_by_next ON outbox (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX outbox_by_state ON outbox (state);
CREATE INDEX outbox_by_account ON outbox (account, state) WHERE account IS NOT NULL;
CREATE INDEX outbox_by_body ON outbox (body);

CREATE TABLE record (
  kind TEXT NOT NULL, seq INTEGER NOT NULL, at INTEGER NOT NULL, actor TEXT NOT NULL, action TEXT NOT NULL, subject TEXT NOT NULL,
  clause TEXT, detail TEXT NOT NULL, hash TEXT NOT NULL, PRIMARY KEY (kind, seq)
) STRICT, WITHOUT ROWID;
`
